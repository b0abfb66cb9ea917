#!/usr/bin/env python3
"""Holds `edgel eval --boundary bsds --regions` against stored results of the official benchmark, every figure side by side.

usage: check_bsds.py [EDGEL]

$EDGEL_DATA (../shared/data) holds bsds-bench5: five images as ucm2 (test_1, boundaries and regions), as png
(test_2, boundaries) and as segs (test_3 boundaries, test_4 both, test_5 regions). What is compared are the text files of
--bsds-files, number by number. The official matcher is random: ODS, OIS and AP must agree within 3e-4, other precisions and
recalls within 0.002, an image's F within 0.0015; figures of regions to the last printed digit. Exit: 0 all do, 1 one does not,
77 no data.
"""
import pathlib
import subprocess
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
from house import DATA, program, skip

EDGEL = program()
BENCH = DATA / "bsds-bench5"
TESTS = {  # predictions and what is asked for
    "test_1": ("ucm2", ["--boundary", "bsds", "--regions", "--thresholds", "5"]),
    "test_2": ("png", ["--boundary", "bsds", "--thresholds", "5"]),
    "test_3": ("segs", ["--boundary", "bsds"]),
    "test_4": ("segs", ["--boundary", "bsds", "--regions"]),
    "test_5": ("segs", ["--regions"]),
}
P, F, ODS = 0.002, 0.0015, 3e-4
COLUMNS = {  # file: name and tolerance of each column (None: the figure need not be the same)
    "eval_bdry.txt": [("ODS T", P), ("ODS R", P), ("ODS P", P), ("ODS F", ODS), ("OIS R", P), ("OIS P", P), ("OIS F", ODS),
                      ("AP", ODS)],
    "eval_bdry_thr.txt": [("T", 0), ("R", P), ("P", P), ("F", P)],
    "eval_bdry_img.txt": [("image", 0), ("T", P), ("R", P), ("P", P), ("F", F)],
    "eval_cover.txt": [("T", 0), ("covering ODS", 0), ("covering OIS", 0), ("covering best", 0)],
    "eval_cover_th.txt": [("T", 0), ("covering", 0)],
    "eval_cover_img.txt": [("image", 0), ("T", 0), ("covering", 0), ("reverse covering", 0)],
    "eval_RI_VOI.txt": [("T", 0), ("PRI ODS", 0), ("PRI OIS", 0), ("T", 0), ("VoI ODS", 0), ("VoI OIS", 0)],
    "eval_RI_VOI_thr.txt": [("T", 0), ("PRI", 0), ("VoI", 0)],
}
if not (BENCH / "test_5").is_dir():
    skip(f"{BENCH}/test_5 is absent")
bad = figures = exact = 0
worst = {}


def compare(test, name, row, ours, official):
    """One figure; both as text."""
    global bad, figures, exact
    label, tolerance = COLUMNS[name][row[1]]
    off = abs(float(ours) - float(official))
    fits = ours == official if tolerance == 0 else tolerance is None or off <= tolerance
    figures += 1
    exact += ours == official
    bad += not fits
    if tolerance:
        worst[tolerance] = max(worst.get(tolerance, 0), off)
    print(f"{test} {name:20} {row[0] + 1:2} {label:17} {ours:>10} {official:>10} {off:9.1e}"
          f"{'' if fits else ' DIFFERS, allowed ' + str(tolerance)}")


def run(test, folder):
    predictions, options = TESTS[test]
    done = subprocess.run([EDGEL, "eval", "-q", *options, "--truth", BENCH / "groundTruth", "--bsds-files", folder,
                           BENCH / predictions], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{test}: exit code {done.returncode}: {done.stderr}")


print(f"{'':33} {'':8} {'edgel':>18} {'official':>10} {'apart':>9}")
with tempfile.TemporaryDirectory() as tmp:
    for test in TESTS:
        out = pathlib.Path(tmp) / test
        run(test, out)
        names = sorted(p.name for p in (BENCH / test).glob("eval_*.txt"))
        if names != sorted(p.name for p in out.glob("eval_*.txt")):
            sys.exit(f"{test}: other files than {names}")
        for name in names:
            lines = [(folder / name).read_text().splitlines() for folder in (out, BENCH / test)]
            for i, (ours, official) in enumerate(zip(*lines, strict=True)):
                for k, (a, b) in enumerate(zip(ours.split(), official.split(), strict=True)):
                    compare(test, name, (i, k), a, b)
print(f"{figures} figures of {len(TESTS)} tests, {exact} equal to the last digit, {bad} differ by more than allowed; largest "
      "distance where one is allowed: " + ", ".join(f"{v:.1e} of {t:g}" for t, v in sorted(worst.items())))
sys.exit(bad > 0)
