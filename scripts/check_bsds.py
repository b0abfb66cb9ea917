#!/usr/bin/env python3
"""Holds `edgel eval --boundary bsds` against stored results of the official benchmark, every figure side by side.

usage: check_bsds.py EDGEL [DATA]

DATA (default $EDGEL_DATA, else ../shared/data) holds bsds-bench5. The official matcher is random: ODS, OIS and AP must agree within
3e-4, other precisions and recalls within 0.002, an image's F within 0.0015. Exit: 0 all do, 1 one does not, 77 no data.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

EDGEL = sys.argv[1] if len(sys.argv) > 1 else "build/src/cli/edgel"
ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else os.environ.get("EDGEL_DATA", ROOT / "../shared/data")) / "bsds-bench5"
if not (DATA / "test_2").is_dir():
    print(f"skipped: {DATA}/test_2 is absent")
    sys.exit(77)
bad = figures = 0


def stored(name):
    return [[float(v) for v in line.split()] for line in (DATA / "test_2" / name).read_text().splitlines()]


def compare(what, ours, official, tolerance):
    global bad, figures
    off = abs(ours - official)
    figures += 1
    bad += not off <= tolerance
    print(f"{what:28} {ours:10.6f} {official:10.6f} {off:9.1e} {'' if off <= tolerance else 'DIFFERS, allowed ' + str(tolerance)}")


def best_of_image(truth, matched, detections, right):
    """T, R, P, F of the best point, interpolated between thresholds."""
    best, n = (0, 0, 0, -1), len(matched)
    points = [((k + 1) / (n + 1), matched[k] / truth, right[k] / detections[k] if detections[k] else 0) for k in range(n)]
    for a, b in zip([points[0]] + points, points):
        for i in range(100):
            t, r, p = (u + (v - u) * i / 99 for u, v in zip(a, b))
            f = 2 * p * r / (p + r) if p + r else 0
            best = max(best, (t, r, p, f), key=lambda v: v[3])
    return best


with tempfile.TemporaryDirectory() as tmp:
    summary, counts = (pathlib.Path(tmp) / n for n in ("s.json", "counts"))
    subprocess.run([EDGEL, "eval", "-q", "--boundary", "bsds", "--thresholds", "5", "--truth", DATA / "masks", "--json", summary,
                    "--counts", counts, DATA / "png"], check=True, stdout=subprocess.DEVNULL)
    b = json.loads(summary.read_text())["boundary"]
    rows = [json.loads(line)["boundary"] for line in counts.read_text().splitlines()[1:]]
print(f"{'':28} {'edgel':>10} {'official':>10} {'apart':>9}")
(t, r, p, f, ois_r, ois_p, ois_f, ap), = stored("eval_bdry.txt")
compare("ODS threshold", b["ods"]["threshold"], t, 0.002)
for key, want, tolerance in (("recall", r, 0.002), ("precision", p, 0.002), ("f1", f, 3e-4)):
    compare(f"ODS {key}", b["ods"][key], want, tolerance)
for key, want, tolerance in (("recall", ois_r, 0.002), ("precision", ois_p, 0.002), ("f1", ois_f, 3e-4)):
    compare(f"OIS {key}", b["ois"][key], want, tolerance)
compare("AP", b["ap"], ap, 3e-4)
for point, (t, r, p, f) in zip(b["points"], stored("eval_bdry_thr.txt"), strict=True):
    for key, want in (("recall", r), ("precision", p), ("f1", f)):
        compare(f"threshold {t} {key}", point[key], want, 0.002)
for row, (i, t, r, p, f) in zip(rows, stored("eval_bdry_img.txt"), strict=True):
    ours = best_of_image(row["truth"], row["matched_truth"], row["prediction"], row["matched_prediction"])
    compare(f"image {i:.0f} F", ours[3], f, 0.0015)
print(f"{figures} figures, {bad} differ")
sys.exit(bad > 0)
