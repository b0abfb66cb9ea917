#!/usr/bin/python3
"""Holds `edgel eval --objects` against definitions written again with NumPy and SciPy.

usage: check_objects.py [EDGEL]

$EDGEL_DATA (../shared/data) holds the data sets. Nuclei as instance masks (dsb2018) against the same
moved, eroded and with some missing, against components of an Otsu threshold (mixed), and with ignored ids; PASCAL class masks
by components; the run lengths of COCO decoded here and by edgel to the areas they are known to have, in both forms;
panoptic masks and documents with crowds and void against a prediction that was made worse. IoU by counting pairs of values,
greedy matching by a loop, panoptic quality and the measures of boxes from their formulas.
Prints what was compared and the largest difference. Exit: 0 all agree within 1e-9, 1 something differs, 77 no data or no SciPy.
"""
import collections
import csv
import json
import math
import pathlib
import subprocess
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
from house import DATA, program, skip, wanted

with wanted():
    import cv2
    import numpy as np
    from PIL import Image
    from scipy import ndimage

EDGEL = program()
if not (DATA / "dsb2018/instances").is_dir() or not (DATA / "seg_formats/coco_rle").is_dir():
    skip(f"{DATA}/dsb2018 or {DATA}/seg_formats is absent")
FORMATS = DATA / "seg_formats"
keep = tempfile.TemporaryDirectory(prefix="edgel-objects-")
tmp = pathlib.Path(keep.name)
worst = 0.0
failed = False


def box_measures(a, b):
    (ax0, ay0, ax1, ay1), (bx0, by0, bx1, by1) = a, b
    both = max(0, min(ax1, bx1) - max(ax0, bx0)) * max(0, min(ay1, by1) - max(ay0, by0))
    aa, ab = (ax1 - ax0) * (ay1 - ay0), (bx1 - bx0) * (by1 - by0)
    cw, ch = max(ax1, bx1) - min(ax0, bx0), max(ay1, by1) - min(ay0, by0)
    iou = both / (aa + ab - both)
    giou = iou - (cw * ch - (aa + ab - both)) / (cw * ch)
    d2 = ((ax0 + ax1 - bx0 - bx1) / 2) ** 2 + ((ay0 + ay1 - by0 - by1) / 2) ** 2
    diou = iou - d2 / (cw ** 2 + ch ** 2)
    v = 4 / math.pi ** 2 * (math.atan((ax1 - ax0) / (ay1 - ay0)) - math.atan((bx1 - bx0) / (by1 - by0))) ** 2
    return [iou, giou, diou, diou - (v / (1 - iou + v) * v if v > 0 else 0)]


def box_of(mask):
    ys, xs = np.nonzero(mask)
    return int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1


class Scores:
    """Sums over images, by class."""

    def __init__(self):
        self.c = collections.defaultdict(lambda: dict(truth=0, prediction=0, passed=0, pairs=[]))

    def add(self, truth, prediction, void, of_truth, of_prediction, crowds=()):
        """Planes of ids (0: nothing), a mask of void pixels, classes by id."""
        t, p = np.where(void, 0, truth).astype(np.int64), prediction.astype(np.int64)
        area_t = dict(zip(*np.unique(t, return_counts=True)))
        area_p = dict(zip(*np.unique(p, return_counts=True)))
        in_void = dict(zip(*np.unique(p[void], return_counts=True)))
        common = collections.Counter()
        keys, counts = np.unique(t * (1 << 32) + p, return_counts=True)
        for k, n in zip(keys.tolist(), counts.tolist()):
            common[k >> 32, k & 0xFFFFFFFF] = n
        boxes_t = {i: s for i, s in zip(*self.boxes(t))}
        boxes_p = {i: s for i, s in zip(*self.boxes(p))}
        candidates, excuse = [], collections.Counter(in_void)
        for (a, b), n in common.items():
            if a == 0 or b == 0 or of_truth[a] != of_prediction[b]:
                continue
            if a in crowds:
                excuse[b] += n
                continue
            either = int(area_t[a] + area_p[b] - n - in_void.get(b, 0))
            candidates.append((-n / either, a, b, n, either))
        used_t, used_p = set(), set()
        for _, a, b, n, either in sorted(candidates):
            if 2 * n >= either and a not in used_t and b not in used_p:
                used_t.add(a)
                used_p.add(b)
                self.c[of_truth[a]]["pairs"].append(
                    (n, either, 2 * excuse[b] > area_p[b], box_measures(boxes_t[a], boxes_p[b])))
        for a in area_t:
            if a != 0 and a not in crowds:
                self.c[of_truth[a]]["truth"] += 1
        for b in area_p:
            if b != 0:
                self.c[of_prediction[b]]["prediction"] += 1
                self.c[of_prediction[b]]["passed"] += b not in used_p and 2 * excuse[b] > area_p[b]

    @staticmethod
    def boxes(plane):
        ids, compact = np.unique(plane, return_inverse=True)
        found = ndimage.find_objects(compact.reshape(plane.shape) + 1)
        return ids.tolist(), [(s[1].start, s[0].start, s[1].stop, s[0].stop) for s in found]

    def scores(self, k):
        c = self.c[k]
        tp = [p for p in c["pairs"] if 2 * p[0] > p[1]]
        fp = c["prediction"] - c["passed"] - len(tp) - sum(p[2] for p in c["pairs"] if 2 * p[0] <= p[1])
        fn = c["truth"] - len(tp)
        iou = math.fsum(p[0] / p[1] for p in tp)
        out = dict(truth=c["truth"], prediction=c["prediction"], passed=c["passed"], tp=len(tp), fp=fp, fn=fn)
        if len(tp) + fp + fn:
            out.update(pq=iou / (len(tp) + fp / 2 + fn / 2), sq=iou / len(tp) if tp else 0,
                       rq=len(tp) / (len(tp) + fp / 2 + fn / 2))
        else:
            out.update(pq=None, sq=None, rq=None)
        precision, recall = [], []
        for twentieths in range(10, 20):
            reached = [p for p in c["pairs"] if 20 * p[0] >= twentieths * p[1]]
            below = sum(p[2] for p in c["pairs"] if 20 * p[0] < twentieths * p[1])
            made = c["prediction"] - c["passed"] - below
            precision.append(len(reached) / made if made else None)
            recall.append(len(reached) / c["truth"] if c["truth"] else None)
        out.update(precision=precision, recall=recall)
        for i, name in enumerate(("iou", "giou", "diou", "ciou")):
            out[name] = math.fsum(p[3][i] for p in c["pairs"]) / len(c["pairs"]) if c["pairs"] else None
        return out


def differ(what, got, want):
    global worst, failed
    if isinstance(want, list):
        for k, (g, w) in enumerate(zip(got, want)):
            differ(f"{what}[{k}]", g, w)
        return
    if got is None or want is None:
        bad, d = got is not want, 0
    else:
        d = abs(got - want)
        bad = d > 1e-9
    worst = max(worst, d)
    if bad:
        failed = True
        print(f"{what}: edgel {got}, NumPy {want}")


def evaluate(*args):
    out = tmp / "s.json"
    subprocess.run([EDGEL, "eval", "-q", "--json", out, *args], check=True, stdout=subprocess.DEVNULL)
    document = json.loads(out.read_text())
    return document["objects"]


def compare(name, got, want):
    seen = {c["id"]: c for c in got["classes"]}
    extra = [k for k, c in seen.items() if k not in want.c and c["truth"] + c["prediction"] > 0]
    if extra or set(want.c) - set(seen):
        differ(f"{name}: classes", len(extra), -1)
    quality = []
    for k in want.c:
        s = want.scores(k)
        for key in ("truth", "prediction", "passed", "tp", "fp", "fn", "pq", "sq", "rq", "precision", "recall"):
            differ(f"{name}: class {k}: {key}", seen[k][key], s[key])
        for key in ("iou", "giou", "diou", "ciou"):
            differ(f"{name}: class {k}: box {key}", seen[k]["box"][key], s[key])
        if s["pq"] is not None:
            quality.append(s["pq"])
    differ(f"{name}: mean pq", got["mean"]["pq"], sum(quality) / len(quality))
    total = {k: sum(want.scores(c)[k] for c in want.c) for k in ("truth", "prediction", "tp", "passed")}
    print(f"{name}: {len(want.c)} classes, {total['truth']} objects, {total['prediction']} predicted, "
          f"{total['tp']} matched, {total['passed']} passed over, PQ {got['mean']['pq']:.4f}")


def read(path):
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)


def ones(plane):
    return collections.defaultdict(lambda: 1)


# --- nuclei ---

def moved(mask, k):
    out = np.zeros_like(mask)
    out[2:, 1:] = mask[:-2, :-1]
    out[ndimage.grey_erosion(out, 3) != out] = 0
    out[out % 7 == k % 7] = 0
    return out


def write(folder, name, plane):
    path = tmp / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), plane)


def nuclei():
    masks = sorted((DATA / "dsb2018/instances/val").glob("*.png"))
    plain, ignored, mixed = Scores(), Scores(), Scores()
    for k, path in enumerate(masks):
        truth = read(path)
        shifted = moved(truth, k)
        gray = cv2.imread(str(DATA / "dsb2018/images/val" / path.name), cv2.IMREAD_GRAYSCALE)
        _, otsu = cv2.threshold(gray, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
        write("moved", path.name, shifted)
        write("otsu", path.name, otsu)
        no = np.zeros(truth.shape, bool)
        plain.add(truth, shifted, no, ones(truth), ones(truth))
        ignored.add(truth, shifted, np.isin(truth, [2, 3, 9]), ones(truth), ones(truth))
        mixed.add(truth, ndimage.label(otsu, np.ones((3, 3)))[0], no, ones(truth), ones(truth))
    folder = DATA / "dsb2018/instances/val"
    compare("nuclei moved", evaluate("--objects", "ids", "--truth", folder, tmp / "moved"), plain)
    compare("nuclei moved, some ids ignored",
            evaluate("--objects", "ids", "--ignore", "2,3,9", "--truth", folder, tmp / "moved"), ignored)
    compare("nuclei against components of Otsu",
            evaluate("--objects", "mixed", "--truth", folder, tmp / "otsu"), mixed)


# --- components ---

def components(labels, void):
    """A number for each component of each class, and their classes."""
    out, classes, n = np.zeros(labels.shape, np.int64), {}, 0
    for k in np.unique(labels[~void]):
        if k == 0:
            continue
        found, m = ndimage.label((labels == k) & ~void, np.ones((3, 3)))
        out[found > 0] = found[found > 0] + n
        classes.update({i: int(k) for i in range(n + 1, n + m + 1)})
        n += m
    return out, classes


def indices(path):
    """The indices of a palette mask."""
    return np.array(Image.open(path))


def voc():
    scores = Scores()
    (tmp / "voc").mkdir()
    for path in sorted((FORMATS / "voc_palette/class").glob("*.png")):
        truth = indices(path)
        prediction = np.zeros_like(truth)
        prediction[3:, 4:] = truth[:-3, :-4]
        prediction[prediction == 255] = 1
        prediction[::37] = 0
        cv2.imwrite(str(tmp / "voc" / path.name), prediction)
        void = truth == 255
        t, of_truth = components(truth, void)
        p, of_prediction = components(prediction, np.zeros_like(void))
        scores.add(t, p, void, of_truth, of_prediction)
    compare("PASCAL classes by components", evaluate("--objects", "components", "--ignore", "255", "--labels", "ids",
                                                     "--truth", FORMATS / "voc_palette/class", tmp / "voc"), scores)


# --- run lengths ---

def numbers(text):
    """The counts of a string."""
    out, i = [], 0
    while i < len(text):
        value, shift, more = 0, 0, True
        while more:
            c = ord(text[i]) - 48
            value |= (c & 31) << shift
            shift, more, i = shift + 5, c & 32, i + 1
        if c & 16:
            value -= 1 << shift
        out.append(value + (out[-2] if len(out) > 2 else 0))
    return out


def areas_by_edgel(results, name):
    """Areas of masks that are matched with themselves, by image, in order."""
    path, counts = tmp / f"{name}.json", tmp / f"{name}.counts"
    path.write_text(json.dumps(results))
    evaluate("--objects", "ids", "--truth", path, "--counts", counts, path)
    out = collections.defaultdict(list)
    for line in counts.read_text().splitlines()[1:]:
        row = json.loads(line)
        for entry in row["objects"]:
            for pair in entry[4]:
                if pair[2] != pair[3]:
                    differ(f"{row['image']}: a mask against itself", pair[2], pair[3])
                out[int(row["image"])].append((pair[0], pair[2]))
    return {k: [a for _, a in sorted(v)] for k, v in out.items()}


def run_lengths():
    results = json.loads((FORMATS / "coco_rle/instances_val2014_fakesegm100_results.json").read_text())
    with open(FORMATS / "coco_rle/areas_expected.csv", encoding="utf-8") as f:
        known = [int(row["area"]) for row in csv.DictReader(f)]
    segments = json.loads((FORMATS / "coco_panoptic/panoptic_coco_detection_format.json").read_text())["annotations"]
    for entry in segments:
        results.append({k: entry[k] for k in ("image_id", "category_id", "segmentation")})
        known.append(entry["area"])
    want, plain = collections.defaultdict(list), []
    for entry, area in zip(results, known):
        h, w = entry["segmentation"]["size"]
        counts = numbers(entry["segmentation"]["counts"])
        differ("run lengths: sum", sum(counts), h * w)
        differ("run lengths: area", sum(counts[1::2]), area)
        want[entry["image_id"]].append(area)
        plain.append({**entry, "segmentation": {"size": [h, w], "counts": counts}})
    for name, form in (("strings", results), ("lists", plain)):
        got = areas_by_edgel(form, name)
        differ(f"run lengths, {name}: images", len(got), len(want))
        for image, areas in want.items():
            differ(f"run lengths, {name}: image {image}: masks", len(got[image]), len(areas))
            differ(f"run lengths, {name}: image {image}", got[image], areas)
        print(f"run lengths, {name}: {sum(map(len, got.values()))} masks of {len(got)} images have their areas")


# --- panoptic ---

def values(path):
    bgr = cv2.imread(str(path)).astype(np.int64)
    return bgr[..., 2] + 256 * bgr[..., 1] + 65536 * bgr[..., 0]


def panoptic():
    folder = FORMATS / "coco_panoptic"
    document = json.loads((folder / "panoptic_examples.json").read_text())
    scores, worse = Scores(), {"annotations": []}
    (tmp / "worse").mkdir()
    for entry in document["annotations"]:
        truth = values(folder / "panoptic_examples" / entry["file_name"])
        of_truth = {s["id"]: s["category_id"] for s in entry["segments_info"]}
        crowds = {s["id"] for s in entry["segments_info"] if s["iscrowd"]}
        for s in entry["segments_info"]:
            differ("panoptic: area of a segment", int((truth == s["id"]).sum()), s["area"])
        prediction = np.roll(truth, (4, 3), (0, 1))
        prediction[:, ::50] = 0
        ids = [int(i) for i in np.unique(prediction) if i]
        of_prediction = {i: of_truth[i] for i in ids}
        for i in ids[::5]:
            of_prediction[i] = of_truth[ids[0]]
        prediction[prediction == ids[3]] = ids[4]
        of_prediction.pop(ids[3])
        color = np.stack([prediction >> 16, prediction >> 8 & 255, prediction & 255], -1).astype(np.uint8)
        cv2.imwrite(str(tmp / "worse" / entry["file_name"]), color)
        worse["annotations"].append({"image_id": entry["image_id"], "file_name": entry["file_name"], "segments_info": [
            {"id": i, "category_id": c} for i, c in of_prediction.items()]})
        scores.add(truth, prediction, truth == 0, of_truth, of_prediction, crowds)
    (tmp / "worse.json").write_text(json.dumps(worse))
    compare("panoptic, made worse", evaluate("--objects", "ids", "--truth", folder / "panoptic_examples.json",
                                             tmp / "worse.json"), scores)
    same = evaluate("--objects", "ids", "--truth", folder / "panoptic_examples.json",
                    folder / "panoptic_coco_detection_format.json")
    differ("panoptic masks against the same as run lengths", same["mean"]["pq"], 1)
    print("panoptic masks against the same as run lengths: PQ", same["mean"]["pq"])


nuclei()
voc()
run_lengths()
panoptic()
print(f"largest difference {worst:.3g}")
sys.exit(1 if failed else 0)
