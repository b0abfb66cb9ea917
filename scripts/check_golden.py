#!/usr/bin/env python3
"""Compares edgel eval, and eval --counts followed by report, with stored pixel counts and with NumPy.

    check_golden.py EDGEL

The data are $EDGEL_DATA (default: ../shared/data beside the project): golden/golden_metrics.json, made by plain NumPy,
with chase_db1, camvid and dsb2018; without them the check is skipped (exit code 77). Counts must agree to the last one,
scores to 1e-12. For CamVid the confusion matrix of neighbouring frames' masks is computed here as well when NumPy and
OpenCV's Python module are installed.
"""
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = pathlib.Path(os.environ.get("EDGEL_DATA") or ROOT / "../shared/data").resolve()
bad = []


def same(what, got, want, tolerance=1e-12):
    exact = isinstance(want, (int, list, bytes))
    if got != want if exact else got is None or abs(got - want) > tolerance:
        bad.append(f"{what}: {got} instead of {want}")


def summary(what, *options):
    """The document of eval, after report has made the same one from the counts, byte for byte."""
    with tempfile.TemporaryDirectory() as d:
        a, b, counts = (f"{d}/{name}" for name in ("a.json", "b.json", "counts"))
        subprocess.run([sys.argv[1], "eval", "-q", "--counts", counts, "--json", a, *map(str, options)], check=True,
                       stdout=subprocess.DEVNULL)
        subprocess.run([sys.argv[1], "report", "--json", b, counts], check=True, stdout=subprocess.DEVNULL)
        text = pathlib.Path(a).read_bytes()
        if pathlib.Path(b).read_bytes() != text:
            bad.append(f"{what}: report writes another document than eval")
        return json.loads(text)


def binary(golden):
    masks, second = DATA / "chase_db1/masks", DATA / "chase_db1/masks2"
    for name, below in ("chase_db1_2nd_vs_1st_all28_all_pixels", ""), ("chase_db1_2nd_vs_1st_test8_all_pixels", "test"):
        want = golden[name]
        pairs = ("--truth-suffix", "_1stHO", "--pred-suffix", "_2ndHO", "--truth", masks / below, second / below)
        got = summary(name, *pairs)
        for key in "TP", "FP", "FN", "TN":
            same(f"{name} {key}", got["classes"][0][key.lower()], want[key])
        for key in "precision", "recall", "f1", "iou", "accuracy", "specificity":
            same(f"{name} {key}", got["classes"][0][key], want[key])
        same(f"{name} n", got["images"], want["n"])
        got = summary(name, "--reduce", "image", *pairs)
        same(f"{name} mean_image_iou", got["mean"]["iou"], want["mean_image_iou"])


def all_foreground(golden):
    for data in "chase_db1", "dsb2018":
        name = f"{data}_test_all_foreground"
        truth, want = DATA / data / "masks/test", golden[name]
        with tempfile.TemporaryDirectory() as d:
            for mask in truth.iterdir():
                w, h = struct.unpack(">II", mask.read_bytes()[16:24])
                pathlib.Path(d, mask.stem + ".pgm").write_bytes(b"P5\n%d %d\n255\n" % (w, h) + b"\xff" * (w * h))
            got = summary(name, "--truth", truth, d)
        one = got["classes"][0]
        same(f"{name} fg", one["tp"], want["fg"])
        same(f"{name} total", got["pixels"], want["total"])
        same(f"{name} iou", one["iou"], want["iou"])
        same(f"{name} f1", one["f1"], want["f1"])
        same(f"{name} background", one["fp"] / got["pixels"], want["accuracy_all_background"])


def camvid_confusion(name, pairs, want):
    with tempfile.TemporaryDirectory() as d:
        for side in "prediction", "truth":
            pathlib.Path(d, side).mkdir()
        for prediction, truth in pairs:
            pathlib.Path(d, "prediction", truth.stem + prediction.suffix).symlink_to(prediction)
            pathlib.Path(d, "truth", truth.name).symlink_to(truth)
        got = summary(name, "--classes", 11, "--ignore", 11, "--truth", f"{d}/truth", f"{d}/prediction")
    same(f"{name} confusion", got["confusion"], want)
    same(f"{name} failed", got["failed"], 0)
    return got


def camvid(golden):
    truth = sorted((DATA / "camvid/masks/test").iterdir())
    with tempfile.TemporaryDirectory() as d:
        three = pathlib.Path(d, "three.pgm")
        three.write_bytes(b"P5\n480 360\n255\n" + b"\3" * (480 * 360))
        for name, prediction in (("camvid_test_baseline_position_mode_of_train",
                                  DATA / "camvid/baseline_position_mode.png"),
                                 ("camvid_test_baseline_all_majority_class_3", three)):
            want = golden[name]
            got = camvid_confusion(name, [(prediction, t) for t in truth], want["confusion_gt_by_pred"])
            same(f"{name} miou", got["mean"]["iou"], want["miou"])
            same(f"{name} accuracy", got["accuracy"], want["global_acc"])
            same(f"{name} mean_class_acc", got["mean"]["recall"], want["mean_class_acc"])
            for c, iou in zip(got["classes"], want["iou"]):
                same(f"{name} iou {c['id']}", c["iou"], iou, 5.1e-6)


def camvid_numpy():
    """Each frame's mask predicted by the frame before it; void as a prediction counts as wrong."""
    try:
        import cv2
        import numpy as np
    except ImportError:
        return "NumPy or OpenCV not installed, not compared"
    truth = sorted((DATA / "camvid/masks/test").iterdir())
    images = [cv2.imread(str(t), cv2.IMREAD_UNCHANGED).astype(np.int64) for t in truth]
    both = sum(np.bincount((t * 12 + p).ravel(), minlength=144) for p, t in zip(images, images[1:])).reshape(12, 12)
    got = camvid_confusion("camvid neighbours", zip(truth, truth[1:]), both[:11, :11].tolist())
    same("camvid neighbours other", got["ignored_predicted"], int(both[:11, 11].sum()))
    tp, rows, columns = both.diagonal()[:11], both[:11].sum(1), both[:11, :11].sum(0)
    for c, iou in zip(got["classes"], tp / (rows + columns - tp)):
        same(f"camvid neighbours iou {c['id']}", c["iou"], float(iou))
    same("camvid neighbours accuracy", got["accuracy"], float(tp.sum() / rows.sum()))
    return f"{int(both[:11].sum())} pixels compared with NumPy"


path = DATA / "golden/golden_metrics.json"
if not path.exists():
    print(f"{path} is absent")
    sys.exit(77)
stored = json.loads(path.read_text())
binary(stored)
all_foreground(stored)
camvid(stored)
numpy_said = camvid_numpy()
print("\n".join(bad) or f"{len(stored)} stored entries agree; CamVid: {numpy_said}")
sys.exit(bool(bad))
