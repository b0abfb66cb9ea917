#!/usr/bin/env bats
# `edgel detect`: each option, each exit code, and what becomes of outputs when things go wrong.

setup() {
    load ../support/pictures
    load ../support/signals
    cd "$BATS_TEST_TMPDIR" || return
}

detect() {
    "$EDGEL" detect "$@"
}

# one OUT OPTION...: runs detect quietly on in.pgm.
one() {
    local out=$1
    shift
    detect -q --existing overwrite -o "$out" "$@" in.pgm
}

# Refused before any work: exit 2, a message with the given words, no output folder.
refused() {
    [ "$status" -eq 2 ]
    [ ! -e out ]
    for word in "$@"; do [[ "$output" == *"$word"* ]]; done
}

@test "each option of --help has a test here" {
    for option in $("$EDGEL" help detect | sed -nE 's/^ +(-[A-Za-z0-9], )?(--[a-z0-9-]+).*/\2/p'); do
        grep -qE "^@test \"$option( |\"|:|,)" "$BATS_TEST_FILENAME" || { echo "no test: $option"; return 1; }
    done
}

@test "--help, -h: shows the options and does nothing else" {
    run detect --help -o out nowhere.pgm
    [ "$status" -eq 0 ]
    [[ "$output" == "Usage: edgel detect"* ]]
    run detect -h
    [ "$status" -eq 0 ]
}

# --- output ---

@test "--output, -o: a folder mirrors the input folder, a file name takes a single result" {
    mkdir -p in/a/b
    gray 9 7 >in/x.pgm
    gray 9 7 >in/a/b/y.pgm
    detect -q --output out in
    [ "$(cd out && find . -type f ! -name '.edgel-*' | sort | xargs)" = "./a/b/y.png ./x.png" ]
    detect -q -o edges.png in/x.pgm
    cmp edges.png out/x.png
    run detect in/x.pgm
    [ "$status" -eq 2 ]
    [[ "$output" == *"-o OUT"* ]]
}

@test "--output: a dash is standard output, ./- a folder" {
    gray 9 7 >in.pgm
    detect -q -o ref.png in.pgm
    detect -q -o - in.pgm | cmp - ref.png
    [ ! -e ./- ]
    detect -q -o ./- in.pgm
    [ -s ./-/in.png ]
}

@test "--output: several methods write below a folder each" {
    gray 9 7 >in.pgm
    detect -q -o out -m sobel -m scharr in.pgm
    [ "$(cd out && find . -type f ! -name '.edgel-*' | sort | xargs)" = "./scharr/in.png ./sobel/in.png" ]
}

@test "--name: {stem} {dir} {ext} {op} {n}, and the format by extension" {
    mkdir -p in/a
    gray 9 7 >in/a/x.pgm
    detect -q -o out --name '{dir}/{stem}-{ext}-{op}-{n}.pgm' -m sobel -m roberts in
    [ "$(cd out && find . -type f ! -name '.edgel-*' | sort | xargs)" = "./a/x-pgm-roberts-2.pgm ./a/x-pgm-sobel-1.pgm" ]
    [ "$(head -c 2 out/a/x-pgm-sobel-1.pgm)" = P5 ]
    run detect -o other --name '{what}.png' in
    [ "$status" -eq 2 ]
    run detect -o other --name '{stem}.jpg' in
    [ "$status" -eq 2 ]
    [ ! -e other ]
}

@test "--name: pbm holds edge maps of 1 bit, pfm floats, ppm colour" {
    gray 9 7 >in.pgm
    one out --name x.pbm
    [ "$(head -c 2 out/x.pbm)" = P4 ]
    one out --name x.pfm -m sobel
    [ "$(head -c 2 out/x.pfm)" = Pf ]
    color >c.ppm
    detect -q -o out --name x.ppm -m gaussian --gray channels c.ppm
    [ "$(head -c 2 out/x.ppm)" = P6 ]
    rm -r out
    run one out --name x.pbm -m sobel
    refused x.pbm
    run one out --name x.ppm -m sobel
    refused x.ppm
    run one out --name x.pfm --depth 8
    refused x.pfm --depth
    run one out -m sobel --depth 1
    refused "depth 1" "too little for sobel" "edge maps"
    run one out --name x.pgm --depth 1
    refused x.pgm "depth 1"
    run detect -o out --name x.pgm -m gaussian --gray channels c.ppm
    [ "$status" -eq 1 ]
    [ "$(find out -type f | wc -l)" -eq 0 ]
}

@test "two inputs that map to one output are refused before any work" {
    gray 9 7 >x.pgm
    gray 9 7 >x.pnm
    run detect -o out x.pgm x.pnm
    refused x.pgm x.pnm
    run detect -o out -m sobel -m scharr --name '{dir}/x.png' x.pgm
    refused x.png
}

@test "inputs are never written to" {
    mkdir in
    gray 9 7 >in/x.pgm
    cp in/x.pgm copy.pgm
    run detect --existing overwrite --name '{stem}.pgm' -o in in
    [ "$status" -eq 2 ]
    cmp in/x.pgm copy.pgm
}

@test "--jsonl: never replaces the list of inputs, nor an output whose name is spelled otherwise" {
    gray 9 7 >in.pgm
    echo in.pgm >list
    run detect --jsonl ./list -o out --files-from list
    refused "./list" "is the input list"
    [ "$(cat list)" = in.pgm ]
    run detect --jsonl ./x.png -o x.png in.pgm
    refused "./x.png" "is the output of in.pgm"
    [ ! -e x.png ]
}

@test "--existing: error refuses, skip leaves alone, overwrite replaces" {
    gray 9 7 >in.pgm
    gray 9 7 >b.pgm
    mkdir out
    echo old >out/in.png
    run detect -o out in.pgm b.pgm
    [ "$status" -eq 2 ]
    [[ "$output" == *out/in.png* ]]
    [ ! -e out/b.png ]
    run detect -o out --existing error in.pgm
    [ "$status" -eq 2 ]
    run detect -o out --existing skip --jsonl log in.pgm b.pgm
    [ "$status" -eq 0 ]
    [[ "$output" == *"1 done, 0 failed, 1 skipped"* ]]
    [ "$(cat out/in.png)" = old ]
    grep -q '"input":"in.pgm".*"status":"skipped"' log
    [ -e out/b.png ]
    run detect -o out --existing overwrite in.pgm b.pgm
    [ "$status" -eq 0 ]
    cmp out/in.png out/b.png
}

@test "--follow-links: without it no output leaves OUT through a link" {
    mkdir -p in/sub out outside
    gray 9 7 >in/a.pgm
    gray 9 7 >in/sub/b.pgm
    echo keep >outside/keep.txt
    ln -s ../outside/keep.txt out/a.png
    ln -s nowhere out/dangling.png
    run detect -o out in/a.pgm
    [ "$status" -eq 2 ]
    [[ "$output" == *"out/a.png: exists already"* ]]
    detect -q --existing skip -o out in/a.pgm
    [ -L out/a.png ]
    detect -q --existing overwrite -o out in/a.pgm
    [ ! -L out/a.png ]
    [ "$(cat outside/keep.txt)" = keep ]
    ln -s ../outside out/sub
    run detect --existing overwrite -o out in
    [ "$status" -eq 2 ]
    [[ "$output" == *"out/sub/b.png (of in/sub/b.pgm): out/sub is a symbolic link"* ]]
    [ "$(ls outside)" = keep.txt ]
    rm out/a.png
    ln -s ../outside/keep.txt out/a.png
    detect -q --follow-links --existing overwrite -o out in
    [ -L out/a.png ]
    cmp out/a.png outside/b.png
    cmp outside/keep.txt outside/b.png
    rm out/sub
    ln -s out way
    detect -q --existing overwrite -o way in # OUT itself may be a link
    [ -L way ]
    cmp out/a.png out/sub/b.png
    ln -s nowhere lost
    run detect -o lost in
    [ "$status" -eq 2 ]
    [[ "$output" == *'lost: is a symbolic link that leads nowhere'* ]]
}

@test "--follow-links: records of runs are not written through links" {
    gray 9 7 >in.pgm
    mkdir out
    echo keep >keep.txt
    ln -s ../keep.txt out/.edgel-journal
    run detect -o out in.pgm
    [ "$(cat keep.txt)" = keep ]
}

@test "--existing: skip makes the missing ones of several outputs" {
    gray 9 7 >in.pgm
    detect -q -o out -m sobel -m scharr in.pgm
    rm out/sobel/in.png
    echo old >out/scharr/in.png
    run detect -o out --existing skip -m sobel -m scharr in.pgm
    [ "$status" -eq 0 ]
    [[ "$output" == *"1 done"* ]]
    [ -e out/sobel/in.png ]
    [ "$(cat out/scharr/in.png)" = old ]
    rm out/sobel/in.png
    run detect -v -o out --existing skip -m sobel -m scharr in.pgm
    [ "${lines[0]}" = "edgel: in.pgm -> out/sobel/in.png" ]
    [ "${lines[1]}" = "edgel: in.pgm -> out/scharr/in.png (exists, left alone)" ]
}

@test "--dry-run: lists input -> output and does nothing" {
    mkdir in
    gray 9 7 >in/x.pgm
    gray 9 7 >in/y.pgm
    run detect --dry-run -o out in
    [ "$status" -eq 0 ]
    [ "$output" = $'in/x.pgm -> out/x.png\nin/y.pgm -> out/y.png' ]
    [ ! -e out ]
    run detect --dry-run -o out nowhere.pgm
    [ "$status" -eq 1 ]
    [[ "$output" == *nowhere.pgm* ]]
    mkdir none
    run detect --dry-run -o out none
    [ "$status" -eq 3 ]
    [ "$output" = "edgel: no image among the inputs" ]
}

# --- methods and their parameters ---

@test "--method, -m: each operator's formula on a step" {
    step 1 >in.pgm
    one out --name x.pgm --method sobel
    [ "$(pixels 4 out/x.pgm)" = "0 40 40 0" ]
    one out --name x.pgm -m prewitt
    [ "$(pixels 4 out/x.pgm)" = "0 30 30 0" ]
    one out --name x.pgm -m scharr
    [ "$(pixels 4 out/x.pgm)" = "0 160 160 0" ]
    one out --name x.pgm -m roberts
    [ "$(pixels 4 out/x.pgm)" = "0 20 0 0" ]
    one out --name x.pgm -m gaussian:ksize=3,sigma=0
    [ "$(pixels 4 out/x.pgm)" = "0 3 8 10" ]
    step 5 >in.pgm
    one out --name x.pgm -m canny:sigma=0,low=10,high=20
    [ "$(pixels 20 out/x.pgm)" = "0 255 0 0 0 255 0 0 0 255 0 0 0 255 0 0 0 255 0 0" ]
}

@test "--method: canny is the default" {
    gray 40 30 >in.pgm
    one a --name x.png
    one b --name x.png -m canny
    cmp a/x.png b/x.png
}

@test "--method: help and completion name every method there is" {
    run detect -o out -m '?' in.pgm
    methods=${output#*nown: }
    methods=${methods%%$'\n'*}
    [ "$(wc -w <<<"$methods")" -ge 6 ]
    [[ "$("$EDGEL" help detect | tr -s ' \n' ' ')" == *"One of $methods,"* ]]
    grep -qF -- "'${methods//,/}'" <("$EDGEL" help --format bash)
}

@test "--method: each -m has its own parameters, stronger than plain options" {
    gray 40 30 >in.pgm
    one a --name '{n}.pgm' -m sobel:sigma=2,norm=l2 -m sobel -m sobel:sigma=1 --sigma 3
    one b --name 1.pgm -m sobel --sigma 2 --norm l2
    one b --name 2.pgm -m sobel --sigma 3
    one b --name 3.pgm -m sobel --sigma 1
    for n in 1 2 3; do cmp "a/$n.pgm" "b/$n.pgm"; done
    run cmp a/1.pgm a/2.pgm
    [ "$status" -eq 1 ]
}

@test "--method: what is wrong with it exits 2" {
    gray 9 7 >in.pgm
    run one out -m cany
    refused cany canny
    run one out -m canny:sgma=1
    refused sgma sigma
    run one out -m canny:sigma
    refused "'sigma' is not key=value"
    run one out -m canny:
    refused canny:
    run one out -m canny:sigma=2,sigma=3
    refused "sigma: given twice"
    run one out -m canny:sigma=-1
    refused "sigma -1"
    run one out -m gaussian:aperture=5
    refused aperture gaussian
    run one out -m sobel:depth=1
    refused "depth 1"
}

@test "an option that no chosen method uses is refused" {
    gray 9 7 >in.pgm
    for words in "-m gaussian --aperture 5" "-m sobel --low 3" "-m roberts --nms interp" "-m scharr --emit binary" \
        "-m gaussian --norm l2" "--strength linear" "--emit strength --high 9"; do
        # shellcheck disable=SC2086
        run one out $words
        option=$(grep -o -- '--[a-z]* [a-z0-9]*$' <<<"$words")
        refused "${option% *}"
    done
    one out -m gaussian -m sobel --aperture 5
    [ -e out/sobel/in.png ]
}

# differs OPTIONS...: the result is not that of the same without them. base: options of both.
differs() {
    one a --name x.pgm "${base[@]}"
    one b --name x.pgm "${base[@]}" "$@"
    ! cmp -s a/x.pgm b/x.pgm
}
same() {
    one a --name x.pgm "${base[@]}"
    one b --name x.pgm "${base[@]}" "$@"
    cmp -s a/x.pgm b/x.pgm
}

@test "--sigma: smooths; its defaults are those that help states" {
    gray 40 30 >in.pgm
    base=(-m sobel)
    differs --sigma 1
    same --sigma 0
    base=(-m gaussian)
    differs --sigma 3
    same --sigma 1.4
    base=(-m canny)
    differs --sigma 1.4
    same --sigma 3
    run one out -m gaussian --sigma 0
    refused sigma
}

@test "--ksize: taps of the Gaussian, an odd number" {
    gray 40 30 >in.pgm
    base=(-m gaussian)
    differs --ksize 3
    same --ksize 0
    same --ksize 9
    step 1 >in.pgm
    one out --name x.pgm -m gaussian --sigma 0 --ksize 3
    [ "$(pixels 4 out/x.pgm)" = "0 3 8 10" ]
    rm -r out
    run one out --ksize 4
    refused ksize 4
}

@test "--aperture: 3, 5 and 7" {
    printf 'P2 4 1 255\n0 0 1 1\n' >in.pgm
    one out --name x.pgm -m sobel --aperture 5
    [ "$(pixels 4 out/x.pgm)" = "16 48 48 16" ]
    base=(-m sobel)
    same --aperture 3
    differs --aperture 7
    gray 40 30 >in.pgm
    base=(-m canny)
    differs --aperture 5
}

@test "--neighbours: 4 or 8 in the Laplacian's kernel" {
    printf 'P2 3 3 255\n0 0 0 0 10 0 0 0 0\n' >in.pgm
    one out --name x.pgm -m laplacian
    [ "$(pixels 9 out/x.pgm)" = "0 10 0 10 40 10 0 10 0" ]
    one out8 --name x.pgm -m laplacian --neighbours 8
    [ "$(pixels 9 out8/x.pgm)" = "10 10 10 10 80 10 10 10 10" ]
    base=(-m laplacian)
    same --neighbours 4
    differs --neighbours 8
}

@test "--norm: l1 is the sum, l2 the root of the squares" {
    # gx = 3 and gy = 4 in the middle of Roberts' square
    printf 'P2 2 2 255\n3 4 0 0\n' >in.pgm
    one out --name x.pgm -m roberts --norm l1
    [ "$(pixels 4 out/x.pgm | cut -d' ' -f1)" = 7 ]
    one out --name x.pgm -m roberts --norm l2
    [ "$(pixels 4 out/x.pgm | cut -d' ' -f1)" = 5 ]
    gray 40 30 >in.pgm
    base=(-m canny)
    differs --norm l2
    same --norm l1
}

# edges OPTION...: how many rows of a fading step are edges. Row r of 30 is 0 0 a a with a = 60 - 2 r. Its edge is in the
# third column, where |gx| + |gy| = 4 a + 12 = 252 - 8 r; 244 in row 0, 16 in row 29.
edges() {
    awk 'BEGIN { print "P2 4 30 255"; for (a = 60; a > 0; a -= 2) print 0, 0, a, a }' >fading.pgm
    detect -q --existing overwrite -o x.pgm --sigma 0 "$@" fading.pgm
    pixels 120 x.pgm | xargs -n 4 | grep -cx "0 0 255 0" || [ $? -eq 1 ]
}

@test "--low: weak edges; a number, a quantile, auto" {
    [ "$(edges)" = 28 ]
    [ "$(edges --low 30)" = 28 ]
    [ "$(edges --low 50)" = 26 ]
    [ "$(edges --low 80 --high 100)" = 22 ] # magnitudes above 80
    [ "$(edges --low 84 --high 100)" = 21 ]
    [ "$(edges --low 50% --high 200)" = 23 ] # the 45th of the 90 magnitudes that are not 0 is 68
    [ "$(edges --low auto --high 200)" = 22 ] # 0.4 * 200
    [ "$(edges --low auto-matlab --high 200)" = 22 ]
    [ "$(edges --low 200 --high 84)" = 21 ] # the smaller is the lower one
    gray 9 7 >in.pgm
    run one out --low 10x
    refused "--low '10x'"
}

@test "--high: strong edges; a number, a quantile, auto" {
    [ "$(edges --high 60)" = 28 ]
    [ "$(edges --high 243)" = 28 ] # strong means more
    [ "$(edges --high 244)" = 0 ]
    # the smaller threshold is the low one
    [ "$(edges --low 240)" = 24 ]
    [ "$(edges --low 240 --high 90%)" = 5 ] # the 81st of 90 is 212
    # over 70 % of all 120 pixels are in the bins up to that of 108, floor(63 * 108 / 244 + 0.5) = 28: 244 * 29 / 64 = 110.6
    [ "$(edges --low 240 --high auto-matlab)" = 18 ]
    # half of all 120 pixels are at 16 or below: the noise, 3.86 * 16, is lower
    [ "$(edges --low 240 --high auto)" = 18 ]
    run one out --high 10x
    [ "$status" -eq 2 ]
}

@test "--nms: sector and interp" {
    gray 60 50 >in.pgm
    base=(-m canny --low 5 --high 10 --sigma 1)
    differs --nms interp
    same --nms sector
}

@test "-m: a range of numbers is a method for each value, several ranges a grid, from one decode" {
    gray 40 30 >in.pgm
    detect -q --jsonl log -m canny:low=20..60/10,high=90 -o out in.pgm
    [ "$(ls out)" = "$(printf 'canny-low=%d\n' 20 30 40 50 60)" ]
    for low in 20 30 40 50 60; do
        detect -q -m canny:low=$low,high=90 -o one$low in.pgm
        cmp one$low/in.png "out/canny-low=$low/in.png"
    done
    grep -q '"edges":\[{"low":20,"high":90,' log
    detect -q -m canny:sigma=1..1.2/0.1,high=80%..90%/10% -m sobel --name '{stem}_{n}_{op}.png' -o grid in.pgm
    [ "$(ls grid | sort -t_ -k2n | tr '\n' ' ')" = "in_1_canny-sigma=1,high=80%.png in_2_canny-sigma=1,high=90%.png in_3_canny-sigma=1.1,high=80%.png in_4_canny-sigma=1.1,high=90%.png in_5_canny-sigma=1.2,high=80%.png in_6_canny-sigma=1.2,high=90%.png in_7_sobel.png " ]
    run detect -m canny:low=20..60 -o out2 in.pgm
    [ "$status" -eq 2 ]
    [[ "$output" == *"FROM..TO/STEP"* ]]
    run detect -m canny:low=1..2000/1 -o out2 in.pgm
    [ "$status" -eq 2 ]
    [[ "$output" == *"more than 1000 methods"* ]]
    run detect -m canny:low=60..20/10 -o out2 in.pgm
    [ "$status" -eq 2 ]
    [ ! -e out2 ]
}

@test "--emit: strength is the thinned gradient, 16 bit" {
    gray 40 30 >in.pgm
    base=(-m canny)
    differs --emit strength
    same --emit binary
    step 5 >in.pgm
    one out --emit strength --sigma 0
    [ "$(png_head out/in.png)" = "4 5 16 0" ]
    # sqrt(40 / 2040) of 65535 is 9177 = 35 * 256 + 217
    one out --emit strength --sigma 0 --name x.pgm
    [ "$(pixels 8 out/x.pgm)" = "0 0 35 217 0 0 0 0" ]
}

@test "--jsonl records the scale of strength maps" {
    gray 8 8 >in.pgm
    "$EDGEL" detect -q --emit strength --jsonl log -o a.png in.pgm
    grep -qF '"scale":{"full":2040,"kind":"root"}' log
    "$EDGEL" detect -q -m canny -m canny:emit=strength,strength=linear,aperture=5 --jsonl log -o out in.pgm --name '{n}.png'
    grep -qF '"scale":[null,{"full":24480,"kind":"linear"}]' log
    "$EDGEL" detect -q --jsonl log -o b.png in.pgm
    [ "$(grep -c scale log)" -eq 0 ]
}

@test "--strength: linear leaves the root out" {
    step 5 >in.pgm
    # 40 / 2040 of 65535 is 1285 = 5 * 256 + 5
    one out --emit strength --strength linear --sigma 0 --name x.pgm
    [ "$(pixels 8 out/x.pgm)" = "0 0 5 5 0 0 0 0" ]
    base=(--emit strength)
    same --strength root
}

@test "--depth: 1, 8 and 16; the default is that of the method and the input" {
    gray 12 9 >in.pgm
    awk 'BEGIN { print "P2 2 1 65535 300 40000" }' >deep.pgm
    one out
    [ "$(png_head out/in.png)" = "12 9 1 0" ]
    one out --depth 8
    [ "$(png_head out/in.png)" = "12 9 8 0" ]
    one out --depth 16
    [ "$(png_head out/in.png)" = "12 9 16 0" ]
    one out --emit strength --depth 8
    [ "$(png_head out/in.png)" = "12 9 8 0" ]
    one out -m sobel
    [ "$(png_head out/in.png)" = "12 9 8 0" ]
    detect -q -o out -m sobel deep.pgm
    [ "$(png_head out/deep.png)" = "2 1 16 0" ]
    step 1 >in.pgm
    one out -m sobel --depth 16 --name x.pgm
    [ "$(pixels 8 out/x.pgm)" = "0 0 40 40 40 40 0 0" ]
}

@test "--depth: float images default to 16 bit" {
    gray 12 9 >in.pgm
    one out --name x.pfm -m gaussian
    detect -q -o out2 -m sobel out/x.pfm
    [ "$(png_head out2/x.png)" = "12 9 16 0" ]
}

@test "--depth: 32 is for float files" {
    gray 12 9 >in.pgm
    run detect --depth 32 -m sobel -o out in.pgm
    refused "out/in.png: --depth 32 is for float samples"
    one out --name x.pfm -m gaussian
    one out --name y.pfm -m gaussian --depth 32
    cmp out/x.pfm out/y.pfm
    has_tiff || skip "built without libtiff"
    one out --name x.tif -m gaussian --depth 32
    detect -q -o from -m canny --sigma 0 --depth 16 out/x.pfm
    detect -q -o from --name t.png -m canny --sigma 0 --depth 16 out/x.tif
    cmp from/x.png from/t.png
}

# kept OUT PAGE FILE: a page of a TIFF, or an image, as an 8-bit PNG.
kept() {
    detect -q --existing overwrite -m gaussian:sigma=0,ksize=1 --depth 8 --page "$2" -o "$1" "$3"
}

@test "--page: one of several pages, or all of them as pages of the output" {
    has_tiff || skip "built without libtiff"
    gray 40 30 >1.pgm
    gray 23 17 >2.pgm
    gray 64 9 >3.pgm
    stack 1.pgm 2.pgm 3.pgm >s.tif
    run detect -o first.png s.tif
    [[ "$output" == *"s.tif: only the first page is read"* ]]
    run detect --page all --jsonl log.jsonl -o all.tif s.tif
    [ "$status" -eq 0 ]
    [[ "$output" != *"only the first"* ]]
    grep -q '"width":40,"height":30,"pages":3,' log.jsonl
    detect -q --page all --stream-over 0 -o rows.tif s.tif
    cmp all.tif rows.tif
    for k in 1 2 3; do
        detect -q -o $k.png $k.pgm
        detect -q --page $k -o page.png --existing overwrite s.tif
        cmp page.png $k.png
        kept a.png $k all.tif
        kept b.png 1 $k.png
        cmp a.png b.png
    done
    run detect --page 4 -o out all.tif 1.pgm
    [ "$status" -eq 1 ]
    [[ "$output" == *"all.tif: TIFF: has no page 4"*"1.pgm: has one page, not page 4"* ]]
    [ ! -e out ]
    for bad in 0 -1 65536 ALL; do
        run detect --page "$bad" -o out s.tif
        refused --page "$bad" "from 1 to 65535, or all"
    done
    run detect --page all -o out s.tif
    refused "out/s.png: --page all: only tif or tiff holds several pages"
}

@test "--page all: a bad page leaves no output and is named" {
    has_tiff || skip "built without libtiff"
    gray 40 30 >1.pgm
    gray 23 17 >2.pgm
    stack 1.pgm 2.pgm 1.pgm >s.tif
    head -c -5 s.tif >cut.tif
    for over in 0 1000000; do
        run detect --page all --stream-over $over -o out --name '{stem}.tif' cut.tif 1.pgm
        [ "$status" -eq 1 ]
        [[ "$output" == *"edgel: cut.tif, page 3: TIFF: "* ]]
        [ "$(find out -type f ! -name '.edgel-*')" = out/1.tif ]
        rm -r out
    done
}

@test "--page: a list of pages that is broken hurts those alone who ask for what is lost" {
    has_tiff || skip "built without libtiff"
    gray 40 30 >1.pgm
    stack 1.pgm 1.pgm >s.tif
    # the first directory, at 8, has 9 entries: at 118 stands where the second is
    { head -c 118 s.tif; printf '\377\377\377\0'; tail -c +123 s.tif; } >broken.tif
    detect -q -o 1.png 1.pgm
    detect -q --page 1 -o page.png broken.tif
    cmp page.png 1.png
    run detect --page all -o all.tif broken.tif
    [ "$status" -eq 1 ]
    [[ "$output" == *"edgel: broken.tif, page 2: TIFF: "* ]]
    [ ! -e all.tif ]
    run detect --page all --lenient -o all.tif broken.tif
    [ "$status" -eq 0 ]
    [[ "$output" == *"broken.tif: damaged, taken as far as it decodes: "* ]]
    kept a.png 1 all.tif
    kept b.png 1 1.png
    cmp a.png b.png
}

@test "--stream-over: a tile may have more pixels than its image" {
    has_tiff || skip "built without libtiff"
    gray 50 40 >in.pgm
    detect -q --tile 64 -m gaussian:sigma=0,ksize=1 -o tile.tif in.pgm
    detect -q -o a.png in.pgm
    detect -q --stream-over 2000 -o b.png tile.tif
    cmp a.png b.png
    run detect --max-pixels 4000 -o c.png tile.tif
    [ "$status" -eq 1 ]
    [[ "$output" == *"64x64: 4096 pixels, over the limit of 4000 (--max-pixels)"* ]]
}

@test "--page and --tile are among the settings that parts of a run and --resume must share" {
    has_tiff || skip "built without libtiff"
    gray 40 30 >1.pgm
    stack 1.pgm 1.pgm >a.tif
    detect -q --shard 1/1 --jsonl all.jsonl -o all --name '{stem}.tif' --page all --tile 32 a.tif
    head -n 1 all.jsonl | grep '"--page":"all","--tile":"32"'
    detect -q --shard 1/1 --jsonl two.jsonl -o two --page 2 a.tif
    head -n 1 two.jsonl | grep '"--page":"2","--tile":"none"'
}

@test "--tile: squares instead of strips, the same pixels" {
    has_tiff || skip "built without libtiff"
    gray 70 50 >in.pgm
    for depth in 1 8; do
        one strips.tif --depth $depth
        one tiles.tif --depth $depth --tile 32
        one rows.tif --depth $depth --tile 32 --stream-over 0
        cmp tiles.tif rows.tif
        # TileWidth and TileLength, tags 322 and 323, of 32
        od -An -v -tx1 tiles.tif | tr -d ' \n' | grep -q '42010[34]000100000020000000''43010[34]000100000020000000'
        kept a.png 1 strips.tif
        kept b.png 1 tiles.tif
        cmp a.png b.png
    done
    for bad in 15 24 8208 -16; do
        run detect --tile "$bad" -o out --name '{stem}.tif' in.pgm
        refused "--tile $bad"
    done
    run detect --tile 16 -o out in.pgm
    refused "out/in.png: --tile: only tif or tiff is written in tiles"
}

# has_tiff: whether the program was built with libtiff.
has_tiff() {
    gray 4 4 >tiff.pgm
    detect -q -o tiff.tif tiff.pgm 2>/dev/null
}

@test "TIFF is written and read like the other formats" {
    gray 30 20 >in.pgm
    color >c.ppm
    run detect -q -o x.tif in.pgm
    if [ "$status" -ne 0 ]; then
        [[ "$output" == *"x.tif: this build of edgel was made without libtiff"* ]]
        skip "built without libtiff"
    fi
    for depth in 8 16; do
        one out --name g.tif -m gaussian --depth $depth
        one out --name g.pgm -m gaussian --depth $depth
        detect -q --existing overwrite -o a.pgm -m sobel out/g.tif
        detect -q --existing overwrite -o b.pgm -m sobel out/g.pgm
        cmp a.pgm b.pgm
    done
    detect -q -o c.tif -m gaussian --sigma 0 --ksize 1 --gray channels c.ppm
    detect -q -o c2.ppm -m gaussian --sigma 0 --ksize 1 --gray channels c.tif
    [ "$(pixels 288 c2.ppm)" = "$(tr ' ' '\n' <c.ppm | tail -n +5 | xargs)" ]
    # edges are one bit, white on black
    one out --name e.png
    one out --name e.tif
    detect -q -o back.png -m canny --sigma 0 --low 1 --high 1 out/e.png
    detect -q -o back2.png -m canny --sigma 0 --low 1 --high 1 out/e.tif
    cmp back.png back2.png
}

@test "--gray: luma does not see a step between colours of one gray, channels does" {
    color >c.ppm
    detect -q -o a --name x.pgm -m sobel c.ppm
    detect -q -o b --name x.pgm -m sobel --gray channels c.ppm
    [ "$(pixels 12 a/x.pgm)" = "0 0 0 0 0 0 0 0 0 0 0 0" ]
    # blue rises by 157: 4 * 157, saturated
    [ "$(pixels 12 b/x.pgm)" = "0 0 0 0 0 255 255 0 0 0 0 0" ]
    detect -q -o c --name x.pgm -m sobel --gray luma c.ppm
    cmp a/x.pgm c/x.pgm
    detect -q -o d --name x.pgm --sigma 0 c.ppm # canny: channels unless told
    [[ "$(pixels 12 d/x.pgm)" == *255* ]]
    detect -q -o e --name x.pgm --sigma 0 --gray luma c.ppm
    [[ "$(pixels 12 e/x.pgm)" != *255* ]]
}

# --- inputs ---

tree() {
    mkdir -p in/a
    for f in in/x.pgm in/y.pgm in/a/x.pgm in/a/z.pgm; do gray 9 7 >"$f"; done
}
outputs() {
    (cd out && find . -type f ! -name '.edgel-*' | sort | xargs)
}

@test "--include: only walked files that match, may be repeated" {
    tree
    detect -q -o out --include 'x.*' in
    [ "$(outputs)" = "./a/x.png ./x.png" ]
    rm -r out
    detect -q -o out --include 'a/*' --include 'y*' in
    [ "$(outputs)" = "./a/x.png ./a/z.png ./y.png" ]
}

@test "--exclude: leaves out walked files that match, may be repeated" {
    tree
    detect -q -o out --exclude 'x.*' in
    [ "$(outputs)" = "./a/z.png ./y.png" ]
    rm -r out
    detect -q -o out --exclude 'a/*' --exclude y.pgm in
    [ "$(outputs)" = "./x.png" ]
}

@test "--files-from: a list from a file or standard input" {
    tree
    printf 'in/y.pgm\nin/a/z.pgm\n' >list
    detect -q -o out --files-from list
    [ "$(outputs)" = "./y.png ./z.png" ]
    rm -r out
    echo in/x.pgm | detect -q -o out --files-from - in/y.pgm
    [ "$(outputs)" = "./x.png ./y.png" ]
    rm -r out
    run detect -o out --files-from nowhere
    refused nowhere
    # as an operand a dash is an image from standard input; a file of that name is ./-
    run detect -o out - <in/x.pgm
    refused "an image from standard input has no name"
    cp in/x.pgm ./-
    detect -q -o out ./-
    [ -s out/-.png ]
}

@test "--null, -0: the list is separated by NUL" {
    name=$'line\nbreak.pgm'
    gray 9 7 >"$name"
    printf '%s\0' "$name" >list
    detect -q -o out -0 --files-from list
    [ -e $'out/line\nbreak.png' ]
    rm -r out
    detect -q -o out --null --files-from list
    [ -e $'out/line\nbreak.png' ]
    rm -r out
    run detect -o out -0 x.pgm
    refused --null
}

@test "an output folder inside the input folder is not walked" {
    tree
    detect -q -o in/out in
    run detect -o in/out --existing skip in
    [ "$status" -eq 0 ]
    [[ "$output" == *"4 skipped"* ]]
    [ ! -e in/out/out ]
}

@test "files that are no images are passed over in folders and counted" {
    tree
    echo text >in/notes.txt
    run detect -o out --jsonl log in
    [ "$status" -eq 0 ]
    [[ "$output" == *"1 not images"* ]]
    tail -n 1 log | grep -q '"not_images":1'
}

@test "names that are not UTF-8 are read, written and logged without loss" {
    name=$'caf\xe9.pgm'
    gray 9 7 >"$name" || skip "the file system refuses such names"
    detect -q -o out --jsonl log "$name"
    [ -e $'out/caf\xe9.png' ]
    grep -qF '"input":"caf\udce9.pgm"' log
}

# --- reading ---

@test "--lenient: takes what decodes of a truncated file and says so" {
    gray 40 30 >in.pgm
    one good --name x.pgm -m gaussian
    head -c 1000 good/x.pgm >cut.pgm
    run detect -o out cut.pgm
    [ "$status" -eq 1 ]
    [[ "$output" == *cut.pgm* ]]
    [ ! -e out/cut.png ]
    run detect -o out --lenient cut.pgm
    [ "$status" -eq 0 ]
    [[ "$output" == *cut.pgm*damaged* ]]
    [ -e out/cut.png ]
}

@test "--no-orient: leaves the EXIF orientation alone" {
    turned >t.jpg
    detect -q -o out t.jpg
    [ "$(png_head out/t.png)" = "8 12 1 0" ]
    detect -q -o out2 --no-orient t.jpg
    [ "$(png_head out2/t.png)" = "12 8 1 0" ]
}

@test "--stream-over: rows one by one give the same bytes" {
    gray 300 900 >in.pgm
    detect -q -o src --name in.png -m gaussian --sigma 0 --ksize 1 in.pgm
    cp in.pgm src
    ! has_tiff || detect -q -o src --name in.tif -m gaussian --sigma 0 --ksize 1 in.pgm
    for file in src/*; do
        for name in x.png x.pgm x.tif; do
            [ $name != x.tif ] || has_tiff || continue
            set -- -q --existing overwrite --name "{op}{n}-$name" -m canny -m canny:sigma=0,low=10 -m sobel \
                -m gaussian:gray=channels -m canny:emit=strength "$file"
            detect -o whole "$@"
            detect --stream-over 1000 -o rows "$@"
        done
        diff -r whole rows
        rm -r whole rows
    done
    # what needs the whole image is done with it
    detect -q -o whole --high auto in.pgm
    detect -q -o rows --high auto --stream-over 0 in.pgm
    cmp whole/in.png rows/in.png
    run detect --stream-over 0 -o out --max-pixels 1000 in.pgm
    [ "$status" -eq 1 ]
    [[ "$output" == *"in.pgm: 300x900: 270000 pixels, over the limit of 1000 (--max-pixels)"* ]]
    head -c -30 src/in.png >cut.png # a fault at the end leaves nothing
    run detect --stream-over 1000 -o out cut.png
    [ "$status" -eq 1 ]
    [ -z "$(ls -A out 2>/dev/null)" ]
}

@test "--stream-over: a file replaced between its two readings leaves nothing unfinished" {
    [ -r /proc/self/fd ] || skip "no /proc"
    mkdir out
    mkfifo out/1.pgm # an output that is read when the test wants it: until then the first reading stands still
    color >plain.ppm # is not read row by row
    detect -q -o in.ppm -m gaussian:gray=channels --sigma 0 --ksize 1 plain.ppm
    "$EDGEL" detect -q --existing overwrite --stream-over 1 -o out --name '{n}.pgm' -m sobel -m scharr \
        -m sobel:gray=channels in.ppm 2>said &
    pid=$!
    seen=0 # more than once: before, the file is read for its size
    for _ in $(seq 500); do
        if readlink /proc/$pid/fd/* | grep -q '/in.ppm$'; then seen=$((seen + 1)); fi
        [ "$seen" -lt 5 ] || break
        sleep 0.01
    done
    mv plain.ppm in.ppm
    exec 9<>out/1.pgm
    status=0
    wait "$pid" || status=$?
    exec 9>&-
    [ "$status" -eq 1 ]
    [ "$(cat said)" = "edgel: in.ppm: was replaced while it was read" ]
    [ "$(ls -A out)" = 1.pgm ]
}

@test "--stream-over: memory does not grow with the image" {
    [ "$EDGEL_SANITIZE" = none ] || skip "memory of a sanitized program says nothing"
    [ -r /proc/self/status ] || skip "no /proc"
    { printf 'P5\n20000 10000\n255\n'; head -c 200000000 /dev/zero; } >big.pgm
    python3 "$EDGEL_SOURCE/tests/support/make_mask.py" --zeros 20000x10000 flat.png 8 # a small file, which is read before its header
    # 50 MB for the two maps, less than 110 MB for all the rest; 200 MB in
    (ulimit -v 160000 && detect -q -j 1 -o out big.pgm flat.png)
    for in in big.pgm flat.png; do
        run bash -c "ulimit -v 160000; '$EDGEL' detect -q -j 1 --stream-over 1000000000 -o out2 $in"
        [ "$status" -eq 1 ]
    done
    [ "$(png_head out/big.png | cut -d ' ' -f 3-)" = "1 0" ]
}

@test "--page: memory does not grow with the file" {
    [ "$EDGEL_SANITIZE" = none ] || skip "memory of a sanitized program says nothing"
    [ -r /proc/self/status ] || skip "no /proc"
    has_tiff || skip "built without libtiff"
    gray 40 30 >1.pgm
    gray 23 17 >2.pgm
    stack 1.pgm 2.pgm >s.tif
    { cat s.tif; head -c 200000000 /dev/zero; } >large.tif
    for page in 2 all; do
        detect -q --page $page -o small$page.tif s.tif
        (ulimit -v 160000 && detect -q -j 1 --page $page -o large$page.tif large.tif)
        cmp small$page.tif large$page.tif
    done
}

@test "--max-pixels: larger images are refused" {
    gray 10 10 >in.pgm
    one out --max-pixels 100
    run one out --max-pixels 99
    [ "$status" -eq 1 ]
    [[ "$output" == *"--max-pixels"* ]]
}

@test "--max-side: wider or higher images are refused" {
    gray 10 4 >in.pgm
    one out --max-side 10
    run one out --max-side 9
    [ "$status" -eq 1 ]
    [[ "$output" == *"--max-side"* ]]
}

@test "--max-scans: JPEG files with more scans are refused" {
    scans >s.jpg
    detect -q -o out --max-scans 6 s.jpg
    run detect -o out2 --max-scans 5 s.jpg
    [ "$status" -eq 1 ]
    [[ "$output" == *"--max-scans"* ]]
}

@test "--max-file: larger files are refused" {
    gray 9 7 >in.pgm
    run detect -o out --max-file 14 in.pgm
    [ "$status" -eq 1 ]
    [[ "$output" == *"over the limit of 14"*"--max-file"* ]]
    detect -q -o out --max-file 1000 in.pgm
}

@test "--max-chunk: PNG files with a larger chunk are refused" {
    text >t.png
    detect -q -o out t.png
    run detect -o out2 --max-chunk 50 t.png
    [ "$status" -eq 1 ]
    [[ "$output" == *"--max-chunk"* ]]
}

@test "remarks of a decoder are reported and exit 0" {
    profile >p.png
    run detect -o out --jsonl log p.png
    [ "$status" -eq 0 ]
    [[ "$output" == *"p.png: "* ]]
    grep -q '"remark":"' log
    run detect -q -o out2 p.png
    [ "$output" = "" ]
}

# --- running ---

@test "--jobs, -j: as many threads, the same bytes and the same log" {
    mkdir in
    for i in 1 2 3 4 5 6 7 8 9; do gray $((10 + i)) 20 >"in/$i.pgm"; done
    for j in 1 2 7; do detect -q -j "$j" --jsonl "log$j" -o "out$j" -m canny -m sobel in; done
    diff -r out1 out2
    diff -r out1 out7
    for j in 1 2 7; do sed -e 's/"seconds":[0-9.e+-]*/S/g' -e "s/out$j/out/g" "log$j" >"l$j"; done
    cmp l1 l2
    cmp l1 l7
    # the threads of the process are counted from outside; more work until all of them are seen
    gray 300 300 >big.pgm
    mkdir many
    for j in 1 3; do
        most=0
        for round in 1 2 3 4 5 6 7 8; do
            for i in $(seq $((6 << round))); do ln -f big.pgm "many/$i.pgm"; done
            "$EDGEL" detect -q --jobs "$j" --existing overwrite -m gaussian:sigma=200 -o "many$j" many &
            pid=$!
            watch_threads "$pid"
            wait "$pid"
            if [ "$most" -ge "$j" ]; then break; fi
        done
        [ "$most" -eq "$j" ]
    done
}

@test "--jobs, -j: threads share one large image, with the same bytes" {
    gray 900 700 >big.pgm
    for j in 1 2 7; do
        detect -q -j "$j" -m canny -m canny:high=auto,low=auto -m sobel -m gaussian:sigma=3 --name '{n}.png' -o "out$j" big.pgm
    done
    diff -r out1 out2
    diff -r out1 out7
    # counted from outside, with more work until all of them are seen; a small image has no use for them
    gray 90 70 >small.pgm
    for image in big:3 small:1; do
        most=0
        methods=(-m gaussian:sigma=200)
        for round in 1 2 3 4 5 6; do
            methods+=("${methods[@]}")
            "$EDGEL" detect -q -j 3 --existing overwrite "${methods[@]}" --name '{n}.png' -o "${image%:*}" "${image%:*}.pgm" &
            pid=$!
            watch_threads "$pid"
            wait "$pid"
            if [ "$most" -ge "${image#*:}" ]; then break; fi
        done
        [ "$most" -eq "${image#*:}" ]
    done
}

@test "--jsonl: a line per image in input order and a summary" {
    mkdir in
    gray 9 7 >in/b.pgm
    gray 9 7 >in/c.pgm
    printf 'P5 9 7 255\nshort' >in/a.pgm
    run detect -j 2 --jsonl log -o out in
    [ "$status" -eq 1 ]
    [ "$(sed -n 's/.*"input":"\([^"]*\)".*"status":"\([a-z]*\)".*/\1 \2/p' log | xargs)" = \
        "in/a.pgm error in/b.pgm ok in/c.pgm ok" ]
    tail -n 1 log | grep -q '"type":"summary","ok":2,"failed":1,"skipped":0'
    grep -q '"input":"in/a.pgm","output":null' log
    grep -q '"output":"out/b.png".*"error":null,.*"width":9,"height":7,"seconds":' log
}

@test "--jsonl: - is standard output; several outputs are an array" {
    gray 9 7 >in.pgm
    detect -o out -m sobel -m scharr --jsonl - in.pgm >lines 2>messages
    grep -qF '"output":["out/sobel/in.png","out/scharr/in.png"]' lines
    [ "$(wc -l <lines)" -eq 2 ]
    ! grep -q '{' messages
}

@test "--jsonl: a log that cannot be written exits 1, one that cannot be begun 2" {
    gray 9 7 >in.pgm
    if [ -e /dev/full ]; then
        run bash -c '"$EDGEL" detect -o out --jsonl - in.pgm >/dev/full'
        [ "$status" -eq 1 ]
        # and ends the run, whose reader would miss the rest
        mkdir many
        for i in $(seq 300); do ln in.pgm "many/$i.pgm"; done
        run bash -c '"$EDGEL" detect -j 1 -o out3 --jsonl - many >/dev/full'
        [ "$status" -eq 1 ]
        [ "$(find out3 -type f | wc -l)" -lt 300 ]
    fi
    run detect -o out2 --jsonl in.pgm/log in.pgm
    [ "$status" -eq 2 ]
    [ ! -e out2 ]
}

@test "--jsonl: never over an input or an output" {
    mkdir in
    gray 9 7 >in/x.pgm
    cp in/x.pgm copy.pgm
    ln -s in/x.pgm link
    run detect --jsonl in/x.pgm -o out in
    refused in/x.pgm
    run detect --jsonl link -o out in
    refused link
    run detect --jsonl out/x.png -o out in
    refused out/x.png
    cmp in/x.pgm copy.pgm
}

@test "--progress: a bar on standard error, always or never; auto: not without a terminal" {
    gray 9 7 >in.pgm
    detect -o a --progress always in.pgm 2>bar
    grep -q $'\r' bar
    grep -q 1/1 bar
    for p in never auto; do
        detect -o "$p" --progress "$p" in.pgm 2>plain
        run grep -c $'\r' plain
        [ "$output" = 0 ]
    done
}

@test "--progress: at most ten updates a second" {
    mkdir in
    gray 9 7 >in/0.pgm
    for i in $(seq 500); do ln in/0.pgm "in/$i.pgm"; done
    SECONDS=0
    detect -o out --progress always in 2>bar
    [ "$(tr -cd '\r' <bar | wc -c)" -le $((10 * (SECONDS + 1) + 3)) ]
}

@test "--progress: NO_COLOR keeps escape sequences out, messages start on a clean line" {
    printf 'P5 9 7 255\nshort' >bad.pgm
    run detect -o a --progress always bad.pgm
    [[ "$output" == *$'\033'* ]]
    NO_COLOR=1 run detect -o a --progress always bad.pgm
    [[ "$output" != *$'\033'* ]]
    [[ "$output" == *$'\r'"edgel: bad.pgm"* ]]
}

@test "--progress: auto draws on a terminal" {
    command -v script >/dev/null || skip "no script(1)"
    gray 9 7 >in.pgm
    script -qec "$EDGEL detect -o a in.pgm" /dev/null </dev/null >seen
    grep -q 1/1 seen
    script -qec "$EDGEL detect -q -o b in.pgm" /dev/null </dev/null >seen
    run grep -c 1/1 seen
    [ "$output" = 0 ]
}

@test "--quiet, -q: nothing but errors" {
    gray 9 7 >in.pgm
    run detect -o a in.pgm
    [[ "$output" == *"1 done"* ]]
    run detect -q -o b in.pgm
    [ "$output" = "" ]
    run detect --quiet --progress always -o c in.pgm nowhere.pgm
    [ "$status" -eq 1 ]
    [[ "$output" == "edgel: "*nowhere.pgm* ]]
    [ "${#lines[@]}" -eq 1 ]
}

@test "--verbose, -v: says what is done with each image" {
    gray 9 7 >in.pgm
    for v in -v --verbose; do
        run detect "$v" --existing overwrite -o out in.pgm
        [[ "$output" == *"in.pgm -> out/in.png"* ]]
    done
    run detect --existing overwrite -o out in.pgm
    [[ "$output" != *"->"* ]]
}

# --- exit codes and trouble ---

@test "exit 0: all ok" {
    tree
    run detect -o out in
    [ "$status" -eq 0 ]
    [[ "$output" == *"4 done, 0 failed"* ]]
}

@test "exit 1: one bad image does not stop the others and leaves no output" {
    tree
    printf 'P5 9 7 255\nshort' >in/bad.pgm
    : >in/empty.png
    echo text >in/text.png
    run detect -o out -m sobel -m canny in
    [ "$status" -eq 1 ]
    [[ "$output" == *in/bad.pgm* && "$output" == *in/empty.png* && "$output" == *in/text.png* ]]
    [[ "$output" == *"4 done, 3 failed"* ]]
    [ "$(find out -type f ! -name '.edgel-*' | wc -l)" -eq 8 ]
}

@test "exit 2: a folder that cannot be made is told once, before the first image" {
    gray 9 7 >a.pgm
    gray 9 7 >b.pgm
    echo text >file
    run detect -o file/out --jsonl log a.pgm b.pgm
    [ "$status" -eq 2 ]
    [ "$output" = "edgel: file/out: cannot make the folder: Not a directory" ]
    [ ! -e log ]
    mkdir none
    run detect -o file/out none
    [ "$status" -eq 3 ]
}

@test "exit 1: an image whose last output cannot be written leaves none" {
    gray 9 7 >in.pgm
    mkdir out
    echo file >out/sobel
    run detect -o out -m canny -m sobel in.pgm
    [ "$status" -eq 1 ]
    [ "$(find out -type f)" = out/sobel ]
}

@test "exit 1: a disk that fills up leaves none of an image's outputs" {
    gray 60 50 >in.pgm
    run bash -c 'ulimit -f 1; exec "$EDGEL" detect -o out -m canny -m sobel:depth=16 in.pgm'
    [ "$status" -eq 1 ]
    [[ "$output" == *"out/sobel/in.png: cannot write: File too large"* ]]
    [ "$(find out -type f | wc -l)" -eq 0 ]
}

@test "exit 1: a missing input file, and a named file that is no image" {
    gray 9 7 >in.pgm
    echo text >text.txt
    run detect -o out nowhere.pgm in.pgm text.txt
    [ "$status" -eq 1 ]
    [[ "$output" == *nowhere.pgm* && "$output" == *text.txt* && "$output" == *"1 done, 2 failed"* ]]
    [ -e out/in.png ]
}

@test "exit 2: no input" {
    run detect -o out
    refused "no input"
}

@test "exit 3: nothing matched" {
    tree
    run detect -o out --include '*.tif' in
    [ "$status" -eq 3 ]
    mkdir none
    run detect -o out none
    [ "$status" -eq 3 ]
    [ ! -e out ]
}

# Starts detect on 400 images with job control, so that it has its own signals, and waits for the first output.
start() {
    mkdir in
    gray 200 150 >in/000.pgm
    for i in $(seq -w 1 399); do ln in/000.pgm "in/$i.pgm"; done
    set -m
    env --default-signal=HUP "$EDGEL" detect -j 1 -m gaussian:sigma=100 --jsonl log -o out in 2>messages &
    pid=$!
    set +m
    for _ in $(seq 200); do
        ls out/*.png >/dev/null 2>&1 && break
        sleep 0.05
    done
}

@test "exit 130: an interrupt keeps what is finished and tears nothing" {
    for signal in INT TERM HUP; do
        rm -rf in out log
        start
        kill -"$signal" "$pid"
        [ "$signal" != HUP ] || kill -HUP "$pid" # by the terminal, and by the shell in it
        code=0
        wait "$pid" || code=$?
        [ "$code" -eq 130 ]
        n=$(find out -type f -name '*.png' | wc -l)
        [ "$n" -ge 1 ]
        [ "$n" -lt 400 ]
        [ "$(find out -type f ! -name '???.png' ! -name .edgel-journal | wc -l)" -eq 0 ]
        for f in out/*.png; do cmp "$f" out/000.png; done
        tail -n 1 log | grep -q "\"ok\":$n,"
        grep -q interrupted messages
    done
}

@test "under nohup a run goes on when its terminal is closed" {
    mkdir in
    for i in $(seq 100 130); do gray 300 200 >"in/$i.pgm"; done
    nohup "$EDGEL" detect -q -j 1 -m gaussian:sigma=40 -o out in 2>/dev/null &
    pid=$!
    until [ -e out/100.png ]; do sleep 0.01; done
    kill -HUP "$pid"
    wait "$pid"
    [ "$(ls out | wc -l)" -eq 31 ]
}

@test "an interrupt stops a job that a shell started with it ignored" {
    mkdir in
    gray 600 400 >in/000.pgm
    for i in $(seq 600); do ln in/000.pgm "in/$i.pgm"; done
    (
        trap '' INT
        exec "$EDGEL" detect -q -j 1 -m gaussian:sigma=100 -o out in
    ) &
    pid=$!
    for _ in $(seq 200); do
        ls out/*.png >/dev/null 2>&1 && break
        sleep 0.05
    done
    kill -INT "$pid"
    code=0
    wait "$pid" || code=$?
    [ "$code" -eq 130 ]
    [ "$(find out -type f | wc -l)" -lt 601 ]
}

@test "--shard: every N-th input, the outputs of the whole, refused values" {
    mkdir in
    for i in 1 2 3 4 5; do gray $((8 + i)) 7 >in/$i.pgm; done
    detect -q -o whole in
    detect -q --shard 2/3 -o parts in
    [ "$(cd parts && echo *)" = "2.png 5.png" ]
    detect -q --shard 1/3 -o parts in # what other parts wrote is in nobody's way
    run detect -q --shard 1/3 -o parts in
    [ "$status" -eq 2 ]
    [[ "$output" == *parts/1.png*"1 more"* ]]
    [ "$(detect --dry-run --shard 3/3 -o parts in)" = "in/3.pgm -> parts/3.png" ]
    detect -q --shard 3/3 -o parts in
    diff -r -x '.edgel-*' whole parts
    detect -q --shard 6/6 -o none in
    [ ! -e none ]
    for value in 0/3 4/3 1 1/ /3 1/0 1/x -1/3 1/1000001 1/3/3 ''; do
        run detect --shard "$value" -o out in
        refused --shard
    done
    mkdir empty
    run detect --shard 1/2 -o out empty
    [ "$status" -eq 3 ]
}

@test "--resume: see resume.bats; without a record it is a run like any other" {
    gray 9 7 >in.pgm
    detect -q --resume -o out in.pgm
    [ -s out/in.png ]
    rm out/.edgel-journal
    run detect --resume -o out in.pgm
    [ "$status" -eq 2 ]
    [[ "$output" == *out/in.png*exists* ]]
    detect -q --resume --existing overwrite -o out in.pgm
    run detect --resume -o one.png in.pgm
    [ "$status" -eq 2 ]
    [[ "$output" == *--resume*"single file"* ]]
}

@test "PNG: edge maps are runs of bits without a filter, other samples runs of differences to the row above" {
    gray 97 61 >gray.pgm
    color >color.ppm
    detect -q -m canny -m canny:depth=8 -m sobel -m roberts:depth=16 -o out --name '{n}.png' gray.pgm
    detect -q --stream-over 0 -o rows.png gray.pgm
    detect -q -m gaussian:gray=channels,sigma=3 -o color.png color.ppm
    run python3 "$EDGEL_SOURCE/tests/support/read_png.py" out/[1-4].png rows.png color.png
    # bits, colour type, filters of rows (2: up), distances of matches (1: runs)
    diff - <(echo "$output") <<'END'
1 0 0 reach 1
8 0 2 reach 1
8 0 2 reach 1
16 0 2 reach 1
1 0 0 reach 1
8 2 2 reach 1
END
}

@test "a file is read at once, and once for all methods" {
    [ "${EDGEL_SANITIZE:-none}" = none ] || skip "the sanitizer's run-time must come first"
    mkdir in
    for i in 1 2 3; do gray 300 200 >in/$i.pgm; done
    cat >spy.c <<'END'
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
ssize_t read(int fd, void *to, size_t n)
{
    struct stat s;
    ssize_t got = syscall(SYS_read, fd, to, n);
    if (fstat(fd, &s) == 0 && s.st_size > 100000)
        fprintf(stderr, "read %d\n", got == s.st_size ? 1 : got ? 2 : 0);
    return got;
}
END
    "${CC:-gcc}" -shared -fPIC -o spy.so spy.c
    LD_PRELOAD=$PWD/spy.so "$EDGEL" detect -q -j 1 -m canny -m sobel -m gaussian:gray=channels -o out in 2>calls
    [ "$(xargs <calls)" = "read 1 read 0 read 1 read 0 read 1 read 0" ] # all of it, and the end
}

@test "memory for images is taken for the first ones, and for no later one" {
    [ "${EDGEL_SANITIZE:-none}" = none ] || skip "the sanitizer's run-time must come first"
    cat >spy.c <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
/* More than any buffer of zlib, of a file being written, or of a few rows. */
static void note(size_t n) { if (n > 140000) fputs("large\n", stderr); }
void *aligned_alloc(size_t to, size_t n)
{
    static void *(*real)(size_t, size_t);
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "aligned_alloc");
    note(n);
    return real(to, n);
}
void *malloc(size_t n)
{
    static void *(*real)(size_t);
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "malloc");
    note(n);
    return real(n);
}
END
    "${CC:-gcc}" -shared -fPIC -o spy.so spy.c -ldl
    { printf 'P5 640 480 255\n' && head -c 307200 /dev/urandom; } >noise.pgm
    taken() { # N: images of each kind
        rm -rf in out
        mkdir in
        for i in $(seq "$1"); do
            cp "$EDGEL_SOURCE/data/scenes/images/01-still-life.jpg" in/$i-a.jpg
            cp "$EDGEL_SOURCE/data/scenes/images/03-coins.png" in/$i-b.png
            cp noise.pgm in/$i-c.pgm
        done
        LD_PRELOAD=$PWD/spy.so "$EDGEL" detect -q -j 1 -m canny -m canny:emit=strength -m sobel -m gaussian:gray=channels \
            -m gaussian:depth=16 --name '{stem}_{n}.png' -o out in 2>calls
        grep -c large calls
    }
    few=$(taken 3) many=$(taken 9)
    [ "$few" -gt 5 ]
    [ "$many" -eq "$few" ]
}

@test "--durable: bytes reach the disk before the names, and the names after, group by group" {
    mkdir -p in/sub
    for i in $(seq -w 1 70); do gray 9 7 >"in/sub/$i.pgm"; done
    echo broken >in/sub/11.pgm
    run detect -q -j 2 -m sobel -m canny -o whole in
    run detect -q -j 2 -m sobel -m canny --durable --jsonl log -o out in
    [ "$status" -eq 1 ]
    [[ "$output" == *11.pgm* ]]
    diff -r whole out
    [ "$(grep -c '"status":"ok"' log)" -eq 69 ]
    [ "${EDGEL_SANITIZE:-none}" = none ] || skip "the sanitizer's run-time must come first"
    [ "$(uname)" = Linux ] || skip "how files are synced differs"
    cat >spy.c <<'END'
#include <stdio.h>
#include <sys/stat.h>
int syncfs(int fd) { (void)fd; fputs("syncfs\n", stderr); return 0; }
int fsync(int fd) { struct stat s; fstat(fd, &s); fputs(S_ISDIR(s.st_mode) ? "folder\n" : "file\n", stderr); return 0; }
int renameat2(int, const char *, int, const char *, unsigned);
int renameat(int f, const char *a, int g, const char *b) { fputs("rename\n", stderr); return renameat2(f, a, g, b, 0); }
END
    "${CC:-gcc}" -shared -fPIC -o spy.so spy.c
    rm -rf out
    LD_PRELOAD=$PWD/spy.so "$EDGEL" detect -q -m sobel -m canny --durable -o out in 2>calls || true
    diff -r whole out
    # 138 outputs of 2 methods in groups of 64 or a little more, and the record.
    grep -E '^(syncfs|rename|file|folder)$' calls | uniq -c | awk '{ print $2, $1 }' >order
    awk '$1 == "rename" { n += $2; if ($2 > 66) exit 1 } END { exit n != 139 }' order
    [ "$(awk '{ print $1 }' order | xargs)" = "syncfs rename folder syncfs rename folder syncfs rename folder syncfs rename folder" ]
    rm -rf out
    LD_PRELOAD=$PWD/spy.so "$EDGEL" detect -q -o out in 2>calls || true
    run grep -cE '^(syncfs|folder|file)$' calls
    [ "$output" -eq 0 ]
}

@test "--durable: what the disk refuses is an error of its images, and leaves no output" {
    [ "${EDGEL_SANITIZE:-none}" = none ] || skip "the sanitizer's run-time must come first"
    [ "$(uname)" = Linux ] || skip "how files are synced differs"
    mkdir in
    for i in $(seq -w 1 70); do gray 9 7 >"in/$i.pgm"; done
    cat >spy.c <<'END'
#include <errno.h>
#include <stdlib.h>
#include <string.h>
static int fails(const char *call) { const char *w = getenv("FAILS"); return w && strcmp(w, call) == 0; }
int syncfs(int fd) { (void)fd; errno = EIO; return fails("syncfs") ? -1 : 0; }
int fsync(int fd) { (void)fd; errno = EIO; return fails("fsync") ? -1 : 0; }
int renameat2(int, const char *, int, const char *, unsigned);
int renameat(int f, const char *a, int g, const char *b)
{
    errno = ENOSPC;
    return fails("renameat") && strcmp(b, "33.png") == 0 ? -1 : renameat2(f, a, g, b, 0);
}
END
    "${CC:-gcc}" -shared -fPIC -o spy.so spy.c
    durable() { run env FAILS="$1" LD_PRELOAD="$PWD/spy.so" "$EDGEL" detect -j 2 --durable -m sobel -m canny --jsonl log -o out in; }
    durable syncfs
    [ "$status" -eq 1 ]
    [[ "$output" == *"cannot be made durable: "*"0 done, 70 failed"* ]]
    [ "$(grep -c '"status":"error"' log)" -eq 70 ]
    [ -z "$(find out -name '*.png')" ]
    rm -rf out
    durable fsync
    [ "$status" -eq 1 ]
    [[ "$output" == *"names in it cannot be made durable: "*"0 done, 70 failed"* ]]
    rm -rf out
    durable renameat
    [ "$status" -eq 1 ]
    [[ "$output" == *"33.png: cannot rename to: "*"69 done, 1 failed"* ]]
    [ "$(find out -name '*.png' | wc -l)" -eq 138 ]
    [ -z "$(find out -name '33.png')" ]
    [ -z "$(find . -name '.edgel-*.tmp')" ]
    durable none
    [ "$status" -eq 2 ]
}

@test "memory that runs out while folders are read is told as that" {
    [ "${EDGEL_SANITIZE:-none}" = none ] || skip "the sanitizer's run-time must come first"
    tree
    cat >spy.c <<'END'
#include <dirent.h>
#include <errno.h>
#include <stddef.h>
DIR *opendir(const char *path) { (void)path; errno = ENOMEM; return NULL; }
END
    "${CC:-gcc}" -shared -fPIC -o spy.so spy.c
    run env LD_PRELOAD="$PWD/spy.so" "$EDGEL" detect -o out in
    [ "$status" -ne 0 ]
    [[ "$output" == *"in/: out of memory"* ]]
    [ ! -e out ]
}

@test "a second signal kills" {
    { printf 'P5 1500 1500 65535\n' && head -c 4500000 /dev/zero; } >in.pgm
    for first in TERM INT; do
        set -m
        "$EDGEL" detect -j 1 -m gaussian:sigma=300 -o out in.pgm 2>messages &
        pid=$!
        set +m
        sleep 0.3
        kill -"$first" "$pid"
        sleep 0.2
        kill -TERM "$pid"
        code=0
        wait "$pid" || code=$?
        [ "$code" -eq 143 ]
        [ ! -e out/in.png ]
    done
}

@test "closed standard streams: messages never go into a file, a table that is lost exits 1" {
    tree
    detect -v -o out --jsonl log in 2>&-
    [ "$(grep -c '^{"type":' log)" -eq "$(wc -l <log)" ]
    code=0
    detect -q --dry-run -o other in >&- 2>messages || code=$?
    [ "$code" -eq 1 ]
    grep -q "standard output" messages
    code=0
    detect -q -o other --files-from - <&- 2>messages || code=$?
    [ "$code" -eq 2 ]
}

# --- samples ---

# scene BITS MAX FILE: a scene of circles with values up to MAX, as PGM of 16 bits or (32) as PFM.
scene() {
    python3 - "$@" <<'PY'
import struct, sys
bits, top, path = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
w, h = 120, 90
v = [[(1 if (x - 60) ** 2 + (y - 45) ** 2 < 900 else 0.7 if (x + y) % 60 < 30 else 0.2) * top for x in range(w)] for y in range(h)]
with open(path, "wb") as f:
    if bits == 32:
        f.write(b"Pf\n%d %d\n-1\n" % (w, h))
        for row in reversed(v):
            f.write(struct.pack("<%df" % w, *row))
    else:
        f.write(b"P5\n%d %d\n%d\n" % (w, h, 65535 if bits == 16 else 255))
        for row in v:
            f.write(struct.pack(">%d%s" % (w, "H" if bits == 16 else "B"), *[round(x) for x in row]))
PY
}

@test "--range: one scene has the same edges in 8, 12, 14 and 16 bits and in float counts" {
    mkdir a b c d
    scene 8 255 eight.pgm
    scene 16 4095 a/x.pgm
    scene 16 16383 b/x.pgm
    scene 16 65535 c/x.pgm
    scene 32 255 d/x.pfm
    detect -q --sigma 0 --low 50 --high 100 -o eight.png eight.pgm
    for way in "a 12bit" "a auto" "a 0,4095" "b 14bit" "b auto" "c full" "c auto" "d 8bit" "d auto" "d full/8bit"; do
        set -- $way
        detect -q --sigma 0 --low 50 --high 100 --existing overwrite --range "$2" -o out "$1"
        run python3 "$EDGEL_SOURCE/tests/support/read_png.py" eight.png out/x.png
        [ "$status" -eq 0 ]
        cmp eight.png out/x.png
    done
    detect -q --sigma 0 --low 50 --high 100 -o full a
    run cmp -s eight.png full/x.png
    [ "$status" -eq 1 ]
}

@test "--range: what is no range is refused, and what was decided is said" {
    scene 16 3000 in.pgm
    for bad in 12 auto/full 5,5 1,x; do
        run detect --range "$bad" -o out in.pgm
        refused "--range $bad"
    done
    run detect --range auto -o out in.pgm
    [ "$status" -eq 0 ]
    [[ "$output" == *"range auto: 12bit/full, as the largest value of 1 images of 16 bits is 3000"* ]]
    detect -q --range auto --jsonl log --existing overwrite -o out in.pgm
    grep -q '"range":"12bit/full"' log
}

@test "--range auto: parts of a run agree, and --resume goes on only with the same range" {
    mkdir in
    for i in 1 2 3 4; do scene 16 $((900 * i)) "in/$i.pgm"; done
    detect -q --range auto -o whole in
    for i in 1 2 3; do detect -q --range auto --shard $i/3 -o parts in; done
    diff -r -x '.edgel-*' whole parts
    detect -q --range 10bit -o ten in/1.pgm # alone it would have had this range
    run cmp -s ten/1.png whole/1.png
    [ "$status" -eq 1 ]
    detect -q --range auto --shard 1/2 --jsonl log1 --existing overwrite -o parts in
    detect -q --range 12bit --shard 2/2 --jsonl log2 --existing overwrite -o parts in
    run "$EDGEL" merge -o log log1 log2
    [ "$status" -eq 2 ]
    [[ "$output" == *"--range"* ]]
}

@test "--jsonl: thresholds and share of edge pixels, for edge maps only" {
    gray 90 70 >in.pgm
    detect -q --jsonl log -m canny:low=40,high=90 -m sobel -m canny:low=auto,high=auto --name '{n}.png' -o out in.pgm
    python3 - <<'PY'
import json, subprocess
line = json.loads(open("log").readline())
a, none, b = line["edges"]
assert (a["low"], a["high"]) == (40, 90) and none is None
assert 0 < a["share"] < 1 and b["low"] > 0 and abs(b["low"] - 0.4 * b["high"]) < 1e-9 or b["low"] == 8
assert line["range"] == "full"
PY
    detect -q --jsonl log --stream-over 0 -m canny:low=40,high=90 --name '{n}_rows.png' -o out in.pgm
    python3 - <<'PY'
import json
rows = json.loads(open("log").readline())["edges"]
assert (rows["low"], rows["high"]) == (40, 90) and 0 < rows["share"] < 1
PY
}

@test "an image without edges, with nearly only edges, or with values in a small part of the range is remarked on" {
    scene 16 4095 in.pgm
    run detect --jsonl log -o out in.pgm
    [ "$status" -eq 0 ]
    [[ "$output" == *"in.pgm: canny found no edges; values up to 4095 of 65535; see --range auto or 12bit"* ]]
    grep -q '"note":"canny found no edges; values up to 4095 of 65535; see --range auto or 12bit"' log
    run detect --range 12bit --existing overwrite -o out in.pgm
    [[ "$output" != *"found no edges"* && "$output" != *"values up to"* ]]
    scene 32 255 counts.pfm
    run detect -o out counts.pfm
    [[ "$output" == *"float values up to 255, where white is 1; see --range auto or 8bit"* ]]
    python3 -c 'import random, sys; random.seed(15); sys.stdout.buffer.write(b"P5\n100 80\n255\n" + random.randbytes(8000))' >noise.pgm
    run detect --sigma 0 --low 5 --high 10 -o out noise.pgm
    [[ "$output" == *"noise.pgm: canny took "*" % of the pixels for edges"* ]]
    mkdir many
    for i in 1 2 3; do cp in.pgm many/$i.pgm; done
    run detect -o out2 many
    [ "$(grep -c 'found no edges' <<<"$output")" -eq 1 ]
    [[ "$output" == *"3 images have such notes"* ]]
    run detect -q -o out3 many
    [ -z "$output" ]
}
