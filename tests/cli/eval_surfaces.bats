#!/usr/bin/env bats
# edgel eval and edgel report: distances between surfaces, Boundary IoU and DAVIS, on masks whose values are computed by hand.

load ../support/scoring

# Truth: a column at x = 1. Prediction: one at x = 4. Each of five rows; every pixel is surface.
columns() {
    pgm t/a.pgm 8 0 255 0 0 0 0 0 0  0 255 0 0 0 0 0 0  0 255 0 0 0 0 0 0
    pgm p/a.pgm 8 0 0 0 0 255 0 0 0  0 0 0 0 255 0 0 0  0 0 0 0 255 0 0 0
}

@test "--distances of two columns three pixels apart" {
    columns
    evaluate --truth t --distances p
    [ "$status" -eq 0 ]
    is 'd["distances"]["mean"]' '{"hd": 3, "hd95": 3, "assd": 3, "nsd": [0], "both": 1, "missed": 0, "invented": 0, "empty": 0}'
    is 'd["distances"]["nsd_tolerance"], d["distances"]["unit"]' '([1], "px")'
    is '[(k["id"], k["name"]) for k in d["distances"]["classes"]]' '[(1, "foreground")]'
    [ "$("$EDGEL" eval -q --truth t --distances p | sed -n '/^distances/,/^$/p' | grep -cE '^(1|mean) ')" -eq 2 ]
    evaluate --truth t p
    is '"distances" in d' False
}

@test "--nsd-tolerance: inclusive, several, in eval and report" {
    columns
    evaluate --truth t --distances --nsd-tolerance 2.9 --nsd-tolerance 3 --counts c.jsonl p
    is 'd["distances"]["mean"]["nsd"], d["distances"]["nsd_tolerance"]' '([0, 1], [2.9, 3])'
    report c.jsonl
    is 'd["distances"]["mean"]["nsd"]' '[0, 1]'
    report --nsd-tolerance 4 c.jsonl
    is 'd["distances"]["mean"]["nsd"], d["distances"]["nsd_tolerance"]' '([1], [4])'
    run "$EDGEL" eval --truth t --distances --nsd-tolerance 2 p
    has 'nsd@2'
}

@test "--nsd-tolerance without distances, negative or too often is refused" {
    columns
    run "$EDGEL" eval --truth t --nsd-tolerance 2 p
    [ "$status" -eq 2 ]
    has '--distances'
    run "$EDGEL" eval --truth t --distances --nsd-tolerance 2 --nsd-tolerance 3 --nsd-tolerance 2.0 p
    [ "$status" -eq 2 ]
    [[ "$output" == *"--nsd-tolerance 2.0: is given twice"* ]]
    run "$EDGEL" eval --truth t --distances --nsd-tolerance -1 p
    [ "$status" -eq 2 ]
    local many=()
    for i in 1 2 3 4 5 6 7 8 9; do
        many+=(--nsd-tolerance "$i")
    done
    run "$EDGEL" eval --truth t --distances "${many[@]}" p
    [ "$status" -eq 2 ]
    has 'at most 8'
}

@test "hd95 is the larger of the two percentiles, interpolated" {
    # From truth 0 (x 0) and 0 (x 1); from prediction 0, 0, 1, ..., 4: the percentile at 0.95 * 5 = 4.75 is 3.75 of
    # distances 0 0 1 2 3 4.
    pgm t/a.pgm 6 255 255 0 0 0 0
    pgm p/a.pgm 6 255 255 255 255 255 255
    evaluate --truth t --distances p
    is 'd["distances"]["mean"]["hd"], d["distances"]["mean"]["hd95"], d["distances"]["mean"]["assd"]' '(4, 3.75, 10 / 8)'
}

@test "what is missed or invented is the diagonal and counted, under every rule" {
    pgm t/a.pgm 4 255 0 0 0  0 0 0 0  0 0 0 0
    pgm p/a.pgm 4 0 0 0 0  0 0 0 0  0 0 0 0
    pgm t/b.pgm 4 0 0 0 0  0 0 0 0  0 0 0 0
    pgm p/b.pgm 4 255 0 0 0  0 0 0 0  0 0 0 0
    pgm t/c.pgm 4 255 0 0 0  0 0 0 0  0 0 0 0
    pgm p/c.pgm 4 255 0 0 0  0 0 0 0  0 0 0 0
    for rule in nan zero one; do
        evaluate --truth t --distances --empty "$rule" p
        is '[d["distances"]["mean"][k] for k in ("both", "missed", "invented", "empty")]' '[1, 1, 1, 0]'
        is '[abs(d["distances"]["mean"][k] - 10 / 3) < 1e-12 for k in ("hd", "hd95", "assd")]' '[True] * 3'
        is 'd["distances"]["mean"]["nsd"]' '[1 / 3]'
    done
}

@test "where neither side has the class the rule of --empty decides" {
    pgm t/a.pgm 4 0 0 0 0  0 0 0 0  0 0 0 0
    pgm p/a.pgm 4 0 0 0 0  0 0 0 0  0 0 0 0
    pgm t/c.pgm 4 255 0 0 0  0 0 0 0  0 0 0 0
    pgm p/c.pgm 4 0 255 0 0  0 0 0 0  0 0 0 0
    evaluate --truth t --distances --empty nan --labels binary p
    is 'd["distances"]["mean"]["hd"], d["distances"]["mean"]["nsd"], d["distances"]["mean"]["empty"]' '(1, [1], 1)'
    evaluate --truth t --distances --empty one --labels binary p
    is 'd["distances"]["mean"]["hd"], d["distances"]["mean"]["nsd"]' '(0.5, [1])'
    evaluate --truth t --distances --empty zero --labels binary p
    is 'd["distances"]["mean"]["hd"], d["distances"]["mean"]["nsd"]' '(3, [0.5])'
}

@test "distances of ids: per class, mean over the classes in the mean, ignored pixels belong to nothing" {
    pgm t/a.pgm 6 1 0 0 0 2 9
    pgm p/a.pgm 6 0 1 0 0 0 2
    evaluate --truth t --distances --ignore 9 --exclude-from-mean 0 p
    is '[(k["id"], k["hd"], k["missed"], k["in_mean"]) for k in d["distances"]["classes"]]' \
        '[(0, 1, 0, False), (1, 1, 0, True), (2, 37 ** .5, 1, True)]'
    is 'd["distances"]["mean"]["hd"]' '(1 + 37 ** .5) / 2'
}

@test "a missing prediction has no surface" {
    columns
    rm p/a.pgm
    evaluate --truth t --distances --missing worst p
    is 'd["distances"]["mean"]["missed"], d["distances"]["mean"]["hd"]' '(1, 73 ** .5)'
}

# A block of 5 x 5 in 9 x 7, from x = 2 on in the truth and x = 3 on in the prediction.
blocks() {
    local row='0 0 255 255 255 255 255 0 0' moved='0 0 0 255 255 255 255 255 0' none='0 0 0 0 0 0 0 0 0'
    # shellcheck disable=SC2086
    pgm "t/$1.pgm" 9 $none $row $row $row $row $row $none
    # shellcheck disable=SC2086
    pgm "p/$1.pgm" 9 $none $moved $moved $moved $moved $moved $none
}

# nothing FILE: as large, all background.
nothing() {
    local row='0 0 0 0 0 0 0 0 0'
    # shellcheck disable=SC2086
    pgm "$1" 9 $row $row $row $row $row $row $row
}

@test "--boundary iou: rings of a block that moved by one pixel" {
    blocks a
    evaluate --truth t --boundary iou p
    [ "$status" -eq 0 ]
    # Rings of 16 pixels; of x = 3..6 the rows y = 1 and 5 share 4 each, nothing else.
    is '[d["boundary_iou"]["classes"][0][k] for k in ("id", "truth", "prediction", "both", "iou")]' '[1, 16, 16, 8, 8 / 24]'
    is 'd["boundary_iou"]["mean"], d["boundary_iou"]["width"]' '(8 / 24, 0.02)'
    run "$EDGEL" eval --truth t --boundary iou p
    has 'boundary iou (band of 0.02'
    evaluate --truth t p
    is '"boundary_iou" in d' False
}

@test "--boundary-width: the whole block at a quarter of the diagonal" {
    blocks a
    evaluate --truth t --boundary iou --boundary-width 0.25 p
    is '[d["boundary_iou"]["classes"][0][k] for k in ("truth", "prediction", "both")]' '[25, 25, 20]'
    is 'd["boundary_iou"]["width"]' 0.25
    run "$EDGEL" eval --truth t --boundary-width 0.25 p
    [ "$status" -eq 2 ]
    has '--boundary iou'
}

@test "--boundary iou: pooled, by image, a missing one" {
    blocks a
    blocks b
    nothing p/b.pgm
    evaluate --truth t --boundary iou p
    is 'd["boundary_iou"]["mean"]' '8 / (16 + 16 + 16 - 8)'
    evaluate --truth t --boundary iou --reduce image --counts c.jsonl p
    is 'd["boundary_iou"]["mean"]' '(8 / 24 + 0) / 2'
    report --reduce pooled c.jsonl
    is 'd["boundary_iou"]["mean"]' '8 / (16 + 16 + 16 - 8)'
    rm p/b.pgm
    evaluate --truth t --boundary iou --missing worst p
    is 'd["boundary_iou"]["mean"]' '8 / (16 + 16 + 16 - 8)'
}

@test "--boundary davis: J and F of one frame, by hand" {
    blocks s/a
    evaluate --truth t --boundary davis p
    [ "$status" -eq 0 ]
    # J: 20 of 30 pixels. The tolerance is 1 pixel, which is as far as any boundary moved.
    is 'd["davis"]["j"], d["davis"]["f"]["mean"]' '({"mean": 20 / 30, "recall": 1, "decay": 0}, 1)'
    is 'd["davis"]["mean"], d["davis"]["sequences"]' '((20 / 30 + 1) / 2, 1)'
    is '[(o["sequence"], o["id"], o["frames"]) for o in d["davis"]["objects"]]' '[("s", 1, 1)]'
    run "$EDGEL" eval --truth t --boundary davis p
    has 'davis (J&F 0.8333)'
    evaluate --truth t p
    is '"davis" in d' False
}

@test "--boundary davis: sequences are folders, decay is first less last quarter, recall above one half" {
    for f in 1 2 3 4 5 6 7 8; do
        blocks "s/$f"
        blocks "z/$f"
    done
    # Of s the frames 7 and 8 predict nothing: J = 0, F = 0. e = 0 2 4 5 7.
    nothing p/s/7.pgm
    nothing p/s/8.pgm
    evaluate --truth t --boundary davis --counts c.jsonl p
    is 'd["davis"]["sequences"], [o["sequence"] for o in d["davis"]["objects"]]' '(2, ["s", "z"])'
    is '[round(v, 12) for v in d["davis"]["objects"][0]["j"].values()]' \
        '[round(6 * (2 / 3) / 8, 12), 0.75, round(2 / 3 - (2 / 3) / 3, 12)]'
    is '[round(v, 12) for v in d["davis"]["objects"][0]["f"].values()]' '[0.75, 0.75, round(1 - 1 / 3, 12)]'
    is '[round(v, 12) for v in d["davis"]["j"].values()]' \
        '[round((0.5 + 2 / 3) / 2, 12), 0.875, round(2 / 9, 12)]'
    cp s.json eval.json
    report c.jsonl
    cmp s.json eval.json
}

@test "--boundary davis: an object is what the truth has in its sequence, absent on both sides is 1" {
    pgm t/s/1.pgm 6 0 1 1 0 2 2
    pgm p/s/1.pgm 6 0 1 1 0 0 3
    pgm t/s/2.pgm 6 0 0 0 0 2 2
    pgm p/s/2.pgm 6 0 0 0 0 2 2
    evaluate --truth t --labels ids --boundary davis p
    is '[(o["id"], o["j"]["mean"], o["f"]["mean"]) for o in d["davis"]["objects"]]' '[(1, 1, 1), (2, 0.5, 0.5)]'
}

@test "the kinds of boundaries are not mixed" {
    blocks a
    "$EDGEL" eval -q --truth t --boundary iou --counts iou.jsonl p
    "$EDGEL" eval -q --truth t --boundary davis --counts davis.jsonl p
    run "$EDGEL" report iou.jsonl davis.jsonl
    [ "$status" -eq 2 ]
    has 'measured differently (band)'
    run "$EDGEL" report --ignore 1 iou.jsonl
    [ "$status" -eq 2 ]
    has 'measure again'
}

@test "report and merge give the bytes of eval, for any number of threads" {
    for i in 1 2 3 4 5 6 7; do
        pgm t/$i.pgm 6 0 "$i" 1 2 2 0  1 1 2 2 0 0  3 0 0 3 1 1
        pgm p/$i.pgm 6 0 0 1 2 "$i" 0  1 1 2 2 0 3  0 0 0 3 1 1
    done
    "$EDGEL" eval -q --truth t --distances --nsd-tolerance 1.5 --json 1.json --counts 1.jsonl -j 1 p
    for j in 2 7; do
        "$EDGEL" eval -q --truth t --distances --nsd-tolerance 1.5 --json $j.json --counts $j.jsonl -j $j p
        cmp 1.json $j.json
        cmp 1.jsonl $j.jsonl
    done
    for kind in iou davis; do
        for j in 1 2 7; do
            "$EDGEL" eval -q --truth t --boundary "$kind" --json $kind$j.json --counts $kind$j.jsonl -j $j p
            cmp ${kind}1.json $kind$j.json
            cmp ${kind}1.jsonl $kind$j.jsonl
        done
        "$EDGEL" report --json $kind.json ${kind}1.jsonl
        cmp ${kind}1.json $kind.json
    done
    "$EDGEL" report --json r.json 1.jsonl
    cmp 1.json r.json
    "$EDGEL" eval -q --truth t --distances --nsd-tolerance 1.5 --shard 1/2 --counts a.jsonl p
    "$EDGEL" eval -q --truth t --distances --nsd-tolerance 1.5 --shard 2/2 --counts b.jsonl p
    "$EDGEL" merge -q -o m.jsonl a.jsonl b.jsonl
    "$EDGEL" report --json m.json m.jsonl
    cmp 1.json m.json
    "$EDGEL" eval -q --truth t --counts plain.jsonl p
    run "$EDGEL" report 1.jsonl plain.jsonl
    [ "$status" -eq 2 ]
    has 'distances'
}
