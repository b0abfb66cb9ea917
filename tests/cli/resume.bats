#!/usr/bin/env bats
# --resume: a run that was killed at any moment goes on, does nothing twice that was finished, and ends with the tree of
# an unbroken run; what was done with other options is not mixed in.

setup() {
    : "${EDGEL:?}"
    load ../support/pictures
    cd "$BATS_TEST_TMPDIR" || return
    mkdir -p in/sub
    for i in 1 2 3 4 5 6; do gray $((40 + i)) 30 >in/sub/$i.pgm; done
}

teardown() {
    if [ -n "${pid-}" ]; then kill -KILL "$pid" 2>/dev/null || true; fi
}

detect() {
    "$EDGEL" detect "$@"
}

# slow: a run that takes long enough to be killed in the middle.
slow() {
    mkdir -p big
    for i in 1 2 3 4 5 6 7 8; do
        { printf 'P5 900 700 255\n' && head -c 630000 /dev/urandom; } >"big/$i.pgm"
    done
}

# killed OPTION...: starts a run over big (and $more) and kills it once two images are in its record, but not all: the log
# of a run that has done them all may be whole. On a busy machine it may have come to that; then it is tried again.
killed() {
    local journal=${journal:-out/.edgel-journal} more=${more:-} pid finished
    for _ in $(seq 40); do
        rm -rf out .edgel-*.tmp
        # shellcheck disable=SC2086 # none or one
        "$EDGEL" detect -q -j 1 "$@" -o out big $more &
        pid=$!
        until [ "$(grep -c ^done "$journal" 2>/dev/null)" -ge 2 ] 2>/dev/null; do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.002
        done
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" || true
        finished=$(grep -c ^done "$journal" 2>/dev/null) || finished=0
        if [ "$finished" -ge 2 ] && [ "$finished" -lt 8 ]; then return 0; fi
    done
    return 1
}

@test "a killed run goes on: finished images are skipped, the tree is that of an unbroken run" {
    slow
    detect -q -m canny -m gaussian:sigma=9 -o whole big
    killed -m canny -m gaussian:sigma=9
    [ "$(find out -name '*.png' | wc -l)" -lt 16 ]
    n=$(grep -c ^done out/.edgel-journal)
    stat -c '%i %n' out/canny/1.png out/gaussian/2.png >inodes
    run detect --dry-run --resume -m canny -m gaussian:sigma=9 -o out big
    [ "$(grep -c 'finished before' <<<"$output")" -eq $((2 * n)) ]
    detect -q --resume --jsonl log -m canny -m gaussian:sigma=9 -o out big
    stat -c '%i %n' out/canny/1.png out/gaussian/2.png | diff inodes -
    [ "$(grep -c '"status":"skipped"' log)" -eq "$n" ]
    diff -r whole out # no record, no unfinished file
}

@test "killed a dozen times at random moments: no torn file, the same tree in the end" {
    slow
    detect -q -o whole -m canny -m roberts big
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
        "$EDGEL" detect -q -j 2 --resume -m canny -m roberts -o out big 2>messages &
        pid=$!
        sleep "0.0$((RANDOM % 90 + 10))"
        kill -KILL "$pid" || true
        wait "$pid" || true
        [ -d out ] || continue
        (cd out && find . -name '*.png' ! -name '.edgel-*') >files
        while read -r file; do cmp "out/$file" "whole/$file"; done <files
        [ "$(wc -l <files)" -lt 16 ] || [ -e out/.edgel-journal ] || rm -rf out
    done
    detect -q --resume -m canny -m roberts -o out big
    diff -r whole out
}

@test "an input that changed to another of the same size is done again" {
    slow
    killed
    head -c $(($(stat -c %s big/1.pgm) - 15)) /dev/urandom >noise # 15: the header
    { printf 'P5 900 700 255\n' && cat noise; } >big/1.pgm
    [ "$(stat -c %s big/1.pgm)" -eq "$(stat -c %s big/2.pgm)" ]
    detect -q --resume -o out big
    detect -q -o whole big
    diff -r whole out
}

@test "an input that changed, an output that is gone, an image that was not noted: done again" {
    slow
    killed
    cp in/sub/1.pgm big/1.pgm
    rm out/2.png
    echo torn >out/3.png
    sed -i '/^done/{x;s/^/x/;/^xxx/{x;d};x}' out/.edgel-journal # two images are noted
    detect -q --resume -o out big
    detect -q -o whole big
    diff -r whole out
}

@test "a record whose end is cut off, at every byte, is read; what is no line of it is passed over" {
    slow
    rm big/[3-8].pgm
    mkdir third && { printf 'P5 3000 2000 255\n' && head -c 6000000 /dev/urandom; } >third/x.pgm
    more=third killed -m gaussian:sigma=20
    cp out/.edgel-journal full
    cp -rp out before
    size=$(wc -c <full)
    for at in $(seq 0 41 "$size") $((size - 1)) "$size"; do
        rm -rf out
        cp -rp before out
        head -c "$at" full >out/.edgel-journal
        run detect -q --dry-run --resume --existing overwrite -m gaussian:sigma=20 -o out big
        [ "$status" -eq 0 ]
        whole=$(head -c "$at" full | tr -cd '\n' | wc -c)
        want=$(head -n "$whole" full | grep -c ^done || true)
        [ "$(grep -c 'finished before' <<<"$output")" -eq "$want" ]
    done
    rm -rf out
    cp -rp before out
    { head -n 1 full; printf 'nonsense\n\0\0\0\ndone x y z\n'; grep ^done full; } >out/.edgel-journal
    run detect -q --dry-run --resume -m gaussian:sigma=20 -o out big
    [ "$(grep -c 'finished before' <<<"$output")" -eq 2 ]
}

@test "other options are refused, the one that differs is named, nothing is touched" {
    slow
    killed -m canny:sigma=1 -m sobel
    find out -type f ! -path "*active*" -exec cksum {} + | sort >before
    expect() {
        local word=$1
        shift
        run detect --resume -o out "$@" big
        [ "$status" -eq 2 ] && [[ "$output" == *--resume*"$word"* ]] || { echo "$*: $status $output"; return 1; }
        find out -type f ! -path "*active*" -exec cksum {} + | sort | diff before -
    }
    expect "-m canny,sobel" -m canny:sigma=1
    expect "--sigma (canny, method 1) 1, this one has 2" -m canny:sigma=2 -m sobel
    expect "--aperture (sobel, method 2)" -m canny:sigma=1 -m sobel:aperture=5
    expect "--depth (sobel" -m canny:sigma=1 -m sobel:depth=16
    expect "--low (canny" -m canny:sigma=1,low=20% -m sobel
    expect "--high (canny" -m canny:sigma=1,high=auto -m sobel
    expect "--norm" -m canny:sigma=1,norm=l2 -m sobel
    expect "--nms" -m canny:sigma=1,nms=interp -m sobel
    expect "--ksize" -m canny:sigma=1,ksize=9 -m sobel
    expect "--gray" -m canny:sigma=1 -m sobel:gray=channels
    expect "--emit" -m canny:sigma=1,emit=strength -m sobel
    expect "--name" -m canny:sigma=1 -m sobel --name '{op}/{stem}.png'
    expect "--lenient" -m canny:sigma=1 -m sobel --lenient
    expect "--no-orient" -m canny:sigma=1 -m sobel --no-orient
    expect "--range" -m canny:sigma=1 -m sobel --range 12bit
    expect "--page" -m canny:sigma=1 -m sobel --page 2
    sed -i '1s/"version":"/&9/' out/.edgel-journal
    find out -type f ! -path "*active*" -exec cksum {} + | sort >before
    expect "version" -m canny:sigma=1 -m sobel
    echo "no journal" >out/.edgel-journal
    find out -type f ! -path "*active*" -exec cksum {} + | sort >before
    expect ".edgel-journal" -m canny:sigma=1 -m sobel
}

@test "options that change no result may change: threads, limits, log" {
    slow
    killed
    detect -q --resume -j 2 --max-pixels 100000000 --progress never --jsonl log -o out big
    grep -q skipped log
}

@test "without --resume an interrupted run is not overwritten, and the way on is told" {
    slow
    killed
    run detect -o out big
    [ "$status" -eq 2 ]
    [[ "$output" == *"exists already"*"--resume"* ]]
    detect -q --existing overwrite -o out big # a new run, with a record of its own
    grep -q '"finished":true' out/.edgel-journal
    run detect -o out big
    [ "$status" -eq 2 ]
    [[ "$output" == *"exists already"* && "$output" != *"--resume"* ]] # it has ended
}

@test "two runs at once: the second keeps no record of its own and is not confused with the first" {
    slow
    mkfifo blocked
    "$EDGEL" detect -q -j 1 -m gaussian:sigma=60 --jsonl blocked -o out big & # stands still until the log is read
    pid=$!
    sleep 0.2
    exec 9<blocked
    until [ -e out/.edgel-journal ]; do sleep 0.01; done
    kill -STOP "$pid"
    run detect --resume -m gaussian:sigma=60 -o out big
    [ "$status" -eq 2 ]
    [[ "$output" == *"another run is at work"* ]]
    run detect -q -o out in
    [ "$status" -eq 2 ]
    [[ "$output" == *"another run is at work"* ]]
    run detect -q -m gaussian:sigma=60 -o out in
    [ "$status" -eq 0 ]
    [[ "$output" == *"another run is at work"*"cannot go on"* ]]
    kill -CONT "$pid"
    cat <&9 >/dev/null
    exec 9<&-
    wait "$pid"
    detect -q -m gaussian:sigma=60 -o whole big
    diff -r whole out --exclude sub
}

@test "parts keep records of their own" {
    slow
    journal=out/.edgel-journal-1-of-2 killed --shard 1/2
    detect -q --shard 2/2 -o out big
    [ -e out/.edgel-journal-1-of-2 ]
    detect -q --resume --shard 1/2 --jsonl log -o out big
    grep -q skipped log
    detect -q -o whole big
    diff -r -x '.edgel-*' whole out
    run detect --resume --shard 1/2 -o out big
    [ "$status" -eq 0 ]
    [[ "$output" == *"nothing left to do"* ]]
}

@test "an interrupted run keeps its record, a run without outputs leaves nothing" {
    slow
    "$EDGEL" detect -j 1 -o out big 2>messages &
    pid=$!
    until [ -s out/1.png ]; do sleep 0.005; done
    kill -INT "$pid" 2>/dev/null || true
    code=0
    wait "$pid" || code=$?
    if [ "$code" -eq 130 ]; then
        [ -e out/.edgel-journal ]
        grep -q -- "--resume" messages
    fi
    echo broken >big/5.pgm
    run detect -q --resume -o out big
    [ "$status" -eq 1 ] || [ "$code" -eq 0 ]
    echo broken >in/sub/x.png
    run detect -q -o deep/er/out in/sub/x.png
    [ "$status" -eq 1 ]
    [ ! -e deep ]
}

@test "unfinished files of the killed run are removed, those of others are not" {
    slow
    killed
    tag=$(sed -n 's/^run //p' out/.edgel-journal)
    mkdir out/sub
    touch "out/.edgel-$tag-7.tmp" "out/sub/.edgel-$tag-8.tmp" out/.edgel-1-00000001-7.tmp "out/.edgel-$tag-7.tmpx"
    mkdir -p logs/sub
    touch "logs/.edgel-$tag-0.tmp" "logs/sub/.edgel-$tag-0.tmp" "logs/.edgel-1-00000001-7.tmp" ".edgel-$tag-0.tmp"
    detect -q --resume --jsonl logs/log -o out big
    [ ! -e "out/.edgel-$tag-7.tmp" ]
    [ ! -e "out/sub/.edgel-$tag-8.tmp" ]
    [ "$(cd logs && echo .edgel* sub/.edgel* log)" = ".edgel-1-00000001-7.tmp sub/.edgel-$tag-0.tmp log" ]
    [ -e ".edgel-$tag-0.tmp" ]
    [ -e out/.edgel-1-00000001-7.tmp ]
    [ -e "out/.edgel-$tag-7.tmpx" ]
}

@test "the log that a killed run did not finish is removed as well, in the working folder too" {
    slow
    killed --jsonl log
    ls .edgel-*.tmp
    detect -q --resume --jsonl log -o out big
    [ -z "$(find . -name '.edgel-*.tmp')" ]
    [ -s log ]
}

@test "a run that has ended has nothing left to do: what a supervisor repeats ends" {
    mkdir few
    for i in 1 2 3; do gray 9 $((6 + i)) >few/$i.pgm; done
    detect -q -o out few
    find out -type f -exec stat -c '%i %y %n' {} + | sort >before
    run detect --resume --jsonl log -o out few
    [ "$status" -eq 0 ]
    [[ "$output" == *"0 done, 0 failed, 3 skipped"*"nothing left to do"* ]]
    [ "$(grep -c '"status":"skipped"' log)" -eq 3 ]
    find out -name '*.png' -exec stat -c '%i %y %n' {} + | sort | diff <(grep png before) -
    cp -r out copy
    detect -q --resume -o out few # and again
    diff -r out copy
    # Equal runs leave equal records, whatever the folder is called and however many threads there were.
    detect -q -j 3 -o other/one few
    diff -r out other/one
    # What is new, changed or gone is done, the rest is not.
    gray 9 20 >few/4.pgm
    gray 9 21 >few/1.pgm
    rm out/2.png
    run detect --resume -o out few
    [ "$status" -eq 0 ]
    [[ "$output" == *"3 done, 0 failed, 1 skipped"* ]]
    detect -q -o whole few
    diff -r whole out
    [ "$(wc -c <out/.edgel-journal)" -lt 2000 ]
}

@test "a finished record speaks for its own outputs only" {
    mkdir few
    for i in 1 2 3; do gray 9 $((6 + i)) >few/$i.pgm; done
    detect -q -o out few
    # Other options: as without a record.
    run detect --resume --sigma 5 -o out few
    [ "$status" -eq 2 ]
    [[ "$output" == *"out/1.png: exists already"* ]]
    detect -q --resume --sigma 5 --name '{stem}_5.png' -o out few
    run detect --resume -o out few
    [ "$status" -eq 2 ]
    # An output that another hand has replaced since, or an image that the record does not know.
    rm -r out
    detect -q -o out few
    sleep 0.02
    echo mine >out/2.png
    run detect --resume -o out few
    [ "$status" -eq 2 ]
    [[ "$output" == *"out/2.png: exists already"* ]]
    [ "$(cat out/2.png)" = mine ]
    rm -r out
    detect -q -o out few
    gray 9 5 >few/5.pgm
    echo mine >out/5.png
    run detect --resume -o out few
    [ "$status" -eq 2 ]
    [ "$(cat out/5.png)" = mine ]
    # It is no image for whoever reads the folder.
    run detect -o edges out
    [[ "$output" != *"not images"* ]]
}

@test "a run that was killed between its last image and its end has nothing left to do" {
    mkdir few
    for i in 1 2 3; do gray 9 $((6 + i)) >few/$i.pgm; done
    detect -q -o out few
    tag=4000000000-0000beef
    sed -i '1s/"finished":true /"finished":false/;1a run '$tag out/.edgel-journal
    touch out/.edgel-$tag-3.tmp # the end of the record was being written
    run detect --resume -o out few
    [ "$status" -eq 0 ]
    [[ "$output" == *"nothing left to do"* ]]
    [ ! -e out/.edgel-$tag-3.tmp ]
    detect -q -o whole few
    diff -r whole out
}
