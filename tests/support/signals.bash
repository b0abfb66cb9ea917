# Runs that are stopped, and threads counted from outside.
# shellcheck shell=bash disable=SC2034,SC2154

# stop_when PID SIGNAL PATTERN FILE: waits until FILE has PATTERN, at most 5 s, and sends SIGNAL to PID; its exit code
# is then $status.
stop_when() {
    for _ in $(seq 500); do
        if grep -q "$3" "$4"; then break; fi
        sleep 0.01
    done
    kill -"$2" "$1"
    status=0
    wait "$1" || status=$?
}

# watch_threads PID: until it ends; raises $most to the most threads that it had. Not for a subshell, to which an ended
# process that its parent has not waited for is still there.
watch_threads() {
    local now
    while [ -d "/proc/$1/task" ] && kill -0 "$1" 2>/dev/null; do
        # shellcheck disable=SC2012
        now=$(ls "/proc/$1/task" 2>/dev/null | wc -l)
        [ "$now" -gt "$most" ] && most=$now
    done
    return 0
}
