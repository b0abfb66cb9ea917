#!/usr/bin/env bash
# Kills `edgel detect` at random moments and goes on with --resume.
#
#     scripts/hand/check_kill.sh [N] [PROGRAM]      # N kills (200), build/src/cli/edgel
#
# A run over copies of the example scenes is killed with SIGKILL at a random moment of what it takes, gone on with,
# killed again, up to five times, and then finished. After each kill every output that has its name must be, byte for
# byte, that of an unbroken run, and so must the whole tree in the end, with nothing left over and every image done once
# or skipped; a log that has its name is whole. By turns plainly; with --durable; by rows; over the outputs of other
# options, which must be whole until they are replaced.
#
# Only kills count that end a run. How much was there when they came is told; of 100 kills and more some must have come
# in every quarter of a run. Exit 1 when that, a file or a tree is not as it should be.
. "$(dirname "$0")/../shared/house.sh"
kills=${1:-200} program=$(path_of "${2:-$root/build/src/cli/edgel}")
make_work
for copy in $(seq 20); do
    mkdir -p "$work/in/$copy"
    cp data/scenes/images/* "$work/in/$copy"
done
cd "$work"
plain=(-q -j 2 -m canny -m sobel in)
ways=('' --durable --stream-over=0 --existing=overwrite)

now_ms() { echo $(($(date +%s%N) / 1000000)); }
outputs_in() { find "$1" -type f ! -name '.edgel-*' 2>/dev/null | wc -l; }

declare -A whole_ms # of a whole run, each way
"$program" detect -o whole "${plain[@]}"
"$program" detect --sigma 4 -o before "${plain[@]}"
for way in "${ways[@]}"; do
    rm -rf out
    start=$(now_ms)
    "$program" detect ${way:+"$way"} -o out "${plain[@]}"
    whole_ms[x$way]=$(($(now_ms) - start + 1))
done
total=$(outputs_in whole) images=$(($(outputs_in whole) / 2))

torn=0 broken=0 landed=0 missed=0 rounds=0 skipped=0 quarters=(0 0 0 0)

fault() {
    echo "$*"
    broken=$((broken + 1))
}

# What has its name now is whole: of this run or, where outputs are replaced, of those before.
check_files() {
    local file finished
    finished=$(outputs_in out)
    while IFS= read -r file; do
        case $file in
            "Only in whole"*) ;;
            "Only in out"*) [[ $file == *": .edgel-"* ]] || fault "$file" ;;
            *)
                file=${file#Files whole/} file=${file%% and *}
                finished=$((finished - 1))
                cmp -s "out/$file" "before/$file" && [ "$way" = --existing=overwrite ] || torn=$((torn + 1))
                ;;
        esac
    done < <(diff -rq whole out || true)
    done_share=$((finished * 1000 / total))
}

# The log of a run that was killed before it stood in the record is nobody's, and stays.
forget_early_logs() {
    local log run
    for log in .edgel-*; do
        run=${log#.edgel-} run=${run%-*}
        grep -qsx "run $run" out/.edgel-journal || rm -f "$log"
    done
}

# A log that has its name is that of all images.
check_log() {
    [ "$(grep -c -e '"status":"ok"' -e '"status":"skipped"' log)" -eq "$images" ] || fault "$(tail -n 1 log)"
    tail -n 1 log | grep -q '^{"type":"summary",' || fault "a log without its end"
}

# Starts a run and kills it; false when it had ended.
kill_one() {
    local code=0 left=$((1000 - done_share))
    "$program" detect -o out --resume --jsonl log "${options[@]}" 2>messages &
    local pid=$!
    sleep "$(awk -v r=$RANDOM -v ms="${whole_ms[x$way]}" -v left=$left \
        'BEGIN { printf "%.4f", r / 32768 * ms * left / 1e6 }')"
    kill -KILL "$pid" 2>/dev/null || true
    { wait "$pid"; } 2>/dev/null || code=$?
    [ "$code" -eq 137 ] || [ "$code" -eq 0 ] || fault "exit $code: $(cat messages)"
    [ "$code" -eq 137 ]
}

while [ "$landed" -lt "$kills" ]; do
    way=${ways[rounds % 4]} options=("${plain[@]}" ${ways[rounds % 4]:+"${ways[rounds % 4]}"}) done_share=0
    rounds=$((rounds + 1))
    rm -rf out log
    [ "$way" != --existing=overwrite ] || cp -r before out
    mkdir -p out
    for _ in 1 2 3 4 5; do
        [ "$landed" -lt "$kills" ] || break
        if ! kill_one; then
            missed=$((missed + 1))
            break
        fi
        landed=$((landed + 1))
        check_files
        forget_early_logs
        quarter=$((done_share / 250))
        [ "$quarter" -lt 4 ] || quarter=3
        quarters[quarter]=$((quarters[quarter] + 1))
        [ ! -e log ] || break # the kill came after all was done
    done
    if [ ! -e log ]; then # the last run did not reach its end
        "$program" detect -o out --resume --jsonl log "${options[@]}" || fault "exit $? of the last run"
        skipped=$((skipped + $(grep -c '"status":"skipped"' log || true)))
    fi
    check_log
    diff -r whole out || fault "round $rounds ($way): not the tree of an unbroken run"
    ! compgen -G '.edgel-*' || fault "round $rounds ($way): unfinished logs are left"
    rm -f .edgel-*
done
echo "$landed kills in $rounds runs ($missed more had ended), after" \
    "${quarters[0]} + ${quarters[1]} + ${quarters[2]} + ${quarters[3]} by quarters of the outputs:" \
    "$torn torn files, $broken other faults; $skipped images were skipped because they were finished"
for n in "${quarters[@]}"; do
    [ "$n" -gt 0 ] || [ "$kills" -lt 100 ] || fault "no kill came in one quarter"
done
[ "$torn" -eq 0 ] && [ "$broken" -eq 0 ]
