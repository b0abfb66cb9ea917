#!/usr/bin/env bats
# The examples that train: with public headers alone, in C and in C++, on the rendered scenes.

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    scenes=$EDGEL_SOURCE/data/scenes
}

# is EXPRESSION VALUE: of d, the scores in c.json.
is() {
    run python3 -c 'import json, sys; d = json.load(open("c.json")); print(eval(sys.argv[1]))' "$1"
    [ "$output" = "$2" ]
}

@test "a set is read, trained for ten steps, predicted and measured, and the scores are JSON in memory" {
    "$EDGEL_BUILD/tests/example_train" "$scenes/images" "$scenes/masks" >c.json 2>messages
    is 'd["schema"], d["images"], d["failed"] if "failed" in d else 0' "('edgel.eval/2', 12, 0)"
    # All pixels of the scenes are judged, once.
    is 'sum(map(sum, d["confusion"])) == d["pixels"] == 10 * 640 * 480 + 480 * 360 + 400 * 300' True
    is 'len(d["classes"]) == 37 and d["accuracy"] > 0.3' True
    [ "$(grep -c '^step [0-9]*: loss ' messages)" -eq 10 ]
}

@test "the loss falls; gradients are read by name, of all parameters, and are not 0" {
    "$EDGEL_BUILD/tests/example_train" "$scenes/images" "$scenes/boundaries" >c.json 2>messages
    is 'd["classes"][0]["name"], len(d["classes"])' "('foreground', 1)"
    run python3 -c 'v = [float(s.split()[-1]) for s in open("messages") if s[0] == "s"]; print(sum(v[5:]) < 0.9 * sum(v[:5]))'
    [ "$output" = True ]
    # 5 x 5 pixels of 3 channels to one output, and its bias.
    [ "$(grep -c '^  |d loss / d conv1.weight| = [0-9.e-]* over 75 values$' messages)" -eq 10 ]
    [ "$(grep -c '^  |d loss / d conv1.bias| = [0-9.e-]* over 1 values$' messages)" -eq 10 ]
    run grep -c '= 0 over' messages
    [ "$output" -eq 0 ]
}

@test "the same in C++" {
    [ -x "$EDGEL_BUILD/tests/example_train_cpp" ] || skip "no C++ compiler"
    for truth in masks boundaries; do
        "$EDGEL_BUILD/tests/example_train" "$scenes/images" "$scenes/$truth" >c.json 2>c.messages
        "$EDGEL_BUILD/tests/example_train_cpp" "$scenes/images" "$scenes/$truth" >cpp.json 2>cpp.messages
        cmp c.json cpp.json
        cmp c.messages cpp.messages
    done
}

@test "what cannot be read is said, with exit code 1" {
    for program in train train_cpp; do
        [ -x "$EDGEL_BUILD/tests/example_$program" ] || continue
        mkdir -p empty broken
        echo nothing >broken/01-still-life.png
        run "$EDGEL_BUILD/tests/example_$program" "$scenes/images" broken
        [ "$status" -eq 1 ]
        [[ "$output" == "train: "* ]]
        run "$EDGEL_BUILD/tests/example_$program" "$scenes/images"
        [ "$status" -eq 2 ]
    done
}
