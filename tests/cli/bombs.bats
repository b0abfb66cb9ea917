#!/usr/bin/env bats
# Files that cost far more than they seem to: refused by their head, by their size, or by the work that they ask for.
# scripts/hand/check_bombs.py measures time and memory.

load ../support/scoring

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    mkdir t in
    pgm t/a.pgm 2 0 1 1 0
    pgm in/a.pgm 2 0 255 255 0
    truncate -s 20G zeros
}

# refused CODE TEXT ARGUMENT...: edgel ends with CODE and says TEXT.
refused() {
    local code=$1 text=$2
    shift 2
    run "$EDGEL" "$@"
    [ "$status" -eq "$code" ] || { echo "$output"; return 1; }
    has "$text"
}

@test "a sparse file in the place of an image, a mask or a MAT file" {
    mkdir m
    ln zeros m/a.mat
    ln zeros zeros.png
    refused 1 'zeros.png: not a PNG' detect -o o zeros.png
    refused 1 'zeros: not a PNG' eval --truth zeros --labels ids zeros
    refused 2 'm/a.mat: not a MAT file' train --truth m -o o in
    refused 1 'm/a.mat: not a MAT file' eval --truth m in
}

@test "an image whose file is much larger than its pixels: --max-file" {
    mkdir g
    printf 'P5 2 2 255\n\1\0\1\0' >g/a.pgm
    truncate -s 3G g/a.pgm
    text='g/a.pgm: 3221225472 bytes, over the limit of 67108928 for an image of 2x2 pixels (--max-file)'
    refused 1 "$text" eval --truth g --labels ids g
    refused 2 "$text" train --truth g --labels ids -o o in
    printf 'P5 2 2 255\n\1\0\1\0' >g/a.pgm
    refused 1 'g/a.pgm: 15 bytes, over the limit of 14 for an image (--max-file)' eval --truth t --labels ids --max-file 14 g
    run "$EDGEL" eval --truth t --labels ids --max-file 100 g
    [ "$status" -eq 0 ]
    refused 1 'over the limit of 14' detect -o o --max-file 14 g
    refused 2 'over the limit of 14' train --truth t --max-file 14 -o o g
}

@test "a sparse file in the place of a model or an architecture" {
    printf '\140\0\0\0\0\0\0\0{' >m.safetensors
    truncate -s 3G m.safetensors
    large='m.safetensors: 3221225472 bytes, over the limit of 1140850688 for a model'
    refused 2 'zeros: no safetensors file' segment -m zeros -o o in
    refused 2 "$large" segment -m m.safetensors -o o in
    refused 2 "$large" model summary m.safetensors
    refused 2 'zeros: neither a model file nor the text of an architecture' model summary zeros
    refused 2 'zeros: neither a model file nor the text' train --truth t --arch zeros -o o in
    refused 2 "$large" train --truth t --init m.safetensors -o o in
}

@test "a sparse file in the place of a list, counts or classes" {
    refused 2 'zeros, line 1: longer than 1048576 bytes' detect -o o --files-from zeros
    refused 2 'zeros, line 65537: more than 65536 empty names' detect -o o --files-from zeros -0
    refused 2 'zeros, line 1: longer than' eval --truth t --pairs zeros t
    refused 2 'zeros:1: holds a NUL byte' report zeros
    refused 2 'zeros: is neither a JSON-lines log nor a counts file' merge -o o zeros
    refused 2 'zeros:1: holds a NUL byte' eval --truth t --classes zeros t
    refused 2 'zeros:1: holds a NUL byte' eval --truth t --colors zeros t
}

@test "COCO documents: sparse ones, and objects that overlap without measure" {
    printf '{"images":[' >s.json
    truncate -s 20G s.json
    refused 2 's.json: 21474836480 bytes, over the limit of 2147483648 for a document (--max-file)' \
        eval --truth s.json --objects ids s.json
    refused 2 'over the limit of 10 for a document (--max-file)' \
        eval --truth s.json --objects ids --max-file 10 s.json
    document() { # NUMBER COUNTS: so many objects of 4000 x 4000 pixels
        local all
        all=$(yes '{"image_id":1,"category_id":1,"segmentation":{"size":[4000,4000],"counts":'"$2"'}}' |
            head -n "$1" | paste -sd,)
        echo "{\"images\":[{\"id\":1,\"width\":4000,\"height\":4000}],\"annotations\":[$all]}"
    }
    document 3000 '[0,16000000]' >full.json
    refused 1 'more than 1048576 pairs of objects of one class overlap' \
        eval --truth full.json --objects ids full.json
    document 3000 "[$(yes 5000 | head -n 3200 | paste -sd,)]" >striped.json
    refused 1 'more than 2097152 runs of objects in one image' eval --truth striped.json --objects ids striped.json
}

@test "MAT truth of another size than its image is refused before it is unpacked" {
    mkdir m
    python3 "$EDGEL_SOURCE/tests/support/make_mat.py" m/a.mat truth '[[[[1, 1, 2]], [[0, 1, 0]]]]'
    refused 2 'm/a.mat: groundTruth{1}.Segmentation is 3x1, the image 2x2' train --truth m -o o in
    [[ "$output" != *labels:* ]] # by the first look, which decides labels
}
