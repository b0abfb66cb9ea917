#!/usr/bin/env python3
"""What gradient maps score in the BSDS boundary benchmark: parameters found on the val images, scores of the test images.

usage: search_strength.py [EDGEL] [--table FILE]

EDGEL defaults to build/src/cli/edgel; $EDGEL_DATA (../shared/data) holds bsds500. For Canny (--emit strength, thinned
by its own suppression), Sobel and Roberts (thinned by eval's --nms) the best sigma and colour rule by ODS on val is searched on
a grid, then the norm, the aperture and the suppression one after the other, each kept when it is better. val is swept over 33
thresholds, test over 99. Prints every score of val (also into FILE), the winners, and test beside the published figures.
Takes some four minutes of processor time; by hand. Exit: 0, 77 no data.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
from house import DATA, ROOT, skip
ARGS = sys.argv[1:]
TABLE = ARGS.pop(ARGS.index("--table") + 1) if "--table" in ARGS else None
ARGS = [a for a in ARGS if a != "--table"]
EDGEL = ARGS[0] if ARGS else ROOT / "build/src/cli/edgel"
BSDS = DATA / "bsds500"
if not BSDS.is_dir():
    skip(f"{BSDS} is absent")
SIGMAS = {"canny": ["1.4", "2", "2.5", "3", "4"], "sobel": ["0", "1.4", "2", "2.5", "3", "4"],
          "roberts": ["0", "1.4", "2", "2.5", "3", "4"]}
NMS = [{"nms-ratio": r, "nms-radius": n} for r, n in (("1", "1"), ("1.04", "1"), ("1.01", "2"), ("1.04", "2"))]
FURTHER = {  # tried one after the other; those of NMS are eval's
    "canny": [{"nms": "interp"}, {"norm": "l2"}, {"aperture": "5"}, {"strength": "linear"}],
    "sobel": [{"norm": "l2"}, {"aperture": "5"}, *NMS],
    "roberts": [{"norm": "l2"}, *NMS],
}
PUBLISHED = {"canny": (.611, .676, .520), "sobel": (.539, .575, .498), "roberts": (.483, .513, .413)}
tmp = tempfile.TemporaryDirectory(prefix="edgel-strength-")
rows = []


def run(*command):
    return subprocess.run([str(a) for a in command], check=True, capture_output=True, text=True).stdout


def commands(method, options):
    """Options of detect and of eval."""
    of_eval = ["nms-ratio", "nms-radius"]
    detect = ["-m", method, "--depth", "16", *(["--emit", "strength"] if method == "canny" else [])]
    judge = ["--boundary", "bsds", *([] if method == "canny" else ["--nms"])]
    for name, value in options.items():
        (judge if name in of_eval else detect).extend([f"--{name}", value])
    return detect, judge


def score(method, options, split, thresholds):
    detect, judge = commands(method, options)
    maps, out = pathlib.Path(tmp.name) / "maps", pathlib.Path(tmp.name) / "scores.json"
    run(EDGEL, "detect", "-q", *detect, "--existing", "overwrite", "-o", maps / split, BSDS / "images" / split)
    run(EDGEL, "eval", "-q", *judge, "--thresholds", thresholds, "--truth", BSDS / "groundTruth" / split, "--json", out,
        maps / split)
    b = json.loads(out.read_text())["boundary"]
    return b["ods"]["f1"], b["ois"]["f1"], b["ap"]


def tried(method, options):
    result = score(method, options, "val", 33)
    text = f"val  {method:8}" + "  ".join(f"{v:.4f}" for v in result) + "  " + " ".join(f"{k}={v}" for k, v in options.items())
    rows.append(text)
    print(text, flush=True)
    return result[0]


def search(method):
    grid = [{"sigma": s, "gray": g} for g in ("luma", "channels") for s in SIGMAS[method]]
    best, f = max(((o, tried(method, o)) for o in grid), key=lambda x: x[1])
    for more in FURTHER[method]:
        other = tried(method, {**best, **more})
        if other > f:
            best, f = {**best, **more}, other
    return best


print("                ODS     OIS     AP")
best = {method: search(method) for method in SIGMAS}
print()
for method, options in best.items():
    result = score(method, options, "test", 99)
    detect, judge = commands(method, options)
    line = (f"test {method:8}" + "  ".join(f"{v:.4f}" for v in result) + "  published "
            + " ".join(f"{v:.3f}" for v in PUBLISHED[method]) + f"  detect {' '.join(detect)}; eval {' '.join(judge)}")
    rows.append(line)
    print(line, flush=True)
if TABLE:
    pathlib.Path(TABLE).write_text("\n".join(rows) + "\n")
