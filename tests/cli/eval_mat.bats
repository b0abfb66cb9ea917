#!/usr/bin/env bats
# edgel eval on MAT files of the Berkeley benchmark: truth of several annotators, lists of segmentations, hierarchies.
# Every number is counted by hand.

load ../support/scoring

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    mkdir t p
}

mat() {
    python3 "$EDGEL_SOURCE/tests/support/make_mat.py" "$@"
}

# rows HEIGHT VALUE...: a matrix of equal rows, as JSON.
rows() {
    local h=$1 row
    shift
    row="[$(echo "$*" | tr ' ' ,)]"
    echo "[$(for _ in $(seq "$h"); do echo "$row"; done | paste -sd,)]"
}

# Truth: a first annotator with labels 1 1 2 2 2 2 in each of 4 rows and a line at column 1, a second with 1 1 1 1 2 2 and a
# line at column 3.
truth() {
    mat t/a.mat truth "[[$(rows 4 1 1 2 2 2 2), $(rows 4 0 1 0 0 0 0)], [$(rows 4 1 1 1 1 2 2), $(rows 4 0 0 0 1 0 0)]]"
}

@test "truth of all annotators from one file, matched one by one" {
    truth
    pgm p/a.pgm 6 0 255 0 0 0 0 0 255 0 0 0 0 0 255 0 0 0 0 0 255 0 0 0 0
    evaluate --truth t --boundary bsds --thresholds 1 --counts c p
    [ "$status" -eq 0 ]
    grep -F '"boundary":{"truth":8,"matched_truth":[4],"prediction":[4],"matched_prediction":[4]}' c
    evaluate --truth t --boundary bsds --thresholds 1 --annotator 2 p
    is 'd["boundary"]["ods"]["recall"], d["convention"]["annotator"]' '(0, "2")'
}

@test "pixels are judged against the boundaries, with --labels ids against the segmentations" {
    truth
    pgm p/a.pgm 6 0 255 0 0 0 0 0 255 0 0 0 0 0 255 0 0 0 0 0 255 0 0 0 0
    evaluate --truth t p
    [ "$status" -eq 2 ]
    has 'a has 2 annotators: choose with --annotator'
    evaluate --truth t --annotator 1 p
    is 'c["name"], c["tp"], c["fp"], c["fn"]' '("foreground", 4, 0, 0)'
    run "$EDGEL" eval --truth t --annotator 1 p
    has 'labels: binary (the truth holds nothing but 0 and 1'
    evaluate --truth t --annotator any p
    is 'c["tp"], c["fp"], c["fn"]' '(4, 0, 4)'
    evaluate --truth t --annotator majority p
    is 'c["tp"], c["fp"], c["fn"]' '(0, 4, 0)'
    pgm p/a.pgm 6 1 1 1 2 2 2 1 1 1 2 2 2 1 1 1 2 2 2 1 1 1 2 2 2
    evaluate --truth t --annotator 2 --labels ids p
    is '[(k["id"], k["tp"], k["fp"], k["fn"]) for k in d["classes"]]' '[(1, 12, 0, 4), (2, 8, 4, 0)]'
}

@test "a list of segmentations: each is a threshold, its boundaries stand left of and above the change" {
    truth
    mat p/a.mat segs "[$(rows 4 1 1 1 1 1 1), $(rows 4 1 1 2 2 2 2), $(rows 4 1 1 2 2 3 3)]"
    evaluate --truth t --boundary bsds --counts c --bsds-files out p
    [ "$status" -eq 0 ]
    grep -F '"boundary":{"truth":8,"matched_truth":[0,4,8],"prediction":[0,4,8],"matched_prediction":[0,4,8]}' c
    is '[p["threshold"] for p in d["boundary"]["points"]], d["convention"]["listed"]' '([1, 2, 3], True)'
    is 'd["boundary"]["ods"]["threshold"], d["boundary"]["ods"]["f1"]' '(3, 1)'
    [ "$(sed -n 2p out/a_ev1.txt)" = "         2          4          8          4          4" ]
    cp s.json direct.json
    report c
    cmp s.json direct.json
    evaluate --truth t --boundary bsds --thresholds 3 p
    [ "$status" -eq 0 ]
    evaluate --truth t --boundary bsds --thresholds 4 p
    [ "$status" -eq 2 ]
    has 'the predictions are lists of 3 segmentations'
}

@test "a pixel is boundary when its 2x2 block to the lower right holds two labels" {
    mat t/a.mat truth '[[[[1,1,1],[1,1,1],[1,1,1]], [[1,1,0],[1,1,0],[0,0,0]]]]'
    mat p/a.mat segs '[[[1,1,1],[1,2,1],[1,1,1]]]'
    evaluate --truth t --boundary bsds --thin off --max-dist 1e-6 --counts c p
    grep -F '"boundary":{"truth":4,"matched_truth":[4],"prediction":[4],"matched_prediction":[4]}' c
    mat t/a.mat truth '[[[[1,1,1],[1,1,1],[1,1,1]], [[0,1,0],[0,1,0],[0,1,0]]]]'
    mat p/a.mat segs '[[[1,1,2],[1,1,2],[1,1,2]]]'
    evaluate --truth t --boundary bsds --thin off --max-dist 1e-6 --counts c p
    grep -F '"boundary":{"truth":3,"matched_truth":[3],"prediction":[3],"matched_prediction":[3]}' c
}

# A hierarchy of 3 x 2 pixels: between columns 0 and 1 a contour of .8, between 1 and 2 one of .35, between the rows of
# columns 1 and 2 one of .55.
hierarchy() {
    local row=0,0,0.8,0,0.35,0,0
    mat "$@" ucm2 "[[$row],[$row],[0,0,0.8,0.55,0.55,0.55,0],[$row],[$row]]"
}

@test "a hierarchy: contours at the lower right corners of the pixels" {
    mat t/a.mat truth "[[$(rows 2 1 2 2), $(rows 2 1 0 0)]]"
    hierarchy p/a.mat
    evaluate --truth t --boundary bsds --thresholds 9 --thin off --max-dist 1e-6 --counts c p
    [ "$status" -eq 0 ]
    grep -F '"matched_truth":[2,2,2,2,2,2,2,2,0],"prediction":[4,4,4,3,3,2,2,2,0]' c
    evaluate --truth t --boundary bsds p
    is 'len(d["boundary"]["points"])' 99
}

@test "a hierarchy as 16-bit PNG counts as one in a MAT file" {
    mat t/a.mat truth "[[$(rows 2 1 2 2), $(rows 2 1 0 0)]]"
    hierarchy p/a.mat
    mkdir q
    local row='0 0 52428 0 22937 0 0'
    # shellcheck disable=SC2086
    mask q/a.png 16 7 $row $row 0 0 52428 36044 36044 36044 0 $row $row
    evaluate --truth t --boundary bsds --thresholds 9 --counts c p
    evaluate --truth t --boundary bsds --thresholds 9 --counts d q
    [ "$(sed -n 2p c)" = "$(sed -n 2p d)" ]
}

@test "what does not go together is refused with file and reason" {
    truth
    pgm p/b.pgm 6 0 255 0 0 0 0
    mat t/b.mat truth "[[$(rows 1 1 1 2 2 2 2), $(rows 1 0 1 0 0 0 0)]]"
    mat p/a.mat segs "[$(rows 4 1 1 1 1 1 1)]"
    evaluate --truth t --boundary bsds p
    [ "$status" -eq 1 ]
    has 'p/b.pgm: prediction is no list of segmentations'
    mat p/a.mat segs "[$(rows 3 1 1 1 1 1 1)]"
    evaluate --truth t --boundary bsds p
    has 'p/a.mat: segs{1} is 6x3, the image 6x4'
    rm p/b.pgm
    hierarchy p/a.mat
    evaluate --truth t --boundary bsds p
    [ "$status" -eq 1 ]
    has 'p/a.mat: ucm2 is 7x5, the image 6x4: must be twice as large and 1 more'
    printf '\377\377\377\377' | dd of=p/a.mat bs=1 seek=$(($(wc -c <p/a.mat) - 4)) conv=notrunc status=none
    evaluate --truth t --boundary bsds p # damaged as well, which is not seen: the size is compared first
    has 'p/a.mat: ucm2 is 7x5, the image 6x4: must be twice as large and 1 more'
    evaluate --truth t --annotator 1 p
    [ "$status" -eq 1 ]
    has 'p/a.mat: holds segs or ucm2, which are judged where boundaries or regions are'
    cp t/a.mat p/a.mat
    evaluate --truth t --boundary bsds p
    has 'p/a.mat: holds groundTruth; a prediction is segs or ucm2'
    hierarchy t/a.mat
    hierarchy p/a.mat
    evaluate --truth t --boundary bsds p
    has 't/a.mat: holds segs or ucm2; truth is groundTruth'
    mat t/a.mat truth "[[$(rows 4 1 1 2 2 2 2), $(rows 4 0 1 0 0 0 0)], [$(rows 4 1 1 1 1 2), $(rows 4 0 0 0 1 0)]]"
    pgm p/a.pgm 6 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
    rm p/a.mat
    evaluate --truth t --boundary bsds p
    has 't/a.mat: annotator 2 is 5x4, the first is 6x4: sizes differ'
}

@test "damaged files, version 7.3 and other variables: the file and the reason" {
    truth
    mat p/a.mat segs "[$(rows 4 1 1 1 1 1 1)]"
    head -c 150 p/a.mat >cut.mat
    mv cut.mat p/a.mat
    evaluate --truth t --boundary bsds p
    [ "$status" -eq 1 ]
    has 'p/a.mat: MAT: the file is cut short'
    printf 'MATLAB 7.3 MAT-file%105s\0\2IM' '' >p/a.mat
    evaluate --truth t --boundary bsds p
    has 'p/a.mat: MAT: version 7.3 (HDF5) is not read: save it with -v7 or -v6'
    mat --name labels p/a.mat segs "[$(rows 4 1 1 1 1 1 1)]"
    evaluate --truth t --boundary bsds p
    has 'p/a.mat: MAT: no variable groundTruth, segs or ucm2'
    printf 'no MAT file at all' >p/a.mat
    evaluate --truth t --boundary bsds p
    has 'p/a.mat: not a MAT file'
    mat p/a.mat segs "[$(rows 4 1 1 1 1 1 1)]"
    evaluate --truth t --boundary bsds --max-pixels 23 p
    has 'p/a.mat: MAT: its maps have more than 23 pixels together (--max-pixels)'
}

@test "truth and predictions that are not compressed, and folders of other files beside them" {
    mat --plain t/a.mat truth "[[$(rows 4 1 1 2 2 2 2), $(rows 4 0 1 0 0 0 0)]]"
    mat --plain p/a.mat segs "[$(rows 4 1 1 2 2 2 2)]"
    echo text >p/readme.txt
    evaluate --truth t --boundary bsds p
    [ "$status" -eq 0 ]
    is 'd["boundary"]["ods"]["f1"]' 1
}

@test "detect passes MAT files over" {
    truth
    cp t/a.mat p/
    step=$(printf 'P2 4 2 255 0 0 10 10 0 0 10 10')
    echo "$step" >p/b.pgm
    run "$EDGEL" detect -o out p
    [ "$status" -eq 0 ]
    [ "$(ls out)" = b.png ]
}

@test "a method of segmentations beside one of maps is refused image by image" {
    truth
    mkdir q
    mat p/a.mat segs "[$(rows 4 1 1 2 2 2 2)]"
    pgm q/a.pgm 6 0 255 0 0 0 0 0 255 0 0 0 0 0 255 0 0 0 0 0 255 0 0 0 0
    evaluate --truth t --boundary bsds q p
    [ "$status" -eq 1 ]
    has 'p/a.mat: prediction is a list of segmentations, and others of the run are not'
}

@test "--regions: segmentations of lists and of hierarchies, beside boundaries" {
    truth
    mat p/a.mat segs "[$(rows 4 1 1 1 1 1 1), $(rows 4 1 1 2 2 2 2), $(rows 4 1 1 2 2 3 3)]"
    evaluate --truth t --regions --annotator 1 p
    [ "$status" -eq 0 ]
    is 'd["regions"]["covering"]["threshold"], d["regions"]["covering"]["ods"], "boundary" in d' '(2, 1, False)'
    is '[round(p["pri"], 12) for p in d["regions"]["points"]]' '[round(1 - 8 * 16 / 276, 12), 1, round(1 - 8 * 8 / 276, 12)]'
    evaluate --truth t --regions --boundary bsds --bsds-files out p
    [ "$status" -eq 0 ]
    # Of the second annotator 16 pixels are best matched by the whole, 8 exactly.
    is 'd["boundary"]["ods"]["f1"], round(48 * d["regions"]["covering"]["best"], 9)' '(1, round(24 + 16 * 16 / 24 + 8, 9))'
    [ -f out/a_ev1.txt ]
    [ "$(cut -c1-10 out/eval_cover_th.txt | xargs)" = "1 2 3" ]
    mat t/a.mat truth "[[$(rows 2 1 2 2), $(rows 2 1 0 0)]]"
    hierarchy p/a.mat
    evaluate --truth t --regions --thresholds 9 p
    # Up to .3 regions of 2, 1, 1 and 2 pixels (the last joined along the border), then of 2 and 4, at last one.
    is '[round(6 * d["regions"]["points"][k]["covering"], 9) for k in (0, 1, 2, 3, 6, 8)]' '[4, 4, 4, 6, 6, round(20 / 6, 9)]'
}

@test "--nms is refused for lists and hierarchies" {
    truth
    mat p/a.mat segs "[$(rows 4 1 1 2 2 2 2)]"
    evaluate --truth t --boundary bsds --nms p
    [ "$status" -eq 2 ]
    has 'lists of segmentations, whose boundaries are thin'
    mat t/a.mat truth "[[$(rows 2 1 2 2), $(rows 2 1 0 0)]]"
    hierarchy p/a.mat
    evaluate --truth t --boundary bsds --nms p
    [ "$status" -eq 1 ]
    has 'p/a.mat: prediction is a hierarchy, and nms is of soft maps'
}
