#!/usr/bin/env bats
# What `meson install` puts into a prefix: a program that starts, and a library that programs are built with.

setup_file() {
    export DESTDIR=$BATS_FILE_TMPDIR/root
    meson install -C "$EDGEL_BUILD" --no-rebuild --destdir "$DESTDIR" >"$BATS_FILE_TMPDIR/log" ||
        { cat "$BATS_FILE_TMPDIR/log"; return 1; }
    pc=$(find "$DESTDIR" -name edgel.pc)
    prefix=$DESTDIR$(sed -n 's/^prefix=//p' "$pc")
    lib=$(dirname "$(dirname "$pc")")
    export pc prefix lib PKG_CONFIG_PATH=${pc%/*}
    export -n DESTDIR
}

setup() {
    unset LD_LIBRARY_PATH # that of the build
    cd "$BATS_TEST_TMPDIR" || return
    flags=()
    [ "$EDGEL_SANITIZE" = none ] || flags=("-fsanitize=$EDGEL_SANITIZE")
}

# build OPTION...: examples/canny.c against the installed library, as ./canny.
build() {
    local words
    read -ra words <<<"$(pkg-config --define-variable=prefix="$prefix" --cflags --libs "$@" edgel)"
    # shellcheck disable=SC2086 # a compiler may be several words
    $EDGEL_CC "${flags[@]}" "$EDGEL_SOURCE/examples/canny.c" "${words[@]}" -o canny
}

# An edge map of 8 x 8 pixels comes out of ./canny.
finds_edges() {
    printf 'P5 8 8 255\n' >in.pgm
    for _ in 1 2 3 4 5 6 7 8; do printf '\0\0\0\0\377\377\377\377' >>in.pgm; done
    ./canny in.pgm out.png
    [ "$(head -c 4 out.png | tail -c 3)" = PNG ]
}

@test "the installed program starts and finds its library" {
    run "$prefix/bin/edgel" --version
    [ "$status" -eq 0 ]
    [[ "$output" == "edgel "* ]]
    ldd "$prefix/bin/edgel" | grep -q "libedgel.so.* => $prefix"
}

@test "a program is built with the shared library through pkg-config" {
    build
    export LD_LIBRARY_PATH=$lib
    ldd canny | grep -q "libedgel.so.* => $lib"
    finds_edges
}

@test "a program is built with the static library through pkg-config" {
    [ -f "$lib/libedgel.a" ] || skip "built with -Ddefault_library=shared"
    mkdir kept
    mv "$lib"/libedgel.so* kept
    build --static && built=0 || built=$?
    mv kept/* "$lib"
    [ "$built" -eq 0 ]
    [[ "$(ldd canny)" != *libedgel* ]]
    finds_edges
}

@test "names of the library's inside do not collide with a program's" {
    [ -f "$lib/libedgel.a" ] || skip "built with -Ddefault_library=shared"
    cat >main.c <<'END'
#include <edgel/base.h>
int conv_rows(void), edgel_fail(void), nn_op_find(void);
int conv_rows(void) { return 1; }
int edgel_fail(void) { return 2; }
int nn_op_find(void) { return 3; }
int main(void) { return edgel_version_number() == EDGEL_VERSION_NUMBER && conv_rows() + edgel_fail() + nn_op_find() == 6 ? 0 : 1; }
END
    local words
    read -ra words <<<"$(pkg-config --define-variable=prefix="$prefix" --cflags --libs --static edgel)"
    # shellcheck disable=SC2086
    $EDGEL_CC "${flags[@]}" main.c "${words[@]/-ledgel/$lib/libedgel.a}" -o main
    ./main
}
