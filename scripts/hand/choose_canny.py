#!/usr/bin/env python3
"""Scores settings of canny on Berkeley images by the program's own judge: F of the edge map, and ODS of the strength.

The defaults of canny were chosen with it on the 100 val images; the 200 test images were scored with the choice only.
Results are kept in a file, so that a run can be ended and gone on with. The grid takes some ten minutes of processor
time; by hand. Exit: 0, 77 no data.

    scripts/hand/choose_canny.py build/src/cli/edgel --split val --results grid.jsonl         # the grid
    scripts/hand/choose_canny.py build/src/cli/edgel --split test --results test.jsonl canny canny:sigma=1.4,low=50,high=100
"""
import argparse
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
from house import DATA, skip

GRID = {"sigma": ["1.4", "2", "2.5", "3", "3.5"], "gray": ["luma", "channels"],
        "thresholds": [(r * h, h) for h in (50, 60, 80, 100, 120, 150, 200) for r in (0.4, 0.5)]
        + [("auto", "auto"), ("auto-matlab", "auto-matlab")]}


def grid():
    for sigma, gray, (low, high) in itertools.product(*GRID.values()):
        low = low if isinstance(low, str) else f"{low:g}"
        yield f"canny:sigma={sigma},gray={gray},low={low},high={high}"
    for sigma, gray in itertools.product(GRID["sigma"], GRID["gray"]):
        yield f"canny:sigma={sigma},gray={gray},emit=strength"


def known(path):
    if not path or not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as f:
        rows = [json.loads(line) for line in f]
    return {(r["split"], r["method"]): r for r in rows}


def score(args, methods, work):
    """F of each method, all from one decode and one call of the judge."""
    soft = "strength" in methods[0]
    command = [args.edgel, "detect", "-q", "-o", work, "--name", "{n}/{stem}.png"]
    for m in methods:
        command += ["-m", m]
    subprocess.run(command + [os.path.join(args.data, "images", args.split)], check=True)
    folders = [os.path.join(work, str(i + 1)) for i in range(len(methods))]
    document = os.path.join(work, "eval.json")
    subprocess.run([args.edgel, "eval", "-q", "--boundary", "bsds", "--thresholds", "33" if soft else "1", "--truth",
                    os.path.join(args.data, "groundTruth", args.split), "--json", document] + folders, check=True,
                   stdout=subprocess.DEVNULL)
    with open(document, encoding="utf-8") as f:
        document = json.load(f)
    for m, r in zip(methods, document.get("results", [document])):
        ods, ois = r["boundary"]["ods"], r["boundary"]["ois"]
        yield {"split": args.split, "method": m, "f1": ods["f1"], "recall": ods["recall"],
               "precision": ods["precision"], "ois": ois["f1"], "ap": r["boundary"]["ap"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("edgel")
    parser.add_argument("methods", nargs="*", help="settings as -m takes them (default: the grid)")
    parser.add_argument("--split", default="val")
    parser.add_argument("--data", default=DATA / "bsds500")
    parser.add_argument("--results", help="JSON lines, read and added to")
    args = parser.parse_intermixed_args()
    if not os.path.isdir(args.data):
        skip(f"{args.data} is absent")
    done = known(args.results)
    left = [m for m in args.methods or grid() if (args.split, m) not in done]
    for soft in (False, True):
        part = [m for m in left if ("strength" in m) == soft]
        for at in range(0, len(part), 8):
            work = tempfile.mkdtemp(prefix="edgel-canny.")
            try:
                rows = list(score(args, part[at : at + 8], work))
            finally:
                shutil.rmtree(work)
            done.update({(r["split"], r["method"]): r for r in rows})
            if args.results:
                with open(args.results, "a", encoding="utf-8") as f:
                    f.writelines(json.dumps(r) + "\n" for r in rows)
            print(f"{at + len(rows)} of {len(part)}", file=sys.stderr)
    rows = [r for r in done.values() if r["split"] == args.split and r["method"] in (args.methods or list(grid()))]
    print(f"{'F':>6} {'recall':>7} {'precision':>10} {'OIS':>6} {'AP':>6}  {args.split}")
    for r in sorted(rows, key=lambda r: -r["f1"]):
        print(f"{r['f1']:6.4f} {r['recall']:7.4f} {r['precision']:10.4f} {r['ois']:6.4f} {r['ap']:6.4f}  {r['method']}")


if __name__ == "__main__":
    main()
