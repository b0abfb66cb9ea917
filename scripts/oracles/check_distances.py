#!/usr/bin/python3
"""Holds the distances of `edgel eval`, its Boundary IoU and DAVIS against SciPy and NumPy, class by class.

usage: check_distances.py [EDGEL] [--time]

$EDGEL_DATA (../shared/data) holds the data sets. Predictions are made up: vessels as another annotator
drew them, CamVid and nuclei moved, grown and with whole classes or images left out. The definitions are written again here
with scipy.ndimage.distance_transform_edt, binary_erosion and numpy.percentile; on small masks distances come from cdist.
Boundary IoU erodes a padded mask d times by a 3x3, DAVIS dilates shifted differences by a disk; frames are the images.
Prints the largest difference of each measure. --time: HD95 of a 2048x1024 image with 19 classes as well, edgel and SciPy in
turn: processor seconds and their ratio.
Exit: 0 all agree within 1e-9, 1 something differs, 77 no data or no SciPy.
"""
import json
import pathlib
import resource
import subprocess
import sys
import tempfile
import time
from statistics import median

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
from house import DATA, program, skip, wanted

with wanted():
    import cv2
    import numpy as np
    from scipy import ndimage
    from scipy.spatial.distance import cdist

args = [a for a in sys.argv[1:] if a != "--time"]
EDGEL = program([""] + args)
if not (DATA / "camvid/masks").is_dir():
    skip(f"{DATA}/camvid is absent")
TAUS = [0, 1, 2.5, 10]
keep = tempfile.TemporaryDirectory(prefix="edgel-distances-")
tmp = pathlib.Path(keep.name)
worst, compared = {}, 0


def surface(mask):
    return mask & ~ndimage.binary_erosion(mask, border_value=0)


def directed(a, b):
    """Distances of the pixels of a to the nearest ones of b."""
    if a.sum() * b.sum() < 4e5:
        return cdist(np.argwhere(a), np.argwhere(b)).min(axis=1)
    return ndimage.distance_transform_edt(~b)[a]


def measures(truth, prediction):
    """hd, hd95, assd, nsd of two masks; None: neither side has anything."""
    t, p = surface(truth), surface(prediction)
    if not t.any() and not p.any():
        return None
    if not t.any() or not p.any():
        return [np.hypot(*truth.shape)] * 3 + [0] * len(TAUS)
    a, b = directed(p, t), directed(t, p)
    both = np.concatenate([a, b])
    return [max(a.max(), b.max()), max(np.percentile(a, 95), np.percentile(b, 95)), both.mean(),
            *[(both <= tau + 1e-9).mean() for tau in TAUS]]


def band(mask, d):
    return mask & ~ndimage.binary_erosion(np.pad(mask, 1), np.ones((3, 3)), d)[1:-1, 1:-1]


def band_width(shape):
    return max(1, round(0.02 * float(np.sqrt(shape[0] ** 2 + shape[1] ** 2))))


def contour(mask):
    out = np.zeros_like(mask)
    out[:, :-1] |= mask[:, :-1] ^ mask[:, 1:]
    out[:-1] |= mask[:-1] ^ mask[1:]
    out[:-1, :-1] |= mask[:-1, :-1] ^ mask[1:, 1:]
    return out


def j_and_f(truth, prediction):
    r = int(np.ceil(0.008 * np.hypot(*truth.shape)))
    y, x = np.mgrid[-r:r + 1, -r:r + 1]
    disk = (x * x + y * y <= r * r).astype(np.uint8)
    a, b = contour(prediction), contour(truth)
    p = (a & (cv2.dilate(b.astype(np.uint8), disk) > 0)).sum() / a.sum() if a.any() else 1
    q = (b & (cv2.dilate(a.astype(np.uint8), disk) > 0)).sum() / b.sum() if b.any() else 1
    union = (truth | prediction).sum()
    return (truth & prediction).sum() / union if union else 1, 2 * p * q / (p + q) if p + q else 0


def statistics(values):
    v = np.array(values)
    e = (np.round(np.linspace(1, len(v), 5) + 1e-10) - 1).astype(int)
    return {"mean": v.mean(), "recall": (v > 0.5).mean(), "decay": v[:e[1] + 1].mean() - v[e[3]:].mean()}


def compare(key, mine, want):
    global compared
    worst[key] = max(worst.get(key, 0), abs(mine - want))
    compared += 1


def summary(name, binary, ignore, *options):
    out = tmp / name / "s.json"
    options += ("--ignore", str(ignore)) if ignore is not None else ()
    subprocess.run([EDGEL, "eval", "-q", *options, "--labels", "binary" if binary else "ids", "--truth", str(tmp / name / "t"),
                    "--json", str(out), str(tmp / name / "p")], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return json.loads(out.read_text())


def boundaries(name, truths, predictions, ids, binary, ignore):
    pairs = {c: [] for c in ids}
    for t, p in zip(truths, predictions):
        judged = np.ones(t.shape, bool) if ignore is None else t != ignore
        for c in ids:
            pairs[c].append((judged & (t != 0 if binary else t == c), judged & (p >= 128 if binary else p == c)))
    got = {c["id"]: c["iou"] for c in summary(name, binary, ignore, "--boundary", "iou")["boundary_iou"]["classes"]}
    objects = {o["id"]: o for o in summary(name, binary, ignore, "--boundary", "davis")["davis"]["objects"]}
    for c in ids:
        both = either = 0
        for t, p in pairs[c]:
            a, b = band(t, band_width(t.shape)), band(p, band_width(t.shape))
            both += (a & b).sum()
            either += (a | b).sum()
        if either:
            compare("boundary iou", got[c], both / either)
        if c and any(t.any() for t, _ in pairs[c]):
            j, f = zip(*(j_and_f(t, p) for t, p in pairs[c]))
            for key, values in (("j", j), ("f", f)):
                for k, v in statistics(values).items():
                    compare(f"davis {key}", objects[c][key][k], v)


def run(name, truths, predictions, ids, binary, ignore=None):
    """truths, predictions: lists of arrays; means over images by class, from edgel and from here."""
    for side, arrays in (("t", truths), ("p", predictions)):
        (tmp / name / side).mkdir(parents=True)
        for i, a in enumerate(arrays):
            cv2.imwrite(str(tmp / name / side / f"{i:03}.png"), a)
    options = [o for tau in TAUS for o in ("--nsd-tolerance", str(tau))]
    got = {c["id"]: c for c in summary(name, binary, ignore, "--distances", *options)["distances"]["classes"]}
    for c in ids:
        values = []
        for t, p in zip(truths, predictions):
            judged = np.ones(t.shape, bool) if ignore is None else t != ignore
            v = measures(judged & (t != 0 if binary else t == c), judged & (p >= 128 if binary else p == c))
            if v is not None:
                values.append(v)
        if not values and c not in got:
            continue
        want = np.mean(values, axis=0)
        mine = [got[c][k] for k in ("hd", "hd95", "assd")] + got[c]["nsd"]
        for k, a, b in zip(["hd", "hd95", "assd"] + [f"nsd@{tau}" for tau in TAUS], mine, want):
            compare(k, a, b)
    boundaries(name, truths, predictions, ids, binary, ignore)
    print(f"{name}: {len(truths)} images, {len(got)} classes", flush=True)


def load(folder, step=1, n=None):
    files = sorted(folder.rglob("*.png"))[::step][:n]
    return [cv2.imread(str(f), cv2.IMREAD_UNCHANGED) for f in files]


def gray(a):
    return a if a.ndim == 2 else a[:, :, 0]


camvid = [gray(a) for a in load(DATA / "camvid/masks", 20, 12)]
moved = [np.roll(a, (4, 7), (0, 1)) for a in camvid]
for i, a in enumerate(moved):
    a[a == i % 11] = (i + 3) % 11  # a class that the prediction misses altogether
run("camvid", camvid, moved, range(11), False, ignore=11)
nuclei = [(gray(a) > 0).astype(np.uint8) * 255 for a in load(DATA / "dsb2018/masks", 15, 40)]
grown = [ndimage.grey_dilation(a, (3, 5)) * (i % 9 > 0) for i, a in enumerate(nuclei)]
run("nuclei", nuclei, grown, [1], True)
first, second = load(DATA / "chase_db1/masks"), load(DATA / "chase_db1/masks2")
to255 = [[(gray(a) > 0).astype(np.uint8) * 255 for a in s] for s in (first, second)]
run("vessels", to255[0], to255[1], [1], True)
rng = np.random.default_rng(5)
small = [rng.integers(0, 4, (rng.integers(1, 30), rng.integers(1, 30))).astype(np.uint8) for _ in range(200)]
run("random", small, [np.where(rng.random(a.shape) < 0.3, rng.integers(0, 4, a.shape), a).astype(np.uint8) for a in small],
    range(4), False)

print(f"{compared} values; largest difference " + ", ".join(f"{k} {v:.2g}" for k, v in worst.items()))

if "--time" in sys.argv:
    y, x = np.mgrid[0:1024, 0:2048]
    seeds = np.argwhere(rng.random((1024, 2048)) < 3e-4)
    labels = rng.integers(0, 19, len(seeds))
    _, at = ndimage.distance_transform_edt(~np.isin(y * 2048 + x, seeds[:, 0] * 2048 + seeds[:, 1]), return_indices=True)
    table = np.zeros((1024, 2048), np.uint8)
    table[seeds[:, 0], seeds[:, 1]] = labels
    truth = table[at[0], at[1]]
    prediction = np.roll(truth, (5, 9), (0, 1))
    for side, a in (("t", truth), ("p", prediction)):
        (tmp / "time" / side).mkdir(parents=True)
        cv2.imwrite(str(tmp / "time" / side / "a.png"), a)

    def scipy_run():
        start, values = time.process_time(), []
        for c in range(19):
            t, p = surface(truth == c), surface(prediction == c)
            a, b = ndimage.distance_transform_edt(~t)[p], ndimage.distance_transform_edt(~p)[t]
            values.append(max(np.percentile(a, 95), np.percentile(b, 95)))
        return time.process_time() - start, values

    def edgel_run(*option):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([EDGEL, "eval", "-q", "-j", "1", *option, "--truth", str(tmp / "time/t"), "--json",
                        str(tmp / "time/s.json"), str(tmp / "time/p")], check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    rounds = []
    for _ in range(3):
        peer, values = scipy_run()
        plain, whole = edgel_run(), edgel_run("--distances")
        rounds.append((peer, whole, whole - plain))
    got = [c["hd95"] for c in json.loads((tmp / "time/s.json").read_text())["distances"]["classes"]]
    for a, b in zip(got, values, strict=True):
        compare("hd95", a, b)
    peer, whole, alone = (median(r) for r in zip(*rounds))
    print(f"HD95 of 2048x1024, 19 classes, one thread: SciPy {peer:.2f} s, edgel {whole:.2f} s with reading the files and all "
          f"scores: {peer / whole:.1f}x; {alone:.2f} s of it for distances: {peer / alone:.1f}x")
sys.exit(any(v > 1e-9 for v in worst.values()))
