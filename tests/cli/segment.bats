#!/usr/bin/env bats
# edgel segment: what each --emit writes, that tiles and threads change nothing, the contract of runs over folders.

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    printf 'input channels=3\nconv out=4 k=3 dilation=2\ntanh\nconv out=classes k=3\n' >net.txt
    "$EDGEL" model new --seed 7 -o one.st net.txt
    "$EDGEL" model new --seed 3 --outputs 3 -o three.st net.txt
    mkdir -p in/sub
    noise 40 30 1 >in/a.ppm
    noise 23 31 2 >in/sub/b.ppm
}

segment() {
    "$EDGEL" segment -q "$@"
}

# noise W H SEED: a colour picture.
noise() {
    python3 -c '
import random, sys
w, h, seed = map(int, sys.argv[1:])
random.seed(seed)
blocks = [[[random.randrange(256) for c in range(3)] for x in range(w // 6 + 1)] for y in range(h // 6 + 1)]
sys.stdout.buffer.write(b"P6 %d %d 255\n" % (w, h))
sys.stdout.buffer.write(bytes(blocks[y // 6][x // 6][c] for y in range(h) for x in range(w) for c in range(3)))' "$@"
}

# png_kind FILE: its depth and colour type, 0 gray, 3 palette.
png_kind() {
    od -An -v -tu1 -j 24 -N 2 "$1" | xargs
}

# python CODE: with pnm(path) -> rows of samples, pfm(path).
python() {
    python3 -c '
import struct, sys
def header(f, n):
    words = []
    while len(words) < n:
        words += f.readline().split()
    return words
def pnm(path):
    with open(path, "rb") as f:
        kind, w, h, top = header(f, 4)
        data = f.read()
    n, w, h = (3 if kind == b"P6" else 1), int(w), int(h)
    v = data if int(top) < 256 else struct.unpack(">%dH" % (len(data) // 2), data)
    return [list(v[y * w * n:(y + 1) * w * n]) for y in range(h)]
def pfm(path):
    with open(path, "rb") as f:
        kind, w, h, scale = header(f, 4)
        data = f.read()
    w, h = int(w), int(h)
    v = struct.unpack("<%df" % (w * h), data)
    return [list(v[y * w:(y + 1) * w]) for y in reversed(range(h))]
'"$1"
}

# refused STATUS WORD...: the command failed so and said these.
refused() {
    [ "$status" -eq "$1" ] || { echo "exit $status: $output"; return 1; }
    shift
    for word in "$@"; do [[ "$output" == *"$word"* ]] || { echo "no '$word' in: $output"; return 1; }; done
}

@test "a mask of one output is 1-bit, foreground where the probability reaches the threshold" {
    segment -m one.st -o masks in
    [ "$(png_kind masks/a.png)" = "1 0" ]
    [ "$(png_kind masks/sub/b.png)" = "1 0" ]
    segment -m one.st --name '{stem}.pgm' -o pgm in
    segment -m one.st --name '{stem}.pgm' --threshold 0.3 -o low in
    segment -m one.st --emit probability --name '{stem}.pfm' -o soft in
    python '
for name in "a", "sub/b":
    p, half, low = pfm("soft/%s.pfm" % name), pnm("pgm/%s.pgm" % name), pnm("low/%s.pgm" % name)
    assert 0 <= min(map(min, p)) < 0.3 < 0.5 < max(map(max, p)) <= 1
    assert half == [[255 * (v >= 0.5) for v in row] for row in p]
    assert low == [[255 * (v >= 0.3) for v in row] for row in p]'
}

@test "a mask of several outputs is a palette image of the largest probability's class" {
    segment -m three.st -o masks in
    [ "$(png_kind masks/a.png)" = "8 3" ]
    segment -m three.st --name '{stem}.pgm' -o pgm in
    segment -m three.st --emit probability --name '{stem}_{class}.pfm' -o soft in
    python '
p = [pfm("soft/a_class %d.pfm" % k) for k in range(3)]
mask = pnm("pgm/a.pgm")
assert set(sum(mask, [])) == {0, 1, 2}
for y in range(30):
    for x in range(40):
        v = [q[y][x] for q in p]
        assert abs(sum(v) - 1) < 1e-5
        assert mask[y][x] == v.index(max(v))'
    [ "$(python3 "$EDGEL_SOURCE/tests/support/read_png.py" masks/a.png)" = "8 3 0 reach 1" ] # no filter, runs
}

@test "probabilities: one file a class, 8, 16 or 32 bits" {
    segment -m three.st --emit probability -o soft in
    [ "$(find soft -type f ! -name '.edgel-*' | wc -l)" -eq 6 ]
    [ "$(png_kind 'soft/sub/b_class 2.png')" = "8 0" ]
    segment -m one.st --emit probability --depth 16 --name '{stem}.pgm' -o deep in
    segment -m one.st --emit probability --name '{stem}.pgm' -o flat in
    segment -m one.st --emit probability --depth 32 --name '{stem}.pfm' -o float in
    python '
p, deep, flat = pfm("float/a.pfm"), pnm("deep/a.pgm"), pnm("flat/a.pgm")
for y in range(30):
    for x in range(40):
        assert abs(deep[y][x] - p[y][x] * 65535) <= 0.51
        assert abs(flat[y][x] - p[y][x] * 255) <= 0.51'
    run segment -m one.st --emit probability --depth 32 -o x in
    refused 2 "--depth 32 is for float samples"
    run segment -m one.st --emit probability --depth 16 --name '{stem}.pfm' -o x in
    refused 2 "PFM holds float samples"
    run segment -m one.st --depth 16 -o x in
    refused 2 "--depth: is for --emit probability"
}

@test "an overlay is the image with half of the class's colour" {
    segment -m three.st --emit overlay --name '{stem}.ppm' -o over in
    segment -m three.st --name '{stem}.pgm' -o pgm in
    python '
image, over, mask = pnm("in/a.ppm"), pnm("over/a.ppm"), pnm("pgm/a.pgm")
colors = {1: (128, 0, 0), 2: (0, 128, 0)}
for y in range(30):
    for x in range(40):
        was, now = image[y][3 * x:3 * x + 3], over[y][3 * x:3 * x + 3]
        color = colors.get(mask[y][x])
        assert now == ([(a + b + 1) // 2 for a, b in zip(was, color)] if color else was)'
    run segment -m three.st --emit overlay --name '{stem}.pgm' -o x in
    refused 2 "an overlay is colour"
}

@test "instances and objects are the components of each class" {
    segment -m three.st --emit instances --name '{stem}.pgm' -o map in
    segment -m three.st --emit objects -o table in
    segment -m three.st --name '{stem}.pgm' -o pgm in
    python '
import csv
ids, mask = pnm("map/a.pgm"), pnm("pgm/a.pgm")
h, w = 30, 40
seen, n, order = {}, 0, []
for y in range(h):
    for x in range(w):
        if mask[y][x] == 0 or (x, y) in seen:
            continue
        n += 1
        todo, pixels = [(x, y)], []
        seen[x, y] = n
        while todo:
            px, py = todo.pop()
            pixels.append((px, py))
            for qy in range(max(py - 1, 0), min(py + 2, h)):
                for qx in range(max(px - 1, 0), min(px + 2, w)):
                    if (qx, qy) not in seen and mask[qy][qx] == mask[y][x]:
                        seen[qx, qy] = n
                        todo.append((qx, qy))
        xs, ys = [p[0] for p in pixels], [p[1] for p in pixels]
        order.append([n, mask[y][x], "class %d" % mask[y][x], len(pixels), min(xs), min(ys), max(xs) - min(xs) + 1,
                      max(ys) - min(ys) + 1, sum(xs) / len(xs), sum(ys) / len(ys)])
assert n > 3
assert ids == [[seen.get((x, y), 0) for x in range(w)] for y in range(h)]
rows = list(csv.reader(open("table/a.csv")))
assert rows[0] == "id class name area x y w h cx cy".split()
assert len(rows) == n + 1
for got, want in zip(rows[1:], order):
    assert got[:8] == list(map(str, want[:8]))
    assert all(abs(float(g) - v) <= 0.0051 for g, v in zip(got[8:], want[8:]))'
    run segment -m three.st --emit objects --name '{stem}.png' -o x in
    refused 2 "the extension must be csv"
}

@test "tiles, threads and CPU levels change no byte" {
    noise 700 500 3 >in/large.ppm
    "$EDGEL" model new -o u.st unet-tiny
    segment -m u.st --emit probability --depth 16 -j 1 -o whole in
    segment -m u.st --emit probability --depth 16 -j 1 --memory 24 -o tiles in
    segment -m u.st --emit probability --depth 16 -j 4 -o four in
    segment -m u.st --emit probability --depth 16 -j 5 -o five in/large.ppm
    EDGEL_CPU=c segment -m u.st --emit probability --depth 16 -o plain in/a.ppm
    diff -r whole tiles
    diff -r whole four
    cmp whole/large.png five/large.png
    cmp whole/a.png plain/a.png
    run segment -m u.st --memory 1 -j 1 -o x in
    refused 1 "large.ppm: --memory 1 MiB is not enough to run the network, whole or on tiles; --memory "
    enough=$(sed -n 's/.*; --memory \([0-9]*\) is enough$/\1/p' <<<"$output" | sort -n | tail -n 1)
    [ "$enough" -gt 1 ]
    segment -m u.st --memory "$enough" -j 1 --emit probability --depth 16 -o enough in
    diff -r tiles enough
}

@test "gray, deep and float images, and models of one channel" {
    printf 'input channels=1\nconv out=classes k=3\n' >gray.txt
    "$EDGEL" model new --seed 5 -o gray.st gray.txt
    mkdir g
    python '
import struct
rows = [[(37 * x + 91 * y + x * y) % 256 for x in range(20)] for y in range(10)]
flat = sum(rows, [])
open("g/eight.pgm", "wb").write(b"P5 20 10 255\n" + bytes(flat))
open("g/deep.pgm", "wb").write(b"P5 20 10 65535\n" + struct.pack(">200H", *[257 * v for v in flat]))
floats = [struct.unpack("<f", struct.pack("<f", v / 255))[0] for row in reversed(rows) for v in row]
open("g/float.pfm", "wb").write(b"Pf\n20 10\n-1.0\n" + struct.pack("<200f", *floats))
open("g/colour.ppm", "wb").write(b"P6 20 10 255\n" + bytes(v for v in flat for c in range(3)))
floats[7] = float("nan")
open("nan.pfm", "wb").write(b"Pf\n20 10\n-1.0\n" + struct.pack("<200f", *floats))'
    segment -m gray.st --emit probability --name '{stem}_{ext}.pfm' -o one g
    cmp one/eight_pgm.pfm one/deep_pgm.pfm
    cmp one/eight_pgm.pfm one/float_pfm.pfm
    cmp one/eight_pgm.pfm one/colour_ppm.pfm
    segment -m one.st --emit probability --name '{stem}_{ext}.pfm' -o three g
    cmp three/eight_pgm.pfm three/colour_ppm.pfm
    run segment -m gray.st -o x nan.pfm
    refused 1 "nan.pfm: PFM: a sample is not finite"
    printf 'input channels=2\nconv out=classes k=3\n' >two.txt
    "$EDGEL" model new -o two.st two.txt
    run segment -m two.st -o x g
    refused 2 "takes 2 channels"
}

@test "eval reads the masks and the probabilities" {
    segment -m one.st -o masks in
    segment -m three.st -o classes in
    run "$EDGEL" eval --truth masks masks
    [[ "$output" == *foreground* ]]
    run "$EDGEL" eval --truth classes classes
    [ "$status" -eq 0 ]
    segment -m one.st --emit probability -o soft in
    run "$EDGEL" eval --truth masks soft --fail-under accuracy=0.99
    [ "$status" -eq 0 ]
}

@test "one output file, names, includes and what exists" {
    segment -m one.st -o mask.png in/a.ppm
    [ -s mask.png ]
    segment -m one.st --emit objects -o t.csv in/a.ppm
    [ -s t.csv ]
    segment -m one.st --emit probability --name '{op}/{class}/{stem}_{n}.png' -o named in
    [ -s named/probability/foreground/b_1.png ]
    run segment -m three.st --name '{class}.png' -o x in
    refused 2 "{class} is unknown"
    run segment -m three.st --emit probability --name '{stem}.png' -o x in
    refused 2 "--name {stem}.png: needs {class} or {n}, as each image gets 3 files, one a class"
    segment -m three.st --emit probability --name '{stem}_{n}.png' -o numbered in
    [ -s numbered/sub/b_3.png ]
    run segment -m three.st --emit probability --name '{class}.png' -o x in/a.ppm in/sub/b.ppm
    refused 2 "both be written to"
    sed 's/class 0/class 1/; s/"hash":"fnv1a64:/"note":"nothing:/' three.st >twins.st # by a program that leaves the hash out
    cmp -s twins.st three.st && return 1
    run segment -m twins.st --emit probability -o x in
    refused 2 "classes 0 and 1 are both 'class 1' in names of files: --name with {n} tells them apart"
    segment -m twins.st --emit probability --name '{class}_{n}.png' -o twins in/a.ppm
    [ -s 'twins/class 1_2.png' ]
    segment -m one.st --include b.ppm -o some in
    [ ! -e some/a.png ]
    [ -s some/sub/b.png ]
    run segment -m one.st -o some in
    refused 2 "exists"
    segment -m one.st --existing skip -o some in
    [ -s some/a.png ]
    run "$EDGEL" segment -m one.st --dry-run --existing overwrite -o some in
    [ "${lines[0]}" = "in/a.ppm -> some/a.png" ]
}

@test "bad images fail alone, the log tells, exit codes" {
    head -c 500 in/a.ppm >in/cut.ppm
    run segment -m one.st --jsonl log.jsonl -o out in
    refused 1 "in/cut.ppm"
    [ "$(ls out)" = $'a.png\nsub' ]
    [ "$(grep -c '"status":"ok"' log.jsonl)" -eq 2 ]
    tail -n 1 log.jsonl | grep -q '"ok":2,"failed":1,"skipped":0'
    mkdir empty
    run segment -m one.st -o out2 empty
    refused 3 "no image"
    run segment -o out2 in
    refused 2 "-m MODEL is required"
    run segment -m missing.st -o out2 in
    refused 2 "missing.st"
    head -c 200 one.st >cut.st
    run segment -m cut.st -o out2 in
    refused 2 "cut.st: "
    run segment -m three.st --threshold 0.4 -o out2 in
    refused 2 "--threshold"
    run segment -m one.st --emit probability --threshold 0.4 -o out2 in
    refused 2 "--threshold"
    run segment -m one.st
    refused 2 "-o OUT is required"
    [ ! -e out2 ]
}

@test "shards write what the whole writes; --resume and --durable" {
    for i in 1 2 3 4 5; do noise 20 20 "$i" >"in/$i.ppm"; done
    segment -m one.st -o whole in
    segment -m one.st --shard 1/2 --durable -o parts in
    segment -m one.st --shard 2/2 -o parts in
    diff -r -x '.edgel-*' whole parts
    run segment -m one.st --resume --dry-run -o fresh in
    [ "$status" -eq 0 ]
    head -c 100 in/1.ppm >in/zz.ppm
    run segment -m one.st --resume -o fresh in
    [ "$status" -eq 1 ]
    rm in/zz.ppm
    diff -r whole fresh
}

@test "--resume goes on after a kill and refuses another model" {
    for i in $(seq 40); do noise 64 64 "$i" >"in/$i.ppm"; done
    "$EDGEL" model new -o u.st unet-tiny
    segment -m u.st -o whole in
    "$EDGEL" segment -q -m u.st -j 1 -o out in &
    pid=$!
    until [ "$(find out -name '*.png' 2>/dev/null | wc -l)" -ge 3 ]; do sleep 0.01; done
    kill -9 $pid
    wait $pid || true
    if [ -e out/.edgel-journal ]; then
        run segment -m one.st --resume -o out in
        refused 2 "--resume"
        run segment -m u.st --emit overlay --resume -o out in
        refused 2 "--emit"
        segment -m u.st --resume -o out in
    fi
    diff -r whole out
}
