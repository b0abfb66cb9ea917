#!/usr/bin/python3
"""Holds the matching of boundaries against SciPy's assignment: number of pairs and total distance.

usage: check_matching.py MATCH_PIXELS [RANDOM] [REAL]

MATCH_PIXELS is build/tests/match_pixels. RANDOM (default 2000) made-up problems, REAL (default 500) windows of 48x48 pixels of two
annotators of one photograph of BSDS500 ($EDGEL_DATA, default ../shared/data; left out where it is absent). Exit: 0 all
agree, 1 something differs, 77 no SciPy.
"""
import pathlib
import subprocess
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
from house import DATA, wanted

with wanted():
    import numpy as np
    from PIL import Image
    from scipy.optimize import linear_sum_assignment

PROGRAM = sys.argv[1]
RANDOM = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
REAL = int(sys.argv[3]) if len(sys.argv) > 3 else 500
MASKS = DATA / "bsds500/masks/test"
rng = np.random.default_rng(5)
BIG = 1e5  # above any sum of distances


def random_problem():
    side = rng.integers(3, 40)
    pixels = rng.permutation(side * side)
    some = lambda: rng.permutation(pixels)[: rng.integers(0, 1 + min(side * side, 90))]
    return [[(i % side, i // side) for i in some()] for _ in range(2)], int(rng.integers(1, 40))


def real_problem(files):
    one = files[rng.integers(len(files))]
    others = [f for f in files if f.stem.split("_")[0] == one.stem.split("_")[0] and f != one]
    masks = [np.asarray(Image.open(f)) > 0 for f in (one, others[rng.integers(len(others))])]
    y, x = (rng.integers(0, s - 48) for s in masks[0].shape)
    return [[tuple(p[::-1]) for p in np.argwhere(m[y:y + 48, x:x + 48])] for m in masks], 18


def solve(problem):
    (truth, detections), limit = problem
    if not truth or not detections:
        return 0, 0.0
    t, d = (np.array(v, float) for v in (truth, detections))
    d2 = ((t[:, None] - d[None]) ** 2).sum(2)
    gain = np.where(d2 <= limit, BIG - np.sqrt(d2), 0)
    rows, columns = linear_sum_assignment(gain, maximize=True)
    used = gain[rows, columns] > 0
    return int(used.sum()), float(np.sqrt(d2[rows, columns][used]).sum())


problems = [random_problem() for _ in range(RANDOM)]
files = sorted(MASKS.glob("*.png"))
problems += [real_problem(files) for _ in range(REAL if files else 0)]
text = "".join(f"{len(t)} {len(d)} {limit}\n" + "".join(f"{x} {y}\n" for x, y in t + d) for (t, d), limit in problems)
out = subprocess.run([PROGRAM], input=text, capture_output=True, text=True, check=True).stdout.split("\n")[:-1]
bad, pairs, worst = 0, 0, 0.0
for problem, line in zip(problems, out, strict=True):
    n, distance = line.split()
    want = solve(problem)
    off = abs(int(distance) / 2**32 - want[1])
    bad += int(n) != want[0] or off > 1e-6
    pairs += want[0]
    worst = max(worst, off)
print(f"{len(problems)} problems ({len(problems) - RANDOM} real), {pairs} pairs: {bad} differ; distances agree within {worst:.1e} px")
sys.exit(bad > 0)
