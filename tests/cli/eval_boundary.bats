#!/usr/bin/env bats
# edgel eval --boundary bsds: every option of it, what it refuses and warns of, on maps whose matches are counted by hand.

load ../support/scoring
load ../support/signals

# lines FILE WIDTH HEIGHT X=VALUE...: an 8-bit gray file, 0 but for vertical lines at columns X.
lines() {
    python3 - "$@" <<'PY'
import os, sys
path, w, h, *columns = sys.argv[1:]
row = [0] * int(w)
for c in columns:
    x, v = c.split("=")
    row[int(x)] = int(v)
os.makedirs(os.path.dirname(path), exist_ok=True)
with open(path, "wb") as f:
    f.write(b"P5 %d %d 255\n" % (int(w), int(h)) + bytes(row) * int(h))
PY
}

# evaluate ARG...: boundaries, JSON into s.json.
evaluate() {
    run "$EDGEL" eval --boundary bsds -q --json s.json "$@"
    echo "$output"
}

# Truth: lines of 30 pixels at column 10 (first annotator) and 20 (second). Prediction: 12 weak, 20 strong, 35 weaker.
# The diagonal is 50 px.
scene() {
    lines t/a_1.pgm 40 30 10=255
    lines t/a_2.pgm 40 30 20=255
    lines p/a.pgm 40 30 12=150 20=250 35=100
}

@test "counts at each threshold: matched by any annotator, all annotators' truth" {
    scene
    evaluate --truth t --thresholds 4 --max-dist 0.05 --counts c p
    [ "$status" -eq 0 ]
    grep -F '"boundary":{"truth":60,"matched_truth":[60,60,30,30],"prediction":[90,60,30,30],"matched_prediction":[60,60,30,30]}' c
    is '[p["recall"] for p in b["points"]]' '[1, 1, .5, .5]'
    is '[p["precision"] for p in b["points"]]' '[60 / 90, 1, 1, 1]'
    is 'b["ods"]["threshold"], b["ods"]["f1"], b["ois"]["f1"]' '(.4, 1, 1)'
    is 'd["classes"], d["mean"]["f1"], d["accuracy"], "curve" in d' '([], None, None, False)'
}

@test "--max-dist: the farthest match, inclusive" {
    scene
    evaluate --truth t --thresholds 4 --max-dist 0.04 p
    is 'b["points"][0]["recall"]' 1
    evaluate --truth t --thresholds 4 --max-dist 0.0399 p
    is 'b["points"][0]["recall"]' .5
    evaluate --truth t --thresholds 4 p
    is 'b["points"][0]["recall"], d["convention"]["max_dist"]' '(.5, .0075)'
}

@test "--thin off leaves thick lines as they are" {
    lines t/a.pgm 40 30 20=255
    lines p/a.pgm 40 30 19=200 20=200 21=200
    evaluate --truth t --thresholds 1 --max-dist 0.1 p
    is 'b["ods"]["precision"] > .9' True
    evaluate --truth t --thresholds 1 --max-dist 0.1 --thin off p
    is 'b["ods"]["precision"], b["ods"]["recall"], d["convention"]["thin"]' '(1 / 3, 1, False)'
}

@test "99 thresholds unless told otherwise" {
    scene
    evaluate --truth t p
    is 'len(b["points"]), b["points"][98]["threshold"]' '(99, .99)'
    evaluate --truth t --thresholds 7 p
    is 'len(b["points"])' 7
}

@test "--annotator K: one annotator alone" {
    scene
    evaluate --truth t --thresholds 4 --annotator 2 p
    [ "$status" -eq 0 ]
    is 'b["points"][3]["recall"]' 1
    evaluate --truth t --annotator any p
    [ "$status" -eq 2 ]
    has '--annotator any has no use with --boundary bsds'
}

@test "annotators in a folder, and as one mask, count alike" {
    scene
    evaluate --truth t --thresholds 4 p
    cp s.json numbers.json
    mkdir -p t2/a && cp t/a_1.pgm t2/a/x.pgm && cp t/a_2.pgm t2/a/y.pgm
    evaluate --truth t2 --thresholds 4 p
    cmp s.json numbers.json
    mkdir t3 && cp t/a_2.pgm t3/a.pgm
    evaluate --truth t3 --thresholds 4 p
    is 'b["points"][3]["recall"]' 1
}

@test "soft maps of 8 and 16 bits and PFM" {
    lines t/a.pgm 3 3 1=255
    mkdir q r
    python3 "$EDGEL_SOURCE/tests/support/make_mask.py" p/a.png 8 3 0 51 0 0 51 0 0 51 0
    python3 "$EDGEL_SOURCE/tests/support/make_mask.py" q/a.png 16 3 0 13107 0 0 13107 0 0 13107 0
    python3 "$EDGEL_SOURCE/tests/support/make_mask.py" r/a.pfm pfm 3 0 0.21 0 0 0.21 0 0 0.21 0
    for m in p q r; do
        evaluate --truth t $m
        is '[p["recall"] for p in b["points"]].index(0)' "$([ $m = r ] && echo 21 || echo 20)"
    done
}

@test "a missing prediction detects nothing under --missing worst" {
    scene
    lines t/b.pgm 40 30 5=255
    evaluate --truth t --thresholds 4 --missing worst p
    [ "$status" -eq 0 ]
    is 'd["images"], d["missing"], b["points"][3]["recall"]' '(2, 1, 30 / 90)'
}

@test "report gives the same document from counts, and refuses what is of pixels" {
    scene
    evaluate --truth t --thresholds 9 p
    cp s.json direct.json
    "$EDGEL" eval --boundary bsds -q --truth t --thresholds 9 --counts c p
    run "$EDGEL" report --json s.json c
    [ "$status" -eq 0 ]
    cmp s.json direct.json
    run "$EDGEL" report --reduce image c
    [ "$status" -eq 2 ]
    has '--reduce has no use with counts of eval --boundary bsds'
    run "$EDGEL" report --fail-under iou=0.1 c
    [ "$status" -eq 2 ]
    run "$EDGEL" report --fail-under ods=0.99 c
    [ "$status" -eq 4 ]
}

@test "counts that contradict themselves are refused" {
    scene
    "$EDGEL" eval --boundary bsds -q --truth t --thresholds 4 --counts c p
    sed 's/"matched_prediction":\[30/"matched_prediction":[31/' c >above
    sed 's/"max_dist":0.0075/"max_dist":-1/' c >far
    sed 's/"matched_truth":\[[0-9]*,/"matched_truth":[/' c >short
    sed 's/,"boundary":{"truth".*}}/}/' c >without
    for f in above far short without; do
        cmp -s "$f" c && { echo "$f is not changed"; return 1; }
        run "$EDGEL" report "$f"
        echo "$f: $status $output"
        [ "$status" -ne 0 ]
        has "$f:"
    done
}

@test "the table names the protocol; several methods stand side by side" {
    scene
    cp -r p q
    run "$EDGEL" eval --boundary bsds --truth t --thresholds 4 p q
    [ "$status" -eq 0 ]
    has 'max-dist    0.0075 of the diagonal'
    has 'annotators  all, matched one by one'
    has 'ODS     OIS      AP'
    hasnt accuracy
}

@test "--csv: an image's counts and scores at its best threshold" {
    scene
    evaluate --truth t --thresholds 4 --csv c.csv p
    grep -F 'p,a,ok,40,30,1,boundary,,0,30,,,1,0.5,' c.csv
}

@test "--bsds-files: the benchmark's text files, from eval and from report" {
    scene
    lines t/sub/b.pgm 40 30 5=255
    lines p/sub/b.pgm 40 30 5=200
    evaluate --truth t --thresholds 4 --max-dist 0.05 --counts c --bsds-files out p
    [ "$status" -eq 0 ]
    [ "$(cd out && find . -type f | sort | xargs)" = "./a_ev1.txt ./eval_bdry.txt ./eval_bdry_img.txt ./eval_bdry_thr.txt ./sub/b_ev1.txt" ]
    [ "$(sed -n 1p out/a_ev1.txt)" = "       0.2         60         60         60         90" ]
    [ "$(sed -n 2p out/eval_bdry_img.txt)" = "         2        0.2          1          1          1" ]
    # at .2 R 90/90, P 90/120; at .4 1, 1
    [ "$(sed -n 1p out/eval_bdry_thr.txt)" = "       0.2          1       0.75   0.857143" ]
    [ "$(cut -c1-43 out/eval_bdry.txt)" = "       0.4          1          1          1" ]
    run "$EDGEL" report --bsds-files later c
    [ "$status" -eq 0 ]
    diff -r out later
    # Names of images from elsewhere, and links, lead no file out of the folder.
    sed 's|"a"|"../a"|' c >hostile
    [ "$(grep -c '"\.\./a"' hostile)" -ge 1 ]
    run "$EDGEL" report --bsds-files deep/er hostile
    [ "$status" -eq 1 ]
    has "'../a_ev1.txt': must be the path of a file below deep/er"
    [ ! -e deep/a_ev1.txt ]
    mkdir outside linked
    echo keep >keep.txt
    ln -s ../outside linked/sub
    ln -s ../keep.txt linked/a_ev1.txt
    run "$EDGEL" report --bsds-files linked c
    [ "$status" -eq 1 ]
    has "linked/sub: is a symbolic link"
    [ -z "$(ls outside)" ]
    [ "$(cat keep.txt)" = keep ]
    cp -r p q
    evaluate --truth t --bsds-files out p q
    [ "$status" -eq 2 ]
    has 'are of one method'
    run "$EDGEL" eval --truth t --annotator any --bsds-files out p
    [ "$status" -eq 2 ]
    has '--bsds-files needs --boundary bsds or --regions'
}

@test "maps that look inverted are warned of" {
    scene
    # shellcheck disable=SC2046
    lines p/a.pgm 40 30 $(for x in $(seq 0 39); do echo "$x=$((x == 20 ? 0 : 255))"; done)
    evaluate --truth t p
    has 'warning: p: 1 maps look inverted'
    evaluate --truth t --nms p
    has 'warning: p: 1 maps look inverted'
    scene
    evaluate --truth t p
    hasnt warning
    evaluate --truth t --nms p
    hasnt warning
}

@test "binary maps under many thresholds are warned of" {
    scene
    lines p/a.pgm 40 30 20=255
    evaluate --truth t p
    has 'warning: p: 1 maps are binary'
    evaluate --truth t --nms p
    has 'warning: p: 1 maps are binary'
    evaluate --truth t --thresholds 1 p
    hasnt warning
}

@test "truth that is thick or has several values is warned of" {
    scene
    lines t/a_1.pgm 40 30 10=255 11=255 12=255 13=255
    evaluate --truth t p
    has 'truth that is not thin'
    scene
    lines t/a_1.pgm 40 30 10=255 15=100
    evaluate --truth t p
    has 'truth with several values'
}

@test "width and height that are swapped are called so" {
    scene
    lines p/a.pgm 30 40 10=255
    evaluate --truth t p
    [ "$status" -eq 1 ]
    has 'prediction is 30x40, truth t/a_1.pgm is 40x30: sizes differ, width and height are swapped'
}

@test "annotators of different sizes are an error" {
    scene
    lines t/a_2.pgm 41 30 20=255
    evaluate --truth t p
    [ "$status" -eq 1 ]
    has 't/a_2.pgm: annotator 2 is 41x30, the first is 40x30: sizes differ'
    lines t/a_2.pgm 30 40 20=255
    evaluate --truth t p
    has 't/a_2.pgm: annotator 2 is 30x40, the first is 40x30: sizes differ, width and height are swapped'
}

@test "options of pixels are refused, and options of boundaries without them" {
    scene
    for o in '--threshold 0.5' '--tolerance 2' '--valid t' '--labels binary' '--reduce image' '--empty one' \
        '--classes 2' '--ignore 255' '--exclude-from-mean 1' '--thresholds 0' '--fail-under f1=0.5' '--distances' '--nsd-tolerance 2'; do
        # shellcheck disable=SC2086
        evaluate --truth t $o p
        echo "$o"
        [ "$status" -eq 2 ]
        has "${o%% *}"
    done
    for o in '--max-dist 0.01' '--thin off'; do
        # shellcheck disable=SC2086
        run "$EDGEL" eval --truth t $o p
        [ "$status" -eq 2 ]
        has 'needs --boundary bsds'
    done
}

@test "the same bytes for any number of threads" {
    for i in $(seq 9); do
        lines "t/i$i.pgm" 40 30 "$((i + 3))=255"
        lines "p/i$i.pgm" 40 30 "$((i + 4))=$((20 * i))" 30=90
    done
    for j in 1 2 7; do
        evaluate --truth t -j $j --counts c$j p
        cp s.json s$j.json
    done
    cmp s1.json s2.json
    cmp s1.json s7.json
    cmp c1 c2
    cmp c1 c7
}

# A line 7 pixels wide that falls off on both sides of its middle at column 20.
thick() {
    lines t/a.pgm 40 30 20=255
    lines "$1/a.pgm" 40 30 17=100 18=150 19=200 20=240 21=200 22=150 23=100
}

@test "--nms: thick maps become lines before they are matched; recorded in counts, document and table" {
    thick p
    evaluate --truth t --thresholds 4 --thin off --nms --counts c p
    [ "$status" -eq 0 ]
    # 220 in the middle, of which the outer 5 rows keep 0, 1/5, ... 4/5: at .2 (51) rows 2 to 27.
    grep -F '"truth":30,"matched_truth":[26,24,22,20],"prediction":[26,24,22,20]' c
    grep -F '"nms":{"ratio":1.01,"radius":1}' c
    is 'd["convention"]["nms"]' '{"ratio": 1.01, "radius": 1}'
    run "$EDGEL" report --json r.json c
    [ "$status" -eq 0 ]
    has 'nms         ratio 1.01, radius 1'
    cmp s.json r.json
    evaluate --truth t --thresholds 4 --thin off --counts plain p
    is 'd["convention"]["nms"], b["points"][0]["precision"]' '(None, 30 / 210)'
    run "$EDGEL" report c plain
    [ "$status" -eq 2 ]
    has 'measured differently (nms)'
    sed 's/"ratio":1.01/"ratio":0.5/' c >low
    sed 's/"radius":1/"radius":0/' c >none
    for f in low none; do
        run "$EDGEL" report "$f"
        [ "$status" -ne 0 ]
        has nms
    done
}

@test "--nms-ratio and --nms-radius decide what is suppressed" {
    thick p
    # Smoothed: 100 / 4 at column 16, 87.5, 150, 197.5, 220 and back. At a ratio of 1.2 the 197.5 beside the 220 stays.
    evaluate --truth t --thresholds 4 --thin off --nms --nms-ratio 1.2 p
    is 'b["points"][2]["precision"], d["convention"]["nms"]["ratio"]' '(22 / 66, 1.2)'
    # Smoothed 120 at column 20, 60 beside it, 50 at column 23: two pixels from the 60. Faded, 26 and 24 rows pass .1.
    lines p/a.pgm 40 30 20=240 23=100
    evaluate --truth t --thresholds 9 --thin off --nms --counts c p
    grep -F '"prediction":[50,' c
    evaluate --truth t --thresholds 9 --thin off --nms --nms-radius 2 --counts c p
    grep -F '"prediction":[26,' c
    for o in '--nms-ratio 1.1' '--nms-radius 2'; do
        # shellcheck disable=SC2086
        evaluate --truth t $o p
        [ "$status" -eq 2 ]
        has 'needs --nms'
    done
    run "$EDGEL" eval --truth t --nms p
    [ "$status" -eq 2 ]
    has '--nms needs --boundary bsds'
    evaluate --truth t --nms --regions p
    [ "$status" -eq 2 ]
}

@test "exit 130: an image that takes long is given up, and counts say so" {
    python3 - <<'PY'
import random
random.seed(1)
noise = random.randbytes(1000 * 1000)
head = b"P5 1000 1000 255\n"
open("p/a.pgm", "wb").write(head + noise)
open("t/a.pgm", "wb").write(head + bytes(255 * (v < 16) for v in reversed(noise)))
PY
    "$EDGEL" eval --boundary bsds --truth t --progress always --counts c --jsonl l --json s.json p >out 2>err &
    pid=$!
    stop_when "$pid" INT 'eval .*0/1' err
    [ "$status" -eq 130 ]
    grep -q '^PARTIAL: interrupted after 0 of 1 pairs' out
    [ "$(grep -c '"kind":"failed"' c)" -eq 1 ]
    [ "$(wc -l <l)" -eq 1 ]
    grep -q '"interrupted":true' l
    [ ! -e s.json ]
}
