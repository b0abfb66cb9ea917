#!/usr/bin/env bats
# Every example of README and the guides runs, in the order of the page: the blocks that begin with ```sh run.
# The library's example is compiled the way the README says, against an installed library.

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    ln -s "$EDGEL_SOURCE/data" data
    PATH=$(dirname "$EDGEL"):$PATH
}

# Runs the blocks of a text that begin with ```sh run, one after the other.
run_blocks() {
    rm -f block*
    awk '/^```/ { n += $0 == "```sh run"; inside = $0 == "```sh run"; next } inside { print > sprintf("block%02d", n) }' \
        "$EDGEL_SOURCE/$1"
    local block
    for block in block*; do
        [ "$block" != 'block*' ] || return 0
        echo "== $(cat "$block")"
        bash -euo pipefail "$block"
    done
}

@test "README: the program's examples" {
    run_blocks README.md
    [ -s edges/canny/01-still-life.png ] # what they say they write is there
}

@test "docs/detect.md and docs/eval.md: their examples" {
    run_blocks docs/detect.md
    [ -s edges/01-still-life.png ]
    run_blocks docs/eval.md # scores what the other made
}

@test "docs/train.md and docs/segment.md: their examples" {
    run_blocks docs/train.md
    run_blocks docs/segment.md # runs the model of the other
}

@test "docs: every other text has no example that is not run" {
    run grep -l '```sh run' "$EDGEL_SOURCE"/docs/*.md "$EDGEL_SOURCE"/README.md
    [ "$(echo "$output" | xargs -n1 basename | sort | tr '\n' ' ')" = "README.md detect.md eval.md segment.md train.md " ]
}

@test "README and docs: every option of edgel that they name is in a help page" {
    local command option
    for command in detect train segment eval report merge model; do
        "$EDGEL" help "$command"
    done >help
    cd "$EDGEL_SOURCE"
    # Options of scripts stand in figures.md and library.md; --cflags and --libs are pkg-config's.
    for option in $(cat README.md docs/[!fl]*.md | grep -oE '(^|[^a-z-])--[a-z][a-z-]+' |
        grep -oE -- '--[a-z-]+' | sort -u | grep -vxE -- '--(cflags|libs)'); do
        grep -qE -- "$option([^a-z-]|\$)" "$BATS_TEST_TMPDIR/help" || { echo "$option is in no help page"; return 1; }
    done
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
