"""Small faults in the source, one at a time: does a test of the module notice?

A mutant changes one operator or constant, or takes out one statement, at a place drawn at random, in numbers that follow
the length of the modules. It is built in a copy of the project, and the tests of its module run, without data sets.
Whose object file stays the same byte for byte is no mutant; one that does not compile is none either. Killed is one
under which a test fails or does not end. Survivors are printed; some cannot be told from the program (an equal speed, a
larger buffer).
"""
import json
import os
import pathlib
import random
import re
import shutil
import subprocess

from runs import ROOT

BATS = {"src/cli/detect": "bats-detect bats-cli", "src/cli/segment": "bats-segment", "src/cli/train": "bats-train",
        "src/cli/eval/cmd_merge": "bats-merge", "src/cli/eval": "bats-eval bats-eval_objects bats-eval_surfaces bats-eval_boundary bats-eval_regions",
        "src/cli/options": "bats-cli bats-detect bats-eval", "src/cli/run": "bats-resume bats-detect bats-cli", "src/cli": "bats-cli bats-model",
        "src/report": "report bats-eval bats-eval_objects", "src/train": "train_record bats-train"}
SWAPS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&&": "||", "||": "&&", "+": "-", "-": "+"}
OPERATOR = re.compile(r" (<=|>=|==|!=|&&|\|\||<|>|\+|-) ")
NUMBER = re.compile(r"(?<![\w.\"%])(\d+)(?![\w.\"])")
STATEMENT = re.compile(r"^\s+[a-z_][\w.>\[\]-]*( [-+*/|&]?= .*|\(.*\));$|^\s+[\w.>\[\]-]+(\+\+|--);$")
TRUTH = re.compile(r"\b(true|false)\b")


def places(path):
    """(line number, what, new line) of everything that can be changed in a file."""
    inside, depth = False, 0
    for number, line in enumerate(path.read_text().splitlines()):
        code = re.sub(r'/\*.*?\*/|"(\\.|[^"\\])*"|\'(\\.|[^\'\\])*\'', lambda m: " " * len(m.group()), line)
        if inside or "/*" in code:
            inside = "*/" not in code
            continue
        if line.startswith("#") or not line.startswith("    ") or "edgel_fail(" in line or "EDGEL_REQUIRE" in line:
            continue
        for m in OPERATOR.finditer(code):
            new = SWAPS[m.group(1)]
            yield number, f"{m.group(1)} is {new}", line[:m.start(1)] + new + line[m.end(1):]
        for m in NUMBER.finditer(code):
            yield number, f"{m.group()} is {int(m.group()) + 1}", line[:m.start()] + str(int(m.group()) + 1) + line[m.end():]
        for m in TRUTH.finditer(code):
            new = "false" if m.group() == "true" else "true"
            yield number, f"{m.group()} is {new}", line[:m.start()] + new + line[m.end():]
        if STATEMENT.match(code) and not line.lstrip().startswith(("return", "goto")):
            yield number, "taken out", re.sub(r"\S.*", ";", line)


def draw_one(rng, modules):
    names = sorted(modules)
    lengths = [sum(len(f.read_text().splitlines()) for f in modules[n]) for n in names]
    module = rng.choices(names, [max(length, sum(lengths) // 40) for length in lengths])[0]
    path = rng.choices(modules[module], [len(f.read_text()) for f in modules[module]])[0]
    found = list(places(path))
    kinds = sorted({re.sub(r"\d+", "N", what) for _, what, _ in found})
    if not kinds:
        return None
    kind = rng.choice(kinds)
    return (module, path, *rng.choice([p for p in found if re.sub(r"\d+", "N", p[1]) == kind]))


def tests_of(file, module, suites):
    for prefix, names in BATS.items():
        if file.startswith(prefix):
            return names.split()
    return suites.get(module, [])


def object_of(tree, file):
    name = file.replace("/", "_") + ".o"
    found = [f for f in (tree / "build").rglob(name)] + [f for f in (tree / "build").rglob(pathlib.Path(file).name + ".o")]
    return found[0] if found else None


def part(args, names):
    state = args.state / "mutants.json"
    tree = (args.state / "mutants").resolve()
    args.state.mkdir(parents=True, exist_ok=True)
    done = json.loads(state.read_text()) if args.resume and state.exists() else {}
    shutil.rmtree(tree, ignore_errors=True)
    skipped = shutil.ignore_patterns("build*", "out", ".git", "__pycache__")
    shutil.copytree(ROOT, tree, ignore=skipped, symlinks=True)
    run = lambda *a, seconds=900: subprocess.run(a, cwd=tree, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=seconds,
                                                 env={**os.environ, "EDGEL_DATA": "/nonexistent"}, errors="replace")
    ready = run("meson", "setup", "build", "-Dbuildtype=release", "-Dtests=enabled")
    ready = ready if ready.returncode else run("ninja", "-C", "build", seconds=3600)
    if ready.returncode:
        print(ready.stdout[-2000:])
        return False
    suites = {}
    for test in json.loads(run("meson", "introspect", "build", "--tests").stdout):
        for suite in test["suite"]:
            suites.setdefault(suite.split(":")[-1], []).append(test["name"])
    modules = {m.name: sorted(m.rglob("*.c")) for m in (tree / "src").iterdir() if m.is_dir()}
    count = lambda: sum(d["verdict"] != "none" for d in done.values())
    k = 0
    while count() < args.mutants:
        k += 1
        key = f"{args.seed}.{k}"
        if key in done:
            continue
        drawn = draw_one(random.Random(key), modules)
        if not drawn:
            continue
        module, path, number, what, new = drawn
        file, text = str(path.relative_to(tree)), path.read_text()
        lines = text.split("\n")
        before, obj = lines[number], object_of(tree, file)
        lines[number] = new
        same = obj.read_bytes() if obj else None
        path.write_text("\n".join(lines))
        row = {"module": module, "place": f"{file}:{number + 1}", "what": what, "line": before.strip(), "verdict": "none"}
        built = run("ninja", "-C", "build", str(obj.relative_to(tree / "build"))) if obj else None
        if built and built.returncode == 0 and obj.read_bytes() != same:
            tests = tests_of(file, module, suites)
            try:
                r = run("meson", "test", "-C", "build", "--maxfail", "1", "--timeout-multiplier", "2", *tests, seconds=1800)
                failed = re.findall(r"\d+/\d+ \S+ - edgel:(\S+) +(?:FAIL|TIMEOUT|ERROR)", r.stdout)
                row["verdict"] = "killed" if r.returncode else "survived"
                row["by"] = failed[0] if failed else ""
            except subprocess.TimeoutExpired:
                row["verdict"], row["by"] = "killed", "time"
        path.write_text(text)
        done[key] = row
        state.write_text(json.dumps(done, indent=1))
        if row["verdict"] != "none":
            print(f"mutants {row['place']} {row['what']}: {row['verdict']} {row.get('by', '')}", flush=True)
    rows = [d for d in done.values() if d["verdict"] != "none"]
    alive = [d for d in rows if d["verdict"] == "survived"]
    for d in alive:
        print(f"survived: {d['place']}: {d['what']}: {d['line']}")
    print(f"mutants: {len(rows)} over {len({d['module'] for d in rows})} modules, {len(rows) - len(alive)} killed")
    return len(alive) <= len(rows) // 20
