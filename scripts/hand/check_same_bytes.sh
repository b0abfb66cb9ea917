#!/usr/bin/env bash
# Same bytes everywhere: many methods over a folder and its evaluation, over images that are large enough to be shared
# among the threads, and (for data/scenes) 20 steps of training and what the model makes of the images, with gcc and
# clang, on every CPU level of the build that the processor has, on 1, 2, 3, 7 and 16 threads; and, at the highest
# level, without optimisation on 1, 2 and 7. Prints one hash per combination. For each compiler and level also images
# that are read, filtered and written by rows: the same as when they are whole in memory. Exit 1 when not all is equal.
# Takes some 8 minutes and 2 GB of disk.
#
#   scripts/hand/check_same_bytes.sh [IMAGES [TRUTH]]        default: data/scenes; with the large images 273 outputs
. "$(dirname "$0")/../shared/house.sh"
images=$(path_of "${1:-$root/data/scenes/images}")
truth=${2:+$(path_of "$2")}
masks=
[ $# -gt 0 ] || truth=$root/data/scenes/boundaries masks=$root/data/scenes/masks
make_work
large=$work/large

methods=()
for m in canny canny:emit=strength canny:nms=interp,low=auto,high=auto sobel:aperture=7 prewitt scharr:norm=l2 roberts \
    gaussian:sigma=3 canny:gray=channels,sigma=2 canny:ksize=5,low=50,high=150 canny:norm=l2 canny:aperture=5,sigma=0 \
    sobel roberts:norm=l2,depth=16 gaussian gaussian:sigma=5,gray=channels sobel:sigma=1,gray=channels; do
    methods+=(-m "$m")
done

by_rows=() # without thresholds that need the whole image: with those, no method of the image goes by rows
for m in "${methods[@]}"; do
    case $m in -m) ;; *auto*) ;; *) by_rows+=(-m "$m") ;; esac
done

hash_tree() { (cd "$1" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum) | sha256sum | cut -c1-16; }

run() { # PROGRAM THREADS OUT
    "$1" detect -q -j "$2" "${methods[@]}" --name '{dir}/{stem}_{ext}_{n}.png' -o "$3/detect" "$images"
    [ -z "$truth" ] || "$1" eval -q -j "$2" --truth "$truth" --missing skip --pred-suffix _png_2 --thresholds 33 \
        --tolerance 2px --counts "$3/counts" --csv "$3/csv" --json "$3/json" "$3/detect" >"$3/table" || [ $? -eq 3 ]
    if [ -n "$masks" ]; then
        "$1" train -q -j "$2" --truth "$masks" --labels binary --arch unet-tiny --crop 32 --batch 2 --epochs 1 --steps 20 \
            --augment flip,turn,rotate,scale,contrast,noise --worst 0 -o "$3/run" "$images"
        "$1" segment -q -j "$2" -m "$3/run/best.safetensors" --emit probability -o "$3/segment" "$images/03-coins.png"
        rm "$3"/run/args.json "$3"/run/results.csv # names of folders and seconds
    fi
    sed -i "s#$3#OUT#g" "$3"/counts "$3"/json "$3"/csv "$3"/table 2>/dev/null || true
}

# One image a command: only then all threads are for that image.
run_large() { # PROGRAM THREADS OUT
    local image
    for image in "$large"/shared/*; do
        "$1" detect -q -j "$2" "${methods[@]}" --name '{stem}_{ext}_{n}.pnm' -o "$3/large" "$image"
    done
}

run_by_rows() { # PROGRAM OUT
    "$1" detect -q -j 2 "${by_rows[@]}" --name '{stem}_{ext}_{n}.pnm' -o "$2/whole" "$large/streamed"
    "$1" detect -q -j 2 "${by_rows[@]}" --name '{stem}_{ext}_{n}.pnm' -o "$2/rows" --stream-over 0 "$large/streamed"
    diff -rq "$2/whole" "$2/rows" || { echo 'by rows: NOT as in memory'; exit 1; }
    rm -r "$2/rows"
}

make_large() { # PROGRAM
    "$1" detect -q --sigma 0 -m gaussian:ksize=1,depth=8 -m gaussian:ksize=1,depth=8,gray=channels \
        --name '{stem}_{n}.pnm' -o "$work/small" "$root/data/scenes/images"
    "$root/scripts/makers/make_large.py" "$work/small" "$large"
}

# The names of the levels that program $1 knows and this processor has.
levels_of() {
    local level known
    known=$(EDGEL_CPU='?' "$1" --version 2>&1 || true)
    for level in $(sed -n 's/.*known: //p' <<<"$known" | tr -d ,); do
        ! EDGEL_CPU=$level "$1" --version | grep -qx "CPU level: $level" || echo "$level"
    done
}

# Takes a hash of OUT into the list NAME, says WHAT it is of, and empties OUT.
note() { # NAME OUT WHAT
    local -n list=$1
    list+=("$(hash_tree "$2")")
    printf '%s %s  (%s outputs)\n' "$3" "${list[-1]}" "$(find "$2" -type f -name '*.p[n]*' | wc -l)"
    rm -rf "$2" && mkdir -p "$2"
}

equal() { [ "$(printf '%s\n' "$@" | sort -u | wc -l)" -eq 1 ]; }

all=() rows=() out=$work/out
mkdir "$out"
for cc in gcc clang; do
    for optimisation in 0 3; do
        build=$work/$cc$optimisation program=$build/src/cli/edgel
        CC=$cc meson setup "$build" "$root" -Dbuildtype=plain -Doptimization=$optimisation -Dtests=disabled >/dev/null
        ninja -C "$build" >/dev/null
        [ -d "$large" ] || make_large "$program"
        mapfile -t levels < <(levels_of "$program")
        [ ${#levels[@]} -gt 0 ] || { echo "$cc -O$optimisation: no CPU level"; exit 1; }
        threads=(1 2 3 7 16)
        [ "$optimisation" -gt 0 ] || { threads=(1 2 7) && levels=("${levels[-1]}"); }
        for level in "${levels[@]}"; do
            export EDGEL_CPU=$level
            what=$(printf '%-6s -O%s  %-7s' "$cc" "$optimisation" "$level")
            for t in "${threads[@]}"; do
                run "$program" "$t" "$out"
                run_large "$program" "$t" "$out"
                note all "$out" "$what $(printf -- '-j %-3s' "$t")"
            done
            run_by_rows "$program" "$out"
            note rows "$out" "$what by rows"
        done
        unset EDGEL_CPU
    done
done
if ! equal "${all[@]}" || ! equal "${rows[@]}"; then
    echo 'NOT equal'
    exit 1
fi
echo "all equal: ${#all[@]} runs, ${#rows[@]} by rows"
