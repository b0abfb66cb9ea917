#!/usr/bin/env bash
# Other machines on this one: builds for 64-bit ARM, for s390x (big-endian) and for 32-bit x86 (SSE2 arithmetic, not
# x87), runs there the unit tests named, and compares what detect, eval, train and segment make of 20 images there and
# here. For ARM at the levels neon and c. By hand, on Debian; what is missing of compilers and qemu is installed, the
# libraries of each machine are unpacked in a folder of their own, build-MACHINE-root, and kept there.
#
#   scripts/hand/check_foreign.sh [MACHINE]... [-- TEST...]    machines: arm64 s390x i386; default: all, all unit tests
. "$(dirname "$0")/../shared/house.sh"
. scripts/shared/setup.sh
machines=() tests=(--suite unit)
while [ $# -gt 0 ] && [ "$1" != -- ]; do
    machines+=("$1")
    shift
done
[ ${#machines[@]} -gt 0 ] || machines=(arm64 s390x i386)
[ $# -le 1 ] || tests=("${@:2}")
make_work
pictures=$work/images

# apt-get for packages of another machine with lists and a status of its own, so that nothing of this one's changes.
apt_for() { # MACHINE FOLDER ARGUMENT...
    apt-get -qq -o APT::Architecture="$1" -o APT::Architectures="$1" -o APT::Sandbox::User= -o Debug::NoLocking=1 \
        -o Dir::State="$2/apt" -o Dir::State::status="$2/apt/status" \
        -o Dir::Cache="$2/apt" -o Dir::Cache::archives="$2/apt/archives" "${@:3}"
}

unpack_libraries() { # MACHINE FOLDER
    local names package
    [ ! -e "$2/unpacked" ] || return 0
    mkdir -p "$2/apt/lists/partial" "$2/apt/archives/partial"
    : >"$2/apt/status"
    mapfile -t names < <(packages_of build test | grep -e '-dev$')
    apt_for "$1" "$2" update
    apt_for "$1" "$2" install -y --no-install-recommends --download-only "${names[@]}"
    for package in "$2"/apt/archives/*.deb; do
        dpkg-deb -x "$package" "$2"
    done
    find "$2" -type l -lname '/*' | while read -r link; do # which lead out of the folder
        ln -snf "$2$(readlink "$link")" "$link"
    done
    touch "$2/unpacked"
}

# Sets what is known of a machine: compiler, folder of its libraries, how its programs run here.
know() { # MACHINE FOLDER
    family=$1 endian=little flags=
    case $1 in
    arm64) compiler=aarch64-linux-gnu libraries=aarch64-linux-gnu family=aarch64 wrapper=(qemu-aarch64-static -L "$2") ;;
    s390x) compiler=s390x-linux-gnu libraries=s390x-linux-gnu endian=big wrapper=(qemu-s390x-static -L "$2") ;;
    i386)
        compiler=i686-linux-gnu libraries=i386-linux-gnu family=x86 flags=", '-msse2', '-mfpmath=sse'"
        wrapper=("$2/lib/ld-linux.so.2" --library-path "$2/lib/$libraries:$2/usr/lib/$libraries")
        ;;
    *)
        echo "check_foreign.sh: no machine '$1'" >&2
        exit 2
        ;;
    esac
}

cross_file() { # FOLDER
    local tool wrap
    printf -v wrap "'%s', " "${wrapper[@]}"
    echo "[binaries]"
    for tool in gcc:c ar:ar strip:strip objcopy:objcopy; do
        echo "${tool#*:} = '$compiler-${tool%:*}'"
    done
    cat <<END
pkgconfig = 'pkg-config'
exe_wrapper = [$wrap]
[properties]
needs_exe_wrapper = true
sys_root = '$1'
pkg_config_libdir = ['$1/usr/lib/$libraries/pkgconfig', '$1/usr/share/pkgconfig']
[built-in options]
c_args = ['--sysroot=$1'$flags]
c_link_args = ['--sysroot=$1']
[host_machine]
system = 'linux'
cpu_family = '$family'
cpu = '$family'
endian = '$endian'
END
}

methods=()
for m in canny canny:norm=l2 canny:aperture=5,sigma=0 canny:aperture=7 canny:nms=interp,low=auto,high=auto canny:emit=strength \
    sobel sobel:norm=l2 sobel:aperture=5 sobel:aperture=7,norm=l2 prewitt scharr:norm=l2 roberts roberts:norm=l2 laplacian \
    gaussian gaussian:gray=channels,sigma=5 gaussian:depth=32; do
    methods+=(-m "$m")
done
# 20 images; outputs whose bytes do not hang on the machine's zlib.
make_outputs() { # OUT PROGRAM...
    local out=$1
    shift
    mkdir -p "$out"
    "$@" detect -q "${methods[@]:0:34}" --name '{stem}_{ext}_{n}.pnm' -o "$out/detect" "$pictures"
    "$@" detect -q "${methods[@]:34}" --name '{stem}_{ext}_{n}.pfm' -o "$out/floats" "$pictures"
    for family in '--thresholds 9 --tolerance 2' --distances '--boundary bsds --thresholds 3' '--boundary iou' '--objects components'; do
        # shellcheck disable=SC2086 # a family is several words
        "$@" eval -q --truth data/scenes/boundaries $family --counts "$out/counts${family// /_}" --json "$out/json${family// /_}" \
            data/scenes/masks >"$out/table${family// /_}"
    done
    "$@" train -q --truth data/scenes/masks --labels binary --arch unet-tiny --crop 32 --batch 2 --epochs 1 --steps 5 --worst 0 \
        --augment flip,turn,rotate,scale,contrast,noise --val-split 0.3 -o "$out/run" data/scenes/images
    "$@" segment -q -m "$out/run/best.safetensors" --emit probability --name '{stem}.pgm' -o "$out/segment" data/scenes/images/03-coins.png
    rm "$out"/run/{args.json,results.csv,curves.svg} # names of folders, and seconds
}

mkdir "$pictures"
for picture in data/scenes/images/* data/scenes/masks/0[1-8]*; do
    ln -s "$PWD/$picture" "$pictures/$(basename "$(dirname "$picture")")-${picture##*/}"
done
set_up build "${machines[@]}"
[ -e build/build.ninja ] || meson setup build >/dev/null
ninja -C build src/cli/edgel
make_outputs "$work/here" build/src/cli/edgel
for machine in "${machines[@]}"; do
    libs=$PWD/build-$machine-root
    know "$machine" "$libs"
    unpack_libraries "$machine" "$libs"
    cross_file "$libs" >"$libs/cross.ini"
    [ -e "build-$machine/build.ninja" ] || meson setup "build-$machine" -Dwerror=true -Dtests=enabled \
        --cross-file "$libs/cross.ini"
    ninja -C "build-$machine" src/cli/edgel
    levels=c
    [ "$machine" != arm64 ] || levels='neon c'
    for level in $levels; do
        there=(env EDGEL_CPU="$level" "${wrapper[@]}" "build-$machine/src/cli/edgel")
        "${there[@]}" --version | grep -x "CPU level: $level"
        make_outputs "$work/$machine-$level" "${there[@]}"
        diff -r "$work/here" "$work/$machine-$level"
        echo "$machine, $level: $(find "$work/here" -type f | wc -l) outputs are the same bytes as here"
    done
    meson test -C "build-$machine" --timeout-multiplier 20 --print-errorlogs "${tests[@]}"
done
echo "one hash: $( (cd "$work/here" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum) | sha256sum | cut -c1-16)"
