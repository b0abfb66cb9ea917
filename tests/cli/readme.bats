#!/usr/bin/env bats
# Every example of the README runs, in the order of the page and in one folder: the blocks that begin with ```sh run.
# The library's example is compiled the way the README says, against an installed library.

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    ln -s "$EDGEL_SOURCE/data" data
    PATH=$(dirname "$EDGEL"):$PATH
}

@test "README: the program's examples" {
    awk '/^```/ { n += $0 == "```sh run"; inside = $0 == "```sh run"; next } inside { print > sprintf("block%02d", n) }' \
        "$EDGEL_SOURCE/README.md"
    local block
    for block in block*; do
        echo "== $(cat "$block")"
        bash -euo pipefail "$block"
    done
    [ "$block" != 'block*' ]
    # What the examples say they write is there.
    [ -s edges/01-still-life.png ]
}

@test "README: the C example, against the installed library" {
    [ "${EDGEL_SANITIZE:-none}" = none ] || skip "the library needs the sanitizer's run-time"
    grep -q 'examples/canny.c' "$EDGEL_SOURCE/README.md"
    DESTDIR=$PWD/root meson install --no-rebuild --quiet -C "$EDGEL_BUILD"
    PKG_CONFIG_PATH=$(dirname "$(find root -name edgel.pc)")
    export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR=$PWD/root
    cp "$EDGEL_SOURCE/examples/canny.c" .
    local line
    line=$(grep -m1 -o 'cc .*-o canny' "$EDGEL_SOURCE/README.md")
    grep -qF "$line" canny.c
    cc() { "${CC:-gcc}" "$@"; }
    eval "$line -Wall -Wextra -Werror"
    LD_LIBRARY_PATH=$(dirname "$(find root -name 'libedgel.so')") ./canny data/scenes/images/01-still-life.jpg edges.png
    "$EDGEL" detect -o same.png data/scenes/images/01-still-life.jpg
    cmp edges.png same.png
}
