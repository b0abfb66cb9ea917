#!/usr/bin/env bash
# The boundary benchmark of the BSDS test images, again and again: scores and counts must be the same bytes on 1, 2 and 7
# threads. By hand, some three minutes of processor time.
#   scripts/hand/check_judge.sh [EDGEL] [REPEATS]    EDGEL: build/src/cli/edgel; REPEATS of each: 10
#   $EDGEL_DATA (../shared/data) holds bsds500; $IMAGES (1*.jpg) chooses the images, a glob.
# Exit: 0 the same, 1 not, 77 no data.
. "$(dirname "$0")/../shared/house.sh"
edgel=$(path_of "${1:-$root/build/src/cli/edgel}")
repeats=${2:-10}
data=$data/bsds500
[ -d "$data" ] || skip "$data is absent"
make_work
"$edgel" detect -q -m sobel --sigma 2 --depth 16 --include "${IMAGES:-1*.jpg}" -o "$work/maps" "$data/images/test"
sums=0 first=''
i=0
while [ $i -lt "$repeats" ]; do
    for j in 1 2 7; do
        "$edgel" eval -q -j $j --boundary bsds --nms --missing skip --truth "$data/groundTruth/test" --json "$work/s.json" \
            --counts "$work/counts" "$work/maps" >"$work/table" 2>/dev/null
        sum=$(cat "$work/s.json" "$work/counts" "$work/table" | sha256sum)
        [ -n "$first" ] || first=$sum
        [ "$sum" = "$first" ] || { echo "run $i on $j threads gave other bytes"; exit 1; }
        sums=$((sums + 1))
    done
    i=$((i + 1))
done
echo "$sums runs on 1, 2 and 7 threads over $(find "$work/maps" -name '*.png' | wc -l) images: the same bytes"
