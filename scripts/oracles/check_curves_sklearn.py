#!/usr/bin/python3
"""Holds the curves of `edgel eval --thresholds` against scikit-learn: AP, AUC, and the F1 of ODS and OIS.

usage: check_curves_sklearn.py [EDGEL] [--seed S]

50 soft maps of 8 and 16 bits: published contour maps, retina and microscope images as scores of their own masks
($EDGEL_DATA, ../shared/data; made ones take the places of those that are absent), random ones, with ties, constant, nearly
sure, without positives, without negatives. Each by itself, then all of a kind in one run (8 and 16 bits together as
shares of the full range), in one process and in shards that are merged. Expected: average_precision_score, roc_auc_score and
precision_recall_curve over the same pixels; undefined is null. Then float maps: noise, crowded ones, the outputs of sure
networks: differences must lie within the errors that edgel states. Prints the largest difference of each kind.
Exit: 0 all below 1e-12 and within the errors, 1 something is not, 77 no scikit-learn.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import warnings

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
from house import DATA, program, wanted

with wanted():
    import cv2
    import numpy as np
    from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

parser = argparse.ArgumentParser(usage="check_curves_sklearn.py [EDGEL] [--seed S]")
parser.add_argument("edgel", nargs="?")
parser.add_argument("--seed", type=int, default=15)
args = parser.parse_args()
EDGEL = program(["", args.edgel] if args.edgel else [""])
rng = np.random.default_rng(args.seed)
keep = tempfile.TemporaryDirectory(prefix="edgel-curves-")
tmp = pathlib.Path(keep.name)
TOLERANCE = 1e-12
bad, compared = [], 0


def edgel(*arguments):
    p = subprocess.run([EDGEL, *map(str, arguments)], capture_output=True, text=True)
    if p.returncode:
        sys.exit(f"{' '.join(map(str, arguments))}: exit {p.returncode}\n{p.stderr}")
    return p.stdout


def evaluate(folder, n):
    out = folder / "scores.json"
    edgel("eval", "-q", "--truth", folder / "t", "--labels", "binary", "--thresholds", n, "--json", out, folder / "p")
    return json.loads(out.read_text())["curve"]


def best(truth, share):
    """The largest F1 of a threshold above 0, with what it counts."""
    positives = truth.sum()
    values = np.unique(share[share > 0])
    order = np.sort(share[truth]), np.sort(share[~truth])
    tp, fp = (len(v) - np.searchsorted(v, values) for v in order)
    if len(values) == 0 or tp.max() == 0:
        return 0, 0, 0
    f = 2 * tp / (tp + fp + positives)
    i = len(f) - 1 - int(np.argmax(f[::-1]))
    return f[i], tp[i], fp[i]


def wanted_of(pairs):
    """What scikit-learn says of all pixels, None where it is undefined; pairs: truth, share of the full range."""
    truth = np.concatenate([t.ravel() for t, _ in pairs])
    share = np.concatenate([s.ravel() for _, s in pairs])
    if not truth.any():
        return {"ap": None, "auc": None, "ods": None, "ois": None}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ap = float(average_precision_score(truth, share))
        auc = None if truth.all() else float(roc_auc_score(truth, share))
        p, r, at = precision_recall_curve(truth, share)
    f = np.divide(2 * p * r, p + r, out=np.zeros_like(p), where=p + r > 0)[:-1]
    counts = [best(t.ravel(), s.ravel()) for t, s in pairs]
    tp, fp = (sum(int(c[i]) for c in counts) for i in (1, 2))
    return {"ap": ap, "auc": auc, "ods": float(f[at > 0].max(initial=0)), "ois": 2 * tp / (tp + fp + int(truth.sum()))}


def differences(name, curve, pairs, errors=False):
    """The largest difference of each score; adds to the list of what is bad."""
    global compared
    got = {"ap": curve["ap"], "auc": curve["auc"], "ods": curve["ods"]["f1"], "ois": curve["ois"]["f1"]}
    want, result = wanted_of(pairs), {}
    for key in ("ap", "auc") if errors else want:
        allowed = TOLERANCE + (curve[f"{key}_error"] or 0 if errors else 0)
        compared += 1
        if got[key] is None or want[key] is None:
            result[key] = 0.0
            if got[key] != want[key]:
                bad.append(f"{name}: {key} is {got[key]}, not {want[key]}")
            continue
        result[key] = abs(got[key] - want[key])
        if not result[key] <= allowed:
            bad.append(f"{name}: {key} is {got[key]}, not {want[key]}: more than {allowed:.3g} apart")
    return result


# --- maps ---


def random_truth(h, w, share):
    return cv2.GaussianBlur(rng.random((h, w)), (0, 0), 2) < 0.5 + 0.1 * (share - 0.5)


def quantized(share, bits):
    full = 2**bits - 1
    return np.clip(np.rint(share * full), 0, full).astype(np.uint8 if bits == 8 else np.uint16)


def made(kind, bits):
    h, w = (int(n) for n in rng.integers(20, 200, 2))
    truth = random_truth(h, w, rng.random())
    noise = rng.random((h, w))
    share = {"noise": noise, "good": np.where(truth, noise**0.3, noise**2), "ties": np.floor(noise * 4 + truth) / 5,
             "constant": np.full((h, w), rng.random()), "empty": np.zeros((h, w)), "sure": np.where(noise < 0.1, noise * 10, truth),
             "no positives": noise, "no negatives": noise}[kind]
    if kind.startswith("no "):
        truth = np.full((h, w), kind == "no negatives")
    return truth, quantized(share, bits)


def contour_maps():
    for f in sorted((DATA / "bsds-bench5/png").glob("*.png")):
        truth = sorted((DATA / "bsds-bench5/masks").rglob(f"{f.stem}_1.png"))
        if truth:
            yield cv2.imread(str(truth[0]), -1) > 0, cv2.imread(str(f), 0)


def dark_vessels(bits):
    for f in sorted((DATA / "chase_db1/masks/test").glob("*.png")):
        image = sorted((DATA / "chase_db1/images/test").glob(f.stem + ".*"))
        if image:
            green = 255 - cv2.imread(str(image[0]))[:, :, 1].astype(float)
            share = green / 255 if bits == 8 else np.clip(0.5 + (green - cv2.GaussianBlur(green, (0, 0), 15)) / 100, 0, 1)
            yield cv2.imread(str(f), 0) > 0, quantized(share, bits)


def bright_nuclei():
    for f in sorted((DATA / "dsb2018/masks/test").glob("*.png"))[:6]:
        image = sorted((DATA / "dsb2018/images/test").glob(f.stem + ".*"))
        if image:
            yield cv2.imread(str(f), 0) > 0, cv2.imread(str(image[0]), 0)


def write(folder, name, truth, share):
    for side in ("t", "p"):
        (folder / side).mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(folder / f"t/{name}.png"), truth.astype(np.uint8) * 255)
    if share.dtype == np.float32:
        with open(folder / f"p/{name}.pfm", "wb") as f:
            f.write(b"Pf\n%d %d\n-1.0\n" % share.shape[::-1] + share[::-1].astype("<f4").tobytes())
    else:
        cv2.imwrite(str(folder / f"p/{name}.png"), share)


def as_share(map_):
    return map_ if map_.dtype == np.float32 else map_ / np.iinfo(map_.dtype).max


def show(kind, n, d, more=""):
    print(f"{kind:<24} {n:>4} maps   " + "   ".join(f"{k} {v:.1e}" for k, v in d.items()) + more)


def largest(list_of):
    return {k: max(d[k] for d in list_of) for k in list_of[0]}


groups = {"contour maps": list(contour_maps()), "retina, 8 bits": list(dark_vessels(8))[:5], "retina, 16 bits": list(dark_vessels(16))[:5],
          "nuclei": list(bright_nuclei())}
real = sum(map(len, groups.values()))
kinds = ["noise", "good", "ties", "constant", "empty", "sure", "no positives", "no negatives"]
for i in range(50 - real):
    groups.setdefault(f"made: {kinds[i % 8]}", []).append(made(kinds[i % 8], (8, 16)[i // 8 % 2]))

everything = []
for kind, maps in groups.items():
    if not maps:
        continue
    found = []
    folder = tmp / kind
    for i, (truth, map_) in enumerate(maps):
        alone = tmp / f"{kind} {i}"
        write(alone, "a", truth, map_)
        write(folder, f"{i:02}", truth, map_)
        found.append(differences(f"{kind} {i}", evaluate(alone, int(rng.integers(1, 1000))), [(truth, as_share(map_))]))
    pairs = [(t, as_share(m)) for t, m in maps]
    found.append(differences(f"{kind}, pooled", evaluate(folder, 9), pairs))
    everything.append(largest(found))
    show(kind, len(maps), everything[-1])
n = sum(map(len, groups.values()))
show(f"all ({real} real)", n, largest(everything))

# --- all in one run, and in shards ---

whole = tmp / "whole"
pairs = [(t, as_share(m)) for maps in groups.values() for t, m in maps]
for i, (truth, map_) in enumerate(m for maps in groups.values() for m in maps):
    write(whole, f"{i:02}", truth, map_)
judge = ("eval", "-q", "--truth", whole / "t", "--labels", "binary", "--thresholds", 99)
edgel(*judge, "--counts", tmp / "all.counts", "--json", tmp / "all.json", whole / "p")
for k in (1, 2, 3):
    edgel(*judge, "--shard", f"{k}/3", "--counts", tmp / f"{k}.counts", whole / "p")
edgel("merge", "-o", tmp / "merged.counts", *(tmp / f"{k}.counts" for k in (3, 1, 2)))
edgel("report", "--json", tmp / "merged.json", tmp / "merged.counts")
for a, b in (("all.counts", "merged.counts"), ("all.json", "merged.json")):
    compared += 1
    if (tmp / a).read_bytes() != (tmp / b).read_bytes():
        bad.append(f"{a} and {b} differ")
show("all in one run", n, differences("all", json.loads((tmp / "all.json").read_text())["curve"], pairs))

# --- float maps ---


def float_map(kind):
    h, w = (int(n) for n in rng.integers(50, 300, 2))
    truth = random_truth(h, w, rng.random())
    logits = rng.normal(np.where(truth, 1.0, -1.0), 1.5)
    share = {"noise": rng.random((h, w)), "network": 1 / (1 + np.exp(-logits)), "sure network": 1 / (1 + np.exp(-6 * logits)),
             "crowded": 0.5 + (1 / (1 + np.exp(-logits)) - 0.5) / 2000, "logits": logits}[kind]
    return truth, share.astype(np.float32)


for kind in ("noise", "network", "sure network", "crowded", "logits"):
    found, stated = [], {"ap": 0.0, "auc": 0.0}
    for i in range(5):
        truth, map_ = float_map(kind)
        folder = tmp / f"float {kind} {i}"
        write(folder, "a", truth, map_)
        curve = evaluate(folder, 9)
        found.append(differences(f"float, {kind} {i}", curve, [(truth, map_)], errors=True))
        stated = {k: max(v, curve[f"{k}_error"]) for k, v in stated.items()}
    show(f"float: {kind}", 5, largest(found), "   stated: " + "   ".join(f"{k} {v:.1e}" for k, v in stated.items()))

print("\n".join(bad[:40]) or "all agree")
print(f"{compared} comparisons, {len(bad)} differ")
sys.exit(bool(bad))
