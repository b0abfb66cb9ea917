#!/usr/bin/env bats
# The command line itself: commands, help, man pages, completions, reading of options.

setup() {
    load ../support/pictures
    cd "$BATS_TEST_TMPDIR" || return
}

edgel() {
    "$EDGEL" "$@"
}

commands() {
    edgel help --format man | sed -n 's/^\.BR edgel\\-\([a-z]*\) (1)$/\1/p' | sort -u
}

# What the program says in all forms, one file each: what cannot be run, or does not say all, fails here.
all_forms() {
    commands >commands
    for f in bash zsh fish; do
        edgel help --format "$f" >"all.$f"
    done
    while read -r c; do
        edgel help "$c" >"$c.help"
        edgel help --format man "$c" >"$c.man"
    done <commands
}
# The options of a command, one a line, as each of these files tells them.
from_help() {
    sed -nE 's/^ {2,6}(-[A-Za-z0-9], )?--([a-z0-9-]+).*/--\2/p' "$1.help" | sort
}
from_man() {
    sed 's/\\-/-/g' "$1.man" | sed -nE 's/^(\\fB-[A-Za-z0-9]\\fR, )?\\fB--([a-z0-9-]+)\\fR.*/--\2/p' | sort
}
from_bash() {
    # shellcheck source=/dev/null
    (
        source ./all.bash
        COMP_WORDS=(edgel "$1" --)
        COMP_CWORD=2
        _edgel
        printf '%s\n' "${COMPREPLY[@]}"
    ) | grep -- '^--[a-z]' | sort
}
from_zsh() {
    sed -n "/^    $1) /,/;;\$/p" all.zsh | sed -nE "s/^ +'\*?--([a-z0-9-]+)=?\[.*/--\1/p" | sort
}
from_fish() {
    sed -nE "s/.*_from $1' -l ([a-z0-9-]+) .*/--\1/p" all.fish | sort
}
# The letters, from help.
letters() {
    sed -nE 's/^  (-[A-Za-z0-9]), --.*/\1/p' "$1.help" | sort
}

@test "control characters of a name are spelled in messages" {
    cd "$BATS_TEST_TMPDIR"
    run "$EDGEL" detect -q -o out $'esc\e[31m\x7f\r\n.png'
    [ "$status" -eq 1 ]
    [ "$output" = 'edgel: esc\x1b[31m\x7f\r\n.png: cannot open: No such file or directory' ]
    run "$EDGEL" detect -o out $'--sigma=\e[2J' x.png
    [ "$status" -eq 2 ]
    [ "${lines[0]}" = "edgel detect: --sigma '\x1b[2J': not a number" ]
    printf 'a\r.png\r\n' >list
    run "$EDGEL" detect -q -o out --files-from list
    [ "$output" = 'edgel: a\r.png: cannot open: No such file or directory' ]
    run "$EDGEL" detect -q -o out $'\xc3\xa9\xff.png'
    [ "$output" = $'edgel: \xc3\xa9\xff.png: cannot open: No such file or directory' ]
}

@test "no command and unknown commands exit 2 and suggest" {
    run edgel
    [ "$status" -eq 2 ]
    [[ "$output" == *"no command"* ]]
    run edgel detct
    [ "$status" -eq 2 ]
    [[ "$output" == *"did you mean 'detect'"* ]]
    run edgel --versoin
    [ "$status" -eq 2 ]
    run edgel help detekt
    [ "$status" -eq 2 ]
}

@test "--version names version, build and CPU level" {
    run edgel --version
    [ "$status" -eq 0 ]
    [[ "$output" =~ ^edgel\ [0-9]+\.[0-9]+\.[0-9]+ ]]
    [[ "$output" =~ build:\ (gcc|clang)\ [0-9] ]]
    [[ "$output" =~ CPU\ level:\ [a-z0-9]+ ]]
}

@test "EDGEL_CPU with an unknown name exits 2 and lists the known ones" {
    EDGEL_CPU=pentium run edgel help
    [ "$status" -eq 2 ]
    [[ "$output" == *pentium*known:*c* ]]
    EDGEL_CPU=c run edgel --version
    [ "$status" -eq 0 ]
    [[ "$output" == *"CPU level: c" ]]
}

@test "EDGEL_CPU lowers the CPU level and never raises it" {
    best=$(unset EDGEL_CPU; edgel --version)
    for level in $(EDGEL_CPU=pentium edgel help 2>&1 | sed -n 's/.*known: //p' | tr -d ,); do
        EDGEL_CPU=$level run edgel --version
        [ "$status" -eq 0 ]
        [[ "$output" == *"CPU level: $level" || "$output" == "$best" ]]
    done
}

@test "every CPU level is named by the manual page and by the header" {
    edgel help --format man | grep -A 1 '^\.B EDGEL_CPU$' >page
    for level in $(EDGEL_CPU=pentium edgel help 2>&1 | sed -n 's/.*known: //p' | tr -d ,); do
        grep -qw "$level" page
        grep -q "CPU level of the kernels: .*\"$level\"" "$EDGEL_SOURCE/include/edgel/base.h"
    done
}

@test "--help and -h of each command say what help says" {
    edgel help >all.txt
    edgel --help | cmp - all.txt
    edgel -h | cmp - all.txt
    for c in $(commands); do
        grep -qE "^  $c +[a-zA-Z]" all.txt
        edgel help "$c" >one.txt
        edgel "$c" --help | cmp - one.txt
        edgel "$c" -h | cmp - one.txt
    done
}

@test "help fits 80 columns" {
    for c in $(commands); do
        run awk 'length($0) > 80 && !/^Usage/ && !/^  edgel/' <(edgel help "$c")
        [ "$output" = "" ]
    done
}

@test "help is as wide as the terminal, at most 100 columns; the words are the same" {
    command -v script >/dev/null || skip "no script(1)"
    for c in $(commands); do
        edgel help "$c" | tr -s ' \n' ' ' >words
        for columns in 60:60 80:80 200:100; do
            script -qec "stty cols ${columns%:*}; $EDGEL help $c" /dev/null </dev/null | tr -d '\r' >page
            run awk -v w="${columns#*:}" \
                'length($0) > w && !/^  edgel/ && !/^  # / && $1 !~ /^-.*[=|]/ && $2 !~ /^-.*[=|]/' page
            [ "$output" = "" ]
            tr -s ' \n' ' ' <page | cmp - words
        done
    done
    script -qec "stty cols 200; $EDGEL help detect" /dev/null </dev/null | tr -d '\r' >page
    [ "$(grep -v '^  edgel' page | awk 'length($0) > n { n = length($0) } END { print (n > 95) }')" = 1 ]
    COLUMNS=60 script -qec "$EDGEL help detect" /dev/null </dev/null | tr -d '\r' >page
    script -qec "stty cols 60; $EDGEL help detect" /dev/null </dev/null | tr -d '\r' | cmp - page
}

@test "every option is in help, man page and all completions, or in none" {
    all_forms
    [ "$(wc -l <commands)" -ge 2 ]
    while read -r c; do
        from_help "$c" >help.txt
        grep -qx -- --help help.txt
        for form in man bash zsh fish; do
            "from_$form" "$c" >"$c.$form.txt"
            diff help.txt "$c.$form.txt"
        done
        for l in $(letters "$c"); do
            grep -qF -- "\\fB\\$l\\fR, " "$c.man"
            grep "_from $c'" all.fish | grep -E -- " ${l#-}\b|-s ${l#-} " >/dev/null
            sed -n "/^    $c)/,/opts=/p" all.bash | grep -F -- "$l" >/dev/null
            sed -n "/^    $c) /,/;;\$/p" all.zsh | grep -E -- "'\*?$l\+?\[" >/dev/null
        done
    done <commands
}

@test "completions are for all commands at once" {
    for f in bash zsh fish; do
        run edgel help --format "$f" detect
        [ "$status" -eq 2 ]
        [[ "$output" == *"--format $f"* ]]
    done
}

@test "man pages are clean for groff" {
    command -v groff >/dev/null || skip "no groff"
    for c in "" $(commands); do
        # shellcheck disable=SC2086
        run groff -ww -man -Tutf8 -z <(edgel help --format man $c)
        [ "$status" -eq 0 ]
        [ "$output" = "" ]
    done
}

@test "completions are read by their shells" {
    bash -n <(edgel help --format bash)
    if command -v zsh >/dev/null; then edgel help --format zsh >_edgel && zsh -n _edgel; fi
    if command -v fish >/dev/null; then edgel help --format fish >e.fish && fish -n e.fish; fi
}

@test "bash completes commands, choices and files" {
    # shellcheck source=/dev/null
    source <(edgel help --format bash)
    COMP_WORDS=(edgel de) COMP_CWORD=1
    _edgel
    [ "${COMPREPLY[*]}" = detect ]
    COMP_WORDS=(edgel detect --norm '') COMP_CWORD=3
    _edgel
    [ "${COMPREPLY[*]}" = "l1 l2" ]
    COMP_WORDS=(edgel detect -m so) COMP_CWORD=3
    _edgel
    [ "${COMPREPLY[*]}" = sobel ]
    COMP_WORDS=(edgel detect --norm '=' l2) COMP_CWORD=4
    _edgel
    [ "${COMPREPLY[*]}" = l2 ]
    touch picture.png
    COMP_WORDS=(edgel detect pict) COMP_CWORD=2
    _edgel
    [ "${COMPREPLY[*]}" = picture.png ]
}

@test "a standard output that cannot be written exits 1" {
    [ -e /dev/full ] || skip "no /dev/full"
    for words in help "help detect" "help --format fish" --version; do
        # shellcheck disable=SC2086
        run bash -c '"$EDGEL" "$@" >/dev/full' - $words
        [ "$status" -eq 1 ]
        [[ "$output" == *"standard output"* ]]
    done
}

@test "the examples of help run, each in a folder of its own" {
    [ -d "$EDGEL_SOURCE/data/scenes" ] || skip "no data/scenes"
    mkdir bin
    ln -s "$EDGEL" bin/edgel
    n=0
    for c in $(commands); do
        edgel help "$c" | sed -n '/^Examples:/,/^Exit/p' | sed -n 's/^  \([^# 0-9].*\)/\1/p' >examples
        [ "$(wc -l <examples)" -ge 1 ]
        while read -r line; do
            [[ "$line" != *man\ -l* ]] || command -v man >/dev/null || continue
            n=$((n + 1))
            mkdir -p "$n/data"
            ln -s "$EDGEL_SOURCE/data/scenes" "$n/data/scenes"
            (cd "$n" && PATH=$BATS_TEST_TMPDIR/bin:$PATH bash -ec -o pipefail "$line" </dev/null)
        done <examples
    done
    [ "$n" -ge 6 ]
}

# --- reading of options, shown on detect ---

dry() {
    run edgel detect --dry-run -o out "$@"
}

@test "options: --opt value, --opt=value, -o value, -ovalue are the same" {
    step 1 >a.pgm
    for words in "--name x.png" "--name=x.png"; do
        # shellcheck disable=SC2086
        dry $words a.pgm
        [ "$output" = "a.pgm -> out/x.png" ]
    done
    for words in "-m sobel" "-msobel" "--method sobel" "--method=sobel"; do
        # shellcheck disable=SC2086
        dry --name '{op}.png' $words a.pgm
        [ "$output" = "a.pgm -> out/sobel.png" ]
    done
}

@test "options: the last of repeated ones wins, operands may stand anywhere" {
    step 1 >a.pgm
    run edgel detect --name x.png a.pgm --dry-run --name y.png -o zut -o out
    [ "$output" = "a.pgm -> out/y.png" ]
}

@test "options: flags in a bundle, the last may take the rest as its value" {
    step 1 >a.pgm
    run edgel detect -qvj1 -oout a.pgm
    [ "$status" -eq 0 ]
    [ "$output" = "" ]
    [ -e out/a.png ]
}

@test "options: -- ends them" {
    step 1 >-a.pgm
    dry -- -a.pgm
    [ "$output" = "-a.pgm -> out/-a.png" ]
    dry -a.pgm
    [ "$status" -eq 2 ]
}

@test "options: unknown ones exit 2 and suggest the nearest, abbreviations are unknown" {
    dry --sgima 1 a.pgm
    [ "$status" -eq 2 ]
    [[ "$output" == *"unknown option --sgima"*"--sigma"* ]]
    dry --sigm=1 a.pgm
    [ "$status" -eq 2 ]
    [[ "$output" == *"--sigma"* ]]
    dry -Z a.pgm
    [ "$status" -eq 2 ]
    [[ "$output" == *"-Z"* ]]
}

@test "options: values where none belong, and missing values, exit 2" {
    dry --lenient=yes a.pgm
    [ "$status" -eq 2 ]
    [[ "$output" == *"takes no value"* ]]
    dry a.pgm --sigma
    [ "$status" -eq 2 ]
    [[ "$output" == *"--sigma needs a value"* ]]
    dry a.pgm -m
    [ "$status" -eq 2 ]
    [[ "$output" == *"-m needs a value"* ]]
}

@test "options: a number out of range names option, value and rule" {
    for words in "--sigma -1" "--sigma 1001" "--jobs 0" "-j -3" "--max-pixels 0" "--low -1" "--low 101%" \
        "--norm l3" "--aperture 4" "--depth 2" "--existing no" "--progress 1"; do
        # shellcheck disable=SC2086
        dry $words a.pgm
        [ "$status" -eq 2 ]
        value=${words#* }
        [[ "$output" == *"${value%\%}: must be "* ]]
    done
    for words in "--sigma nan" "--sigma 1x" "--ksize 1.5" "--high inf" "--high %" "--low 10x" "--max-side 1e3"; do
        # shellcheck disable=SC2086
        dry $words a.pgm
        [ "$status" -eq 2 ]
        value=${words#* }
        [[ "$output" == *"${words% *}"*"'${value%\%}': not a"*number* ]]
    done
    dry -j -3 a.pgm
    [[ "$output" == *"--jobs -3"* ]]
}
