#!/usr/bin/python3
"""Holds `edgel eval` and `edgel report` against stored counts and against NumPy, to the last count.

usage: check_eval_numpy.py [EDGEL]

$EDGEL_DATA (../shared/data) holds the data sets and golden/golden_metrics.json. Every entry whose masks
are there is recomputed through the command line; trivial predictions are made in a temporary folder. CamVid is also
computed here from a made-up prediction. Each run is repeated as `eval --counts` and `report`, whose JSON must be the same
bytes. Exit: 0 all agree, 1 something differs, 77 no data.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
from house import DATA, program, skip, wanted

with wanted():
    import cv2
    import numpy as np

EDGEL = program()
GOLDEN = DATA / "golden/golden_metrics.json"
if not GOLDEN.is_file():
    skip(f"{GOLDEN} is absent")
golden = json.loads(GOLDEN.read_text())
tmp = pathlib.Path(tempfile.mkdtemp(prefix="edgel-eval-"))
bad, checks, used = [], 0, set()


def check(what, got, want, tolerance=0.0):
    global checks
    checks += 1
    same = got is not None and abs(got - want) <= tolerance if isinstance(want, float) else got == want
    if not same:
        bad.append(f"{what}: {got} instead of {want}")


def edgel(*args):
    p = subprocess.run([EDGEL, *map(str, args)], capture_output=True, text=True)
    if p.returncode:
        sys.exit(f"{' '.join(map(str, args))}: exit {p.returncode}\n{p.stderr}")


def evaluate(name, truth, prediction, *options):
    """The summary of eval, after eval --counts and report gave the same bytes."""
    direct, counts, later = (tmp / f"{name}.{end}" for end in ("json", "jsonl", "later.json"))
    edgel("eval", "--truth", truth, *options, "--json", direct, prediction)
    edgel("eval", "--truth", truth, *options, "--counts", counts, "-j", "2", prediction)
    edgel("report", "--json", later, counts)
    check(f"{name}: bytes of eval --counts and report", later.read_bytes() == direct.read_bytes(), True)
    for reduce, empty in (("image", "nan"), ("image", "zero"), ("pooled", "one")):
        edgel("eval", "--truth", truth, *options, "--reduce", reduce, "--empty", empty, "--json", direct.with_suffix(".2"),
              prediction)
        edgel("report", "--reduce", reduce, "--empty", empty, "--json", later.with_suffix(".2"), counts)
        check(f"{name}: bytes of report --reduce {reduce} --empty {empty}",
              later.with_suffix(".2").read_bytes() == direct.with_suffix(".2").read_bytes(), True)
    edgel("report", "--reduce", "image", "--json", later, counts)
    return json.loads(direct.read_text()), json.loads(later.read_text())


def constant(name, truth, value):
    out = tmp / name
    for f in sorted(truth.rglob("*.png")):
        to = out / f.relative_to(truth)
        to.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(to), np.full(cv2.imread(str(f), cv2.IMREAD_UNCHANGED).shape[:2], value, np.uint8))
    return out


def repeated(name, truth, image):
    out = tmp / name
    out.mkdir()
    for f in sorted(truth.glob("*.png")):
        (out / f.name).symlink_to(image.resolve())
    return out


def binary_entry(key, truth, prediction):
    want = golden[key]
    s, by_image = evaluate(key, truth, prediction)
    c = s["classes"][0]
    for k in ("TP", "FP", "FN", "TN"):
        check(f"{key} {k}", c[k.lower()], want[k])
    for k in ("precision", "recall", "f1", "iou", "accuracy", "specificity"):
        check(f"{key} {k}", c[k], want[k], 1e-12)
    check(f"{key} images", s["images"], want["n"])
    check(f"{key} mean image iou", by_image["mean"]["iou"], want["mean_image_iou"], 1e-12)
    used.add(key)


def foreground_entry(key, truth):
    want = golden[key]
    s, _ = evaluate(key, truth, constant(key, truth, 255))
    c = s["classes"][0]
    check(f"{key} fg", c["tp"], want["fg"])
    check(f"{key} total", s["pixels"], want["total"])
    for k in ("iou", "f1"):
        check(f"{key} {k}", c[k], want[k], 1e-12)
    s, _ = evaluate(key + "_0", truth, constant(key + "_0", truth, 0))
    check(f"{key} all background", s["accuracy"], want["accuracy_all_background"], 1e-12)
    used.add(key)


def camvid_entry(key, truth, prediction):
    want = golden[key]
    s, _ = evaluate(key, truth, prediction, "--ignore", "11", "--classes", "11")
    check(f"{key} confusion", s["confusion"], want["confusion_gt_by_pred"])
    for i, c in enumerate(s["classes"]):
        check(f"{key} iou {i}", c["iou"], want["iou"][i], 5e-6 + 1e-12)
    check(f"{key} miou", s["mean"]["iou"], want["miou"], 1e-12)
    check(f"{key} accuracy", s["accuracy"], want["global_acc"], 1e-12)
    check(f"{key} class accuracy", s["mean"]["recall"], want["mean_class_acc"], 1e-12)
    used.add(key)


def shifted(name, truth):
    """A made-up prediction: the truth moved by 7 right and 4 down, every 13th column of another class."""
    out = tmp / name
    out.mkdir()
    for f in sorted(truth.glob("*.png")):
        a = np.roll(cv2.imread(str(f), cv2.IMREAD_UNCHANGED), (4, 7), (0, 1))
        a[:, ::13] = (a[:, ::13] + 5) % 11
        cv2.imwrite(str(out / f.name), a)
    return out


def ratio(a, b):
    return np.divide(a, b, out=np.full(np.shape(a), np.nan), where=np.asarray(b) != 0)


def scores(m):
    """NumPy scores of a matrix of 11 rows and 12 columns, the last one for what is no class."""
    tp, truth, pred, n = np.diag(m).astype(float), m.sum(1).astype(float), m[:, :11].sum(0).astype(float), float(m.sum())
    fp, fn = pred - tp, truth - tp
    tn = n - tp - fp - fn
    return {"tp": tp, "fp": fp, "fn": fn, "tn": tn, "accuracy": ratio(tp + tn, np.full(11, n)), "precision": ratio(tp, tp + fp),
            "recall": ratio(tp, tp + fn), "f1": ratio(2 * tp, 2 * tp + fp + fn), "iou": ratio(tp, tp + fp + fn),
            "specificity": ratio(tn, tn + fp),
            "mcc": ratio(tp * tn - fp * fn, np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)))}


def camvid_numpy(truth):
    prediction = shifted("camvid_shifted", truth)
    total, images = np.zeros((11, 12), np.int64), []
    for f in sorted(truth.glob("*.png")):
        t, p = (cv2.imread(str(d / f.name), cv2.IMREAD_UNCHANGED).astype(int) for d in (truth, prediction))
        m = np.bincount((t * 12 + p)[t != 11], minlength=132)[:132].reshape(11, 12)
        total += m
        images.append(scores(m))
    want, key = scores(total), "camvid numpy"
    s, by_image = evaluate("camvid_numpy", truth, prediction, "--ignore", "11", "--classes", "11")
    check(f"{key} confusion", s["confusion"], total[:, :11].tolist())
    check(f"{key} pixels", s["pixels"], int(total.sum()))
    with np.errstate(all="ignore"):
        for k, v in want.items():
            for i, c in enumerate(s["classes"]):
                check(f"{key} {k} {i}", c[k], int(v[i]) if k in ("tp", "fp", "fn", "tn") else float(v[i]), 1e-12)
        for k in ("precision", "recall", "f1", "iou"):
            check(f"{key} mean {k}", s["mean"][k], float(np.nanmean(want[k])), 1e-12)
            each = np.nanmean(np.stack([i[k] for i in images]), 0)
            check(f"{key} mean of images {k}", by_image["mean"][k], float(np.nanmean(each)), 1e-12)
    n, tp = total.sum(), np.diag(total).sum()
    chance = float((total.sum(1) * total[:, :11].sum(0)).sum()) / float(n) ** 2
    check(f"{key} accuracy", s["accuracy"], float(tp / n), 1e-12)
    check(f"{key} kappa", s["kappa"], float((tp / n - chance) / (1 - chance)), 1e-12)
    check(f"{key} fwiou", s["fwiou"], float((total.sum(1) / n * want["iou"]).sum()), 1e-12)


chase, camvid, dsb = DATA / "chase_db1", DATA / "camvid/masks/test", DATA / "dsb2018/masks/test"
if (chase / "masks2").is_dir():
    binary_entry("chase_db1_2nd_vs_1st_all28_all_pixels", chase / "masks", chase / "masks2")
    binary_entry("chase_db1_2nd_vs_1st_test8_all_pixels", chase / "masks/test", chase / "masks2/test")
    foreground_entry("chase_db1_test_all_foreground", chase / "masks/test")
    evaluate("chase_tolerance", chase / "masks/test", chase / "masks2/test", "--tolerance", "2", "--thresholds", "9")
if camvid.is_dir():
    camvid_entry("camvid_test_baseline_position_mode_of_train", camvid,
                 repeated("mode", camvid, DATA / "camvid/baseline_position_mode.png"))
    camvid_entry("camvid_test_baseline_all_majority_class_3", camvid, constant("class3", camvid, 3))
    camvid_numpy(camvid)
if dsb.is_dir():
    foreground_entry("dsb2018_test_all_foreground", dsb)

subprocess.run(["rm", "-rf", str(tmp)], check=True)
print("\n".join(bad[:40]) or "all agree")
print(f"{checks} comparisons, {len(bad)} differ; {len(used)} of {len(golden)} stored entries used")
sys.exit(bool(bad) or checks == 0)
