#!/usr/bin/env bats
# edgel eval --objects and edgel report: objects by ids and by components, on masks whose values are computed by hand.

load ../support/scoring

# Truth 1: five pixels, four of them predicted as 4. Truth 2: four pixels, two of them as 5. Truth 3: missed. 7: invented.
strips() {
    pgm t/a.pgm 17 1 1 1 1 1 0 2 2 2 2 0 3 3 0 0 0 0
    pgm p/a.pgm 17 4 4 4 4 0 0 5 5 0 0 0 0 0 0 0 7 7
}

@test "--objects ids: panoptic quality, precision and recall, boxes" {
    strips
    evaluate --truth t --objects ids p
    [ "$status" -eq 0 ]
    is 'd["objects"]["by"], d["objects"]["reduce"]' '("ids", "pooled")'
    is '{k: d["objects"]["classes"][0][k] for k in ("id", "name", "truth", "prediction", "passed", "pairs", "tp", "fp", "fn")}' \
        '{"id": 1, "name": "1", "truth": 3, "prediction": 3, "passed": 0, "pairs": 2, "tp": 1, "fp": 2, "fn": 2}'
    is 'd["objects"]["mean"]["sq"], d["objects"]["mean"]["rq"], d["objects"]["mean"]["pq"]' '(0.8, 1/3, 0.8/3)'
    is 'd["objects"]["mean"]["recall"]' '[2/3] + [1/3] * 6 + [0] * 3'
    is 'd["objects"]["mean"]["precision"]' '[2/3] + [1/3] * 6 + [0] * 3'
    is 'd["objects"]["iou"]' '[k / 20 for k in range(10, 20)]'
    is 'round(d["objects"]["mean"]["box"]["iou"], 12)' '0.65'
    is 'd["classes"], d["pixels"], d["confusion"]' '([], 0, [])'
    evaluate --truth t p
    is '"objects" in d' False
}

@test "--objects ids: the table" {
    strips
    run "$EDGEL" eval -q --truth t --objects ids p
    [ "$status" -eq 0 ]
    has "objects (by ids"
    has "0.2667  0.8000  0.3333"
    hasnt "confusion"
}

@test "--objects components: by class, beside the pixels, joined at corners" {
    pgm t/a.pgm 5  1 0 0 2 0  0 1 0 0 0  0 0 0 2 0
    pgm p/a.pgm 5  1 0 0 2 0  0 0 0 2 0  0 0 0 2 0
    evaluate --truth t --objects components p
    [ "$status" -eq 0 ]
    is '[(k["id"], k["truth"], k["prediction"], k["pairs"], k["tp"]) for k in d["objects"]["classes"]]' \
        '[(1, 1, 1, 1, 0), (2, 2, 1, 0, 0)]'
    is 'd["classes"][1]["tp"]' 1
    is 'd["objects"]["by"]' '"components"'
}

@test "--objects components of binary masks" {
    pgm t/a.pgm 6 255 255 0 0 255 0
    pgm p/a.pgm 6 255 200 0 0 0 255
    evaluate --truth t --objects components p
    is '[(k["id"], k["name"], k["truth"], k["prediction"], k["tp"]) for k in d["objects"]["classes"]]' \
        '[(1, "foreground", 2, 2, 1)]'
    evaluate --truth t --objects components --threshold 0.9 p
    is 'd["objects"]["classes"][0]["pairs"], d["objects"]["classes"][0]["tp"]' '(1, 0)'
}

@test "--objects mixed: ids in the truth, components in the prediction" {
    pgm t/a.pgm 7 1 1 2 2 0 3 3
    pgm p/a.pgm 7 255 255 0 255 0 255 128
    evaluate --truth t --objects mixed p
    is 'd["objects"]["classes"][0]["truth"], d["objects"]["classes"][0]["prediction"]' '(3, 3)'
    is 'd["objects"]["classes"][0]["tp"], d["objects"]["classes"][0]["pairs"]' '(2, 3)'
    evaluate --truth t --objects ids p
    is 'd["objects"]["classes"][0]["prediction"]' 2
}

@test "--objects ids: 16-bit masks, and RGB as R + 256 G + 65536 B" {
    mask t/a.png 16 4 300 300 556 556
    mask p/a.png 16 4 300 300 44 44
    evaluate --truth t --objects ids p
    is 'd["objects"]["classes"][0]["tp"], d["objects"]["classes"][0]["truth"]' '(2, 2)'
    printf 'P3\n4 1\n255\n1 2 3  1 2 3  1 2 4  0 0 0\n' >t/a.ppm
    rm t/a.png p/a.png
    printf 'P3\n4 1\n255\n9 0 0  9 0 0  0 9 0  0 0 9\n' >p/a.ppm
    evaluate --truth t --objects ids p
    is 'd["objects"]["classes"][0]["truth"], d["objects"]["classes"][0]["prediction"]' '(2, 3)'
    is 'd["objects"]["mean"]["pq"]' '0.8'
    evaluate --truth t --objects ids --csv - --counts c.jsonl p
    run tail -n 1 c.jsonl
    has '[197121,9,2,2,'
}

@test "--objects: ignored truth is void, --valid as well" {
    pgm t/a.pgm 8 1 1 9 9 9 0 0 0
    pgm p/a.pgm 8 1 1 1 0 2 2 2 0
    evaluate --truth t --objects ids --ignore 9 p
    is 'd["objects"]["classes"][0]["tp"], d["objects"]["classes"][0]["fp"], d["objects"]["mean"]["sq"]' '(1, 1, 1)'
    evaluate --truth t --objects ids p
    is 'd["objects"]["classes"][0]["tp"], d["objects"]["classes"][0]["fp"], d["objects"]["classes"][0]["fn"]' '(1, 1, 1)'
    pgm v/a.pgm 8 1 1 0 0 0 0 1 1
    evaluate --truth t --objects ids --valid v p
    is 'd["objects"]["classes"][0]["passed"], d["objects"]["classes"][0]["fp"]' '(1, 0)'
}

@test "--objects: report gives the same, parts merged give the whole" {
    strips
    pgm t/b.pgm 6 1 1 1 2 2 0
    pgm p/b.pgm 6 1 1 1 0 2 2
    for kind in ids components mixed; do
        evaluate --truth t --objects "$kind" --counts c.jsonl p
        cp s.json whole.json
        report c.jsonl
        [ "$status" -eq 0 ]
        cmp s.json whole.json
        run "$EDGEL" eval -q --truth t --objects "$kind" --counts c1.jsonl --shard 1/2 p
        run "$EDGEL" eval -q --truth t --objects "$kind" --counts c2.jsonl --shard 2/2 p
        run "$EDGEL" merge -o m.jsonl c1.jsonl c2.jsonl
        [ "$status" -eq 0 ]
        cmp m.jsonl c.jsonl
        rm -f m.jsonl
    done
}

@test "--objects: report knows which pairs are excused below their IoU" {
    pgm t/a.pgm 9 1 1 1 1 9 9 9 9 0
    pgm p/a.pgm 9 0 1 1 1 1 1 1 1 0
    evaluate --truth t --objects ids --ignore 9 --counts c.jsonl p
    is 'd["objects"]["mean"]["precision"]' '[1] * 6 + [None] * 4'
    is 'd["objects"]["mean"]["recall"]' '[1] * 6 + [0] * 4'
    cp s.json whole.json
    report c.jsonl
    cmp s.json whole.json
}

@test "--objects: the same bytes for any number of threads" {
    strips
    for k in 1 2 3 4 5 6 7; do cp t/a.pgm "t/b$k.pgm"; cp p/a.pgm "p/b$k.pgm"; done
    run "$EDGEL" eval -q -j 1 --truth t --objects ids --counts c1.jsonl p
    run "$EDGEL" eval -q -j 5 --truth t --objects ids --counts c5.jsonl p
    cmp c1.jsonl c5.jsonl
}

@test "--objects: what is missing misses all objects under --missing worst" {
    strips
    pgm t/b.pgm 6 1 1 1 2 2 0
    evaluate --truth t --objects ids --missing worst p
    [ "$status" -eq 0 ]
    is 'd["objects"]["classes"][0]["truth"], d["objects"]["classes"][0]["fn"]' '(5, 4)'
    evaluate --truth t --objects ids p
    [ "$status" -eq 1 ]
    evaluate --truth t --objects components --labels binary --missing worst --threshold 0 p
    is 'd["objects"]["classes"][0]["truth"], d["objects"]["classes"][0]["prediction"]' '(4, 1)'
}

@test "--objects: --empty and --exclude-from-mean" {
    pgm t/a.pgm 4 1 1 2 2
    pgm p/a.pgm 4 1 1 0 0
    evaluate --truth t --objects components p
    is 'd["objects"]["mean"]["pq"]' 0.5
    evaluate --truth t --objects components --exclude-from-mean 2 p
    is 'd["objects"]["mean"]["pq"]' 1
    evaluate --truth t --objects components --classes 4 p
    is 'len(d["objects"]["classes"]), d["objects"]["mean"]["pq"]' '(3, 0.5)'
    evaluate --truth t --objects components --classes 4 --empty one p
    is 'd["objects"]["mean"]["pq"]' '2/3'
}

@test "--fail-under pq, sq, rq" {
    strips
    run "$EDGEL" eval -q --truth t --objects ids --fail-under pq=0.26 --fail-under sq=0.8 --fail-under rq=0.33 p
    [ "$status" -eq 0 ]
    run "$EDGEL" eval -q --truth t --objects ids --fail-under pq=0.27 p
    [ "$status" -eq 4 ]
    run "$EDGEL" eval -q --truth t --objects ids --fail-under sq=0.81 p
    [ "$status" -eq 4 ]
    run "$EDGEL" eval -q --truth t --objects ids --fail-under rq=0.34 p
    [ "$status" -eq 4 ]
    run "$EDGEL" eval -q --truth t --fail-under pq=0.27 p
    [ "$status" -eq 2 ]
    has "--objects"
    run "$EDGEL" eval -q --truth t --objects ids --fail-under iou=0.2 p
    [ "$status" -eq 2 ]
}

@test "--objects: CSV has a row for each image and class" {
    strips
    run "$EDGEL" eval -q --truth t --objects ids --csv - p
    [ "$status" -eq 0 ]
    has ",a,ok,17,1,1,1,1,2,2,0,,0.3333333333333333,0.3333333333333333,0.3333333333333333,,,"
}

@test "--pairs-csv: a row for each pair, in eval and report" {
    strips
    run "$EDGEL" eval -q --truth t --objects ids --counts c.jsonl --pairs-csv pairs.csv p
    [ "$status" -eq 0 ]
    run cat pairs.csv
    [ "${#lines[@]}" -eq 3 ]
    has "p,a,1,1,4,4,5,0.8,0,0,5,1,0,0,4,1,0.8,0.8,"
    has "p,a,1,2,5,2,4,0.5,6,0,10,1,6,0,8,1,0.5,0.5,"
    run "$EDGEL" report --pairs-csv - c.jsonl
    [ "$status" -eq 0 ]
    [ "$output" = "$(cat pairs.csv)" ]
    run "$EDGEL" eval -q --truth t --pairs-csv q.csv p
    [ "$status" -eq 2 ]
    has "--pairs-csv needs --objects"
    [ ! -e q.csv ]
    run "$EDGEL" eval -q --truth t --objects ids --pairs-csv q.csv --csv q.csv p
    [ "$status" -eq 2 ]
    run "$EDGEL" eval -q --truth t --objects ids --pairs-csv q.csv --shard 1/2 --counts d.jsonl p
    [ "$status" -eq 2 ]
}

@test "--objects: several methods side by side" {
    strips
    mkdir q
    cp t/a.pgm q/a.pgm
    run "$EDGEL" eval -q --truth t --objects ids p q
    [ "$status" -eq 0 ]
    [[ "$output" =~ q\ +1\ +0\ +0\ +1.0000 ]]
}

@test "--objects: options without use are refused" {
    strips
    for option in "--labels ids" "--colors c.txt" "--threshold 0.5" "--thresholds 9" "--tolerance 2" "--distances" \
        "--boundary iou" "--annotator any" "--reduce image"; do
        # shellcheck disable=SC2086
        run "$EDGEL" eval -q --truth t --objects ids $option p
        echo "$option: $status $output"
        [ "$status" -eq 2 ]
    done
    run "$EDGEL" eval -q --truth t --objects components --boundary bsds p
    [ "$status" -eq 2 ]
    run "$EDGEL" eval -q --truth t --objects components --regions p
    [ "$status" -eq 2 ]
    run "$EDGEL" eval -q --truth t --objects things p
    [ "$status" -eq 2 ]
}

@test "--objects: altered counts are refused" {
    strips
    evaluate --truth t --objects ids --counts c.jsonl p
    sed 's/\[1,4,4,5,/[1,4,9,5,/' c.jsonl >d.jsonl
    report d.jsonl
    [ "$status" -eq 1 ]
    has "d.jsonl:2: objects"
    sed 's/"objects":"ids"/"objects":"things"/' c.jsonl >d.jsonl
    report d.jsonl
    [ "$status" -eq 2 ]
    evaluate --truth t --objects mixed --counts e.jsonl p
    report c.jsonl e.jsonl
    [ "$status" -eq 2 ]
    has "objects"
    report --ignore 3 c.jsonl
    [ "$status" -eq 2 ]
}

# --- COCO documents ---

# Image 7, 4 x 3: object 9 is column 0, 4 is columns 1 and 2; image 3, 2 x 2: all of it.
documents() {
    cat >t.json <<'JSON'
{"images": [{"id": 7, "file_name": "b.jpg", "width": 4, "height": 3}, {"id": 3, "file_name": "sub/a.jpg"}],
 "annotations": [
  {"id": 9, "image_id": 7, "category_id": 2, "segmentation": {"size": [3, 4], "counts": [0, 3, 9]}},
  {"id": 4, "image_id": 7, "category_id": 1, "segmentation": {"size": [3, 4], "counts": "363"}},
  {"id": 5, "image_id": 3, "category_id": 2, "segmentation": {"size": [2, 2], "counts": [0, 4]}}],
 "categories": [{"id": 1, "name": "one"}, {"id": 2, "name": "two"}, {"id": 6, "name": "six"}]}
JSON
    cat >p.json <<'JSON'
[{"image_id": 7, "category_id": 2, "score": 0.9, "segmentation": {"size": [3, 4], "counts": [0, 2, 10]}},
 {"image_id": 7, "category_id": 1, "score": 0.8, "segmentation": {"size": [3, 4], "counts": "363"}}]
JSON
}

@test "--objects ids: a list of results against a document of instances" {
    documents
    evaluate --truth t.json --objects ids p.json
    [ "$status" -eq 0 ]
    is '[(k["id"], k["name"], k["tp"], k["fp"], k["fn"], k["sq"]) for k in d["objects"]["classes"]]' \
        '[(1, "one", 1, 0, 0, 1), (2, "two", 1, 0, 1, 2/3), (6, "six", 0, 0, 0, None)]'
    is 'd["images"], d["missing"]' '(2, 0)'
    run "$EDGEL" eval -q --truth t.json --objects ids p.json
    has "classes without objects: 1"
    hasnt "six"
    evaluate --truth t.json --objects ids --classes 3 p.json
    is '[k["name"] for k in d["objects"]["classes"]]' '["0", "1", "2"]'
}

@test "--objects ids: documents against masks, by name, in either role" {
    documents
    pgm m/b.pgm 4 5 2 2 0  5 2 2 0  0 2 2 0
    pgm m/sub/a.pgm 2 1 1 1 1
    evaluate --truth t.json --objects ids m
    [ "$status" -eq 0 ]
    is '[(k["id"], k["truth"], k["tp"]) for k in d["objects"]["classes"]]' '[(1, 3, 3)]'
    evaluate --truth m --objects ids t.json
    is '[(k["id"], k["truth"], k["tp"]) for k in d["objects"]["classes"]]' '[(1, 3, 3)]'
    evaluate --truth t.json --objects mixed m
    is 'd["objects"]["classes"][0]["prediction"]' 2
    rm m/b.pgm
    evaluate --truth t.json --objects ids m
    [ "$status" -eq 1 ]
    has "no prediction for this truth"
    evaluate --truth t.json --objects ids --missing worst m
    is 'd["objects"]["classes"][0]["fn"]' 2
}

@test "--objects ids: masks are found by the number of an image without a name" {
    documents
    pgm m/000000000007.pgm 4 5 2 2 0  5 2 2 0  0 2 2 0
    evaluate --truth m --objects ids p.json
    [ "$status" -eq 0 ]
    is 'd["objects"]["classes"][0]["tp"], d["objects"]["classes"][0]["pairs"]' '(2, 2)'
    pgm m/5.pgm 1 1
    evaluate --truth m --objects ids p.json
    [ "$status" -eq 0 ]
    is 'd["objects"]["classes"][0]["fn"], d["images"]' '(1, 2)'
    sed 's/"image_id": 7/"image_id": 70/' p.json >q.json
    evaluate --truth m --objects ids q.json
    [ "$status" -eq 1 ]
    has "no truth for this prediction"
}

panoptic() {
    mkdir t p
    mask t/a.png rgb 4 1 0 0  1 0 0  0 1 0  0 0 0
    mask p/a.png rgb 4 9 0 0  9 0 0  9 0 0  0 0 9
    cat >t.json <<'JSON'
{"annotations": [{"image_id": 1, "file_name": "a.png", "segments_info": [{"id": 1, "category_id": 3}, {"id": 256, "category_id": 4}]}]}
JSON
    cat >p.json <<'JSON'
{"annotations": [{"image_id": 1, "file_name": "a.png", "segments_info": [{"id": 9, "category_id": 3}, {"id": 589824, "category_id": 4}]}]}
JSON
}

@test "--objects ids: panoptic documents, whose 0 is void in the truth" {
    rmdir t p
    panoptic
    evaluate --truth t.json --objects ids p.json
    [ "$status" -eq 0 ]
    is '[(k["id"], k["tp"], k["fp"], k["fn"], k["passed"]) for k in d["objects"]["classes"]]' '[(3, 1, 0, 0, 0), (4, 0, 0, 1, 1)]'
    is 'd["objects"]["classes"][0]["sq"]' '2/3'
    evaluate --truth t --objects ids p
    is '[(k["id"], k["tp"], k["fp"], k["fn"], k["passed"]) for k in d["objects"]["classes"]]' '[(1, 1, 1, 1, 0)]'
    sed 's/589824/589825/' p.json >q.json
    cp -r p q
    evaluate --truth t.json --objects ids q.json
    [ "$status" -eq 1 ]
    has "has no segment 589824, which the mask has"
    rm q/a.png
    evaluate --truth t.json --objects ids q.json
    [ "$status" -eq 1 ]
    has "q/a.png"
}

@test "--objects ids: documents in parts, by report, and for any number of threads" {
    documents
    evaluate --truth t.json --objects ids --counts c.jsonl -j 1 p.json
    cp s.json whole.json
    report c.jsonl
    cmp s.json whole.json
    run "$EDGEL" eval -q --truth t.json --objects ids --counts c3.jsonl -j 3 p.json
    cmp c.jsonl c3.jsonl
    for i in 1 2; do
        run "$EDGEL" eval -q --truth t.json --objects ids --counts "c$i.jsonl" --shard "$i/2" p.json
    done
    run "$EDGEL" merge -o m.jsonl c1.jsonl c2.jsonl
    cmp m.jsonl c.jsonl
}

@test "--objects ids: bad documents are errors that say where" {
    documents
    sed 's/\[0, 2, 10\]/[0, 2, 9]/' p.json >q.json
    evaluate --truth t.json --objects ids q.json
    [ "$status" -eq 1 ]
    has "q.json#7: annotation 0: run lengths: they sum to 11, not to the 4x3 pixels"
    sed 's/{"size": \[3, 4\], "counts": \[0, 2, 10\]}/[[1, 2, 3, 4, 5, 6]]/' p.json >q.json
    evaluate --truth t.json --objects ids q.json
    [ "$status" -eq 1 ]
    has "polygon"
    echo '{"annotations": 7}' >q.json
    evaluate --truth t.json --objects ids q.json
    [ "$status" -eq 1 ]
    has "q.json: neither a list of results"
    evaluate --truth q.json --objects ids p.json
    [ "$status" -eq 2 ]
    sed 's/\[3, 4\], "counts": \[0, 2, 10\]/[4, 3], "counts": [0, 2, 10]/' p.json >q.json
    evaluate --truth t.json --objects ids q.json
    [ "$status" -eq 1 ]
    has "3x4"
}

@test "--objects ids: options that documents have no use for are refused" {
    documents
    for option in "--ignore 4" "--valid t" "--annotator 1" "--truth-suffix x"; do
        # shellcheck disable=SC2086
        run "$EDGEL" eval -q --truth t.json --objects ids $option p.json
        echo "$option: $output"
        [ "$status" -eq 2 ]
    done
    run "$EDGEL" eval -q --truth t.json --objects mixed p.json
    [ "$status" -eq 2 ]
    has "no components"
}
