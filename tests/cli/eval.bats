#!/usr/bin/env bats
# edgel eval and edgel report: every option, exit code, kind of mask and way of pairing, on masks of a few pixels whose
# scores are computed by hand.

load ../support/scoring
load ../support/signals

# Two binary images: a has tp 1 fp 1 fn 1 tn 1, b has tp 3 fp 0 fn 1 tn 0.
two_images() {
    pgm t/a.pgm 4 255 255 0 0
    pgm p/a.pgm 4 255 0 255 0
    pgm t/b.pgm 4 255 255 255 255
    pgm p/b.pgm 4 255 255 255 0
}

# Three classes and 9: truth 0 0 1 1 2 9, prediction 0 1 1 1 0 2.
ids() {
    pgm t/a.pgm 6 0 0 1 1 2 9
    pgm p/a.pgm 6 0 1 1 1 0 2
}

# --- values ---

@test "binary scores are those of the formulas" {
    two_images
    evaluate --truth t p
    [ "$status" -eq 0 ]
    # tp 4 fp 1 fn 2 tn 1
    is '[c[k] for k in ("id", "name", "tp", "fp", "fn", "tn")]' '[1, "foreground", 4, 1, 2, 1]'
    is '[c[k] for k in ("accuracy", "precision", "recall", "f1", "iou", "specificity")]' \
        '[5 / 8, 4 / 5, 4 / 6, 8 / 11, 4 / 7, 1 / 2]'
    is 'abs(c["mcc"] - (4 * 1 - 1 * 2) / (5 * 6 * 2 * 3) ** .5) < 1e-12' True
    is 'd["mean"]["iou"], d["accuracy"], d["confusion"]' '(4 / 7, 5 / 8, [[1, 1], [2, 4]])'
    # expected agreement (6 * 5 + 2 * 3) / 64
    is 'abs(d["kappa"] - (5 / 8 - 36 / 64) / (1 - 36 / 64)) < 1e-12' True
    is 'abs(d["fwiou"] - (6 / 8 * 4 / 7 + 2 / 8 * 1 / 4)) < 1e-12' True
    is 'd["images"], d["missing"], d["pixels"]' '(2, 0, 8)'
}

@test "ids: per class, mean, confusion" {
    ids
    evaluate --truth t p
    [ "$status" -eq 0 ]
    is 'd["convention"]["labels"], d["convention"]["threshold"]' '("ids", None)'
    is '[(k["id"], k["tp"], k["fp"], k["fn"]) for k in d["classes"]]' \
        '[(0, 1, 1, 1), (1, 2, 1, 0), (2, 0, 1, 1), (9, 0, 0, 1)]'
    is 'd["confusion"]' '[[1, 1, 0, 0], [0, 2, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0]]'
    is 'd["confusion_ids"]' '[0, 1, 2, 9]'
    is 'd["mean"]["iou"]' '(1 / 3 + 2 / 3 + 0 + 0) / 4'
}

@test "the summary holds every key of the contract, and null for what is undefined" {
    pgm t/a.pgm 2 0 0
    pgm p/a.pgm 2 0 0
    evaluate --truth t --labels binary --thresholds 3 p
    [ "$status" -eq 0 ]
    is '[k for k in ("schema", "prediction", "convention", "images", "missing", "pixels", "classes", "mean", "accuracy", "kappa", "fwiou", "confusion", "curve") if k not in d]' '[]'
    is '[k for k in ("name", "reduce", "empty", "ignore", "exclude_from_mean", "labels", "threshold", "missing") if k not in d["convention"]]' '[]'
    is '[k for k in ("id", "name", "tp", "fp", "fn", "tn", "accuracy", "precision", "recall", "f1", "iou", "specificity", "mcc") if k not in c]' '[]'
    is '[k for k in ("precision", "recall", "f1", "iou") if k not in d["mean"]]' '[]'
    is 'sorted(d["curve"]["ods"]), sorted(d["curve"]["ois"])' '(["f1", "precision", "recall", "threshold"], ["f1", "precision", "recall"])'
    is '"ap" in d["curve"] and "auc" in d["curve"]' True
    is 'd["schema"], d["convention"]["name"]' '("edgel.eval/2", "edgel")'
    is 'c["iou"], d["mean"]["iou"]' '(None, None)'
    ! grep -qi nan <(grep -v '"empty":"nan"' s.json)
}

@test "the table is on stdout, names the convention, and shows - for undefined" {
    pgm t/a.pgm 2 0 0
    pgm p/a.pgm 2 0 0
    "$EDGEL" eval --truth t p >out 2>err
    grep -q '^convention  *edgel$' out
    grep -q '^labels  *binary$' out
    grep -q '^empty  *nan$' out
    grep -q '^empty touched  *1$' out
    grep -Eq '^1 +foreground +0 +0 +0 +2 +1\.0000( +-){4} +1\.0000 +-$' out
    grep -q 'labels: binary' err
    ! grep -q convention err
}

@test "several methods: one line each, and an array in the JSON document" {
    two_images
    mkdir q
    cp t/* q
    "$EDGEL" eval --truth t p q >out 2>/dev/null
    grep -Eq '^method +images' out
    grep -Eq '^p +2 +0 +0 +0\.8000 +0\.6667 +0\.7273 +0\.5714 ' out
    grep -Eq '^q +2 +0 +0 +1\.0000' out
    evaluate --truth t p q
    is 'd["schema"], [r["prediction"] for r in d["results"]]' '("edgel.eval/2", ["p", "q"])'
    is '[r["mean"]["iou"] for r in d["results"]]' '[4 / 7, 1]'
}

# --- exit codes ---

@test "exit 2: wrong usage says what is wrong" {
    two_images
    run "$EDGEL" eval p
    [ "$status" -eq 2 ]
    has "--truth"
    run "$EDGEL" eval --truth t
    [ "$status" -eq 2 ]
    run "$EDGEL" eval --truth t --nonsense p
    [ "$status" -eq 2 ]
    run "$EDGEL" report
    [ "$status" -eq 2 ]
    run "$EDGEL" report none.jsonl
    [ "$status" -eq 2 ]
    has none.jsonl
    for bad in --annotator=0 --annotator=some --tolerance=-1 --tolerance=x --tolerance=5mm --threshold=2 \
        --thresholds=-1 --ignore=a "--ignore=1," --ignore= --fail-under=iou --fail-under=mean=1 --fail-under=iou=2 \
        --labels=x --reduce=x --empty=x --missing=x --classes=none.txt --colors=none.txt --pairs=none.txt; do
        run "$EDGEL" eval --truth t "$bad" p
        [ "$status" -eq 2 ] || { echo "$bad: $status"; return 1; }
    done
}

@test "exit 2: one file for two outputs, an output that is an input, - twice" {
    two_images
    run "$EDGEL" eval --truth t --json x --csv x p
    [ "$status" -eq 2 ]
    [ ! -e x ]
    for o in "$PWD/x" ../"${PWD##*/}"/x ./x; do
        run "$EDGEL" eval --truth t --json "$o" --csv x p
        [ "$status" -eq 2 ]
        [ ! -e x ]
    done
    run "$EDGEL" eval --truth t --json - --counts - p
    [ "$status" -eq 2 ]
    run "$EDGEL" eval --truth t/a.pgm --json p/a.pgm p/a.pgm
    [ "$status" -eq 2 ]
    cp p/a.pgm copy
    cp -r t v
    for file in p/a.pgm t/a.pgm v/b.pgm; do
        for option in --json --csv --counts --jsonl; do
            run "$EDGEL" eval --truth t --valid v "$option" "$file" p
            [ "$status" -eq 2 ]
            has "$file: is an input"
        done
    done
    cmp p/a.pgm copy
    "$EDGEL" eval -q --truth t --counts c p >/dev/null
    run "$EDGEL" report --json c c
    [ "$status" -eq 2 ]
}

@test "exit 1: an unreadable image is told, the rest is scored" {
    two_images
    echo nonsense >p/b.pgm
    run "$EDGEL" eval --truth t --json s.json --counts c p
    [ "$status" -eq 1 ]
    has p/b.pgm
    is 'd["images"], d["failed"], c["tp"]' '(1, 1, 1)'
    grep -q '"image":"b","kind":"failed"' c
}

@test "exit 1: a result that cannot be begun is told before the first image is measured" {
    two_images
    mkdir d
    "$EDGEL" eval -q --truth t --counts c p >/dev/null
    for o in --json --csv --counts --jsonl; do
        run "$EDGEL" eval -v --truth t "$o" d p
        [ "$status" -eq 1 ]
        has "d: is a folder"
        [[ "$output" != *p/a.pgm* ]] || { echo "$o"; return 1; }
    done
    run "$EDGEL" report --json d c
    [ "$status" -eq 1 ]
    run "$EDGEL" eval -q --truth t --json s.json --csv d p
    [ "$status" -eq 1 ]
    [ "$(ls -A)" = "$(printf '%s\n' c d p t)" ]
}

@test "exit 1: a result that cannot be written" {
    two_images
    for o in --json --csv --counts --jsonl; do
        run "$EDGEL" eval -q --truth t "$o" t/a.pgm/x p
        [ "$status" -eq 1 ] || { echo "$o: $status"; return 1; }
        has t/a.pgm/x
        status=0
        "$EDGEL" eval -q --truth t "$o" - p >/dev/full 2>err || status=$?
        [ "$status" -eq 1 ] || { echo "$o: $status"; return 1; }
        [ -s err ]
    done
    status=0
    "$EDGEL" eval -q --truth t p >/dev/full 2>err || status=$?
    [ "$status" -eq 1 ]
    [ -s err ]
}

@test "exit 1: sizes differ, both are named" {
    two_images
    pgm p/b.pgm 2 255 255 255 0
    evaluate --truth t p
    [ "$status" -eq 1 ]
    has p/b.pgm
    has 2x2
    has 4x1
}

# photo FILE: a colour picture of 2 x 2, no mask.
photo() {
    printf 'P3\n2 2\n255\n10 20 30 40 50 60\n7 8 9 1 2 3\n' >"$1"
}

# cut FILE: of a gray picture, its first bytes.
cut_off() {
    printf 'P5\n2 2\n255\na' >"$1"
}

# says_of ROLE FILE OPTION...: makes FILE odd in one way after the other; eval must name the role and the file each time.
says_of() {
    local role=$1 file=$2 how
    shift 2
    for how in photo cut_off "wide"; do
        [[ $how == photo && $role == validity* ]] && continue # of colours the first channel counts there
        rm -rf t p v s.json
        mkdir v
        pgm t/a.ppm 2 0 1 1 0
        pgm p/a.ppm 2 0 1 1 0
        pgm v/a.ppm 2 1 1 1 1
        if [[ $how == wide ]]; then pgm "$file" 3 0 1 1 0 0 1; else "$how" "$file"; fi
        evaluate --truth t "$@" p >/dev/null
        [ "$status" -eq 1 ]
        if [[ $role == truth && $how == wide ]]; then
            has 'truth t/a.ppm is 3x2'
        elif [[ $role == prediction && $how != cut_off ]]; then
            [[ $output =~ p/a.ppm:\ (prediction|predicted) ]] || { echo "$how: $output"; return 1; }
        else
            has "$role $file"
        fi
        [[ $role == prediction ]] || hasnt 'p/a.ppm: a colour'
    done
}

@test "every message about a mask names its role and its file" {
    for labels in binary ids; do
        says_of truth t/a.ppm --labels $labels --valid v
        says_of prediction p/a.ppm --labels $labels --valid v
        says_of 'validity mask' v/a.ppm --labels $labels --valid v
    done
    says_of truth t/a.ppm --boundary bsds
    says_of prediction p/a.ppm --boundary bsds
    says_of truth t/a.ppm --regions
    says_of prediction p/a.ppm --regions
}

@test "exit 1: a PRED that does not exist, the others are scored" {
    two_images
    evaluate --truth t none p
    [ "$status" -eq 1 ]
    has none
    is 'd["prediction"], d["images"]' '("p", 2)'
    evaluate --truth t none # and when there are no others
    [ "$status" -eq 1 ]
}

@test "exit 3: nothing to score" {
    run "$EDGEL" eval --truth t p
    [ "$status" -eq 3 ]
    pgm t/a.pgm 2 0 255
    run "$EDGEL" eval --truth t --missing skip --counts c p
    [ "$status" -eq 3 ]
    [ ! -e c ]
    pgm p/a.pgm 2 0 255
    cp t/a.pgm t/b.pgm
    "$EDGEL" eval -q --truth t --missing skip --counts c p >/dev/null
    sed '2d; 1s/"rows":2/"rows":1/' c >none
    grep -q '"kind":"missing"' none
    run "$EDGEL" report none
    [ "$status" -eq 3 ]
}

@test "exit 4: --fail-under for each key, and 1 goes first" {
    two_images
    # precision 4/5, recall 2/3, f1 8/11, iou 4/7, accuracy 5/8; the curve is the same at each threshold. AP: 4/6 of the
    # positives at precision 4/5, the rest at 6/8; of 6 * 2 pairs 4 are won and 6 tied.
    for bar in precision=0.8:0.81 recall=0.66:0.67 f1=0.72:0.73 iou=0.57:0.58 accuracy=0.62:0.63; do
        key=${bar%%=*}
        both=${bar#*=}
        run "$EDGEL" eval -q --truth t --fail-under "$key=${both%:*}" p
        [ "$status" -eq 0 ] || { echo "$bar"; return 1; }
        run "$EDGEL" eval -q --truth t --fail-under iou=0.1 --fail-under "$key=${both#*:}" p
        [ "$status" -eq 4 ] || { echo "$bar"; return 1; }
        has "p: under $key=${both#*:}"
    done
    for bar in ods=0.72:0.73 ois=0.72:0.73 ap=0.783:0.784 auc=0.583:0.584; do
        key=${bar%%=*}
        both=${bar#*=}
        run "$EDGEL" eval -q --truth t --thresholds 3 --fail-under "$key=${both%:*}" p
        [ "$status" -eq 0 ] || { echo "$bar $status"; return 1; }
        run "$EDGEL" eval -q --truth t --thresholds 3 --fail-under "$key=${both#*:}" p
        [ "$status" -eq 4 ]
    done
    run "$EDGEL" eval -q --truth t --fail-under ods=0.1 p
    [ "$status" -eq 2 ]
    rm p/b.pgm
    run "$EDGEL" eval -q --truth t --fail-under iou=0.9 p
    [ "$status" -eq 1 ]
    has "under iou=0.9"
}

@test "exit 4: an undefined score is below every bar" {
    pgm t/a.pgm 2 0 0
    pgm p/a.pgm 2 0 0
    run "$EDGEL" eval -q --truth t --fail-under iou=0 p
    [ "$status" -eq 4 ]
    has undefined
}

@test "exit 130: an interrupted run says that its table is partial and keeps the counts" {
    { printf 'P5\n2000 2000\n255\n'; head -c 4000000 /dev/zero; } >big
    for i in $(seq 300); do
        ln -s ../big "t/$i.pgm"
        ln -s ../big "p/$i.pgm"
    done
    "$EDGEL" eval --truth t --labels ids -j 1 -v --counts c --json s.json p >out 2>err &
    pid=$!
    stop_when "$pid" TERM pgm err
    [ "$status" -eq 130 ]
    grep -q '^PARTIAL: interrupted after' out
    [ ! -e s.json ]
    [ "$(grep -c '"image"' c)" -eq 300 ]
    grep -q '"kind":"failed"' c
    grep -q '"kind":"measured"' c
    run "$EDGEL" report c
    [ "$status" -eq 1 ]
}

@test "exit 130: an interrupted survey of the masks" {
    { printf 'P5\n2000 2000\n255\n'; head -c 4000000 /dev/zero; } >big
    for i in $(seq 600); do
        ln -s ../big "t/$i.pgm"
        ln -s ../big "p/$i.pgm"
    done
    "$EDGEL" eval --truth t -j 1 --progress always --counts c p >out 2>err &
    pid=$!
    stop_when "$pid" TERM survey err
    [ "$status" -eq 130 ]
    grep -q 'survey of the masks: interrupted' err
    [ ! -s out ]
    [ ! -e c ]
}

@test "exit 130: an interrupted report says that its table is partial" {
    for i in 1 2 3; do
        pgm t/$i.pgm 2 255 0
        cp t/$i.pgm p/
    done
    "$EDGEL" eval -q --truth t --counts c p
    mkfifo pipe
    "$EDGEL" report pipe >out 2>err &
    pid=$!
    exec 7>pipe
    head -n 2 c >&7
    kill -TERM "$pid"
    sleep 0.2
    tail -n +3 c >&7 || true
    exec 7>&-
    status=0
    wait "$pid" || status=$?
    [ "$status" -eq 130 ]
    grep -q '^PARTIAL: interrupted' out
}

@test "a row that stands twice in counts, or out of order, is refused by report" {
    for i in 1 2 3; do
        pgm t/$i.pgm 2 255 0
        cp t/$i.pgm p/
    done
    "$EDGEL" eval -q --truth t --counts c p
    sed '2p' c >twice
    run "$EDGEL" report twice
    [ "$status" -eq 1 ]
    has 'twice:3: the row of 1 stands twice'
    sed '2{h;d};3{G}' c >order
    run "$EDGEL" report order
    [ "$status" -eq 1 ]
    has 'order:3: the row of 1 is out of order'
}

# --- pairs ---

@test "pairs: below folders, whatever the extension; files whatever their names" {
    pgm t/x/a.pgm 2 255 0
    mkdir -p p/x
    mask p/x/a.png 8 2 255 0
    evaluate --truth t p
    [ "$status" -eq 0 ]
    is 'c["tp"], c["tn"]' '(1, 1)'
    evaluate --truth t/x/a.pgm p/x/a.png
    [ "$status" -eq 0 ]
    pgm other.pgm 2 255 255
    evaluate --truth t/x/a.pgm other.pgm
    is 'c["fp"]' 1
}

@test "--pred-suffix and --truth-suffix" {
    pgm t/a_gt.pgm 2 255 0
    pgm p/a_out.pgm 2 255 0
    evaluate --truth t p
    [ "$status" -eq 3 ]
    evaluate --truth t --pred-suffix _out --truth-suffix _gt p
    [ "$status" -eq 0 ]
    is 'd["images"]' 1
    evaluate --truth t --truth-suffix _gt p
    [ "$status" -eq 3 ]
    evaluate --truth t --pred-suffix _out p
    [ "$status" -eq 3 ]
}

@test "a suffix that no file has is refused" {
    two_images
    refuses() {
        run "$EDGEL" eval --json scores "${@:2}"
        [ "$status" -eq 2 ]
        [[ "$output" == *"$1"* ]]
        [ ! -e scores ]
    }
    refuses "--pred-suffix '_out': no prediction has a name that ends in it" --truth t --pred-suffix _out p
    refuses "--truth-suffix '_gt': no file of the truth has a name that ends in it" --truth t --truth-suffix _gt p
    refuses "--pred-suffix '_out'" --missing skip --truth t --pred-suffix _out p
    pgm q/a_out.pgm 4 255 255 0 0
    evaluate --missing skip --truth t --pred-suffix _out p q # one of them has it
    [ "$status" -eq 0 ]
    mkdir none
    evaluate --missing worst --truth t --pred-suffix _out none # there is nothing to have it
    [ "$status" -eq 0 ]
}

@test "--pairs: a list, with folders it starts from" {
    two_images
    printf 'p/a.pgm\tt/b.pgm\n' >list
    evaluate --pairs list
    [ "$status" -eq 0 ]
    is 'c["tp"], c["fn"], d["images"], d["prediction"]' '(2, 2, 1, "list")'
    printf 'a.pgm\tb.pgm\n' >list
    evaluate --pairs list --truth t p
    [ "$status" -eq 0 ]
    is 'c["tp"], c["fn"], d["prediction"]' '(2, 2, "p")'
    run "$EDGEL" eval --pairs list --truth-suffix x --truth t p
    [ "$status" -eq 2 ]
}

@test "--annotator: refused without, K, any, majority; as folder and as STEM_k" {
    for form in t/a/1.pgm:t/a/2.pgm:t/a/3.pgm t/a_1.pgm:t/a_2.pgm:t/a_3.pgm; do
        rm -rf t
        IFS=: read -r one two three <<<"$form"
        pgm "$one" 4 255 255 0 0
        pgm "$two" 4 255 0 255 0
        pgm "$three" 4 255 0 0 0
        pgm p/a.pgm 4 255 255 0 0
        evaluate --truth t p
        [ "$status" -eq 2 ]
        has --annotator
        has 3
        evaluate --truth t --annotator 2 p
        [ "$status" -eq 0 ]
        is '[c[k] for k in ("tp", "fp", "fn", "tn")]' '[1, 1, 1, 1]'
        is 'd["convention"]["annotator"]' '"2"'
        evaluate --truth t --annotator any p
        is '[c[k] for k in ("tp", "fp", "fn", "tn")]' '[2, 0, 1, 1]'
        evaluate --truth t --annotator majority p
        is '[c[k] for k in ("tp", "fp", "fn", "tn")]' '[1, 1, 0, 2]'
    done
    evaluate --truth t --annotator 4 p
    [ "$status" -eq 1 ]
    evaluate --truth t --annotator any --labels ids p
    [ "$status" -eq 2 ]
}

@test "--valid: only pixels that are set there are judged" {
    two_images
    pgm v/a.pgm 4 1 1 0 0
    pgm v/b.pgm 4 0 0 0 0
    evaluate --truth t --valid v p
    [ "$status" -eq 0 ]
    is '[c[k] for k in ("tp", "fp", "fn", "tn")], d["pixels"], d["convention"]["valid"]' '([1, 0, 1, 0], 2, True)'
    rm v/b.pgm
    evaluate --truth t --valid v p
    [ "$status" -eq 1 ]
    is 'd["failed"]' 1
}

@test "--missing: error, skip, worst; predictions without truth" {
    two_images
    rm p/b.pgm
    evaluate --truth t p
    [ "$status" -eq 1 ]
    has "t/b.pgm: no prediction"
    is 'd["images"], d["missing"], c["tp"]' '(1, 1, 1)'
    evaluate --truth t --missing skip p
    [ "$status" -eq 0 ]
    is 'd["images"], d["missing"], c["tp"], d["convention"]["missing"]' '(1, 1, 1, "skip")'
    evaluate --truth t --missing worst p
    [ "$status" -eq 0 ]
    is '[c[k] for k in ("tp", "fp", "fn", "tn")], d["images"], d["missing"]' '([1, 1, 5, 1], 2, 1)'
    two_images
    rm t/b.pgm
    evaluate --truth t p
    [ "$status" -eq 1 ]
    has "p/b.pgm: no truth"
    run "$EDGEL" eval --truth t --missing skip p
    [ "$status" -eq 0 ]
    has "p/b.pgm: no truth"
}

@test "many files without partner are summarised, -v lists them" {
    pgm t/a.pgm 1 255
    pgm p/a.pgm 1 255
    for i in $(seq 15); do pgm "t/m$i.pgm" 1 255; done
    evaluate --truth t p
    [ "$(grep -c 'no prediction' <<<"$output")" -eq 11 ]
    has "5 more files"
    run "$EDGEL" eval -v --truth t p
    [ "$(grep -c 'no prediction' <<<"$output")" -eq 15 ]
}

# --- masks ---

@test "every kind of binary mask is read alike" {
    pgm t/a.pgm 4 255 255 0 0
    mask m1.png 1 4 1 0 1 0
    mask m4.png 4 4 15 0 15 0
    mask m16.png 16 4 65535 0 65535 0
    mask mpal.png pal8 4 1 0 1 0
    mask mpal1.png pal1 4 1 0 1 0
    mask mrgb.png rgb 4 255 255 255 0 0 0 255 255 255 0 0 0
    mask mf.pfm pfm 4 1.0 0.0 0.75 0.25
    pgm m01.pgm 4 1 0 1 0
    for m in m1.png m4.png m16.png mpal.png mpal1.png mrgb.png mf.pfm m01.pgm; do
        evaluate --truth t/a.pgm "$m"
        [ "$status" -eq 0 ]
        is '[c[k] for k in ("tp", "fp", "fn", "tn")]' '[1, 1, 1, 1]' || { echo "$m"; return 1; }
    done
    for m in m1.png m4.png m16.png mpal.png mpal1.png mrgb.png m01.pgm; do
        evaluate --truth "$m" t/a.pgm
        [ "$status" -eq 0 ]
        is 'd["convention"]["labels"], [c[k] for k in ("tp", "fp", "fn", "tn")]' '("binary", [1, 1, 1, 1])' ||
            { echo "$m"; return 1; }
    done
}

@test "palette and 16-bit masks give their indices and values as ids" {
    mask t/a.png pal8 3 0 5 7
    mask p/a.png pal8 3 0 5 5
    evaluate --truth t p
    [ "$status" -eq 0 ]
    is '[k["id"] for k in d["classes"]], d["confusion"]' '([0, 5, 7], [[1, 0, 0], [0, 1, 0], [0, 1, 0]])'
    rm t/* p/*
    mask t/a.png 16 2 0 1000
    mask p/a.png 16 2 1000 1000
    evaluate --truth t p
    is '[k["id"] for k in d["classes"]], d["confusion"]' '([0, 1000], [[0, 1], [0, 1]])'
}

@test "--labels: auto is decided over all truth, and can be overruled" {
    pgm t/a.pgm 2 0 1
    pgm p/a.pgm 2 0 1
    pgm t/b.pgm 2 0 1
    pgm p/b.pgm 2 0 0
    evaluate --truth t p
    is 'd["convention"]["labels"], len(d["classes"])' '("binary", 1)'
    evaluate --truth t --labels ids p
    is 'd["convention"]["labels"], len(d["classes"])' '("ids", 2)'
    pgm t/b.pgm 2 0 2
    evaluate --truth t p
    is 'd["convention"]["labels"]' '"ids"'
    evaluate --truth t --labels binary p
    is 'd["convention"]["labels"], c["tp"], c["fn"]' '("binary", 1, 1)'
    rm t/b.pgm p/b.pgm
    echo text >t/a.pgm
    run "$EDGEL" eval --truth t p
    has 'labels: binary (no truth could be read)'
}

@test "labels that an option does not fit are refused" {
    ids
    for o in --threshold=0.3 --thresholds=3; do
        run "$EDGEL" eval --truth t "$o" p
        [ "$status" -eq 2 ]
        has "${o%=*}"
    done
    two_images
    for o in --classes=2 --exclude-from-mean=1; do
        run "$EDGEL" eval --truth t "$o" p
        [ "$status" -eq 2 ]
        has "${o%=*}"
    done
}

@test "--colors: RGB masks" {
    mask t/a.png rgb 3 255 0 0 0 255 0 0 0 255
    mask p/a.png rgb 3 255 0 0 0 255 0 0 255 0
    evaluate --truth t p
    [ "$status" -eq 1 ]
    printf '# r g b id\n255 0 0 4\n0 255 0 5\n0 0 255 6\n' >colors
    evaluate --truth t --colors colors p
    [ "$status" -eq 0 ]
    is '[(k["id"], k["tp"]) for k in d["classes"]]' '[(4, 1), (5, 1), (6, 0)]'
}

@test "--colors: a name behind the id is for readers of the list, --classes names classes" {
    mask t/a.png rgb 2 255 0 0 0 255 0
    cp t/a.png p
    printf '255 0 0 4 red one\n0 255 0 5 green\n' >colors
    printf '4 road\n5 tree\n' >classes
    evaluate --truth t --colors colors p
    is '[k["name"] for k in d["classes"]]' "['4', '5']"
    evaluate --truth t --colors colors --classes classes p
    is '[k["name"] for k in d["classes"]]' "['road', 'tree']"
    [[ "$("$EDGEL" help eval | tr -s ' \n' ' ')" == *"for readers of the list; --classes names classes"* ]]
}

@test "--threshold: values at and above it are set, in 8 and 16 bit and PFM" {
    pgm t/a.pgm 4 255 255 255 255
    pgm p/a.pgm 4 0 51 102 255
    evaluate --truth t p
    is 'c["tp"]' 1
    evaluate --truth t --threshold 0.4 p
    is 'c["tp"], d["convention"]["threshold"]' '(2, 0.4)'
    evaluate --truth t --threshold 0.2 p
    is 'c["tp"]' 3
    mask p16.png 16 4 0 13107 26214 65535
    mask pf.pfm pfm 4 0 0.2 0.4 1
    for m in p16.png pf.pfm; do
        evaluate --truth t/a.pgm --threshold 0.2 "$m"
        is 'c["tp"]' 3
        evaluate --truth t/a.pgm --threshold 0.41 "$m"
        is 'c["tp"]' 1
    done
}

@test "--thresholds: the sweep" {
    # thresholds 1/4, 2/4, 3/4: set are 3, 2, 1 pixels, of which 2, 2, 1 are true; truth has 2
    pgm t/a.pgm 4 255 255 0 0
    pgm p/a.pgm 4 255 150 100 0
    evaluate --truth t p
    is '"curve" in d' False
    evaluate --truth t --thresholds 3 p
    [ "$status" -eq 0 ]
    is '[(q["recall"], q["precision"]) for q in d["curve"]["points"]]' '[(1, 2 / 3), (1, 1), (1 / 2, 1)]'
    is '[q["threshold"] for q in d["curve"]["points"]]' '[1 / 4, 2 / 4, 3 / 4]'
    is 'd["curve"]["ods"]["f1"], d["curve"]["ods"]["threshold"], d["curve"]["ois"]["f1"]' '(1, 150 / 255, 1)'
    is 'd["convention"]["thresholds"]' 3
    is 'd["curve"]["coarse"], d["curve"]["ap_error"], d["curve"]["auc_error"]' '(False, 0, 0)'
}

# A head that is nearly sure: half of the positives and three of the negatives have the largest values.
sure_head() {
    pgm t/a.pgm 8 255 255 255 255 255 255 0 0 0 0 0 0 0 0 0 0
    pgm p/a.pgm 8 255 255 255 254 254 0 255 254 254 0 0 0 0 0 0 0
}

@test "--thresholds: ODS, OIS, AP and AUC are over all levels, whatever N is" {
    sure_head
    local n
    for n in 1 9 99 1000; do
        evaluate --truth t --thresholds $n p
        [ "$status" -eq 0 ]
        # R 3/6 P 3/4, R 5/6 P 5/8, R 1 P 6/16; pairs: 255 wins 9 and ties 1, 254 wins 7 and ties 2, 0 ties 7
        is 'abs(d["curve"]["ap"] - (3 / 6 * 3 / 4 + 2 / 6 * 5 / 8 + 1 / 6 * 6 / 16)) < 1e-15' True
        is 'abs(d["curve"]["auc"] - (3 * 9.5 + 2 * 8 + 3.5) / 60) < 1e-15' True
        is 'd["curve"]["ods"]["threshold"], d["curve"]["ods"]["f1"], len(d["curve"]["points"])' "(254 / 255, 10 / 14, $n)"
    done
    evaluate --truth t --threshold 0.996078431372549 p # the threshold of ODS, as it is printed
    is 'c["f1"]' '10 / 14'
}

@test "--thresholds: what counts for soft maps is printed first" {
    sure_head
    run "$EDGEL" eval -q --truth t --thresholds 9 p
    [[ $output == *$'prediction     p\n'*$'\ncurve  threshold'*$'\nAP   0.6458\n'*$'\nat the threshold 0.5\nid '* ]]
    cp -r p q
    run "$EDGEL" eval -q --truth t --thresholds 9 p q
    [[ $output == *$'\nmethod     ODS     OIS      AP     AUC  images'* ]]
}

@test "--thresholds: float maps have 65,536 levels, and how far that can be off is said" {
    pgm t/a.pgm 4 255 0 255 0
    mask p/a.pfm pfm 4 0.500002 0.500001 0.25 0
    evaluate --truth t --thresholds 3 p
    has 'float maps in 65,536 levels: AP is within 0.3, AUC within 0.2'
    # the first two are of one level: truly 1/2 + 1/2 * 2/3 and 3 of 4 pairs
    is 'd["curve"]["ap"], d["curve"]["auc"]' '(1 / 2 * 1 / 2 + 1 / 2 * 2 / 3, 2.5 / 4)'
    is 'd["curve"]["ap_error"], d["curve"]["auc_error"]' '(0.25, 0.125)'
    mask p/a.pfm pfm 4 1 0.2 0.5 0 # no level has pixels of both kinds
    evaluate --truth t --thresholds 3 p
    hasnt 'is within'
}

@test "--thresholds: counts of schema edgel.counts/1 are read, and said to be coarse" {
    sure_head
    "$EDGEL" eval -q --truth t --thresholds 9 --counts new p
    head -1 new | grep -q '"schema":"edgel.counts/2".*"thresholds":9,"levels":65536,'
    sed -e 's/counts.2/counts\/1/; s/"levels":65536,//; s/,"levels":\[.*\]\]}/}/' new >old
    run grep levels old
    [ "$status" -eq 1 ]
    report old
    [ "$status" -eq 0 ]
    has 'coarse: these counts (edgel.counts/1) have 9 thresholds and no levels'
    is 'd["curve"]["coarse"], d["curve"]["ap_error"]' '(True, None)'
    is 'd["curve"]["ap"] < 0.5' True
    run "$EDGEL" report --fail-under ap=0.6 new
    [ "$status" -eq 0 ]
    hasnt coarse
    run "$EDGEL" report --fail-under ap=0.6 old
    [ "$status" -eq 4 ]
    has 'warning: p: --fail-under ap=0.6: ap is coarse'
    run "$EDGEL" report new old
    [ "$status" -eq 2 ]
    has 'levels of the sweep'
}

@test "--tolerance: precision and recall within a distance" {
    pgm t/a.pgm 6 255 0 0 0 0 0
    pgm p/a.pgm 6 0 0 255 0 0 0
    evaluate --truth t p
    is 'c["precision"], c["recall"]' '(0, 0)'
    evaluate --truth t --tolerance 1.9 p
    is 'c["precision"], c["recall"]' '(0, 0)'
    evaluate --truth t --tolerance 2px p
    is 'c["precision"], c["recall"], c["f1"], d["convention"]["tolerance"]' '(1, 1, 1, 2)'
    # two predicted pixels have a partner, one of three of the truth does not: the row gives precision and recall
    pgm t/a.pgm 12 255 0 0 0 0 0 255 0 0 0 0 255
    pgm p/a.pgm 12 255 255 0 0 0 0 0 0 0 0 255 0
    evaluate --truth t --tolerance 1px --csv rows.csv --counts c p
    is '[c[k] for k in ("tp_prediction", "fp", "tp_truth", "fn", "tp", "tn")]' '[3, 0, 2, 1, None, None]'
    is 'c["precision"], c["recall"]' \
        '(c["tp_prediction"] / (c["tp_prediction"] + c["fp"]), c["tp_truth"] / (c["tp_truth"] + c["fn"]))'
    python3 - <<'PY'
import csv
row = list(csv.DictReader(open("rows.csv", newline="")))[0]
assert [row[k] for k in ("tp", "fp", "fn", "tn", "tp_prediction", "tp_truth")] == ["", "0", "1", "", "3", "2"], row
PY
    run "$EDGEL" report c
    [[ $output == *$'\nid    class       tp_prediction  fp  tp_truth  fn  accuracy'* ]]
    pgm t/a.pgm 6 255 0 0 0 0 0
    pgm p/a.pgm 6 0 0 255 0 0 0
    run "$EDGEL" eval -q --truth t --tolerance 2px p
    has $'2 px in precision, recall, f1\n'
    # the curve knows no tolerance, and the table says so
    evaluate --truth t --tolerance 2px --thresholds 3 p
    is 'd["curve"]["ods"]["f1"], c["f1"]' '(0, 1)'
    run "$EDGEL" eval -q --truth t --tolerance 2px --thresholds 3 p
    has $'2 px in precision, recall, f1; none in the curve\n'
}

# --- scores ---

@test "--reduce: pooled and image differ" {
    two_images
    evaluate --truth t --reduce pooled p
    is 'd["mean"]["iou"], d["convention"]["reduce"]' '(4 / 7, "pooled")'
    evaluate --truth t --reduce image p
    is 'abs(d["mean"]["iou"] - (1 / 3 + 3 / 4) / 2) < 1e-12, d["convention"]["reduce"]' '(True, "image")'
}

@test "--empty: nan, zero, one, with the number touched" {
    two_images
    pgm t/c.pgm 2 0 0
    pgm p/c.pgm 2 0 0
    evaluate --truth t --reduce image p
    is 'abs(d["mean"]["iou"] - (1 / 3 + 3 / 4) / 2) < 1e-12, d["empty_touched"]' '(True, 1)'
    evaluate --truth t --reduce image --empty zero p
    is 'abs(d["mean"]["iou"] - (1 / 3 + 3 / 4) / 3) < 1e-12, d["convention"]["empty"]' '(True, "zero")'
    evaluate --truth t --reduce image --empty one p
    is 'abs(d["mean"]["iou"] - (1 / 3 + 3 / 4 + 1) / 3) < 1e-12, d["empty_touched"]' '(True, 1)'
}

@test "--classes: a number or a file; other ids are an error that counts them" {
    ids
    evaluate --truth t --classes 3 --counts c p
    [ "$status" -eq 1 ]
    has "9"
    is 'd["failed"], d["images"]' '(1, 0)'
    report c
    [ "$status" -eq 1 ]
    is 'd["failed"], d["images"]' '(1, 0)'
    report --classes 10 c # what was measured is kept for other classes
    [ "$status" -eq 0 ]
    is 'd["failed"], d["images"]' '(0, 1)'
    printf '0 sky\n1 road, wet\n2 car\n9 void\n12 moon\n' >names
    evaluate --truth t --classes names --csv rows.csv p
    [ "$status" -eq 0 ]
    is '[k["name"] for k in d["classes"]]' '["sky", "road, wet", "car", "void", "moon"]'
    is 'd["classes"][4]["iou"]' None
    grep -q '"road, wet"' rows.csv
    evaluate --truth t --classes 10 p
    [ "$status" -eq 0 ]
    is 'len(d["classes"])' 10
}

@test "--classes, --colors: lists as editors of Windows save them" {
    ids
    printf '\xef\xbb\xbf0 sky\r\n1 road\r\n2 car\r\n9 void\r\n' >names
    evaluate --truth t --classes names p
    [ "$status" -eq 0 ]
    is '[k["name"] for k in d["classes"]]' '["sky", "road", "car", "void"]'
    printf '\xef\xbb\xbfsky\nroad\n' >names
    pgm t/a.pgm 2 0 1
    pgm p/a.pgm 2 0 1
    evaluate --truth t --labels ids --classes names p
    is '[k["name"] for k in d["classes"]]' '["sky", "road"]'
    mask t/a.png rgb 3 255 0 0 0 255 0 0 0 255
    rm t/a.pgm p/a.pgm
    cp t/a.png p/
    printf '\xef\xbb\xbf255 0 0 4\r\n0 255 0 5\r\n0 0 255 6\r\n' >colors
    evaluate --truth t --colors colors p
    [ "$status" -eq 0 ]
}

@test "--ignore leaves out pixels, --exclude-from-mean leaves out classes" {
    ids
    evaluate --truth t --ignore 9 p
    [ "$status" -eq 0 ]
    is '[k["id"] for k in d["classes"]], d["pixels"], d["convention"]["ignore"]' '([0, 1, 2], 5, [9])'
    is 'd["mean"]["iou"]' '(1 / 3 + 2 / 3 + 0) / 3'
    evaluate --truth t --ignore 0000000000000000000000000000000000000009 p
    is 'd["convention"]["ignore"]' '[9]'
    evaluate --truth t --exclude-from-mean 9,2 p
    is '[k["in_mean"] for k in d["classes"]], d["pixels"]' '([True, True, False, False], 6)'
    is 'd["mean"]["iou"], d["convention"]["exclude_from_mean"]' '((1 / 3 + 2 / 3) / 2, [9, 2])'
}

@test "ignoring a class that predictions use is warned of" {
    ids
    run "$EDGEL" eval --truth t --ignore 1 --json s.json p
    [ "$status" -eq 0 ]
    has "warning"
    is 'd["ignored_predicted"]' 1
    run "$EDGEL" eval --truth t --ignore 9 p
    hasnt warning
}

# --- outputs ---

@test "machine output on stdout takes the table's place" {
    two_images
    "$EDGEL" eval -q --truth t --json - p >out
    cp out s.json
    is 'c["tp"]' 4
    "$EDGEL" eval -q --truth t --csv - p >out
    [ "$(wc -l <out)" -eq 3 ]
    "$EDGEL" eval -q --truth t --counts - p >out
    head -1 out | grep -q edgel.counts/2
    [ "$(wc -l <out)" -eq 3 ]
    "$EDGEL" report --csv - out >out2
    [ "$(wc -l <out2)" -eq 3 ]
    "$EDGEL" report --json - out >s.json
    is 'c["tp"]' 4
    "$EDGEL" report - <out >out3
    grep -q ^convention out3
}

@test "--confusion: the matrix with the names of its classes, of any number" {
    ids
    printf '0 sky\n1 "road, wet"\n2 none\n9 car\n' >names
    evaluate --truth t --classes names --confusion c.csv --counts counts p
    [ "$status" -eq 0 ]
    [ "$(cat c.csv)" = "$(printf '%s\n' 'truth,"sky","""road, wet""","none","car"' '"sky",1,1,0,0' '"""road, wet""",0,2,0,0' \
        '"none",1,0,0,0' '"car",0,0,1,0')" ]
    "$EDGEL" report --ignore 2 --confusion - counts >out 2>/dev/null
    [ "$(cat out)" = "$(printf '%s\n' 'truth,"sky","""road, wet""","car",none' '"sky",1,1,0,0' '"""road, wet""",0,2,0,0' \
        '"car",0,0,0,1')" ]
    two_images
    evaluate --truth t --labels binary --confusion c.csv p
    [ "$(cat c.csv)" = "$(printf '%s\n' 'truth,"background","foreground"' '"background",1,1' '"foreground",2,4')" ]
    # shellcheck disable=SC2046
    pgm t/a.pgm 100 $(seq 0 99)
    cp t/a.pgm p/a.pgm
    rm t/b.pgm p/b.pgm
    evaluate --truth t --classes 100 --confusion c.csv p
    python3 -c 'import csv
rows = list(csv.reader(open("c.csv")))
assert rows[0] == ["truth", *map(str, range(100))]
assert [[int(v) for v in r[1:]] for r in rows[1:]] == [[int(i == k) for k in range(100)] for i in range(100)]'
    ids
    for wrong in "--confusion x p p" "--boundary bsds --confusion x p" "--objects ids --confusion x p" \
        "--shard 1/2 --confusion x p" "--json x --confusion x p"; do
        # shellcheck disable=SC2086
        run "$EDGEL" eval --truth t $wrong
        [ "$status" -eq 2 ] || { echo "$wrong: $status"; return 1; }
        has confusion
        [ ! -e x ]
    done
}

@test "--csv: one row per image and class, lines end in CR LF" {
    two_images
    run "$EDGEL" eval -q --truth t --csv rows.csv p
    [ "$status" -eq 0 ]
    python3 - <<'PY'
import csv
raw = open("rows.csv", "rb").read()
assert raw.count(b"\r\n") == raw.count(b"\n") == 3
rows = list(csv.DictReader(open("rows.csv", newline="")))
assert [(r["image"], r["class"], r["tp"], r["fp"], r["fn"], r["tn"]) for r in rows] == \
    [("a", "1", "1", "1", "1", "1"), ("b", "1", "3", "0", "1", "0")]
assert rows[0]["iou"] == "0.3333333333333333" and rows[1]["specificity"] == ""
PY
}

@test "eval with counts and report write the same JSON, CSV and table" {
    two_images
    rm p/b.pgm
    pgm t/c.pgm 2 255 0
    pgm p/c.pgm 2 100 0
    echo nonsense >p/d.pgm
    pgm t/d.pgm 2 255 0
    for o in "--thresholds 5" "--reduce image --empty one --missing worst" "--labels ids --ignore 3 --exclude-from-mean 0" \
        "--tolerance 1" "--labels ids --classes 256 --missing skip"; do
        # shellcheck disable=SC2086
        run "$EDGEL" eval -q --truth t $o --counts counts --json a.json --csv a.csv p p
        [ "$status" -eq 1 ]
        # shellcheck disable=SC2086
        "$EDGEL" eval -q --truth t $o p p >a.txt 2>/dev/null || true
        "$EDGEL" report --json b.json --csv b.csv counts >b.txt 2>/dev/null || [ $? -eq 1 ]
        cmp a.json b.json
        cmp a.csv b.csv
        cmp a.txt b.txt
        grep -q convention a.txt
    done
}

@test "report: each option gives what eval gives with it" {
    ids
    pgm t/b.pgm 6 0 0 0 0 0 0
    pgm p/b.pgm 6 0 0 0 0 0 1
    pgm t/c.pgm 1 2
    seq 0 9 | sed 's/.*/& class&/' >names
    "$EDGEL" eval -q --truth t --counts counts p >/dev/null || [ $? -eq 1 ]
    "$EDGEL" report --json plain.json counts >/dev/null || [ $? -eq 1 ]
    for o in --reduce=image "--reduce=image --empty=one" --missing=skip --missing=worst --classes=names --ignore=9 \
        --exclude-from-mean=9; do
        # shellcheck disable=SC2086
        "$EDGEL" eval -q --truth t $o --json a.json p >/dev/null 2>&1 || true
        # shellcheck disable=SC2086
        "$EDGEL" report $o --json b.json counts >/dev/null 2>&1 || true
        cmp a.json b.json || { echo "$o"; return 1; }
        ! cmp -s b.json plain.json || { echo "$o changes nothing"; return 1; }
    done
    run "$EDGEL" report --missing skip --fail-under iou=0.99 counts
    [ "$status" -eq 4 ]
    run "$EDGEL" report --missing skip --fail-under iou=0.01 counts
    [ "$status" -eq 0 ]
    run "$EDGEL" report --missing skip --empty one counts
    [ "$status" -eq 0 ]
    grep -Eq 'empty +one' <<<"$output"
    run "$EDGEL" report counts
    [ "$status" -eq 1 ]
}

@test "report: several counts side by side, but only when measured alike" {
    two_images
    cp -r t q
    "$EDGEL" eval -q --truth t --counts c1 p >/dev/null
    "$EDGEL" eval -q --truth t --counts c2 q >/dev/null
    "$EDGEL" eval -q --truth t --threshold 0.3 --counts c3 q >/dev/null
    report c1 c2
    [ "$status" -eq 0 ]
    is '[r["prediction"] for r in d["results"]], [r["mean"]["iou"] for r in d["results"]]' '(["p", "q"], [4 / 7, 1])'
    report c1 c3
    [ "$status" -eq 2 ]
    has threshold
}

@test "report: a torn or false counts file is an error" {
    two_images
    "$EDGEL" eval -q --truth t --counts c p >/dev/null
    head -c -20 c >torn
    report torn
    [ "$status" -eq 1 ]
    has torn
    sed 's/"pixels":4/"pixels":5/' c >false
    report false
    [ "$status" -eq 1 ]
    echo '{}' >none
    report none
    [ "$status" -eq 2 ]
    report - - <c
    [ "$status" -eq 2 ]
}

@test "--jsonl: a line per image and the totals" {
    two_images
    rm p/b.pgm
    run "$EDGEL" eval -q --truth t --jsonl log p
    [ "$status" -eq 1 ]
    python3 - <<'PY'
import json
rows = [json.loads(line) for line in open("log")]
assert [r["type"] for r in rows] == ["image", "image", "summary"]
assert (rows[0]["input"], rows[0]["status"], rows[0]["width"]) == ("p/a.pgm", "ok", 4)
assert rows[1]["status"] == "error" and "no prediction" in rows[1]["error"]
assert (rows[2]["ok"], rows[2]["failed"]) == (1, 1)
PY
}

@test "names that are not UTF-8 and names with commas and quotes" {
    name=$'caf\xe9, "x"'
    pgm "t/$name.pgm" 2 255 0
    pgm "p/$name.pgm" 2 255 0
    evaluate --truth t --csv rows.csv --counts c p
    [ "$status" -eq 0 ]
    python3 - <<'PY'
import csv
row = list(csv.DictReader(open("rows.csv", newline="", encoding="utf-8", errors="surrogateescape")))[0]
assert row["image"].encode("utf-8", "surrogateescape") == b'caf\xe9, "x"'
PY
    cp s.json a.json
    report --csv again.csv c
    cmp a.json s.json
    cmp rows.csv again.csv
}

# --- reading and running ---

@test "--max-pixels, --max-side, --max-scans, --max-chunk refuse, --lenient and --no-orient read otherwise" {
    mask --text 5000 t/a.png 8 4 255 0 0 0
    mask --text 5000 p/a.png 8 4 255 0 0 0
    evaluate --truth t p
    [ "$status" -eq 0 ]
    for o in --max-pixels=3 --max-side=3 --max-chunk=4000 --max-file=20; do
        evaluate --truth t "$o" p
        [ "$status" -eq 1 ] || { echo "$o"; return 1; }
        evaluate --truth t "${o%=*}=6000" p
        [ "$status" -eq 0 ] || { echo "$o"; return 1; }
    done
    mask s.jpg scans
    mask zeros.png --zeros 8x8 8
    evaluate --labels binary --truth zeros.png --max-scans 2 s.jpg
    [ "$status" -eq 0 ]
    is 'c["fp"]' 64
    evaluate --labels binary --truth zeros.png --max-scans 1 s.jpg
    [ "$status" -eq 1 ]
    mask --orient 3 turned.png 8 4 0 0 0 255
    evaluate --truth t/a.png turned.png
    is 'c["tp"], c["fp"]' '(1, 0)'
    evaluate --truth t/a.png --no-orient turned.png
    is 'c["tp"], c["fp"]' '(0, 1)'
    # shellcheck disable=SC2046
    mask whole.png 8 64 $(awk 'BEGIN { srand(1); for (i = 0; i < 4096; i++) print int(256 * rand()) }')
    head -c 2000 whole.png >torn.png
    evaluate --labels binary --truth whole.png torn.png
    [ "$status" -eq 1 ]
    run "$EDGEL" eval --labels binary --truth whole.png --lenient torn.png
    [ "$status" -eq 0 ]
    has damaged
}

@test "--progress, -q, -v" {
    two_images
    run "$EDGEL" eval --truth t --progress always p
    has "survey"
    has "eval"
    has "100%"
    run "$EDGEL" eval --truth t --progress never p
    hasnt "100%"
    hasnt "p/a.pgm"
    has "2 done"
    run "$EDGEL" eval --truth t -v p
    has "p/a.pgm: 4x1"
    run "$EDGEL" eval --truth t -q p
    hasnt "labels: binary"
    hasnt "2 done"
    run "$EDGEL" eval --truth t --quiet --progress always p
    hasnt "100%"
    run "$EDGEL" eval --truth t --verbose p
    has "p/a.pgm: 4x1"
}

@test "the same bytes for -j 1, 2 and 7" {
    for i in $(seq 40); do
        pgm "t/$i.pgm" 4 $((i % 2 * 255)) 255 0 0
        pgm "p/$i.pgm" 4 $((i * 6)) 100 $((i * 5)) 0
    done
    echo nonsense >p/13.pgm
    rm p/17.pgm
    for j in 1 2 7; do
        "$EDGEL" eval --truth t -j "$j" --thresholds 9 --counts "c$j" --json "s$j" --csv "r$j" --jsonl "l$j" p >"o$j" 2>"e$j" ||
            [ $? -eq 1 ]
        sed -i 's/"seconds":.*//' "l$j"
        sed -i 's/, [0-9.]* s$//' "e$j"
    done
    for f in c s r l o e; do
        cmp "${f}1" "${f}2"
        cmp "${f}1" "${f}7"
    done
}

@test "--shard: labels are decided over all truth, scores are said to be of a part" {
    pgm t/a.pgm 4 255 255 0 0
    pgm p/a.pgm 4 255 0 255 0
    pgm t/b.pgm 4 7 7 255 0 # not binary, and not in part 1
    pgm p/b.pgm 4 7 0 255 0
    run "$EDGEL" eval --shard 1/2 --counts 1.counts --truth t p
    [ "$status" -eq 0 ]
    has "labels: ids"
    grep -q '"labels":"ids"' 1.counts
    [ "$(wc -l <1.counts)" -eq 2 ]
    run "$EDGEL" eval -q --shard 2/2 --truth t p
    [ "$status" -eq 0 ]
    has "PARTIAL: shard 2 of 2"
    run "$EDGEL" report 1.counts
    [ "$status" -eq 2 ]
    has "edgel merge"
    run "$EDGEL" eval -q --shard 5/5 --truth t p
    [ "$status" -eq 0 ]
    for option in "--json x" "--csv x" "--fail-under f1=0.1"; do
        # shellcheck disable=SC2086
        run "$EDGEL" eval --shard 1/2 $option --truth t p
        [ "$status" -eq 2 ]
        has "edgel merge"
    done
    run "$EDGEL" eval --shard 3/2 --truth t p
    [ "$status" -eq 2 ]
    has "--shard"
}

@test "-j: that many threads" {
    { printf 'P5\n3000 3000\n255\n'; head -c 9000000 /dev/zero; } >big
    for i in $(seq 12); do
        ln -s ../big "t/$i.pgm"
        ln -s ../big "p/$i.pgm"
    done
    for j in 1 3; do
        python3 - "$EDGEL" "$j" <<'PY'
import pathlib, subprocess, sys
p = subprocess.Popen([sys.argv[1], "eval", "-q", "--labels", "ids", "--truth", "t", f"--jobs={sys.argv[2]}", "p"],
                     stdout=subprocess.DEVNULL)
most = 0
while p.poll() is None:
    most = max(most, sum(1 for _ in pathlib.Path(f"/proc/{p.pid}/task").glob("*")))
sys.exit(f"{most} threads" if most != int(sys.argv[2]) else p.returncode)
PY
    done
}

@test "a remark of a decoder names the file, where it is not the prediction" {
    load ../support/pictures
    step 3 >p/a.pgm
    stack p/a.pgm p/a.pgm >t/a.tif
    run "$EDGEL" eval --labels ids --truth t p
    [[ "$output" == *"without libtiff"* ]] && skip "built without libtiff"
    [[ "$output" == *"edgel: p/a.pgm: t/a.tif: only the first page is read"* ]]
    mv t/a.tif p/b.tif
    mv p/a.pgm t/b.pgm
    run "$EDGEL" eval --labels ids --truth t p
    [[ "$output" == *"edgel: p/b.tif: only the first page is read"* ]]
}

# The tests of evaluation that run a command.
tests_of() {
    awk -v command="$1" '/^@test/ { text = "" } { text = text $0 "\n" } /^}/ { if (text ~ command) printf "%s", text }' \
        "$EDGEL_SOURCE"/tests/cli/eval*.bats
}

@test "help lists exactly the options that are tested here" {
    for command in eval report; do
        "$EDGEL" help "$command" >shown
        run "$EDGEL" "$command" --help
        [ "$status" -eq 0 ]
        [ "$output" = "$(cat shown)" ]
        for o in $(grep -oE '^ +(-[a-z], )?--[a-z-]+' shown | grep -oE -- '--[a-z-]+' | grep -v -- --help); do
            tests_of "[^a-z]$command" | grep -qE -- "$o([^a-z-]|\$)" || { echo "$command $o has no test"; return 1; }
        done
    done
}

# --- ids that are no classes ---

# numbers FOLDER: four masks whose objects are numbered from 1 on, 8, 9, 10 and 11 of them.
numbers() {
    local n
    mkdir -p "$1"
    for n in 8 9 10 11; do
        # shellcheck disable=SC2046
        pgm "$1/m$n.pgm" 12 0 $(seq "$n") $(for _ in $(seq $((11 - n))); do echo 0; done)
    done
}

@test "numbered objects, soft maps and JPEG masks are no classes, unless a list says so" {
    numbers t
    run "$EDGEL" eval --truth t t
    [ "$status" -eq 2 ]
    has 'truth t: ids from 1 to 11 without a gap, another number in each mask: they look like objects'
    has '--objects ids'
    run "$EDGEL" eval --truth t --labels ids t
    [ "$status" -eq 2 ]
    for allowed in '--classes 12' '--labels binary' '--objects ids'; do
        # shellcheck disable=SC2086
        run "$EDGEL" eval --truth t $allowed --threshold 0.001 t
        [[ "$output" != *'look like'* ]]
    done
    evaluate --truth t --classes 12 t
    [ "$status" -eq 0 ]
    # A soft map in the place of the truth, with the masks as predictions.
    mkdir s q
    # shellcheck disable=SC2046
    pgm s/a.pgm 100 $(seq 0 2 198)
    # shellcheck disable=SC2046
    pgm q/a.pgm 100 $(for i in $(seq 100); do echo $((i > 50 ? 255 : 0)); done)
    run "$EDGEL" eval --truth s q
    [ "$status" -eq 2 ]
    has 'truth s: 99 ids in 1 mask, up to 198: they do not look like classes. The predictions hold one class: are prediction and --truth swapped?'
    evaluate --truth q s
    [ "$status" -eq 0 ]
    run "$EDGEL" eval --truth q --labels ids s
    [ "$status" -eq 2 ]
    has 'prediction s: 99 ids in 1 mask'
    # 64 are classes, 65 are not.
    mkdir c d
    # shellcheck disable=SC2046
    pgm c/a.pgm 65 0 $(seq 2 65)
    # shellcheck disable=SC2046
    pgm d/a.pgm 66 0 $(seq 2 66)
    evaluate --truth c c
    [ "$status" -eq 0 ]
    run "$EDGEL" eval --truth d d
    [ "$status" -eq 2 ]
    mkdir j k
    mask j/a.jpg scans
    cp j/a.jpg k/a.jpg
    run "$EDGEL" eval --truth j --labels ids k
    [ "$status" -eq 2 ]
    has 'truth j: JPEG files with'
    has 'half of the range as one class: --labels binary' # not all but 0
    hasnt '--objects'
}

@test "ids as predictions of binary labels: none reaches the threshold" {
    numbers t
    run "$EDGEL" eval --truth t --labels binary t
    [ "$status" -eq 2 ]
    has 'prediction t: holds ids from 1 to 11, as the truth does, and --labels binary takes a prediction as foreground'
    evaluate --truth t --labels binary --threshold 0.002 t
    is 'c["iou"]' 1
    # Against a truth of 0 and 255 it is a remark.
    mkdir b
    for f in t/*; do sed '4,$s/[1-9][0-9]*/255/g' "$f" >"b/${f#t/}"; done
    run "$EDGEL" eval --truth b t
    [ "$status" -eq 0 ]
    has 't: no value of the first 4 predictions reaches the threshold, 0.5 of 255; the largest is 11'
}

@test "--colors voc and cityscapes: the published colours, with their classes" {
    mask t/a.png rgb 3 0 0 0 128 0 0 192 128 128
    evaluate --truth t --colors voc t
    [ "$status" -eq 0 ]
    is '[(k["id"], k["name"]) for k in d["classes"] if k["tp"]]' '[(0, "background"), (1, "aeroplane"), (15, "person")]'
    is 'len(d["classes"])' 21
    mask t/a.png rgb 3 128 64 128 0 0 142 224 224 192
    run "$EDGEL" eval --truth t --colors cityscapes t
    [ "$status" -eq 1 ]
    has 'colour 224 224 192'
    mask t/a.png rgb 3 128 64 128 0 0 142 119 11 32
    evaluate --truth t --colors cityscapes t
    is '[(k["id"], k["name"]) for k in d["classes"] if k["tp"]]' '[(7, "road"), (26, "car"), (33, "bicycle")]'
    echo '9 9 9 4' >voc
    evaluate --truth t --colors ./voc t
    [ "$status" -eq 1 ]
}

@test "JPEG files as binary truth are cut at half of the range" {
    mask t/a.jpg dark # 8 x 8, all 3: what is left of 0
    # shellcheck disable=SC2046
    pgm p/a.pgm 8 $(for _ in $(seq 64); do echo 0; done)
    evaluate --truth t --labels binary p
    is 'c["tn"], c["fn"]' '(64, 0)'
    mask t/a.jpg scans # all 128
    evaluate --truth t --labels binary p
    is 'c["tn"], c["fn"]' '(0, 64)'
}

@test "counts say how images were read, and parts that differ in that are not joined" {
    load ../support/pictures
    mkdir -p how/t how/p
    cd how
    for i in 1 2; do
        gray 20 10 >t/$i.pgm
        gray 20 10 >p/$i.pgm
    done
    count() { "$EDGEL" eval -q --labels ids --classes 256 --truth t --counts "$@" p >table; }
    count c
    [ "$(grep -c '"reading"' c)" -eq 0 ]
    count c --lenient --no-orient --max-pixels 1000
    [[ "$(head -n 1 c)" == *'"reading":{"lenient":true,"no_orient":true,"max_pixels":1000}'* ]]
    count 1 --shard 1/2 --lenient
    count 2 --shard 2/2
    run "$EDGEL" merge -o both 1 2
    [ "$status" -eq 2 ]
    [[ "$output" == *"1 and 2: images were read in different ways"* ]]
    count 2 --shard 2/2 --lenient
    "$EDGEL" merge -q -o both 1 2
    [[ "$(head -n 1 both)" == *'"reading":{"lenient":true}'* ]]
}

@test "memory that runs out at any moment leaves no unfinished file" {
    [ "${EDGEL_SANITIZE:-none}" = none ] || skip "the sanitizer's run-time must come first"
    command -v "${CC:-gcc}" >/dev/null || skip "there is no compiler"
    load ../support/pictures
    mkdir -p oom/t oom/p
    cd oom
    "${CC:-gcc}" -shared -fPIC -O1 -o ../fail.so "$EDGEL_SOURCE/tests/torture/fail_alloc.c" -ldl
    for i in 1 2; do
        gray 20 10 >t/$i.pgm
        gray 20 10 >p/$i.pgm
    done
    measure() { "$EDGEL" eval --labels ids --classes 256 --truth t --json out.json --csv out.csv --counts out.counts --jsonl out.log p; }
    FAIL_COUNT=count LD_PRELOAD=$PWD/../fail.so measure >table
    [ -s out.json ]
    failed=0
    for ((n = 1; n <= $(cat count); n += 1 + $(cat count) / 150)); do
        rm -f out.*
        code=0
        FAIL_AT=$n FAIL_ON=1 LD_PRELOAD=$PWD/../fail.so measure >table 2>messages || code=$?
        [ "$code" -le 3 ] || { echo "$n: exit $code"; cat messages; return 1; }
        [ "$code" -eq 0 ] || failed=$((failed + 1))
        ! compgen -G '.edgel-*' || { echo "allocation $n: a file is left"; cat messages; return 1; }
    done
    [ "$failed" -gt 20 ]
}
