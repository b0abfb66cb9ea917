#!/usr/bin/env bats
# edgel merge: what --shard runs wrote, joined, is what the whole writes; what does not belong together is refused.

setup() {
    load ../support/pictures
    cd "$BATS_TEST_TMPDIR" || return
    mkdir -p in/sub truth/sub
    for i in 1 2 3 4 5 6 7 8; do gray $((8 + i)) 9 >in/$i.pgm; done
    gray 9 9 >$'in/sub/odd \xff "name".pgm'
    echo "P5 broken" >in/4.pgm
    echo "no image" >in/readme.txt
}

merge() {
    "$EDGEL" merge "$@"
}

# log LOG: without the seconds and without what tells a part from the whole.
log() {
    sed -E 's/"seconds":[0-9.e-]+//' "$1"
}

# logs N: logs 1.jsonl .. N.jsonl of N parts, and whole.jsonl.
logs() {
    "$EDGEL" detect -q --existing overwrite --jsonl whole.jsonl -o out in 2>/dev/null || [ $? -eq 1 ]
    for i in $(seq "$1"); do
        "$EDGEL" detect -q --existing overwrite --shard "$i/$1" --jsonl "$i.jsonl" -o out in 2>/dev/null || [ $? -eq 1 ]
    done
}

# counts N: 1.counts .. N.counts of N parts, and whole.counts; with truth that lacks a prediction and the other way.
counts() {
    [ -d p ] || "$EDGEL" detect -q -o p in 2>/dev/null || true
    [ -d q ] || "$EDGEL" detect -q --sigma 2 -o q in 2>/dev/null || true
    [ -d t ] || { "$EDGEL" detect -q --sigma 1 -o t in 2>/dev/null || true; cp t/1.png t/lone.png; rm t/2.png; }
    local options=(-q --missing skip --thresholds 3 --tolerance 1 --truth t)
    "$EDGEL" eval "${options[@]}" --jsonl whole.jsonl --counts whole.counts p q >/dev/null
    for i in $(seq "$1"); do
        "$EDGEL" eval "${options[@]}" --shard "$i/$1" --jsonl "$i.jsonl" --counts "$i.counts" p q >/dev/null
    done
}

# refused STATUS WORD...: merge failed so and wrote nothing.
refused() {
    [ "$status" -eq "$1" ] || { echo "exit $status: $output"; return 1; }
    [ ! -e merged ]
    shift
    for word in "$@"; do [[ "$output" == *"$word"* ]] || { echo "no '$word' in: $output"; return 1; }; done
}

@test "logs of 1, 2, 3 and 20 parts, in any order, make the log of the whole" {
    for n in 1 2 3 20; do
        logs "$n"
        # shellcheck disable=SC2046
        merge -q -o merged $(seq -f %g.jsonl "$n" | sort -r)
        diff <(log whole.jsonl) <(log merged)
        rm ./*.jsonl
    done
    tail -n 1 merged | grep -q '"ok":8,"failed":1,"skipped":0,"not_images":1'
}

@test "the list in a log is the hash of all names" {
    logs 3
    python3 - <<'PY'
import json
names = [json.loads(l)["input"].encode("utf-8", "surrogateescape") for l in open("whole.jsonl") if '"input"' in l]
h = 14695981039346656037
for b in b"".join(n + b"\0" for n in names):
    h = (h ^ b) * 1099511628211 % 2**64
head = json.loads(open("2.jsonl").readline())
settings = head.pop("settings")
assert settings["-m"] == "canny" and settings["--ksize (canny)"] == "0" and "version" in settings, settings
assert head == {"type": "shard", "shard": {"index": 2, "count": 3, "items": len(names), "list": f"{h:016x}"}}, head
PY
}

@test "counts of 1, 3 and 40 parts make the counts of the whole, byte for byte, and the same report" {
    for n in 1 3 40; do
        counts "$n"
        # shellcheck disable=SC2046
        merge -o merged $(seq -f %g.counts "$n" | sort -r)
        cmp whole.counts merged
        # shellcheck disable=SC2046
        merge -q -o log $(seq -f %g.jsonl "$n" | sort)
        diff <(log whole.jsonl) <(log log)
    done
    "$EDGEL" report --reduce image --json a.json whole.counts >/dev/null
    "$EDGEL" report --reduce image --json b.json merged >/dev/null
    cmp a.json b.json
}

@test "--output, -o: a file or standard output, and required" {
    counts 2
    merge -o - 1.counts 2.counts | cmp - whole.counts
    merge --output merged 1.counts 2.counts
    cmp merged whole.counts
    run merge 1.counts 2.counts
    [ "$status" -eq 2 ]
    [[ "$output" == *"-o OUT"* ]]
    cp 1.counts keep
    run merge -o 1.counts 1.counts 2.counts
    [ "$status" -eq 2 ]
    cmp keep 1.counts
    run merge -o merged
    [ "$status" -eq 2 ]
}

@test "--quiet, -q: no totals" {
    logs 2
    run merge -o merged 1.jsonl 2.jsonl
    [[ "$output" == *"8 done, 1 failed, 0 skipped in 2 parts"* ]]
    for q in -q --quiet; do
        run merge $q -o merged 1.jsonl 2.jsonl
        [ -z "$output" ]
    done
}

@test "parts that are missing, twice, of another run or no parts are refused" {
    counts 3
    run merge -o merged 1.counts 3.counts
    refused 2 "shard 2 of 3 is missing"
    run merge -o merged 1.counts 2.counts
    refused 2 "shard 3 of 3 is missing"
    run merge -o merged 1.counts 2.counts 3.counts 2.counts
    refused 2 "both shard 2 of 3"
    run merge -o merged whole.counts
    refused 2 "no part"
    run merge -o merged 1.jsonl 2.jsonl
    refused 2 "shard 3 of 3 is missing"
    run merge -o merged 1.jsonl 2.jsonl whole.jsonl
    refused 2 whole.jsonl "no part"
    run merge -o merged 1.counts 2.jsonl 3.counts
    refused 2 "one is a log"
    "$EDGEL" eval -q --missing skip --thresholds 3 --tolerance 1 --truth t --shard 2/2 --jsonl half.jsonl \
        --counts half.counts p q >/dev/null
    for kind in counts jsonl; do
        run merge -o merged 1.$kind half.$kind
        refused 2 "half.$kind is shard 2 of 2, 1.$kind one of 3: not parts of one run"
        run merge -o merged half.$kind 1.$kind
        refused 2 "1.$kind is shard 1 of 3"
    done
    run merge -o merged in/1.pgm
    refused 2 "neither"
    run merge -o merged nowhere
    refused 2 nowhere
    run merge -o merged <(cat 1.counts) 2.counts 3.counts
    refused 2 "not a regular file"
    mv 3.counts old.counts
    "$EDGEL" eval -q --missing skip --thresholds 3 --tolerance 2 --truth t --shard 3/3 --counts 3.counts p q >/dev/null
    run merge -o merged 1.counts 2.counts 3.counts
    refused 2 1.counts 3.counts tolerance
    "$EDGEL" eval -q --missing skip --thresholds 3 --tolerance 1 --reduce image --truth t --shard 3/3 --counts 3.counts p q >/dev/null
    run merge -o merged 1.counts 2.counts 3.counts
    refused 2 reduce
    "$EDGEL" eval -q --missing skip --thresholds 3 --tolerance 1 --truth t --shard 3/3 --counts 3.counts q p >/dev/null
    run merge -o merged 1.counts 2.counts 3.counts
    refused 2 "different names"
    rm t/8.png # the list is another one now
    "$EDGEL" eval -q --missing skip --thresholds 3 --tolerance 1 --truth t --shard 3/3 --counts 3.counts p q >/dev/null
    run merge -o merged 1.counts 2.counts 3.counts
    refused 2 "different lists"
}

@test "logs of parts that were made with other options are refused, the first that differs is named" {
    part() {
        "$EDGEL" detect -q --existing overwrite --shard "$1/2" --jsonl "$1.jsonl" -o "out$1" "${@:2}" in 2>/dev/null || [ $? -eq 1 ]
    }
    part 1 --sigma 2
    part 2 --sigma 2 -j 3 --durable --stream-over 0 --max-pixels 100000 --verbose # these change no output
    merge -q -o merged 1.jsonl 2.jsonl
    rm merged
    for other in "--sigma 3" "-m sobel" "--low 20" "--gray luma" "--emit strength" "--depth 8" "--lenient" "--range 12bit" \
        "--no-orient" "--page 2" "--name {stem}.tif"; do
        # shellcheck disable=SC2086
        part 2 --sigma 2 $other
        run merge -o merged 1.jsonl 2.jsonl
        refused 2 1.jsonl 2.jsonl "${other%% *}" "not parts of one run"
    done
    part 2 --sigma 2
    sed -i '1s/"version":"/&9/' 2.jsonl
    run merge -o merged 1.jsonl 2.jsonl
    refused 2 version "not parts of one run"
    counts 2
    merge -q -o merged 1.jsonl 2.jsonl
    rm merged
    local options=(-q --missing skip --thresholds 3 --truth t --shard 2/2 --jsonl 2.jsonl)
    "$EDGEL" eval "${options[@]}" --tolerance 1 -j 3 --counts x.counts p q >/dev/null
    merge -q -o merged 1.jsonl 2.jsonl
    rm merged
    "$EDGEL" eval "${options[@]}" --tolerance 2 p q >/dev/null
    run merge -o merged 1.jsonl 2.jsonl
    refused 2 "tolerance 1" "has 2: not parts of one run"
    "$EDGEL" eval "${options[@]}" --tolerance 1 --lenient p q >/dev/null
    run merge -o merged 1.jsonl 2.jsonl
    refused 2 lenient "not parts of one run"
}

@test "damaged logs are errors that name the file and the line" {
    logs 3
    cp 2.jsonl good
    sed -i '2d' 2.jsonl # a line less: the summary comes too early
    run merge -o merged 1.jsonl 2.jsonl 3.jsonl
    refused 1 2.jsonl
    sed '2{h;d};3{G}' good >2.jsonl # two lines changed places
    run merge -o merged 1.jsonl 2.jsonl 3.jsonl
    refused 1 "not those of the list"
    sed '$d' good >2.jsonl
    run merge -o merged 1.jsonl 2.jsonl 3.jsonl
    refused 1 2.jsonl:5 "summary"
    head -c -1 good >2.jsonl
    run merge -o merged 1.jsonl 2.jsonl 3.jsonl
    refused 1 2.jsonl:5 "cut off"
    sed 's/"skipped":0/"skipped":1/' good >2.jsonl
    run merge -o merged 1.jsonl 2.jsonl 3.jsonl
    refused 1 2.jsonl:5 "does not count"
    sed '2s/"ok"/"fine"/' good >2.jsonl
    run merge -o merged 1.jsonl 2.jsonl 3.jsonl
    refused 1 2.jsonl:2 "status"
    { cat good; echo '{"type":"image"}'; } >2.jsonl
    run merge -o merged 1.jsonl 2.jsonl 3.jsonl
    refused 1 2.jsonl:6 "follows"
    sed '1s/"settings":{.*}}/"settings":{"a":1}}/' good >2.jsonl
    run merge -o merged 1.jsonl 2.jsonl 3.jsonl
    refused 1 2.jsonl:1 "object of strings"
    sed '1s/,"settings":{.*}}/}/' good >2.jsonl
    run merge -o merged 1.jsonl 2.jsonl 3.jsonl
    refused 1 2.jsonl:1 "object of strings"
    for head in '{"type":"shard"}' '{"type":"shard","shard":{"index":4,"count":3,"items":9,"list":"0000000000000000"}}' \
        '{"type":"shard","shard":{"index":2,"count":3,"items":-1,"list":"0000000000000000"}}' \
        '{"type":"shard","shard":{"index":2,"count":3,"items":9,"list":"000000000000000G"}}'; do
        { echo "$head"; sed 1d good; } >2.jsonl
        run merge -o merged 1.jsonl 2.jsonl 3.jsonl
        refused 1 2.jsonl:1 shard
    done
}

@test "damaged counts are errors that name the file" {
    counts 3
    cp 2.counts good
    sed '$d' good >2.counts
    run merge -o merged 1.counts 2.counts 3.counts
    refused 1 "fewer rows than the"
    sed '2{h;d};3{G}' good >2.counts
    run merge -o merged 1.counts 2.counts 3.counts
    refused 1 2.counts "out of order"
    { sed '$d' good; tail -n 1 3.counts; } >2.counts
    run merge -o merged 1.counts 2.counts 3.counts
    refused 1 2.counts 3.counts "both have the row"
    sed '$s/"image":"/&z/' good >2.counts
    run merge -o merged 1.counts 2.counts 3.counts
    refused 1 "not those of the list"
    head -c -9 good >2.counts
    run merge -o merged 1.counts 2.counts 3.counts
    refused 1 2.counts: "cut off"
}

@test "an interrupted part is refused, its log tells why" {
    logs 2
    sed -i '2d;s/"interrupted":false/"interrupted":true/' 2.jsonl
    run merge -o merged 1.jsonl 2.jsonl
    refused 1 "did not reach all"
}

@test "exit 130: an interrupted merge writes nothing" {
    counts 2
    for i in 1 2; do
        python3 - $i <<'PY'
import re, sys
path = sys.argv[1] + ".counts"
lines = open(path).read().splitlines()
lines[0] = re.sub('"rows":[0-9]+', '"rows":300000', lines[0])
row = lines[1].split('"image":"', 1)
rest = row[1].split('"', 1)[1]
with open(path, "w") as f:
    f.write(lines[0] + "\n")
    for i in range(300000):
        f.write(f'{row[0]}"image":"{2 * i + int(sys.argv[1]):07}"{rest}\n')
PY
    done
    mkdir o
    "$EDGEL" merge -o o/merged 1.counts 2.counts >out 2>err &
    pid=$!
    for _ in $(seq 500); do
        [ -n "$(ls -A o)" ] && break
        sleep 0.01
    done
    kill -TERM "$pid"
    status=0
    wait "$pid" || status=$?
    [ "$status" -eq 130 ]
    [ -z "$(ls -A o)" ]
    grep -q interrupted err
}

@test "every option of --help has a test here" {
    for option in $("$EDGEL" help merge | sed -nE 's/^ +(-[A-Za-z0-9], )?(--[a-z0-9-]+).*/\2/p'); do
        [ "$option" = --help ] || grep -qE "^@test \"$option( |\"|:|,)" "$BATS_TEST_FILENAME"
    done
}
