#!/usr/bin/env bats
# edgel eval --regions: its options and outputs, on label maps whose regions are counted by hand.

load ../support/scoring

# rows HEIGHT VALUE...: one row HEIGHT times, for pgm.
rows() {
    local h=$1
    shift
    for _ in $(seq "$h"); do echo "$*"; done
}

# Truth: 6 x 2 pixels in halves of 6 (first annotator), and in 4 and 8 pixels (second). Prediction: halves.
scene() {
    # shellcheck disable=SC2046
    pgm "t/${1:-a}_1.pgm" 6 $(rows 2 1 1 1 2 2 2)
    # shellcheck disable=SC2046
    pgm "t/${1:-a}_2.pgm" 6 $(rows 2 7 7 0 0 0 0)
    # shellcheck disable=SC2046
    pgm "p/${1:-a}.pgm" 6 $(rows 2 5 5 5 4 4 4)
}

@test "covering, PRI and VoI of a label map with two annotators, by hand" {
    scene
    evaluate --truth t --regions --counts c p
    [ "$status" -eq 0 ]
    # Of the second: region 7 (4 pixels) has IoU 4/6, region 0 (8 pixels) 6/8. Pairs apart: 6 of region 0 lie with 5, 2 elsewhere.
    is 'round(d["regions"]["covering"]["ods"], 12)' 'round((12 + 4 * 4 / 6 + 8 * 6 / 8) / 24, 12)'
    is 'd["regions"]["covering"]["ois"] == d["regions"]["covering"]["best"] == d["regions"]["covering"]["ods"]' True
    is 'd["regions"]["pri"]["ods"]' '1 - 20 / 132'
    is 'round(d["regions"]["voi"]["ods"], 12)' \
        'round((lambda l: (6 * l(6) + 6 * l(6) + 4 * l(4) + 8 * l(8) - 2 * (4 * l(4) + 2 * l(2) + 6 * l(6))) / 12 / 2)(__import__("math").log2), 12)'
    grep -F '"apart":[20]' c
    is 'd["convention"]["regions"], d["convention"]["thresholds"], d["classes"], d["pixels"]' '(True, 1, [], 0)'
    evaluate --truth t --regions --annotator 1 p
    is 'd["regions"]["covering"]["ods"], d["regions"]["pri"]["ods"], d["regions"]["voi"]["ods"]' '(1, 1, 0)'
}

@test "hierarchies as images of double size are swept" {
    scene
    mkdir q
    local row='0 0 0 0 0 0 200 0 0 0 0 0 0'
    # shellcheck disable=SC2046,SC2086
    pgm q/a.pgm 13 $(rows 5 $row)
    evaluate --truth t --regions q
    is 'len(d["regions"]["points"]), d["regions"]["covering"]["threshold"]' '(99, .01)'
    evaluate --truth t --regions --thresholds 3 q
    # Up to .75 two halves; 200 / 255 is above. Never one region.
    is '[p["covering"] for p in d["regions"]["points"]]' '[d["regions"]["covering"]["ods"]] * 3'
    is 'round(d["regions"]["covering"]["ods"], 12)' 'round((12 + 4 * 4 / 6 + 6) / 24, 12)'
    evaluate --truth t --regions --thresholds 9 q
    is 'round(d["regions"]["points"][8]["covering"], 12)' 'round((6 * 6 / 12 * 2 + 4 * 4 / 12 + 8 * 8 / 12) / 24, 12)'
    run "$EDGEL" eval --truth t --regions --thresholds 3 p
    [ "$status" -eq 2 ]
    has 'the predictions are lists of 1 segmentation, one a threshold'
}

@test "the table names what was compared; several methods stand side by side" {
    scene
    cp -r p q
    run "$EDGEL" eval --truth t --regions p q
    [ "$status" -eq 0 ]
    has 'regions     covering, PRI, VoI'
    has 'cover ODS  cover OIS'
    has 'VoI (bits, less is better)'
    hasnt accuracy
    hasnt max-dist
}

@test "report and merge give the bytes of eval, for any number of threads" {
    for i in 1 2 3 4 5 6 7; do
        scene "i$i"
        pgm "p/i$i.pgm" 6 1 "$i" 2 2 "$i" 1 3 3 "$i" 2 1 1
    done
    for j in 1 2 7; do
        "$EDGEL" eval -q --truth t --regions --json $j.json --counts $j.jsonl --bsds-files f$j -j $j p
        cmp 1.json $j.json
        cmp 1.jsonl $j.jsonl
        diff -r f1 f$j
    done
    "$EDGEL" report --json r.json --bsds-files fr 1.jsonl
    cmp 1.json r.json
    diff -r f1 fr
    [ "$(cd f1 && find . -type f | sort | xargs)" = "./eval_RI_VOI.txt ./eval_RI_VOI_thr.txt ./eval_cover.txt ./eval_cover_img.txt ./eval_cover_th.txt" ]
    [ "$(wc -l <f1/eval_cover_img.txt)" -eq 7 ]
    "$EDGEL" eval -q --truth t --regions --shard 1/2 --counts a.jsonl p
    "$EDGEL" eval -q --truth t --regions --shard 2/2 --counts b.jsonl p
    "$EDGEL" merge -q -o m.jsonl a.jsonl b.jsonl
    cmp 1.jsonl m.jsonl
}

@test "a missing prediction covers nothing under --missing worst" {
    scene
    scene b
    rm p/b.pgm
    evaluate --truth t --regions --annotator 1 --missing worst p
    is 'd["regions"]["covering"]["ods"], d["regions"]["pri"]["ods"], d["missing"]' '(.5, .5, 1)'
    is 'round(d["regions"]["voi"]["ods"], 12)' 'round(__import__("math").log2(12) / 2, 12)'
}

@test "counts that contradict themselves are refused" {
    scene
    "$EDGEL" eval -q --truth t --regions --counts c p
    sed 's/"best":[0-9.]*/"best":3/' c >below
    sed 's/"apart":\[20/"apart":[133/' c >pairs
    sed 's/"voi":\[[0-9.]*/"voi":[-1/' c >voi
    sed 's/"voi":\[[0-9.]*\]/"voi":[]/' c >short
    sed 's/"annotators":2/"annotators":0/' c >nobody
    sed 's/"reverse":\[[0-9.]*/"reverse":[12.5/' c >reverse
    sed 's/,"regions":{.*}}/}/' c >without
    for f in below pairs voi short nobody reverse without; do
        cmp -s "$f" c && { echo "$f is not changed"; return 1; }
        run "$EDGEL" report "$f"
        echo "$f: $status $output"
        [ "$status" -ne 0 ]
        has "$f:"
    done
}

@test "what does not go with regions is refused" {
    scene
    for o in '--threshold 0.5' '--tolerance 2' '--valid t' '--labels ids' '--distances' '--objects ids' '--boundary iou' \
        '--boundary davis' '--reduce image' '--empty one' '--classes 9' '--ignore 255' '--exclude-from-mean 1' \
        '--thresholds 0' '--fail-under f1=0.5' '--fail-under ods=0.5' '--csv c.csv' '--annotator any' '--max-dist 0.01' '--thin off'; do
        # shellcheck disable=SC2086
        evaluate --truth t --regions $o p
        echo "$o"
        [ "$status" -eq 2 ]
    done
    evaluate --truth t --boundary bsds --regions p
    [ "$status" -eq 1 ]
    has 't/a_1.pgm: an image holds labels or boundaries'
    # shellcheck disable=SC2046
    pgm p/a.pgm 5 $(rows 2 5 5 5 4 4)
    evaluate --truth t --regions p
    [ "$status" -eq 1 ]
    has 'p/a.pgm: predicted segmentation is 5x2, truth t/a_1.pgm is 6x2'
}
