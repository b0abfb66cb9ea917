#!/usr/bin/env bats
# edgel train: what it refuses, what it writes, and that every option has an effect on what it says it has.

load ../support/pictures
load ../support/signals

# Four colour images of 24x16 whose bright half is the object, and their masks.
setup() {
    cd "$BATS_TEST_TMPDIR" || return
    python3 - <<'PY'
import os, random
random.seed(7)
for d in ("i", "t", "ids", "vi", "vt"):
    os.makedirs(d)
def write(folder, masks, ids, k):
    w, h = 24, 16
    cut = 6 + 3 * k
    px, m, c = bytearray(), bytearray(), bytearray()
    for y in range(h):
        for x in range(w):
            on = x >= cut
            px += bytes(min(255, max(0, (150 if on else 60) + random.randrange(-40, 40))) for _ in range(3))
            m.append(255 if on else 0)
            c.append(0 if not on else 1 if y < 8 else 2)
    open(f"{folder}/{k}.ppm", "wb").write(b"P6 24 16 255\n" + px)
    open(f"{masks}/{k}.pgm", "wb").write(b"P5 24 16 255\n" + m)
    if ids:
        open(f"{ids}/{k}.pgm", "wb").write(b"P5 24 16 255\n" + c)
for k in range(4):
    write("i", "t", "ids", k)
write("vi", "vt", None, 1)
PY
}

train() {
    run "$EDGEL" train --truth t --arch linear --epochs 2 --batch 2 --progress never "$@"
}

# Hash of the tensors of a run's last model (or another file of it): the model file without its text header.
weights() {
    python3 - "$1/${2:-last.safetensors}" <<'PY'
import hashlib, json, struct, sys
b = open(sys.argv[1], "rb").read()
n = struct.unpack("<Q", b[:8])[0]
head = json.loads(b[8:8 + n])
h = hashlib.sha256()
for k in sorted(head):
    if k != "__metadata__" and not k.startswith("train."):
        lo, hi = head[k]["data_offsets"]
        h.update(k.encode() + b[8 + n + lo:8 + n + hi])
print(h.hexdigest())
PY
}

# Trains with the options and demands other weights than without them.
changes() {
    train -o a i
    [ "$status" -eq 0 ]
    train -o b "$@" i
    [ "$status" -eq 0 ]
    [ "$(weights a)" != "$(weights b)" ]
}

column() { # FILE NAME: the values of a column of a CSV file, one a line
    python3 -c 'import csv, sys
for r in csv.DictReader(open(sys.argv[1])): print(r[sys.argv[2]])' "$1" "$2"
}

# --- a run ---

@test "a run writes its folder" {
    train -o run --val-images vi --val-truth vt --worst 1 i
    [ "$status" -eq 0 ]
    [ -f run/args.json ]
    [ -f run/best.safetensors ]
    [ -f run/last.safetensors ]
    grep -q '<svg' run/curves.svg
    [[ "$output" == *"all epochs are done: 2 epochs"* ]]
    [ "$(column run/results.csv epoch | tr '\n' ' ')" = "1 2 " ]
    [ "$(ls run/worst | wc -l)" -eq 1 ]
    [ "$(head -1 run/confusion.csv)" = 'truth,"background","foreground"' ]
    python3 -c 'import csv
rows = list(csv.reader(open("run/confusion.csv")))[1:]
assert sum(int(v) for r in rows for v in r[1:]) == 24 * 16, rows'
    python3 -c 'import json
d = json.load(open("run/args.json"))
assert d["command"] == "train" and d["arguments"][0] == "--truth" and d["options"]["epochs"] == "2", d'
}

# counts FROM TO: the images of a folder as 16-bit PPM with 12-bit counts, 16 times their samples.
counts() {
    mkdir "$2"
    python3 - "$1" "$2" <<'PY'
import os, struct, sys
for name in os.listdir(sys.argv[1]):
    data = open(f"{sys.argv[1]}/{name}", "rb").read()[-24 * 16 * 3:]
    open(f"{sys.argv[2]}/{name}", "wb").write(b"P6 24 16 65535\n" + struct.pack(">1152H", *[16 * v for v in data]))
PY
}

@test "--range: 12-bit counts in 16 bits train as they would with the full range, and the model remembers" {
    counts i i12
    counts vi vi12
    train -o run --range auto --val-images vi12 --val-truth vt i12
    [ "$status" -eq 0 ]
    [[ "$output" == *"range auto: 12bit/full, as the largest value of 5 images of 16 bits is"* ]]
    train -o given --range 0,4095 --val-images vi12 --val-truth vt i12
    [ "$(weights run)" = "$(weights given)" ]
    train -o full --val-images vi12 --val-truth vt i12
    [ "$(weights run)" != "$(weights full)" ]
    python3 -c 'import json, struct
b = open("run/best.safetensors", "rb").read()
assert json.loads(b[8:8 + struct.unpack("<Q", b[:8])[0]])["__metadata__"]["range"] == "12bit/full"'
    run "$EDGEL" segment -m run/best.safetensors --emit probability --jsonl log -o soft vi12
    [ "$status" -eq 0 ]
    grep -q '"range":"12bit/full"' log
    "$EDGEL" segment -q -m run/best.safetensors --emit probability --range 12bit -o same vi12
    "$EDGEL" segment -q -m run/best.safetensors --emit probability --range full -o other vi12
    diff -r -x '.edgel-*' soft same
    run diff -rq -x '.edgel-*' soft other
    [ "$status" -eq 1 ]
}

@test "--range: --resume goes on with the range of the run" {
    counts i i12
    train -o run --range auto i12
    [ "$status" -eq 0 ]
    run "$EDGEL" train --resume run --epochs 3 --range 10bit
    [ "$status" -eq 2 ]
    [[ "$output" == *"--range: is 10bit, and run/last.safetensors was trained with 12bit/full"* ]]
    run "$EDGEL" train --resume run --epochs 3
    [ "$status" -eq 0 ]
}

@test "it learns: the object is found on images it has not seen" {
    train -o run --epochs 60 --lr 0.05 --val-images vi --val-truth vt i
    [ "$status" -eq 0 ]
    python3 -c 'import sys; assert float(sys.argv[1]) > 0.9, sys.argv' "$(column run/results.csv val_iou | sort -g | tail -1)"
}

@test "the masks of segment are what validation counted" {
    train -o run --epochs 3 --lr 0.01 --val-images i --val-truth t --worst 0 i
    [ "$status" -eq 0 ]
    run "$EDGEL" segment -q -m run/best.safetensors --name '{stem}.pgm' -o masks i
    [ "$status" -eq 0 ]
    python3 - <<'PY'
import csv
rows = list(csv.reader(open("run/confusion.csv")))[1:]
want = [[int(v) for v in r[1:]] for r in rows]
got = [[0, 0], [0, 0]]
for k in range(4):
    truth, mask = (open(f"{d}/{k}.pgm", "rb").read()[-384:] for d in ("t", "masks"))
    for a, b in zip(truth, mask):
        got[a > 0][b > 0] += 1
assert got == want, (got, want)
assert all(sum(r) for r in want) and all(map(sum, zip(*want))), want
PY
}

@test "threads change nothing" {
    train -o a -j 1 --crop 8 --augment flip,noise i
    [ "$status" -eq 0 ]
    train -o b -j 3 --crop 8 --augment flip,noise i
    [ "$status" -eq 0 ]
    [ "$(weights a)" = "$(weights b)" ]
}

@test "-j is refused where it is no number of threads" {
    train -o a -j 0 i
    [ "$status" -eq 2 ]
}

# --- data ---

@test "what cannot be trained on is told, file by file, and nothing is written" {
    head -c 40 i/0.ppm >i/cut.ppm
    cp t/0.pgm t/cut.pgm
    printf 'P5 2 2 255\n\0\0\0\0' >t/1.pgm
    train -o run i
    [ "$status" -eq 2 ]
    [[ "$output" == *"i/cut.ppm"* ]]
    [[ "$output" == *"t/1.pgm: the truth is 2x2, the image 24x16"* ]]
    [[ "$output" == *"2 of 5 images cannot be trained on"* ]]
    [ ! -e run ]
}

@test "damaged masks and damaged images are told together" {
    head -c 100 t/1.pgm >part && mv part t/1.pgm
    head -c 100 i/2.ppm >part && mv part i/2.ppm
    printf 'P5 2 2 255\n\0\0\0\0' >t/3.pgm
    train -o run i
    [ "$status" -eq 2 ]
    for file in t/1.pgm i/2.ppm t/3.pgm; do
        [ "$(grep -c "^edgel: $file: " <<<"$output")" -eq 1 ]
    done
    [[ "$output" == *"3 of 4 images cannot be trained on"* ]]
}

@test "masks and images that are one are counted so, and float values out of all measure are told" {
    mkdir f m
    cp i/0.ppm f
    cp t/0.pgm t/1.pgm m
    run "$EDGEL" train --truth m --arch linear --epochs 1 -o run f
    [[ "$output" == *"m: 1 mask has no image in f and is passed over"*"1 image to train on, 0 to validate, 2 classes"* ]]
    python3 - <<'PY'
import struct
open("f/0.pfm", "wb").write(b"Pf\n24 16\n-1.0\n" + struct.pack("<384f", *[1e30] * 384))
PY
    rm f/0.ppm
    run "$EDGEL" train --truth m --arch linear --epochs 1 -o big f
    [ "$status" -eq 2 ]
    [[ "$output" == *"f: values of the images: normalisation: mean must be"* ]]
}

@test "images without truth, no images, no truth are refused" {
    cp i/0.ppm i/lonely.ppm
    train -o run i
    [ "$status" -eq 2 ]
    [[ "$output" == *"i/lonely.ppm: no truth for this image"* ]]
    mkdir none
    train -o run none
    [ "$status" -eq 3 ]
    run "$EDGEL" train --truth none -o run i
    [ "$status" -eq 2 ]
    run "$EDGEL" train -o run i
    [ "$status" -eq 2 ]
    [[ "$output" == *"--truth MASKS is needed"* ]]
}

@test "--labels ids and --classes: unknown ids are counted" {
    run "$EDGEL" train --truth ids --arch linear --epochs 1 --classes 2 -o run i
    [ "$status" -eq 2 ]
    [[ "$output" == *"ids/0.pgm: "*" pixels have an id that is no class and not ignored, the first is 2"* ]]
}

@test "--labels ids: a class for every id that occurs" {
    run "$EDGEL" train --truth ids --arch linear --epochs 1 --val-split 0.25 -o run i
    [ "$status" -eq 0 ]
    [ "$(head -1 run/confusion.csv)" = 'truth,"0","1","2"' ]
    run "$EDGEL" train --truth t --labels ids --arch linear --epochs 1 --val-split 0.25 -o run2 i
    [ "$status" -eq 0 ]
    [ "$(head -1 run2/confusion.csv)" = 'truth,"0","255"' ]
}

@test "--ignore leaves pixels out" {
    run "$EDGEL" train --truth ids --labels ids --ignore 2 --arch linear --epochs 1 --val-split 0.25 -o run i
    [ "$status" -eq 0 ]
    [ "$(head -1 run/confusion.csv)" = 'truth,"0","1"' ]
}

@test "--ignore: ids left out have no say in labels, of train as of eval" {
    mkdir void
    for k in 0 1 2 3; do # 0, 1, and 255 where nobody knows
        python3 -c 'import sys
b = open(sys.argv[1], "rb").read()
open(sys.argv[2], "wb").write(b[:-384] + bytes(255 if v == 2 else v for v in b[-384:]))' ids/$k.pgm void/$k.pgm
    done
    run "$EDGEL" train --truth void --ignore 255 --arch linear --epochs 1 --val-split 0.25 -o run i
    [ "$status" -eq 0 ]
    [[ "$output" == *"labels: binary ("* ]]
    [ "$(head -1 run/confusion.csv)" = 'truth,"background","foreground"' ]
    run "$EDGEL" eval --truth void --ignore 255 void
    [ "$status" -eq 0 ]
    [[ "$output" == *"labels: binary ("* ]]
    run "$EDGEL" train --truth void --arch linear --epochs 1 --val-split 0.25 -o run3 i
    [[ "$output" == *"labels: ids"* ]]
    run "$EDGEL" eval --truth void void
    [[ "$output" == *"labels: ids ("* ]]
}

@test "RGB masks of three equal channels are gray masks, for train as for eval" {
    mkdir rgb
    for k in 0 1 2 3; do
        python3 -c 'import sys
b = open(sys.argv[1], "rb").read()[-384:]
open(sys.argv[2], "wb").write(b"P6 24 16 255\n" + bytes(v for p in b for v in ((p, p, p))))' ids/$k.pgm rgb/$k.ppm
    done
    for d in ids rgb; do
        run "$EDGEL" train --truth $d --arch linear --epochs 1 -o $d.run i
        [ "$status" -eq 0 ]
    done
    cmp ids.run/best.safetensors rgb.run/best.safetensors
    run "$EDGEL" eval --truth ids rgb
    [[ "$output" =~ mean\ +of\ 3\ +1\.0000\ +1\.0000\ +1\.0000\ +1\.0000 ]]
}

@test "--classes names a class that never occurs" {
    printf '0 sky\n1 sea\n2 land\n7 ship\n' >classes
    run "$EDGEL" train --truth ids --classes classes --arch linear --epochs 1 --val-split 0.25 -o run i
    [ "$status" -eq 0 ]
    [[ "$output" == *"class 7 (ship) never occurs in the truth"* ]]
    [ "$(head -1 run/confusion.csv)" = 'truth,"sky","sea","land","ship"' ]
}

@test "classes that never occur are one line, which --quiet leaves" {
    printf '0 sky\n1 sea\n2 land\n7 ship\n9 "buoy"\n' >classes
    run "$EDGEL" train --truth ids --classes classes --arch linear --epochs 1 -q -o run i
    [ "$status" -eq 0 ]
    [ "$output" = 'edgel: classes 7 (ship), 9 ("buoy") never occur in the truth: they cannot be learned' ]
}

@test "--colors reads RGB masks" {
    mkdir rgb
    for k in 0 1 2 3; do
        python3 -c 'import sys
b = open(sys.argv[1], "rb").read()[-384:]
open(sys.argv[2], "wb").write(b"P6 24 16 255\n" + bytes(v for p in b for v in ((p, 0, 0))))' t/$k.pgm rgb/$k.ppm
    done
    printf '0 0 0 0\n255 0 0 1\n' >colors
    run "$EDGEL" train --truth rgb --arch linear --epochs 1 -o run i
    [ "$status" -eq 2 ]
    [[ "$output" == *"rgb/0.ppm: a colour mask whose channels differ (at x 6, y 0) needs a list of colours"* ]]
    run "$EDGEL" train --truth rgb --colors colors --arch linear --epochs 1 -o run i
    [ "$status" -eq 0 ]
    run "$EDGEL" train --truth t --colors colors --arch linear --epochs 1 -o gray i
    [ "$status" -eq 2 ]
    [[ "$output" == *"--colors colors has no use: no mask in t has colours"* ]]
}

@test "--valid: only its pixels count" {
    mkdir v
    for k in 0 1 2 3; do
        { printf 'P5 24 16 255\n'; head -c 192 /dev/zero | tr '\0' '\377'; head -c 192 /dev/zero; } >v/$k.pgm
    done
    changes --valid v
}

@test "--image-suffix and --truth-suffix pair names" {
    mkdir i2 t2
    for k in 0 1 2 3; do
        cp i/$k.ppm i2/${k}_rgb.ppm
        cp t/$k.pgm t2/${k}_mask.pgm
    done
    run "$EDGEL" train --truth t2 --arch linear --epochs 1 -o run i2
    [ "$status" -eq 2 ]
    run "$EDGEL" train --truth t2 --image-suffix _rgb --truth-suffix _mask --arch linear --epochs 1 -o run i2
    [ "$status" -eq 0 ]
}

# Annotators mark columns from 4, 12 and 20 on: means 1/3, 2/3, 1.
annotators() {
    mkdir m
    python3 - <<'PY'
import os
for k in range(4):
    for a, cut in enumerate((4, 12, 20)):
        row = bytes(255 if x >= cut else 0 for x in range(24))
        open(f"m/{k}_{a + 1}.pgm", "wb").write(b"P5 24 16 255\n" + row * 16)
PY
}

@test "several annotators: their mean is the truth, and --boundaries with --soft-ignore leaves the doubtful out" {
    annotators
    run "$EDGEL" train --truth m --arch linear --epochs 2 --loss bce -o soft i
    [ "$status" -eq 0 ]
    run "$EDGEL" train --truth m --arch linear --epochs 2 --loss bce --boundaries -o hard i
    [ "$status" -eq 0 ]
    run "$EDGEL" train --truth m --arch linear --epochs 2 --loss bce --boundaries --soft-ignore 0.5 -o left i
    [ "$status" -eq 0 ]
    [ "$(weights soft)" != "$(weights hard)" ]
    [ "$(weights hard)" != "$(weights left)" ]
    run "$EDGEL" train --truth m --arch linear --soft-ignore 0.5 -o none i
    [ "$status" -eq 2 ]
}

@test "scale and rotate beside contours that annotators differ on are told" {
    annotators
    told="contour pixels next to pixels that --boundaries ignores are ignored as well"
    run "$EDGEL" train --truth m --arch linear --epochs 1 --boundaries --augment rotate -o a i
    [ "$status" -eq 0 ]
    [[ "$output" == *"--augment rotate: $told"* ]]
    run "$EDGEL" train --truth m --arch linear --epochs 1 --boundaries --augment flip -o b i
    [[ "$output" != *"$told"* ]]
    run "$EDGEL" train --truth t --arch linear --epochs 1 --boundaries --augment scale -o c i # one annotator
    [[ "$output" != *"$told"* ]]
}

# The Segmentation, which is not what is trained on, is another map.
mat_annotators() {
    annotators
    mkdir mat
    python3 - >json <<'PY'
import json
print(json.dumps([[[[1 + (y > 8) for x in range(24)] for y in range(16)],
                   [[int(x >= cut) for x in range(24)] for y in range(16)]] for cut in (4, 12, 20)]))
PY
    for k in 0 1 2 3; do
        python3 "$EDGEL_SOURCE/tests/support/make_mat.py" mat/$k.mat truth "$(cat json)"
    done
}

@test "MAT files as truth: the boundaries of all annotators, as from an image of each" {
    mat_annotators
    for way in "" --boundaries "--boundaries --soft-ignore 0.5"; do
        rm -rf a b
        run "$EDGEL" train --truth mat --arch linear --epochs 2 --loss bce $way --val-split 0.25 -o a i
        [ "$status" -eq 0 ]
        run "$EDGEL" train --truth m --arch linear --epochs 2 --loss bce $way --val-split 0.25 -o b i
        [ "$(weights a)" = "$(weights b)" ]
        cmp a/confusion.csv b/confusion.csv
    done
    run "$EDGEL" train --truth mat --labels ids --arch linear -o c i
    [ "$status" -eq 2 ]
    [[ "$output" == *"mat: the truth of MAT files is boundaries, which are binary labels"* ]]
    head -c 300 mat/1.mat >cut.mat
    mv cut.mat mat/1.mat
    python3 "$EDGEL_SOURCE/tests/support/make_mat.py" mat/2.mat segs "[[[1, 2], [1, 2]]]"
    python3 "$EDGEL_SOURCE/tests/support/make_mat.py" mat/3.mat truth "[[[[1, 2]], [[0, 1]]]]"
    run "$EDGEL" train --truth mat --arch linear -o c i
    [ "$status" -eq 2 ]
    [[ "$output" == *"mat/1.mat: MAT"* ]]
    [[ "$output" == *"mat/2.mat: holds segs or ucm2; truth is groundTruth"* ]]
    [[ "$output" == *"mat/3.mat: groundTruth{1}.Segmentation is 2x1, the image 24x16"* ]]
    [[ "$output" == *"3 of 4 images cannot be trained on"* ]]
}

@test "MAT files of the Berkeley data set train as the masks made of them" {
    bsds="${EDGEL_DATA:-$EDGEL_SOURCE/../shared/data}/bsds500"
    [ -d "$bsds" ] || skip "no data set at $bsds"
    mkdir bi bt bm
    for k in 101085 101087; do
        cp "$bsds/images/val/$k.jpg" bi
        cp "$bsds/groundTruth/val/$k.mat" bt
        cp "$bsds/masks/val/$k"_*.png bm
    done
    run "$EDGEL" train --truth bt --arch linear --boundaries --crop 64 --epochs 1 -o a bi
    [ "$status" -eq 0 ]
    run "$EDGEL" train --truth bm --arch linear --boundaries --crop 64 --epochs 1 -o b bi
    [ "$(weights a)" = "$(weights b)" ]
}

@test "--val-split holds out a share" {
    train -o run --val-split 0.5 i
    [ "$status" -eq 0 ]
    [[ "$output" == *"2 images to train on, 2 to validate"* ]]
    train -o run2 --val-split 0.01 i
    [ "$status" -eq 2 ]
}

@test "--val-images needs --val-truth" {
    train -o run --val-images vi i
    [ "$status" -eq 2 ]
    train -o run --val-images vi --val-truth vt --val-split 0.5 i
    [ "$status" -eq 2 ]
}

@test "a validation without images, or without a pixel that counts, is refused" {
    mkdir none
    train -o run --val-images none --val-truth vt i
    [ "$status" -eq 2 ]
    [[ "$output" == *"none: no images with truth in vt"* ]]
    mkdir v
    for k in 0 2 3; do
        { printf 'P5 24 16 255\n'; head -c 384 /dev/zero | tr '\0' '\377'; } >v/$k.pgm
    done
    { printf 'P5 24 16 255\n'; head -c 384 /dev/zero; } >v/1.pgm # the one of the validation
    train -o run --val-images vi --val-truth vt --valid v i
    [ "$status" -eq 2 ]
    [[ "$output" == *"vt: no pixel of the truth of the 1 validation images counts"* ]]
    [ ! -e run ]
}

@test "--cache changes memory, not results" {
    train -o a i
    train -o b --cache 0 i
    [ "$status" -eq 0 ]
    [ "$(weights a)" = "$(weights b)" ]
    train -o c --cache -1 i
    [ "$status" -eq 2 ]
}

@test "--lenient takes what decodes of a damaged image" {
    png_cut="$EDGEL_SOURCE/data/scenes/images/03-coins.png"
    mkdir bad badt
    head -c 60000 "$png_cut" >bad/a.png
    cp "$EDGEL_SOURCE/data/scenes/masks/03-coins.png" badt/a.png
    run "$EDGEL" train --truth badt --labels ids --arch linear --epochs 1 --crop 16 -o run bad
    [ "$status" -eq 2 ]
    cp badt/a.png valid.png
    for image in "" badt/a.png valid.png; do
        [ -z "$image" ] || truncate -s -200 "$image"
        run "$EDGEL" train --truth badt --valid valid.png --labels ids --arch linear --epochs 1 --crop 16 --lenient -o run \
            --existing overwrite bad
        [ "$status" -eq 0 ]
        for file in bad/a.png $image; do
            [ "$(grep -c "^edgel: $file: damaged, taken as far as it decodes: " <<<"$output")" -eq 1 ]
        done
    done
    run "$EDGEL" train --truth badt --labels ids --arch linear --epochs 1 --crop 16 --lenient -q -o run2 bad
    [ -z "$output" ]
}

@test "--max-pixels and the other limits hold" {
    train -o run --max-pixels 100 i
    [ "$status" -eq 2 ]
    [[ "$output" == *"--max-pixels"* ]]
    train -o run --max-side 20 i
    [ "$status" -eq 2 ]
    [[ "$output" == *"--max-side"* ]]
}

# --- every option of the steps has an effect on the weights ---

@test "--arch: other layers, and a file" {
    printf 'input channels=3\nconv out=4 k=3\nrelu\nconv out=classes k=1\n' >arch
    changes --arch arch
    train -o c --arch nothing i
    [ "$status" -eq 2 ]
    printf 'input channels=3\nconv out=4 k=3\nrela\n' >arch
    train -o c --arch arch i
    [ "$status" -eq 2 ]
    [[ "$output" == *"arch:3: no operator is named rela"* ]]
}
@test "--weights" { changes --weights xavier; }
@test "--loss" { changes --loss bce; }
@test "--loss weights" { changes --loss bce:1,iou:0.5; }
@test "--class-weights" { changes --class-weights 1,3; }
@test "--class-weights auto" { changes --class-weights auto; }
@test "--balance" { changes --balance; }
@test "--smooth" { changes --smooth 100; }
# A number of a loss changes the training with that loss.
number_changes() { # LOSS OPTION VALUE
    train -o a --epochs 2 --loss "$1" i
    train -o b --epochs 2 --loss "$1" "$2" "$3" i
    [ "$(column a/results.csv train_loss)" != "$(column b/results.csv train_loss)" ]
}
@test "--smooth-beta" { number_changes smoothl1 --smooth-beta 0.01; }
@test "--focal-gamma" { number_changes focal --focal-gamma 1; }
@test "--tversky-alpha" { number_changes tversky --tversky-alpha 0.6; }
@test "--tversky-beta" { number_changes tversky --tversky-beta 0.3; }
@test "--cldice-steps" { number_changes cldice --cldice-steps 1; }
@test "--border-weight and --border-sigma" {
    for n in 0 1 2 3 4 5; do # two objects with a gap
        [ -e "t/$n.pgm" ] || continue
        { printf 'P5 24 16 255\n'; for ((y = 0; y < 16; y++)); do head -c 9 /dev/zero | tr '\0' '\377'; head -c 4 /dev/zero
            head -c 11 /dev/zero | tr '\0' '\377'; done; } >"t/$n.pgm"
    done
    number_changes border --border-weight 2
    rm -r a b
    number_changes border --border-sigma 2
}
@test "--l1" { changes --l1 0.1; }
@test "--l2" { changes --l2 0.1; }
@test "--lr" { changes --lr 0.1; }
@test "--schedule" { changes --schedule cosine; }
@test "--schedule poly" { changes --schedule poly; }
@test "--warmup" { changes --warmup 1; }
@test "--clip-norm" { changes --optimizer sgd --clip-norm 0.001; }
@test "--clip-value" { changes --optimizer sgd --clip-value 0.0001; }
@test "--ema" { changes --ema 0.9 --val-split 0.25; }
@test "--batch" { changes --batch 3; }
@test "--crop" { changes --crop 8; }
@test "--crops" { changes --crops 2; }
@test "--steps" { changes --steps 1; }
@test "--seed" { changes --seed 2; }
@test "--epochs" { changes --epochs 3; }
@test "--augment" { changes --augment flip; }
@test "--augment resample" {
    python3 - <<'PY'
for k in range(3):
    open(f"t/{k}.pgm", "wb").write(b"P5 24 16 255\n" + bytes(384))
PY
    changes --epochs 4 --augment resample
}

each_optimizer() {
    for name in gd sgd momentum nesterov rmsprop adam adamw; do
        train -o "o-$name" --optimizer $name --lr 0.01 --epochs 3 i
        [ "$status" -eq 0 ]
        weights "o-$name"
    done | sort | uniq | wc -l
}
@test "--optimizer: seven of them" { [ "$(each_optimizer)" -eq 7 ]; }

differs() { # OPTIONS -- MORE: more options change the weights
    local with=()
    while [ "$1" != -- ]; do
        with+=("$1")
        shift
    done
    shift
    train -o a "${with[@]}" i
    [ "$status" -eq 0 ]
    train -o b "${with[@]}" "$@" i
    [ "$status" -eq 0 ]
    [ "$(weights a)" != "$(weights b)" ]
}
@test "--momentum" { differs --optimizer momentum -- --momentum 0.5; }
@test "--weight-decay" { differs --optimizer adamw -- --weight-decay 0.5; }
@test "--lr-every" { differs --schedule step -- --lr-every 1; }
@test "--lr-gamma" { differs --schedule step --lr-every 1 -- --lr-gamma 0.5; }
@test "--lr-power" { differs --schedule poly -- --lr-power 2; }
@test "--schedule-epochs" { differs --schedule cosine -- --schedule-epochs 10; }

@test "options of another optimizer or schedule are refused" {
    for wrong in "--momentum 0.5" "--weight-decay 0.1" "--lr-every 1" "--lr-gamma 0.5" "--lr-power 2" \
        "--schedule-epochs 3" "--pretrain-epochs 3"; do
        train -o x $wrong i
        [ "$status" -eq 2 ]
    done
}

# tells TEXT OPTION...: refused before work starts, exit 2, with the text.
tells() {
    local text=$1
    shift
    run "$EDGEL" train --epochs 2 --batch 2 -o x "$@" i
    [ "$status" -eq 2 ] || { echo "$*: $status $output"; return 1; }
    [[ "$output" == *"$text"* ]] || { echo "$*: $output"; return 1; }
    [ ! -e x ]
}
@test "options that would change nothing, and values that train nothing, are refused with the rule" {
    printf 'input channels=3\nconv out=4 k=3\nrelu\nconv out=classes k=1\n' >arch
    printf 'input channels=3\nconv out=4 k=3\nnorm: batchnorm\nrelu\nconv out=classes k=1\n' >bn
    tells "--balance is for binary labels, and those of ids are ids" --truth ids --arch linear --balance
    tells "--balance has no use without ce, bce" --truth t --arch linear --balance --loss iou
    tells "--classes is for ids" --truth t --arch linear --labels binary --classes 2
    tells "--dropout 0.5: --arch arch has no layer of dropout" --truth t --arch arch --dropout 0.5
    tells "--smooth 2 has no use without iou, dice, tversky or cldice" --truth t --arch linear --smooth 2 --loss bce
    tells "--smooth 2 has no use without iou, dice, tversky or cldice" --truth t --arch linear --smooth 2 --boundaries
    tells "--smooth 2 has no use without iou, dice, tversky or cldice" --truth t --arch linear --smooth 2 --loss bce,iou:0
    tells "--smooth-beta 2 has no use without smoothl1" --truth t --arch linear --smooth-beta 2 --loss bce
    tells "--class-weights 1,2 has no use" --truth t --arch linear --class-weights 1,2 --loss iou,lovasz
    tells "--monitor has no use without images to validate on" --truth t --arch linear --monitor f1
    tells "--crops 2 has no use with --steps" --truth t --arch linear --crops 2 --steps 3
    tells "--augment flip:0,noise:0: all amounts are 0" --truth t --arch linear --augment flip:0,noise:0
    for name in truth val-images val-truth image-suffix truth-suffix valid classes colors arch init augment ignore; do
        tells "--$name '': must not be empty" --truth t --$name ''
    done
    tells "--class-weights 1,2,3: there are 2 classes, each needs one" --truth t --arch linear --class-weights 1,2,3
    tells "--warmup 3: must be below 2, the epochs that --schedule is planned for" --truth t --schedule cosine --warmup 3
    tells "--schedule-epochs 1: the learning rate would be 0 after 1 of 2 --epochs" --truth t --schedule poly --schedule-epochs 1
    tells "--output arch: is no folder" --truth t -o arch
    tells "--lr 0: must be above 0" --truth t --arch linear --lr 0
    tells "--epochs 0: must be from 1" --truth t --arch linear --epochs 0
    tells "--loss bce:0,iou:0: all weights are 0" --truth t --arch linear --loss bce:0,iou:0
    tells "--class-weights 0,0: all weights are 0, one must be above 0" --truth t --arch linear --class-weights 0,0
    tells "--recompute-bn: --arch linear has no batch normalisation" --truth t --arch linear --recompute-bn end
    tells "no layer of batch normalisation is trained" --truth t --arch bn --recompute-bn epoch --freeze norm
    tells "--pretrain: --arch linear has one stage" --truth t --arch linear --pretrain layerwise
    tells "freeze relu: no layer with parameters has a name that begins so" --truth t --arch bn --freeze relu
    "$EDGEL" model new -o m.safetensors linear
    tells "--weights has no use: all layers of linear have their weights from --init m.safetensors" --truth t --arch linear \
        --weights he --init m.safetensors
    tells "--truth-suffix '_m': no mask has a name that ends in it" --truth t --arch linear --truth-suffix _m
    run "$EDGEL" train --truth none --truth-suffix _m -o x i
    [[ "$output" != *suffix* ]]
    tells "--image-suffix '_m': no image has a name that ends in it" --truth t --arch linear --image-suffix _m
    tells "--soft-ignore 0.5 has no use: each image has one mask" --truth t --arch linear --boundaries --soft-ignore 0.5
    for crop in 10x x10 10x20x 10xx20 7 7x10 ""; do
        tells "--crop $crop: must be N or WIDTHxHEIGHT, whole numbers from 8 to 65536" --truth t --arch linear --crop "$crop"
    done
    run "$EDGEL" train --truth t --arch linear --epochs 1 --batch 2 --smooth 2 --class-weights 1,2 --balance -o y i
    [ "$status" -eq 0 ]
}

@test "a schedule without its step, and a validation on the images of the training, are told" {
    train -o a --schedule step --epochs 3 i
    [ "$status" -eq 0 ]
    [[ "$output" == *"--schedule step: the first step comes 30 epochs after the warm-up (--lr-every), and 3 epochs end before it"* ]]
    train -o b --schedule step --lr-every 2 --epochs 3 --val-images ./i/ --val-truth t i
    [[ "$output" != *"--schedule step"* ]]
    [[ "$output" == *"--val-images ./i/: these are the training images"* ]]
    train -o c --val-images vi --val-truth vt i
    [[ "$output" != *"--val-images"* ]]
}

@test "--dropout" {
    printf 'input channels=3\nconv out=8 k=3\nrelu\ndropout p=0\nconv out=classes k=1\n' >arch
    differs --arch arch -- --dropout 0.5
}

@test "--init takes weights, --freeze keeps them" {
    printf 'input channels=3\nfirst: conv out=8 k=3\nrelu\nlast: conv out=classes k=1\n' >arch
    train -o a --arch arch i
    run "$EDGEL" train --truth ids --arch arch --init a/best.safetensors --freeze first --epochs 2 -o b i
    [ "$status" -eq 0 ]
    [[ "$output" == *"2 of 4 arrays taken"* ]]
    python3 - <<'PY'
import json, struct
def read(p):
    b = open(p, "rb").read()
    n = struct.unpack("<Q", b[:8])[0]
    head = json.loads(b[8:8 + n])
    return {k: b[8 + n + v["data_offsets"][0]:8 + n + v["data_offsets"][1]] for k, v in head.items() if k != "__metadata__"}
a, b = read("a/best.safetensors"), read("b/last.safetensors")
assert a["first.weight"] == b["first.weight"] and a["first.bias"] == b["first.bias"]
assert a["last.weight"] != b["last.weight"][:len(a["last.weight"])]
PY
    train -o c --init i/0.ppm i
    [ "$status" -eq 2 ]
}

@test "--pretrain layerwise and --pretrain-epochs" {
    printf 'input channels=3\nconv out=8 k=3\nrelu\nconv out=8 k=3\nrelu\nconv out=classes k=1\n' >arch
    differs --arch arch -- --pretrain layerwise
    train -o c --arch arch --pretrain layerwise --pretrain-epochs 5 i
    [ "$status" -eq 0 ]
    [ "$(weights b)" != "$(weights c)" ]
}

@test "a pre-training that is cut or stopped is told" {
    printf 'input channels=3\nconv out=8 k=3\nrelu\nconv out=8 k=3\nrelu\nconv out=classes k=1\n' >arch
    train -o cut --arch arch --pretrain layerwise --pretrain-epochs 1000000 --max-time 0.2 i
    [ "$status" -eq 0 ]
    [[ "$output" == *"pre-training was cut short: time limit reached"* ]]
    "$EDGEL" train --truth t --arch arch --pretrain layerwise --pretrain-epochs 1000000 -o run i >text 2>&1 &
    pid=$!
    stop_when "$pid" TERM 'pre-training 1 of 2' text
    [ "$status" -eq 130 ]
    grep -q 'stopped in pre-training, which --resume run begins anew' text
}

@test "--recompute-bn" {
    printf 'input channels=3\nconv out=8 k=3\nbatchnorm\nrelu\nconv out=classes k=1\n' >arch
    for how in never end epoch; do
        train -o "r-$how" --arch arch --val-split 0.25 --recompute-bn $how i
        [ "$status" -eq 0 ]
    done
    [ "$(weights r-never)" = "$(weights r-end)" ]
    [ "$(weights r-never best.safetensors)" != "$(weights r-end best.safetensors)" ]
    [ "$(column r-never/results.csv val_loss)" != "$(column r-epoch/results.csv val_loss)" ]
}

# --- the end ---

@test "--patience stops early" {
    train -o run --lr 1e-300 --epochs 20 --patience 3 --val-split 0.25 i
    [ "$status" -eq 0 ]
    [[ "$output" == *"stopped early after 4 epochs: no improvement in "* ]]
}

@test "--min-delta" {
    train -o run --epochs 20 --patience 2 --min-delta 5 --val-split 0.25 i
    [ "$status" -eq 0 ]
    [[ "$output" == *"stopped early after 3 epochs: no improvement in "* ]]
}

@test "--max-time starts no epoch that it would cut short" {
    train -o run --epochs 1000000 --max-time 1 i
    [ "$status" -eq 0 ]
    [[ "$output" == *"time limit reached"* ]]
}

@test "--monitor names what is watched" {
    for name in iou f1 accuracy loss; do
        train -o "m-$name" --monitor $name --val-split 0.25 i
        [ "$status" -eq 0 ]
        [ "$(column "m-$name/results.csv" monitor)" = "$(column "m-$name/results.csv" "val_$name")" ]
    done
}

@test "--worst: so many pictures, none with 0" {
    train -o a --worst 3 i
    [ "$(ls a/worst | wc -l)" -eq 3 ]
    train -o b --worst 0 i
    [ ! -e b/worst ]
}

@test "--existing: a run is not written over unless asked" {
    train -o run i
    train -o run i
    [ "$status" -eq 2 ]
    [[ "$output" == *"run holds a run"* ]]
    train -o run --epochs 1 --existing overwrite i
    [ "$status" -eq 0 ]
    [[ "$output" == *$'all epochs are done: 1 epoch\n'* ]]
    [ "$(column run/results.csv epoch)" = 1 ]
}

@test "a run may lie beside the images, not among them" {
    mkdir all
    cp -r i vi all
    ln -s all/i link
    for out in all/i all/i/ all/i/new/run all/../all/i/run ./all/i/. link/run "$PWD/all/i/run"; do
        train -o "$out" all/i
        [ "$status" -eq 2 ] || { echo "$out: $status $output"; return 1; }
        [[ "$output" == *"--output $out: lies in all/i, and the run's pictures would be among its images"* ]]
    done
    train -o all/vi/run --val-images all/vi --val-truth vt all/i
    [ "$status" -eq 2 ]
    [[ "$output" == *"--output all/vi/run: lies in all/vi,"* ]]
    train -o all/i/0.ppm all/i
    [ "$status" -eq 2 ]
    [[ "$output" == *"all/i/0.ppm"* ]]
    diff -r i all/i
    diff -r vi all/vi
    train -o all/i2 all/i
    [ "$status" -eq 0 ]
    cd all/i || return
    run "$EDGEL" train --truth ../../t --arch linear --epochs 1 -o run .
    [ "$status" -eq 2 ]
    [[ "$output" == *"--output run: lies in ., "* ]]
    run "$EDGEL" train --truth ../../t --arch linear --epochs 1 -o ../run .
    [ "$status" -eq 0 ]
}

@test "--resume extends a run to the very weights of a longer one" {
    train -o long --epochs 4 --augment flip,noise --val-split 0.25 i
    train -o short --epochs 2 --augment flip,noise --val-split 0.25 i
    run "$EDGEL" train --resume short --epochs 4
    [ "$status" -eq 0 ]
    [ "$(weights long)" = "$(weights short)" ]
    [ "$(column short/results.csv epoch | tr '\n' ' ')" = "1 2 3 4 " ]
    [ "$(column short/results.csv train_loss)" = "$(column long/results.csv train_loss)" ]
}

# refuses WORD OPTION...: the resume of run is refused with exit 2 and a text with WORD in it, and nothing is touched.
refuses() {
    local word=$1
    shift
    find run -type f -exec cksum {} + | sort >before
    run "$EDGEL" train --resume run --epochs 4 "$@"
    [ "$status" -eq 2 ] || { echo "$*: $status $output"; return 1; }
    [[ "$output" == *"$word"* ]] || { echo "$*: $output"; return 1; }
    find run -type f -exec cksum {} + | sort | diff before -
}

@test "--resume refuses other steps, network, data, classes, other folders, and images" {
    run "$EDGEL" train --truth ids --arch linear --epochs 2 --batch 2 --progress never -o run i
    [ "$status" -eq 0 ]
    refuses "lr=0.001, which cannot become lr=0.5" --lr 0.5
    refuses "clip norm=none" --clip-norm 1
    refuses "freeze no: no layer" --freeze no
    refuses "another network" --arch edge-tiny
    refuses "another network" --truth t
    mkdir ids9
    python3 - <<'PY'
for k in range(4):
    b = open(f"ids/{k}.pgm", "rb").read()
    open(f"ids9/{k}.pgm", "wb").write(b[:-384] + b[-384:].replace(b"\2", b"\x09"))
PY
    refuses "class of id 2, which cannot become 9" --truth ids9
    refuses "--existing has no use with --resume, which goes on with the run in run" --existing overwrite
    rm i/3.ppm
    refuses "run/last.safetensors: was trained on 4 images, and now there are 3"
    run "$EDGEL" train --resume nothing
    [ "$status" -eq 2 ]
    run "$EDGEL" train --resume run i
    [ "$status" -eq 2 ]
}

@test "--resume tells what is lost or damaged in the run, makes again what it can, refuses what it cannot" {
    train -o run --epochs 3 --lr 0.1 --val-split 0.25 i
    cp -r run whole
    rm run/best.safetensors
    run "$EDGEL" train --resume run -q
    [ "$status" -eq 0 ]
    [[ "$output" == *"run/best.safetensors: lost; made again"* ]]
    cmp whole/best.safetensors run/best.safetensors
    printf X | dd of=run/best.safetensors bs=1 seek=1700 conv=notrunc status=none
    run "$EDGEL" train --resume run -q
    [ "$status" -eq 0 ]
    [[ "$output" == *"run/best.safetensors: damaged"*"made again"* ]]
    cmp whole/best.safetensors run/best.safetensors
    rm run/curves.svg
    run "$EDGEL" train --resume run -q
    [ "$status" -eq 0 ]
    [ -z "$output" ]
    cmp run/curves.svg whole/curves.svg
    cmp run/results.csv whole/results.csv

    head -n 3 whole/results.csv >run/results.csv
    refuses "run/results.csv: has no row of epoch 3; damaged"
    sed 3d whole/results.csv >run/results.csv
    refuses "run/results.csv: epoch 3 after 1; damaged"
    sed 's/,[^,]*$//' whole/results.csv >run/results.csv
    refuses "a row must have"
    sed 's/^2,/nan,/' whole/results.csv >run/results.csv
    refuses "run/results.csv: epoch 'nan'"
    tail -n 3 whole/results.csv >run/results.csv
    refuses "must begin with the names of its columns"
    rm run/results.csv
    run "$EDGEL" train --resume run --epochs 4 -q
    [ "$status" -eq 0 ]
    [[ "$output" == *"run/results.csv: lost; it goes on after epoch 3"* ]]
    [ "$(column run/results.csv epoch)" = 4 ]

    rm -r run
    cp -r whole run
    head -c 3000 whole/last.safetensors >run/last.safetensors
    refuses "run/last.safetensors: "
    rm run/last.safetensors
    refuses "run/last.safetensors: lost"
}

@test "--resume tells options that are not what they were" {
    train -o run i
    run "$EDGEL" train --resume run --epochs 3 --max-time 1000 -j 1
    [ "$status" -eq 0 ]
    [ "$(grep ' was ' <<<"$output")" = $'edgel: --epochs was 2, is 3\nedgel: --max-time was not given, is 1000' ]
    run "$EDGEL" train --resume run --epochs 3
    [ "$status" -eq 0 ]
    [[ "$output" != *" was "* ]]
    sed -i 's/"worst":"8"/"worst":"7"/' run/args.json # as a version with another default wrote it
    run "$EDGEL" train --resume run
    [[ "$output" == *"--worst was 7, is 8"* ]]
    sed -i 's/"worst":"8"/"worst":8/' run/args.json
    run "$EDGEL" train --resume run
    [ "$status" -eq 2 ]
    [[ "$output" == *"args.json: options: must hold"* ]]
}

@test "--resume says in words that images or class weights are others, and no hashes" {
    train -o run --val-split 0.5 --class-weights auto --augment colour i
    refuses "was trained on 2 images, and now there are 3" --val-split 0.25
    [[ "$output" != *"class weights"* ]]
    cp -r run kept
    train -o run --existing overwrite --val-images vi --val-truth vt --class-weights 1,2 i
    refuses "the class weights are not those it began with" --class-weights 1,3
    train -o bare --val-images vi --val-truth vt i
    mv run weighted
    mv bare run
    refuses "was trained without class weights, which cannot change" --class-weights 1,2
    rm -r run
    mv weighted run
    cp vi/1.ppm vi/2.ppm
    cp vt/1.pgm vt/2.pgm
    refuses "was validated on 1 images, and now there are 2"
    rm -r run
    mv kept run
    cp i/0.ppm i/3.ppm
    cp i/0.ppm i/2.ppm
    refuses "the training images, or the model that it started from, are not those it began with: their mean"
}

# Every option but those of the folder and of the running, each with another value than it has.
other_options() {
    cat <<'END'
--truth t2
--val-images vi
--val-truth vt
--val-split 0.25
--image-suffix _rgb
--truth-suffix _mask
--valid v
--labels ids
--classes 3
--ignore 7
--colors colors
--boundaries
--soft-ignore 0.4
--cache 7
--arch edge-tiny
--weights xavier
--init m
--freeze first
--pretrain layerwise
--pretrain-epochs 3
--dropout 0.25
--loss dice
--class-weights 1,2
--balance
--smooth 2
--smooth-beta 0.5
--focal-gamma 1
--tversky-alpha 0.5
--tversky-beta 0.5
--cldice-steps 2
--border-weight 2
--border-sigma 2
--l1 0.5
--l2 0.5
--optimizer adamw
--lr 0.5
--momentum 0.5
--weight-decay 0.5
--schedule cosine
--schedule-epochs 7
--warmup 2
--lr-every 7
--lr-gamma 0.5
--lr-power 2
--clip-norm 3
--clip-value 3
--ema 0.5
--batch 3
--crop 9x10
--crops 2
--augment flip
--seed 7
--epochs 3
--steps 7
--max-time 70
--patience 7
--min-delta 0.5
--monitor f1
--recompute-bn end
--checkpoint 7
--worst 7
--lenient
--no-orient
--max-pixels 1000
--max-side 1000
--max-scans 7
--range 12bit
--max-chunk 1000
--max-file 1000
END
}

@test "--resume tells every option that is another one as it was and is" {
    "$EDGEL" train --help | sed -n 's/^  \(-., \|    \)--\([a-z0-9-]*\).*/\2/p' | sort >all
    other_options | sed 's/^--//; s/ .*//' | cat - <(printf '%s\n' output existing resume jobs progress quiet help) | sort | diff - all
    train -o run i
    other_options >options
    while read -r name value; do
        run "$EDGEL" train --resume run "$name" ${value:+"$value"}
        [[ "$output" == *"$name was "*", is ${value:-o}"* ]] || { echo "$name $value: $output"; return 1; }
        if [ "$status" -eq 0 ]; then rm -r run && train -o run i; fi
    done <options
}

# Takes a note out of a run's last.safetensors: the file as an earlier version wrote it.
without_note() {
    python3 - "$1/last.safetensors" "$2" <<'PY'
import json, struct, sys
b = open(sys.argv[1], "rb").read()
n = struct.unpack("<Q", b[:8])[0]
head = json.loads(b[8:8 + n])
del head["__metadata__"][sys.argv[2]], head["__metadata__"]["hash"]
text = json.dumps(head).encode()
text += b" " * (-len(text) % 64)
open(sys.argv[1], "wb").write(struct.pack("<Q", len(text)) + text + b[8 + n:])
PY
}

@test "--resume refuses masks that were changed, and pixels that count no longer" {
    train -o run i
    cp t/2.pgm kept
    cp t/1.pgm t/2.pgm
    refuses "run/last.safetensors: the truth of the training images is not what it began with"
    mv kept t/2.pgm
    { printf 'P5 24 16 255\n'; head -c 192 /dev/zero | tr '\0' '\377'; head -c 192 /dev/zero; } >valid.pgm
    refuses "the truth of the training images is not what it began with" --valid valid.pgm
    without_note run "training truth"
    run "$EDGEL" train --resume run --epochs 4
    [ "$status" -eq 0 ]
    [[ "$output" == *"run/last.safetensors: has no hash of its contents: a changed bit in it would not be seen"* ]]
    run "$EDGEL" train --resume run --epochs 5
    [ "$status" -eq 0 ]
    [[ "$output" != *"has no hash"* ]]
}

@test "--resume refuses validation images and masks that were changed" {
    train -o run --val-images vi --val-truth vt i
    cp vi/1.ppm kept
    cp i/2.ppm vi/1.ppm
    refuses "run/last.safetensors: the validation images are not those it began with"
    mv kept vi/1.ppm
    cp vt/1.pgm kept
    cp t/2.pgm vt/1.pgm
    refuses "run/last.safetensors: the truth of the validation images is not what it began with"
    without_note run "validation truth"
    run "$EDGEL" train --resume run --epochs 4
    [ "$status" -eq 0 ]
}

@test "--resume refuses what shapes the weights of the beginning" {
    "$EDGEL" model new --seed 3 -o m linear
    train -o run i
    refuses "--weights has no use with --resume: the run has its weights already" --weights xavier
    refuses "--init has no use with --resume" --init m
    refuses "--pretrain has no use with --resume" --pretrain layerwise
    run "$EDGEL" train --resume run --weights he --epochs 3
    [ "$status" -eq 0 ]
}

@test "--quiet is of one run, not of those that resume it" {
    train -o run -q i
    run "$EDGEL" train --resume run --epochs 3
    [[ "$output" == *"--epochs was 2, is 3"*"epoch 3/3"*"all epochs are done: 3 epochs"* ]]
    run "$EDGEL" train --resume run --epochs 4 -q
    [ -z "$output" ]
    run "$EDGEL" train --resume run --epochs 5
    [[ "$output" == *"epoch 5/5"* ]]
}

@test "--resume refuses fewer --epochs than are done" {
    train -o run --epochs 3 i
    find run -type f -exec cksum {} + | sort >before
    run "$EDGEL" train --resume run --epochs 2
    [ "$status" -eq 2 ]
    [[ "$output" == *"--epochs 2: run has done 3 already; a larger number goes on"* ]]
    find run -type f -exec cksum {} + | sort | diff before -
    run "$EDGEL" train --resume run --epochs 3
    [ "$status" -eq 0 ]
}

@test "--resume of a schedule of a planned length: other --epochs are refused, --schedule-epochs extends" {
    train -o run --schedule cosine i
    refuses "--epochs 4: the learning rate of this run was planned to reach 0 with epoch 2"
    train -o run --existing overwrite --schedule poly --schedule-epochs 6 i
    run "$EDGEL" train --resume run --epochs 4
    [ "$status" -eq 0 ]
}

@test "a resume that is refused leaves the run as it was" {
    train -o run i
    run "$EDGEL" train --resume run --epochs 4 --lr 0.5
    [ "$status" -eq 2 ]
    run "$EDGEL" train --resume run --epochs 3
    [ "$status" -eq 0 ]
    [ "$(column run/results.csv epoch | tr '\n' ' ')" = "1 2 3 " ]
}

@test "--resume of a run that has no checkpoint yet begins it, and words after -- stay operands" {
    run "$EDGEL" train --truth t --arch linear --epochs 2 --batch 2 -o run -- i
    [ "$status" -eq 0 ]
    before=$(weights run)
    rm run/last.safetensors
    sed -i 3d run/results.csv # the row of an epoch comes before its checkpoint
    run "$EDGEL" train --resume run -q
    [ "$status" -eq 0 ]
    [ "$(weights run)" = "$before" ]
}

@test "two runs in one folder: the second is refused, the first goes on; nothing is left of the lock" {
    "$EDGEL" train --truth t --arch linear --epochs 1000000 --progress never -q -o run i &
    pid=$!
    for _ in $(seq 500); do
        [ ! -f run/last.safetensors ] || break
        sleep 0.01
    done
    train -o run --existing overwrite i
    [ "$status" -eq 2 ]
    [[ "$output" == *"run/"*"another run is at work there"* ]]
    run "$EDGEL" train --resume run
    [ "$status" -eq 2 ]
    [[ "$output" == *"another run is at work there"* ]]
    rows=$(wc -l <run/results.csv)
    sleep 0.5
    [ "$(wc -l <run/results.csv)" -gt "$rows" ]
    kill -9 "$pid"
    wait "$pid" || true
    train -o run --existing overwrite i # a lock dies with its process
    [ "$status" -eq 0 ]
    [ ! -e run/.edgel-journal ]
    run "$EDGEL" train --truth t -o bad/er/run missing
    [ "$status" -eq 2 ]
    [ ! -e bad ]
}

@test "an empty name of a folder is refused" {
    train -o '' missing
    [ "$status" -eq 2 ]
    [[ "$output" == *"--output '': must name a folder"* ]]
    run "$EDGEL" train --resume ''
    [ "$status" -eq 2 ]
    [[ "$output" == *"--resume '': must name the folder of a run"* ]]
}

@test "the record of an interrupted detect is left alone, and so is its folder" {
    mkdir out
    printf '%s\n' '{"schema":"edgel.journal/1","settings":{}}' 'run 1-00000001' 'done 0000000000000001 1 1.000000000' >out/.edgel-journal
    find out -type f -exec cksum {} + | sort >before
    train -o out i
    [ "$status" -eq 2 ]
    [[ "$output" == *"out: a run over images was interrupted there after 1"* ]]
    find out -type f -exec cksum {} + | sort | diff before -
    sed -i 3d out/.edgel-journal # one that was killed before its first image has nothing to lose
    train -o out i
    [ "$status" -eq 0 ]
    [ ! -e out/.edgel-journal ]
}

@test "--existing overwrite leaves nothing of the older run" {
    train -o run --val-split 0.25 --worst 1 --lr 0.1 i
    echo mine >run/worst/notes.txt
    train -o run --existing overwrite --epochs 1 --worst 0 i
    [ "$status" -eq 0 ]
    [ "$(column run/results.csv epoch)" = 1 ]
    [ ! -e run/confusion.csv ]
    [ "$(ls run/worst)" = notes.txt ]
}

@test "nothing of a run is written through links in its folder" {
    train -o run --epochs 1 --worst 1 i
    [ "$status" -eq 0 ]
    mkdir outside
    for f in args.json results.csv curves.svg last.safetensors best.safetensors; do
        mv run/$f outside/
        ln -s ../outside/$f run/$f
    done
    cp -r outside before
    run "$EDGEL" train --resume run --epochs 2 --worst 0
    [ "$status" -eq 0 ]
    diff -r before outside
    for f in args.json results.csv curves.svg last.safetensors; do [ -f run/$f ] && [ ! -L run/$f ]; done
    rm -rf run/worst
    mkdir outside/worst
    echo mine >outside/worst/01_iou0.500_x.png
    ln -s ../outside/worst run/worst
    run "$EDGEL" train --resume run --epochs 3 --worst 1
    [ "$status" -ne 0 ]
    [[ "$output" == *"run/worst: is a symbolic link"* ]]
    [ "$(cat outside/worst/*)" = mine ]
}

@test "--freeze and --pretrain exclude each other" {
    train -o run --freeze conv1 --pretrain layerwise i
    [ "$status" -eq 2 ]
}

@test "--checkpoint and Ctrl-C: the run goes on as if there had been no break" {
    train -o whole --epochs 400 --crop 8 i
    "$EDGEL" train --truth t --arch linear --batch 2 --progress never -o broken --epochs 400 --crop 8 --checkpoint 0.001 i 2>told &
    pid=$!
    for _ in $(seq 200); do
        [ -f broken/last.safetensors ] && break
        sleep 0.01
    done
    kill -INT $pid || true
    code=0
    wait $pid || code=$?
    [ "$code" -eq 130 ] || [ "$code" -eq 0 ]
    [ "$code" -eq 0 ] || grep -q 'stopped after .*; --resume broken goes on$' told
    run "$EDGEL" train --resume broken -q
    [ "$status" -eq 0 ]
    [ "$(weights whole)" = "$(weights broken)" ]
    train -o x --checkpoint 0 i
    [ "$status" -eq 2 ]
}

@test "a loss that is no number ends the run, and what was trained is kept" {
    train -o run --optimizer sgd --lr 1e6 --loss l2:1e6 --l2 1e6 --epochs 100 i
    [ "$status" -eq 1 ]
    [[ "$output" == *"epoch"* ]]
    [ -f run/args.json ]
}

@test "what is too large for the memory is told with the options that make it so" {
    [[ "$EDGEL_SANITIZE" != *address* ]] || skip "address sanitizer takes more addresses than the limit"
    limited() {
        (
            ulimit -v 4000000
            "$EDGEL" train --truth t --arch linear --epochs 1 -j 1 -o run "$@" i
        )
    }
    run limited --batch 3 --crop 60000x50000
    [ "$status" -eq 1 ]
    [[ "$output" == *"3 images of 60000x50000: out of memory; a smaller --batch than 3 or --crop than 60000x50000 takes less"* ]]
    [ ! -e run ]
    run limited --batch 4096 --crop 60000x50000
    [[ "$output" == *"4 images of 60000x50000: out of memory; a smaller --batch than 4 or"* ]]
    run limited --batch 4096 --crop 50000x50000 --crops 2
    [[ "$output" == *"8 images of 50000x50000: out of memory; a smaller --batch than 8 or"* ]]
    limited --batch 4096 --crop 1024 # for the 4 images, as for a batch of 4
    mv run large
    limited --batch 4 --crop 1024
    [ "$(weights large)" = "$(weights run)" ]
}

@test "an interrupt ends the look at the images before the first step, and nothing is written" {
    mkdir vi2 vt2
    { printf 'P6 3000 2000 255\n'; head -c 18000000 /dev/zero | tr '\0' '\100'; } >vi2/0.ppm
    { printf 'P5 3000 2000 255\n'; head -c 3000000 /dev/zero; head -c 3000000 /dev/zero | tr '\0' '\377'; } >vt2/0.pgm
    for k in $(seq 15); do ln vi2/0.ppm vi2/"$k".ppm && ln vt2/0.pgm vt2/"$k".pgm; done
    "$EDGEL" train --truth t --val-images vi2 --val-truth vt2 --arch linear --epochs 1 --cache 0 -o run i 2>told &
    stop_when $! INT "(foreground)" told
    [ "$status" -eq 130 ]
    [ ! -e run ]
}

@test "--quiet says nothing, --progress always draws a line" {
    train -o a -q i
    [ -z "$output" ]
    run "$EDGEL" train --truth t --arch linear --epochs 40 --progress always -o b i
    [[ "$output" == *"images/s"* ]]
}

# A mask of 12x8 whose left half is the object, for the pictures of pictures.bash.
half_mask() {
    mkdir -p "$(dirname "$1")"
    awk 'BEGIN { print "P2 12 8 255"; for (i = 0; i < 96; i++) print (i % 12 < 6 ? 255 : 0) }' >"$1"
}

@test "--no-orient leaves the EXIF orientation alone" {
    mkdir exif
    turned >exif/a.jpg
    half_mask masks/a.pgm
    run "$EDGEL" train --truth masks --arch linear --epochs 1 -o a exif
    [ "$status" -eq 2 ]
    run "$EDGEL" train --truth masks --arch linear --epochs 1 --no-orient -o a exif
    [ "$status" -eq 0 ]
}

@test "masks that are JPEG files are told of" {
    mkdir in masks
    scans >masks/a.jpg
    awk 'BEGIN { print "P2 12 8 255"; for (i = 0; i < 96; i++) print (i * 37) % 256 }' >in/a.pgm
    run "$EDGEL" train --truth masks --labels binary --arch linear --epochs 1 -o run in
    [[ "$output" == *"masks: masks are JPEG files, whose values are not quite those that were drawn"* ]]
}

@test "--max-scans and --max-chunk refuse files" {
    mkdir in
    scans >in/a.jpg
    half_mask masks/a.pgm
    run "$EDGEL" train --truth masks --arch linear --epochs 1 --max-scans 5 -o a in
    [ "$status" -eq 2 ]
    run "$EDGEL" train --truth masks --arch linear --epochs 1 --max-scans 6 -o a in
    [ "$status" -eq 0 ]
    mkdir in2
    text >in2/b.png
    printf 'P2 2 2 255 0 255 0 255' >masks/b.pgm
    run "$EDGEL" train --truth masks --arch linear --epochs 1 --max-chunk 90 -o b in2
    [ "$status" -eq 2 ]
    run "$EDGEL" train --truth masks --arch linear --epochs 1 --max-chunk 110 -o b in2
    [ "$status" -eq 0 ]
}

@test "help and guides name every loss, optimizer, schedule, change and preset" {
    "$EDGEL" help train | tr -s ' \n' ' ' >help
    found=0
    for lead in "Weighted sum of losses:" "How a step is made:" "How the learning rate changes:" "each by an amount or its default:" \
        "or a preset:"; do
        rows=$(sed "s/.*$lead//; s/ \[default: .*//; s/ --seed=.*//" help)
        for name in $(grep -oE '[a-z0-9-]+(:[0-9.]+)? \(' <<<"$rows" | sed 's/[: ].*//'); do
            grep -q "\`$name\`" "$EDGEL_SOURCE/docs/train.md" "$EDGEL_SOURCE/docs/architectures.md" || { echo "no guide names $name"; return 1; }
            found=$((found + 1))
        done
    done
    [ "$found" -ge 35 ]
    "$EDGEL" help model | grep -q '^Presets: linear (one 5x5'
}

@test "masks with numbers of objects do not start a training without a list of classes" {
    mkdir ni nt
    for n in 8 9 10 11; do
        pgm() { printf 'P2\n4 4\n255\n%s\n' "$2" >"$1"; }
        pgm "ni/m$n.pgm" "$(seq 16 | paste -sd' ')"
        pgm "nt/m$n.pgm" "$(for k in $(seq 16); do echo $((k > n ? 0 : k)); done | paste -sd' ')"
    done
    run "$EDGEL" train --truth nt --arch linear --epochs 1 -o r ni
    [ "$status" -eq 2 ]
    [[ "$output" == *'nt: the ids run from 1 without a gap in every mask, up to 11: they look like numbers of objects'* ]]
    [[ "$output" == *'--classes FILE or N'*'--labels binary'* ]]
    [ ! -e r ]
    run "$EDGEL" train --truth nt --arch linear --epochs 1 --classes 12 -o r ni
    [ "$status" -eq 0 ]
    run "$EDGEL" train --truth nt --arch linear --epochs 1 --labels binary -o r2 ni
    [ "$status" -eq 0 ]
    pgm nt/m8.pgm "$(seq 16 16 256 | sed 's/256/255/' | paste -sd' ')"
    for f in 9 10 11; do pgm "nt/m$f.pgm" "$(seq $((f * 16)) $((f * 16 + 15)) | paste -sd' ')"; done
    run "$EDGEL" train --truth nt --arch linear --epochs 1 -o r3 ni
    [ "$status" -eq 0 ]
    for f in 12 13; do
        cp ni/m8.pgm "ni/m$f.pgm"
        pgm "nt/m$f.pgm" "$(seq $((f * 16)) $((f * 16 + 15)) | paste -sd' ')"
    done
    run "$EDGEL" train --truth nt --arch linear --epochs 1 -o r4 ni
    [ "$status" -eq 2 ]
    [[ "$output" == *'ids, up to 255: more than 64 do not look like classes'* ]]
}
