# shellcheck shell=bash disable=SC2154
# What the tests of eval and report share: masks of a few pixels, and expressions over the summary document.

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    mkdir t p
}

# pgm FILE WIDTH VALUE...: an 8-bit gray file of one or more rows.
pgm() {
    local file=$1 width=$2
    shift 2
    mkdir -p "$(dirname "$file")"
    printf 'P2\n%d %d\n255\n%s\n' "$width" "$(($# / width))" "$*" >"$file"
}

mask() {
    python3 "$EDGEL_SOURCE/tests/support/make_mask.py" "$@"
}

# evaluate ARG...: runs eval quietly, JSON into s.json.
evaluate() {
    run "$EDGEL" eval -q --json s.json "$@"
    echo "$output"
}

report() {
    run "$EDGEL" report --json s.json "$@"
    echo "$output"
}

# is EXPRESSION VALUE: an expression over the summary document d (c: its first class, b: its boundary) in
# python.
is() {
    python3 - "$1" "$2" <<'PY'
import json, sys
d = json.load(open("s.json"))
c = d["classes"][0] if d.get("classes") else None
b = d.get("boundary")
got, want = eval(sys.argv[1]), eval(sys.argv[2])
if got != want:
    sys.exit(f"{sys.argv[1]} is {got}, not {want}")
PY
}

has() {
    [[ $output == *"$1"* ]] || { echo "no '$1' in: $output"; return 1; }
}

hasnt() {
    [[ $output != *"$1"* ]] || { echo "'$1' in: $output"; return 1; }
}
