#!/usr/bin/env bats
# What users of other programs expect: pipes that close, names that are nearly right, exit codes that agree.

bats_require_minimum_version 1.5.0

setup() {
    load ../support/pictures
    cd "$BATS_TEST_TMPDIR" || return
    gray 9 7 >in.pgm
    mkdir tmp
    export TMPDIR=$PWD/tmp
}

# says CODE TEXT... -- COMMAND...: the exit code, and texts of the messages.
says() {
    local code=$1 text texts=()
    shift
    while [ "$1" != -- ]; do
        texts+=("$1")
        shift
    done
    shift
    run "$EDGEL" "$@"
    [ "$status" -eq "$code" ] || { echo "edgel $*: exit $status, $code expected: $output"; return 1; }
    for text in "${texts[@]}"; do
        [[ "$output" == *"$text"* ]] || { echo "edgel $*: no '$text' in: $output"; return 1; }
    done
}

# closes COMMAND...: standard output is a pipe whose reader has gone; it must end as SIGPIPE ends programs, without a
# word: 141 is 128 + SIGPIPE, as `seq 100000 | head -n 1` leaves in PIPESTATUS.
closes() {
    local reader code=0
    mkfifo pipe
    : <pipe &
    reader=$!
    exec 9>pipe
    wait "$reader"
    "$EDGEL" "$@" >&9 2>messages || code=$?
    exec 9>&-
    rm pipe
    [ "$code" = 141 ] || { echo "edgel $*: exit $code: $(cat messages)"; return 1; }
    [ ! -s messages ] || { cat messages; return 1; }
}

@test "a closed pipe ends a command quietly" {
    closes help eval
    closes help --format man detect
    closes --version
    mkdir t
    cp in.pgm t
    closes eval -q --labels ids --truth t t
    closes eval -q --labels ids --truth t --json - t
    mkdir many
    for i in $(seq 400); do ln in.pgm "many/$i.pgm"; done
    closes detect -j 1 -o out --jsonl - many
    [ "$(find out -type f | wc -l)" -lt 400 ]
    [ "$(find out -type f ! -name '[0-9]*.png' ! -name .edgel-journal | wc -l)" -eq 0 ]
    run bash -c '"$EDGEL" help eval | head -n 1'
    [[ "$output" == "Usage: edgel eval"* && "${#lines[@]}" -eq 1 ]]
    # a reader that takes everything, and one that nothing is written to, change nothing
    run bash -c 'set -o pipefail; "$EDGEL" help eval | cat >page'
    [ "$status" -eq 0 ]
    run bash -c '"$EDGEL" detect -q -o out2 in.pgm | true; echo "${PIPESTATUS[0]}"'
    [ "$output" = 0 ]
}

@test "version, -v, -V and --version say the version" {
    "$EDGEL" --version >expected
    grep -q '^edgel [0-9]' expected
    for word in version -v -V; do
        "$EDGEL" "$word" | cmp - expected
    done
    says 2 "takes nothing" -- version detect
}

@test "an output that is named like an image is no folder for several" {
    mkdir in
    cp in.pgm in/a.pgm
    cp in.pgm in/b.pgm
    for inputs in "in" "in/a.pgm in/b.pgm" "-m sobel -m canny in.pgm"; do
        # shellcheck disable=SC2086
        says 2 "out.png" "named like an image" -- detect -o out.png $inputs
        [ ! -e out.png ]
    done
    # a folder that exists, or that a slash says it is, may have such a name
    says 0 -- detect -q -o out.png/ in
    [ -f out.png/a.png ]
    says 0 -- detect -q --existing overwrite -o out.png in
    says 0 -- detect -q -o one.png in.pgm
    [ -f one.png ]
}

@test "values that are nearly right are suggested" {
    says 2 "did you mean overwrite?" -- detect --existing overwrit -o o in.pgm
    says 2 "did you mean strength?" -- detect -m canny:emit=strenght -o o in.pgm
    says 2 "did you mean probability?" -- segment --emit probabilty -m m -o o in.pgm
    says 2 "did you mean bsds?" -- eval --boundary bsd --truth t p
    says 2 "did you mean iou?" -- eval --fail-under iuo=0.5 --truth t p
    says 2 "did you mean dice?" -- train --loss dicee --truth t -o r p
    says 2 "did you mean 'detect'?" -- help detct
    says 2 "did you mean the preset unet-tiny?" -- model summary unet-tinny
    mkdir t p
    cp in.pgm t
    cp in.pgm p
    says 2 "did you mean the preset unet-tiny?" -- train --arch unet-tinny --truth t -o r p
    # nothing is near: no guess
    run "$EDGEL" detect --existing wxyz -o o in.pgm
    [[ "$output" != *"did you mean"* ]]
}

@test "options of other programs are answered with what there is" {
    for c in eval report; do
        says 2 "--json" "--csv" -- $c --format json --truth t p
        says 2 "--json" "--csv" "no pictures" -- $c --svg x.svg p
        says 2 "no pictures" -- $c --plot x p
    done
}

@test "a file that is missing exits 2 wherever the work cannot start without it" {
    for c in "model summary" "model show" "model check" "model export --onnx x.onnx" "model new -o x" \
        "segment in.pgm -o o -m" "report" "merge -o m"; do
        # shellcheck disable=SC2086
        says 2 "missing.file" "No such file" -- $c missing.file
    done
    [ ! -e x ] && [ ! -e x.onnx ] && [ ! -e o ] && [ ! -e m ]
    # a model that is damaged is what `check` looks for
    echo "{" >damaged
    says 1 damaged -- model check damaged
}

@test "eval without a pair exits 3 and prints no table" {
    mkdir t p
    cp in.pgm t/a.pgm
    cp in.pgm p/b.pgm
    for missing in error skip; do
        run --separate-stderr "$EDGEL" eval --truth t --missing $missing --json d.json p
        [ "$status" -eq 3 ]
        [ -z "$output" ]
        [ ! -e d.json ]
        # shellcheck disable=SC2154 # run sets it
        [[ "$stderr" == *"no pair"*"t/a.pgm"*"p/b.pgm"* ]]
    done
    mkdir none
    says 3 "no pair" "t/a.pgm" -- eval --truth t none
    says 3 "no pair" -- eval --truth none none
    # where the missing count as worst there is something to say
    says 0 "missing" -- eval --labels ids --truth t --missing worst none
}

@test "COLUMNS is the width of tables on a terminal" {
    command -v script >/dev/null || skip "no script(1)"
    mkdir t
    echo 'P2 4 1 255 255 255 0 0' >t/a.pgm
    for columns in 60 80 200; do
        COLUMNS=$columns script -qec "stty cols 120; $EDGEL eval -q --truth t t t t" /dev/null </dev/null |
            tr -d '\r' >"page.$columns"
        [ "$(awk '{ if (length($0) > n) n = length($0) } END { print n }' "page.$columns")" -le "$columns" ]
    done
    run cmp -s page.60 page.200
    [ "$status" -ne 0 ]
}

# piped FILE COMMAND...: standard input is a pipe.
piped() {
    local file=$1
    shift
    # shellcheck disable=SC2002 # a pipe is not a file
    cat "$file" | "$EDGEL" "$@"
}

@test "- is one image from standard input and one to standard output" {
    "$EDGEL" detect -q -o ref.png in.pgm
    piped in.pgm detect -q -o - - | cmp - ref.png
    "$EDGEL" detect -q -o - - <in.pgm | cmp - ref.png
    "$EDGEL" detect -q -o - in.pgm | cmp - ref.png
    piped in.pgm detect -q -o file.png -
    cmp file.png ref.png
    # --name says the format; a chain of two runs, and by rows
    "$EDGEL" detect -q -m gaussian --name x.pgm -o - in.pgm | "$EDGEL" detect -q --sigma 0 --stream-over 0 -o - - >chain.png
    "$EDGEL" detect -q -m gaussian -o smooth.pgm in.pgm
    "$EDGEL" detect -q --sigma 0 smooth.pgm -o - | cmp - chain.png
    # a failure writes nothing, and names the side
    # shellcheck disable=SC2016 # the inner shell expands it
    run --separate-stderr bash -c 'echo junk | "$EDGEL" detect -o - -'
    [ "$status" -eq 1 ]
    [ -z "$output" ]
    # shellcheck disable=SC2154 # run sets it
    [[ "$stderr" == *"standard input: "* && "$stderr" != */dev/fd* ]]
    run bash -c 'cat in.pgm | "$EDGEL" detect --max-file 9 -o - -'
    [ "$status" -eq 1 ]
    [[ "$output" == *"standard input: more than 9 bytes (--max-file)"* ]]
    [ -z "$(ls -A tmp)" ]
    mkdir many
    cp in.pgm many/a.pgm
    says 2 "many is a folder" -- detect -o - many
    says 2 "is one image" -- detect -o - in.pgm in.pgm
    says 2 "is one image" -- detect -o x.png - in.pgm
    says 2 "takes one output" -- detect -m sobel -m canny -o - in.pgm
    says 2 "--resume: is for files" -- detect --resume -o - in.pgm
    says 2 "has no name" -- detect -o out -
    says 2 "gets the image" -- detect --jsonl - -o - in.pgm
    cp in.pgm ./-
    "$EDGEL" detect -q -o - ./- | cmp - ref.png
}

@test "- is one image for segment, and one side for eval" {
    mkdir t
    "$EDGEL" model new -o m.safetensors linear
    "$EDGEL" segment -q -m m.safetensors -o ref.png in.pgm
    piped in.pgm segment -q -m m.safetensors -o - - | cmp - ref.png
    "$EDGEL" segment -q -m m.safetensors --emit objects -o - in.pgm >table
    "$EDGEL" segment -q -m m.safetensors --emit objects -o ref in.pgm
    cmp table ref/in.csv
    echo 'P2 4 1 255 255 255 0 0' >t/a.pgm
    echo 'P2 4 1 255 255 0 255 0' >p.pgm
    "$EDGEL" eval -q --truth t/a.pgm --csv - p.pgm | cut -d, -f3- >expected
    [ "$(wc -l <expected)" -gt 1 ]
    piped p.pgm eval -q --truth t/a.pgm --csv - - | cut -d, -f3- | cmp - expected
    piped t/a.pgm eval -q --truth - --csv - p.pgm | cut -d, -f3- | cmp - expected
    piped p.pgm eval -q --truth t/a.pgm --json - - | grep -q '"prediction":"-"'
    run bash -c 'cat p.pgm | "$EDGEL" eval --truth - -'
    [ "$status" -eq 2 ]
    [[ "$output" == *"can be read once"* ]]
    says 2 "is one prediction" -- eval --truth t - p.pgm
    [ -z "$(ls -A tmp)" ]
}
