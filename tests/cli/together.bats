#!/usr/bin/env bats
# Several runs into one folder at the same time: what would mix outputs is refused, parts of one run and runs over other
# images go on, and a killed run is in nobody's way.

setup() {
    : "${EDGEL:?}"
    load ../support/pictures
    cd "$BATS_TEST_TMPDIR" || return
    mkdir in more
    { printf 'P5 1500 1500 65535\n' && head -c 4500000 /dev/zero; } >in/big.pgm
    gray 9 7 >in/small.pgm
    gray 8 8 >more/other.pgm
}

teardown() {
    if [ -n "${pid-}" ]; then kill -KILL "$pid" 2>/dev/null || true; fi
}

# held OPTION...: starts a run over in (or $over) that takes long, and stops it when it is at work.
held() {
    # shellcheck disable=SC2086 # none or one
    "$EDGEL" detect -q -j 1 -m gaussian:sigma=300 "$@" -o out ${over:-in} 2>messages &
    pid=$!
    until [ -n "$(find out/.edgel-active -type f -size +0 2>/dev/null)" ] && compgen -G "out/.edgel-journal*" >record; do
        kill -0 "$pid" || return
        sleep 0.01
    done
    kill -STOP "$pid"
}

killed() {
    kill -KILL "$pid"
    wait "$pid" || true
    pid=
}

detect() {
    "$EDGEL" detect -m gaussian:sigma=300 -o out "$@"
}

@test "while a run is at work, one with other options is refused" {
    held
    find out -type f | sort >before
    run "$EDGEL" detect -m gaussian:sigma=2 --existing overwrite -o out in
    [ "$status" -eq 2 ]
    [[ "$output" == *"out: another run is at work there with "*300* ]]
    run "$EDGEL" detect -m gaussian:sigma=300 --name '{stem}_2.png' -o out more
    [ "$status" -eq 2 ]
    [[ "$output" == *"with --name {stem}.png, this one has {stem}_2.png"* ]]
    find out -type f | sort | diff before -
    killed
    "$EDGEL" detect -q -m gaussian:sigma=2 --existing overwrite -o out in # a lock dies with its process
    [ "$(find out -type f | wc -l)" -ge 2 ]
    [ ! -e out/.edgel-active ]
}

@test "while a run is at work, one that writes the same outputs is refused, with its record or without" {
    held
    run detect --existing overwrite in/small.pgm
    [ "$status" -eq 2 ]
    [[ "$output" == *"out: another run is at work there, and writes out/small.png too"* ]]
    run detect --resume in
    [ "$status" -eq 2 ]
    [[ "$output" == *"out: another run is at work there"* ]]
    run detect --shard 1/2 --existing skip in
    [ "$status" -eq 2 ]
    [[ "$output" == *"out: another run is at work there"* ]]
}

@test "while a run is at work, one with its options goes on over other images" {
    held
    detect -q more
    [ -e out/other.png ]
    [ -n "$(find out/.edgel-active -type f)" ] # the other one's
}

@test "parts of one run share a folder" {
    over=in held --shard 1/2
    detect -q --shard 2/2 in
    [ -e out/small.png ]
    run detect --shard 1/2 in
    [ "$status" -eq 2 ]
    killed
    rm -rf whole
    detect -q --shard 1/2 --resume in
    [ "$(find out -name '*.png' | wc -l)" -eq 2 ]
    [ ! -e out/.edgel-active ]
}

@test "runs at once over one folder: each ends whole or is refused, and none mixes its outputs with another's" {
    mkdir many
    for i in $(seq -w 1 40); do gray 90 70 >many/$i.pgm; done
    for s in 1 2; do "$EDGEL" detect -q -m gaussian:sigma=$s -o whole$s many; done
    for _ in 1 2 3 4 5; do
        rm -rf out
        for s in 1 2; do
            { code=0; "$EDGEL" detect -q -j 1 -m gaussian:sigma=$s --existing overwrite -o out many 2>messages$s || code=$?; echo $code >code$s; } &
        done
        wait
        codes="$(cat code1) $(cat code2)"
        case $codes in
        "0 0") # one after the other: the tree is that of the last
            diff -r -x '.edgel-*' whole1 out >/dev/null || diff -r -x '.edgel-*' whole2 out ;;
        "0 2") diff -r -x '.edgel-*' whole1 out ;;
        "2 0") diff -r -x '.edgel-*' whole2 out ;;
        *) echo "$codes"; cat messages1 messages2; return 1 ;;
        esac
    done
}

@test "a folder in which a training is at work takes no outputs" {
    mkdir -p out
    printf '%s\n' '{"schema":"edgel.journal/1","settings":{}}' >out/.edgel-journal
    python3 - <<'END' &
import fcntl, time
f = open("out/.edgel-journal", "r+")
fcntl.lockf(f, fcntl.LOCK_EX)
open("locked", "w").close()
time.sleep(60)
END
    pid=$!
    until [ -e locked ]; do sleep 0.02; done
    run detect in/small.pgm
    [ "$status" -eq 2 ]
    [[ "$output" == *"out/.edgel-journal: another run is at work there"* ]]
}

@test "a folder that cannot be written to is told once" {
    mkdir -p out ro
    chmod 777 . in
    chmod 666 in/*
    for i in 1 2 3 4 5; do gray 9 7 >in/$i.pgm; done
    chmod 555 out
    if [ "$(id -u)" -eq 0 ]; then
        command -v setpriv >/dev/null || skip "root may write anywhere, and there is no setpriv"
        as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
        "${as[@]}" "$EDGEL" --version >/dev/null || skip "another user cannot run the program"
    fi
    run "${as[@]}" "$EDGEL" detect -o out in
    [ "$status" -eq 2 ]
    [ "${#lines[@]}" -eq 1 ]
    [[ "$output" == *"out: cannot be written to: Permission denied"* ]]
    chmod 755 out
    "$EDGEL" detect -q -o out in
    chmod 555 out
    run "${as[@]}" "$EDGEL" detect -q --existing skip -o out in # there is nothing to write
    [ "$status" -eq 0 ]
}
