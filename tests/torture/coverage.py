"""Which lines and branches of src/ the tests run, by folder: built with gcc --coverage, all suites but lint and headers.

Prints a table, and writes what is left as FILE:LINE to coverage.left in the folder of the records. No marker in the
source takes a line out.
"""
import collections
import gzip
import json
import os
import pathlib
import re
import subprocess

from runs import ROOT

LEAST = (98.5, 94.0)


def part(args, names):
    build = (args.state / "coverage").resolve()
    args.state.mkdir(parents=True, exist_ok=True)
    run = lambda *a, **k: subprocess.run(a, cwd=ROOT, check=True, **k)
    if not (build / "build.ninja").exists():
        run("meson", "setup", str(build), "--buildtype=debug", "-Doptimization=1", "-Db_coverage=true", "-Dtests=enabled", stdout=subprocess.DEVNULL)
    run("ninja", "-C", str(build), stdout=subprocess.DEVNULL)
    if not args.resume:
        for old in build.rglob("*.gcda"):
            old.unlink()
    tests = names or ["--no-suite", "lint", "--no-suite", "headers", "--no-suite", "torture"]
    r = subprocess.run(["meson", "test", "-C", str(build), "--no-rebuild", "--timeout-multiplier", "6", *tests], stdout=subprocess.PIPE, text=True)
    print("\n".join(re.findall(r"^ *\d+/\d+ .*(?:FAIL|TIMEOUT).*|^(?:Ok|Fail|Timeout|Skipped): .*", r.stdout, re.M)))
    lines, branches = collections.defaultdict(int), collections.defaultdict(int)
    for data in build.rglob("*.gcda"):
        if "libedgel" not in str(data) and "edgel.p" not in str(data):
            continue
        out = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", str(data)], cwd=build, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL).stdout
        out = gzip.decompress(out) if out[:2] == b"\x1f\x8b" else out
        for document in out.decode(errors="replace").splitlines():
            for file in json.loads(document)["files"]:
                path = os.path.relpath((build / file["file"]).resolve(), ROOT)
                if not path.startswith("src/") or not path.endswith(".c"):
                    continue
                for line in file["lines"]:
                    lines[path, line["line_number"]] += line["count"]
                    for i, b in enumerate(line["branches"]):
                        branches[path, line["line_number"], i] += b["count"]
    table = collections.defaultdict(lambda: [0, 0, 0, 0])
    for found, at in ((lines, 0), (branches, 2)):
        for key, n in found.items():
            for folder in (str(pathlib.Path(key[0]).parent), "all"):
                table[folder][at] += n > 0
                table[folder][at + 1] += 1
    share = lambda a, b: 100 * a / b if b else 100.0
    print(f"{'folder':30} {'lines':>7} {'%':>6} {'branches':>9} {'%':>6}")
    for folder, (a, b, c, d) in sorted(table.items(), key=lambda x: (x[0] == "all", x[0])):
        print(f"{folder:30} {b:7} {share(a, b):6.1f} {d:9} {share(c, d):6.1f}")
    left = sorted({(p, n) for (p, n), k in lines.items() if k == 0})
    half = sorted({(k[0], k[1]) for k, n in branches.items() if n == 0 and lines[k[0], k[1]] > 0})
    (args.state / "coverage.left").write_text("".join(f"{p}:{n}: line\n" for p, n in left) + "".join(f"{p}:{n}: branch\n" for p, n in half))
    a, b, c, d = table["all"]
    return share(a, b) >= LEAST[0] and share(c, d) >= LEAST[1]
