#!/usr/bin/env bats
# The scripts that set up, and count what the tests did.

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

# A log as `meson test` writes it: log RESULT STDOUT, once per line.
log() {
    mkdir -p b/meson-logs
    printf '{"name":"x","result":"%s","stdout":"%s"}\n' "$1" "$2" >>b/meson-logs/testlog.json
}

count() {
    run python3 "$EDGEL_SOURCE/scripts/checks/count_tests.py" b
}

@test "count: TAP cases one by one, other programs as one" {
    log OK 'seed 7\n1..3\nok 1 - a\nok 2 # SKIP b\nok 3 - c'
    log OK '12 files, layers ok'
    log SKIP ''
    count
    [ "$status" -eq 0 ]
    [ "${lines[-1]}" = "3 passed, 0 failed, 2 skipped" ]
    [ "${lines[0]}" = "skipped b: x: 2: b" ]
    [ "${lines[1]}" = "skipped b: x: no reason is told" ]
}

@test "count: a failed case, and a program that fails without one" {
    log FAIL '1..2\nnot ok 1 - a\nok 2 - b'
    log FAIL '1..1\nok 1 - leaks'
    log TIMEOUT ''
    log ERROR 'Segmentation fault'
    count
    [ "$status" -eq 1 ]
    [ "${lines[-1]}" = "2 passed, 4 failed, 0 skipped" ]
}

@test "count: what is skipped says why" {
    log OK '1..2\nok 1 - a\nok 2 b # skip no room'
    log SKIP 'looks around\nskipped: /data is absent\n'
    count
    [ "$status" -eq 0 ]
    [ "${lines[0]}" = "skipped b: x: 2 b: no room" ]
    [ "${lines[1]}" = "skipped b: x: /data is absent" ]
}

@test "count: nothing run is no success" {
    log SKIP ''
    count
    [ "$status" -eq 1 ]
    [ "${lines[-1]}" = "0 passed, 0 failed, 1 skipped" ]
}

# Programs that stand in for the system's: only `gcc` is installed.
fake_system() {
    mkdir -p bin
    printf '#!/bin/sh\nfor p; do :; done\n[ "$p" = gcc ] || exit 1\nprintf installed\n' >bin/dpkg-query
    printf '#!/bin/sh\necho "apt-get $*" >>"%s/calls"\n' "$PWD" >bin/apt-get
    printf '#!/bin/sh\necho 0\n' >bin/id
    chmod +x bin/*
    PATH=$PWD/bin:$PATH
}

@test "set-up: installs what is missing and only that" {
    fake_system
    . "$EDGEL_SOURCE/scripts/shared/setup.sh"
    packages_of() { printf 'gcc\nvalgrind\nbats\n'; }
    set_up test
    [ "$(cat calls)" = "apt-get -qq update
apt-get -qq -y -o Dpkg::Use-Pty=0 install --no-install-recommends valgrind bats" ]
}

@test "set-up: touches nothing when all is there" {
    fake_system
    . "$EDGEL_SOURCE/scripts/shared/setup.sh"
    packages_of() { echo gcc; }
    set_up build
    [ ! -e calls ]
}

@test "set-up: through sudo when not root, and says so when there is none" {
    fake_system
    printf '#!/bin/sh\necho 1000\n' >bin/id
    . "$EDGEL_SOURCE/scripts/shared/setup.sh"
    packages_of() { echo bats; }
    PATH=$PWD/bin run set_up test
    [ "$status" -eq 1 ]
    [[ "$output" == *"needs root to install: apt-get install bats"* ]]
    [ ! -e calls ]
    printf '#!/bin/sh\necho sudo >>calls\nexec "$@"\n' >bin/sudo
    chmod +x bin/sudo
    set_up test
    [ "$(grep -c sudo calls)" -eq 2 ]
    [ "$(grep -c apt-get calls)" -eq 2 ]
}

# ask ANSWER [VARIABLE=VALUE...]: a set-up at a terminal that lacks one package.
ask() {
    local answer=$1
    shift
    cat >ask.bash <<'END'
. "$EDGEL_SOURCE/scripts/shared/setup.sh"
packages_of() { echo bats; }
set_up test
END
    echo "$answer" | env -u CI "$@" script -q -e -c 'bash ask.bash' /dev/null
}

@test "set-up: a person at a terminal is asked first; -y and CI are answers" {
    command -v script >/dev/null || skip "script(1) is not installed"
    fake_system
    run ask n
    [ "$status" -eq 1 ]
    [[ "$output" == *"Install them with apt-get?"*"nothing was installed"* ]]
    [ ! -e calls ]
    ask y
    [ "$(grep -c apt-get calls)" -eq 2 ]
    run ask n CI=1
    [ "$status" -eq 0 ]
    [[ "$output" != *"Install them"* ]]
    run ask n yes=1
    [ "$status" -eq 0 ]
    [[ "$output" != *"Install them"* ]]
    [ "$(grep -c apt-get calls)" -eq 6 ]
}

@test "set-up: a job that nobody knows is refused" {
    . "$EDGEL_SOURCE/scripts/shared/setup.sh"
    run set_up brew
    [ "$status" -eq 2 ]
}

@test "scripts/test: an unknown option is a usage error" {
    run "$EDGEL_SOURCE/scripts/test" --fast
    [ "$status" -eq 2 ]
    [[ "$output" == *"--sanitize"* ]]
}

@test "scripts/demo: at most two folders" {
    run "$EDGEL_SOURCE/scripts/demo" a b c
    [ "$status" -eq 2 ]
    run "$EDGEL_SOURCE/scripts/demo" --help
    [ "$status" -eq 0 ]
    [[ "$output" == *"IMAGES [TRUTH]"* ]]
}

@test "scripts/bench/bench.py: help lists the sections, an unknown one is a usage error" {
    run python3 "$EDGEL_SOURCE/scripts/bench/bench.py" --help
    [ "$status" -eq 0 ]
    for section in canny gaussian gradient large folder overwrite share judge; do
        [[ "$output" == *"    $section "* ]]
    done
    run python3 "$EDGEL_SOURCE/scripts/bench/bench.py" folder brew
    [ "$status" -eq 2 ]
    [[ "$output" == *"no section 'brew'"* ]]
}
