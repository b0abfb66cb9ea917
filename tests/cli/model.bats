#!/usr/bin/env bats
# edgel model: summary, show, check, new.

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    printf 'input channels=3\nfirst: conv out=8 k=3 stride=2 # halves\nrelu\nback: upsample like=input\nconv out=classes k=1\n' >net.txt
}

model() {
    "$EDGEL" model "$@"
}

# refused STATUS WORD...: the command failed so and said these.
refused() {
    [ "$status" -eq "$1" ] || { echo "exit $status: $output"; return 1; }
    shift
    for word in "$@"; do [[ "$output" == *"$word"* ]] || { echo "no '$word' in: $output"; return 1; }; done
}

@test "summary lists layers, shapes, parameters, multiply-adds and field of an architecture" {
    run model summary --size 20x10 net.txt
    [ "$status" -eq 0 ]
    [[ "${lines[0]}" == layer*operator*output*parameters*multiply-adds*field ]]
    [[ "${lines[2]}" =~ ^first\ +conv\ +out=8\ stride=2\ +8\ x\ 5\ x\ 10\ +224\ +10.8\ K\ +3$ ]]
    [[ "${lines[4]}" =~ ^back\ +upsample\ +like=input\ +8\ x\ 10\ x\ 20\ +0\ +0\ +5$ ]]
    [[ "$output" == *"1 output (sigmoid), 233 parameters, 0 running estimates"* ]]
    [[ "$output" == *"depends on 5 x 5 pixels"* ]]
    [[ "$output" == *"an image of 20x10 takes 12.4 K multiply-adds"* ]]
    run model summary --outputs 7 net.txt
    [[ "$output" == *"7 x 256 x 256"* ]]
    [[ "$output" == *"7 outputs (softmax), 287 parameters"* ]]
}

@test "summary takes presets and model files" {
    for p in linear edge-tiny unet-tiny dilated-tiny; do
        run model summary "$p"
        [ "$status" -eq 0 ]
    done
    run model summary edge-tiny
    parameters=$(grep -o '[0-9]\+ parameters' <<<"$output")
    [ "${parameters% *}" -le 30000 ]
    run model summary unet-tiny
    parameters=$(grep -o '[0-9]\+ parameters' <<<"$output")
    [ "${parameters% *}" -le 150000 ]
    model new --outputs 4 -o m.safetensors linear
    run model summary m.safetensors
    [[ "$output" == *"4 outputs (softmax), 304 parameters"* ]]
    run model summary --outputs 3 m.safetensors
    refused 2 "m.safetensors is a model"
}

@test "show spells control characters of notes" {
    "$EDGEL" model new -o a.safetensors linear
    python3 - <<'PY'
import json, struct
b = open("a.safetensors", "rb").read()
n = struct.unpack("<Q", b[:8])[0]
head = json.loads(b[8:8 + n])
del head["__metadata__"]["hash"]
head["__metadata__"]["remark"] = "red \x1b[31m"
text = json.dumps(head).encode()
text += b" " * (-len(text) % 64)
open("b.safetensors", "wb").write(struct.pack("<Q", len(text)) + text + b[8 + n:])
PY
    run "$EDGEL" model show b.safetensors
    [ "$status" -eq 0 ]
    [[ "$output" == *'note remark: red \x1b[31m'* ]]
    run "$EDGEL" model check b.safetensors a.safetensors
    [ "$status" -eq 0 ]
    [ "$(grep -c 'has no hash of its contents' <<<"$output")" -eq 1 ]
    [[ "$output" == *"b.safetensors: has no hash of its contents: a changed bit in it would not be seen"* ]]
}

@test "show of a preset prints a text that is the same architecture" {
    "$EDGEL" model show unet-tiny >arch.txt
    grep -qx 'fine: relu' arch.txt
    [ "$("$EDGEL" model show arch.txt)" = "$(cat arch.txt)" ]
    [ "$("$EDGEL" model summary arch.txt | tail -4)" = "$("$EDGEL" model summary unet-tiny | tail -4)" ]
}

@test "new draws weights by its seed and init, check and show read what it wrote" {
    model new --outputs 2 -o a.safetensors edge-tiny
    model new --outputs 2 --seed 1 -o b.safetensors edge-tiny
    model new --outputs 2 --seed 2 -o c.safetensors edge-tiny
    model new --outputs 2 --init xavier -o d.safetensors edge-tiny
    cmp a.safetensors b.safetensors
    run cmp a.safetensors c.safetensors
    [ "$status" -eq 1 ]
    run cmp a.safetensors d.safetensors
    [ "$status" -eq 1 ]
    run model check a.safetensors c.safetensors
    [ "$status" -eq 0 ]
    [[ "${lines[1]}" == "c.safetensors: ok, "*" parameters, 2 outputs" ]]
    run model show a.safetensors
    [ "$status" -eq 0 ]
    [[ "$output" == *"outputs 2 (softmax)"*"mean 0 0 0"*"deviation 1 1 1"*"class 1 class 1"*"input: input channels=3"* ]]
    model new -o one.safetensors net.txt
    run model show one.safetensors
    [[ "$output" == *"threshold 0.5"*"class 1 foreground"*"first: conv out=8 stride=2"*"like=input"* ]]
}

@test "export writes ONNX: with probabilities or logits, batch normalisation folded or apart" {
    model new --outputs 2 -o m.safetensors unet-tiny
    model export --onnx m.onnx m.safetensors
    model export --onnx again.onnx m.safetensors
    cmp m.onnx again.onnx
    [ "$(head -c 9 m.onnx | od -An -tx1 | xargs)" = "08 08 12 05 65 64 67 65 6c" ] # IR version 8, producer edgel
    grep -aq probabilities m.onnx
    grep -aq Resize m.onnx
    run grep -aq BatchNormalization m.onnx
    [ "$status" -eq 1 ]
    model export --logits --unfolded --onnx l.onnx m.safetensors
    grep -aq BatchNormalization l.onnx
    grep -aq logits l.onnx
    run grep -aq probabilities l.onnx
    [ "$status" -eq 1 ]
    model new -o l.safetensors linear
    run model export --unfolded --onnx x l.safetensors
    refused 2 "--unfolded has no use: l.safetensors has no batch normalisation"
    run model export m.safetensors
    refused 2 "--onnx FILE is required"
    run model export --onnx m.safetensors m.safetensors
    refused 2 "is the input"
    run model export --onnx x unet-tiny
    refused 2 "unet-tiny: "
    [ ! -e x ]
    run model summary --logits unet-tiny
    refused 2 "--logits: summary does not use it"
}

@test "--existing: what exists is not written over unless asked" {
    model new -o m.safetensors linear
    cp m.safetensors kept
    run model new --seed 2 -o m.safetensors linear
    refused 2 "--output m.safetensors: exists already; --existing overwrite"
    echo mine >m.onnx
    run model export --onnx m.onnx m.safetensors
    refused 2 "--onnx m.onnx: exists already; --existing overwrite"
    cmp m.safetensors kept
    [ "$(cat m.onnx)" = mine ]
    model new --seed 2 --existing overwrite -o m.safetensors linear
    run cmp m.safetensors kept
    [ "$status" -eq 1 ]
    model export --existing overwrite --onnx m.onnx m.safetensors
    grep -aq probabilities m.onnx
    model export --onnx - m.safetensors >piped
    cmp m.onnx piped
    run model show --existing overwrite m.safetensors
    refused 2 "--existing: show does not use it"
}

@test "check tells of every bad file and goes on" {
    model new -o good.safetensors linear
    head -c 300 good.safetensors >cut.safetensors
    echo nothing >text
    run model check cut.safetensors text missing '' good.safetensors
    refused 2 "cut.safetensors: " "text: no safetensors file" "missing: " "'': cannot open" \
        "good.safetensors: ok, 1 layer, 76 parameters, 1 output"
}

@test "what is no architecture is refused with its line" {
    printf 'input channels=3\nconv out=4 j=3\n' >bad.txt
    run model summary bad.txt
    refused 2 "bad.txt:2: conv has no j"
    printf 'input channels=3\nconv out=4 stride=2\n' >half.txt
    run model new --outputs 4 -o x half.txt
    refused 2 "half.txt: an image of" "must have the size of the image"
    run model summary half.txt
    refused 2 "half.txt: the last layer makes 4 channels, and 1 is wanted; out=classes makes what is wanted"
    [ ! -e x ]
    printf 'input channels=3\nconv out=classes\nsigmoid\n' >probability.txt
    run model summary probability.txt
    refused 2 "it must make logits"
}

@test "usage of model" {
    run model
    refused 2 "no action"
    run model sumary net.txt
    refused 2 "did you mean 'summary'"
    run model summary
    refused 2 "takes one model"
    run model show --size 3x3 x
    refused 2 "--size: show does not use it"
    run model summary --size 20 net.txt
    refused 2 "must be WIDTHxHEIGHT"
    run model summary --size 20x0 net.txt
    refused 2 "--size 0"
    run model new net.txt
    refused 2 "-o FILE is required"
    run model new -o net.txt net.txt
    refused 2 "is the input"
    [ "$(head -c 5 net.txt)" = input ]
}
