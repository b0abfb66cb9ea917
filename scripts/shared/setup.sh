# shellcheck shell=bash
# Sourced by scripts/demo, scripts/test and scripts/bench/bench.py: the Debian 12 packages that a job needs, and their
# installation. Touches nothing when all of them are there. A person at a terminal is asked first; $CI or the option -y
# of those scripts (yes=1) is an answer.

# Prints the packages of the jobs named, one a line.
packages_of() {
    local job
    for job in "$@"; do
        case $job in
        build) printf '%s\n' gcc libc6-dev meson ninja-build pkgconf python3 \
            libpng-dev libjpeg62-turbo-dev zlib1g-dev libtiff-dev ;;
        test) printf '%s\n' binutils g++ libcmocka-dev bats clang-format-14 shellcheck groff-base ;;
        clang) printf '%s\n' clang libclang-rt-14-dev ;;
        arm64) printf '%s\n' gcc-aarch64-linux-gnu qemu-user-static ;;
        s390x) printf '%s\n' gcc-s390x-linux-gnu qemu-user-static ;;
        i386) printf '%s\n' gcc-i686-linux-gnu ;;
        docs) printf '%s\n' doxygen python3-markdown ;;
        valgrind) printf '%s\n' valgrind libc6-dbg ;; # valgrind needs the symbols of ld.so
        peers) printf '%s\n' g++ libopencv-dev libvips-dev python3-skimage python3-venv linux-perf ;;
        *)
            echo "setup.sh: no job '$job'" >&2
            return 2
            ;;
        esac
    done
}

# Prints those of the packages named that are not installed.
packages_missing() {
    local p
    for p in "$@"; do
        # shellcheck disable=SC2016 # dpkg-query expands it
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || echo "$p"
    done
}

# Asks the person at the terminal whether the packages may be installed; without a terminal nobody is asked.
may_install() {
    local answer
    [ -t 0 ] && [ -z "${CI-}" ] && [ -z "${yes-}" ] || return 0
    echo "These Debian packages are missing: $1"
    read -r -p "Install them with apt-get? [Y/n] " answer
    case $answer in '' | [yY] | [yY]es) return 0 ;; esac
    echo "nothing was installed; to do it by hand: apt-get install $1" >&2
    return 1
}

# Installs what the jobs named still lack.
set_up() {
    local names missing root=()
    names=$(packages_of "$@") || return
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        echo "not a Debian system: these packages, or what they are called here, must be there: ${names//$'\n'/ }" >&2
        return 0
    fi
    mapfile -t names <<<"$names"
    mapfile -t missing < <(packages_missing "${names[@]}")
    [ ${#missing[@]} -gt 0 ] || return 0
    may_install "${missing[*]}" || return
    echo "installing ${missing[*]}"
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || {
            echo "needs root to install: apt-get install ${missing[*]}" >&2
            return 1
        }
        root=(sudo)
    fi
    # The lists may be old; that they cannot be renewed is fatal only if the packages then are not found.
    "${root[@]}" apt-get -qq update || echo "apt-get update failed; going on with the lists at hand" >&2
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq -y -o Dpkg::Use-Pty=0 install --no-install-recommends "${missing[@]}" </dev/null >/dev/null
}

# Configures folder $1 for the compiler $CC with the options that follow, and builds there. A folder that was made for
# another compiler, or by a meson that this one does not understand, is made anew.
build_in() {
    local dir=$1 log
    shift
    log=$(mktemp) || return
    if ! { { grep -qs "\"${CC:=gcc}\"" "$dir/meson-info/intro-compilers.json" &&
        meson setup --reconfigure "$dir" "$@" >"$log" 2>&1; } ||
        { rm -rf "$dir" && CC=$CC meson setup "$dir" "$@" >"$log" 2>&1; }; } ||
        ! ninja -C "$dir" >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}
