#!/usr/bin/env bash
# Trainings on real data, from nothing, each one command, and their scores on the test split. By hand: they take long.
#
#     scripts/hand/train_real.sh [-b BUILD] [-o OUT] [-j JOBS] dsb2018|chase_db1|camvid|bsds500|ablation...
#
# Data as in data sets of the tests ($EDGEL_DATA, default ../shared/data); OUT (default BUILD/train_real) gets a folder for
# each run. Trainings are stopped by the clock, whatever the machine: 20 minutes, 20, 60, 60. Two cores need less, and then
# the figures are the same for any machine and JOBS. Each row of the ablation takes them some five minutes.
. "$(dirname "$0")/../shared/house.sh"
build=build jobs=$(nproc) out=
while getopts b:o:j: o; do
    case $o in
    b) build=$OPTARG ;;
    o) out=$OPTARG ;;
    j) jobs=$OPTARG ;;
    *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))
out=${out:-$build/train_real}
edgel=$build/src/cli/edgel
mkdir -p "$out"

# train NAME OPTION...: the training and how long it took.
train() {
    local name=$1 start=$SECONDS
    shift
    "$edgel" train -j "$jobs" --existing overwrite -o "$out/$name" "$@" 2>&1 | tail -n 3
    echo "$name: trained in $((SECONDS - start)) s"
}

# score NAME IMAGES TRUTH OPTION...: segments the images and scores the masks.
score() {
    local name=$1 images=$2 truth=$3
    shift 3
    "$edgel" segment -q --existing overwrite -m "$out/$name/best.safetensors" -o "$out/$name/test" "$images"
    "$edgel" eval -q --truth "$truth" "$@" "$out/$name/test"
}

dsb2018() {
    local d=$data/dsb2018
    python=/usr/bin/python3
    "$python" scripts/makers/otsu_masks.py "$d/images/test" "$out/otsu"
    "$edgel" eval -q --truth "$d/masks/test" "$out/otsu" | grep -A1 '^id'
    train dsb2018 --truth "$d/masks/train" --val-images "$d/images/val" --val-truth "$d/masks/val" --arch unet-tiny \
        --crop 128 --crops 3 --epochs 52 --lr 0.002 --warmup 1 --schedule cosine --recompute-bn epoch \
        --augment flip:0.5,vflip:0.5,turn:0.75,scale:0.25,contrast:0.2,gamma:0.2 --max-time 1150 \
        "$d/images/train"
    score dsb2018 "$d/images/test" "$d/masks/test"
}

chase_db1() {
    local d=$data/chase_db1
    train chase_db1 --truth "$d/masks/train" --val-split 0.2 --arch unet-tiny --crop 128 --crops 40 --epochs 16 \
        --lr 0.002 --warmup 1 --schedule cosine --recompute-bn epoch \
        --augment flip:0.5,vflip:0.5,turn:0.75,scale:0.2,brightness:0.05,contrast:0.2 --max-time 1150 "$d/images/train"
    score chase_db1 "$d/images/test" "$d/masks/test"
}

camvid() {
    local d=$data/camvid
    train camvid --truth "$d/masks/train" --val-images "$d/images/val" --val-truth "$d/masks/val" --ignore 11 \
        --classes 11 --arch data/architectures/street.txt --crop 480x360 --epochs 60 --lr 0.003 --warmup 1 \
        --schedule cosine --augment flip:0.5,scale:0.5,brightness:0.1,contrast:0.2,resample:0.5 --max-time 3500 \
        "$d/images/train"
    score camvid "$d/images/test" "$d/masks/test" --ignore 11 --classes 11
}

# Boundaries: the train images alone teach, those of val choose the epoch.
bsds500() {
    local d=$data/bsds500
    train bsds500 --truth "$d/masks/train" --boundaries --val-images "$d/images/val" --val-truth "$d/masks/val" \
        --monitor loss --arch edge-tiny --crop 320 --batch 4 --epochs 150 --lr 0.003 --warmup 1 --schedule cosine \
        --ema 0.999 --recompute-bn end --augment flip:0.5,turn:0.75,brightness:0.1,contrast:0.2,gamma:0.2 \
        --max-time 3500 "$d/images/train"
    "$edgel" segment -q --existing overwrite --emit probability --depth 16 -m "$out/bsds500/best.safetensors" \
        -o "$out/bsds500/test" "$d/images/test"
    "$edgel" eval -q --boundary bsds --nms --truth "$d/groundTruth/test" "$out/bsds500/test"
}

# The preset without batch normalisation: whoever read one reads the layer before it, and convolutions have a bias.
without_batchnorm() {
    "$edgel" model show "$1" | sed 's/ bias=0//' | awk '
        { for (i = 2; i <= NF; i++) if ($i in instead) $i = instead[$i] }
        $2 == "batchnorm" { name = $1; sub(":", "", name); instead[name] = before; next }
        { before = $1; sub(":", "", before); print }'
}

# Sixteen epochs each on dsb2018: what the IoU loss, augmentation, batch normalisation and early stopping add.
ablation() {
    local d=$data/dsb2018
    without_batchnorm unet-tiny >"$out/unet-tiny-without-batchnorm.txt"
    row() {
        local name=$1
        shift
        train "ablation-$name" --truth "$d/masks/train" --val-images "$d/images/val" --val-truth "$d/masks/val" \
            --crop 128 --crops 3 --epochs 16 --lr 0.002 --warmup 1 --schedule cosine "$@" "$d/images/train"
        score "ablation-$name" "$d/images/test" "$d/masks/test" | awk -v n="$name" '$2 == "foreground" { print n, "IoU", $11 }'
    }
    local augment=(--augment "flip:0.5,vflip:0.5,turn:0.75,scale:0.25,contrast:0.2,gamma:0.2")
    local net=(--arch unet-tiny --recompute-bn epoch)
    row all "${net[@]}" "${augment[@]}"
    row bce-alone "${net[@]}" "${augment[@]}" --loss bce
    row iou-alone "${net[@]}" "${augment[@]}" --loss iou
    row no-augmentation "${net[@]}"
    row no-batchnorm --arch "$out/unet-tiny-without-batchnorm.txt" "${augment[@]}"
    row early-stopping "${net[@]}" "${augment[@]}" --patience 3
}

[ $# -gt 0 ] || { sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2; }
for what; do
    case $what in
    dsb2018 | chase_db1 | camvid | bsds500 | ablation) "$what" ;;
    *) echo "train_real: $what: not dsb2018, chase_db1, camvid, bsds500, ablation" >&2; exit 2 ;;
    esac
done
