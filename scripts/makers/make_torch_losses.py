#!/usr/bin/env python3
"""Writes tests/golden/torch_losses.txt: losses and their gradients from PyTorch, which tests/nn/test_loss.c holds edgel to.

    scripts/makers/make_torch_losses.py [FILE]

Only needed to make the file anew (PyTorch 2.13 made the one in the tree). All is computed in double from logits that are
floats. Cross-entropy, binary cross-entropy, L1, L2 and smooth L1 are PyTorch's own functions; IoU, Dice, Tversky, Lovasz,
focal, clDice, the borders (with SciPy) and the box losses are their papers' formulas in PyTorch operations, derived by autograd. The file is text; `#`
starts a comment.

    batch N CLASSES PIXELS labels|soft W
                                        W pixels in a row; then one line each: logits; targets (65535 or negative: ignored);
                                        class weights or "-". Results up to the next batch are for this one.
    loss NAME BALANCE VALUE             then one line: gradient by the logits, laid out as they are
    box NAME VALUE                      then one line: predicted box, true box, gradient by the predicted box
"""
import math
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
from house import ROOT

import numpy as np
import torch
import torch.nn.functional as F
from scipy import ndimage

SEED, IGNORE, BETA, SMOOTH = 20, 65535, 0.1, 1.0
GAMMA, ALPHA, TVERSKY_BETA, STEPS, WEIGHT, SIGMA = 2.0, 0.3, 0.7, 3, 10.0, 5.0
torch.set_default_dtype(torch.float64)


def flatten(x, t, soft):
    """Logits and targets as [pixels that count][classes], whose image each pixel is of, and the classes' numbers."""
    n, c, m = x.shape
    flat = x.permute(0, 2, 1).reshape(-1, c)
    image = torch.arange(n).repeat_interleave(m)
    if soft:
        target = t.permute(0, 2, 1).reshape(-1, c)
        keep = target[:, 0] >= 0
    else:
        labels = t.reshape(-1)
        keep = labels != IGNORE
        known = torch.where(keep, labels, 0)
        target = known[:, None].double() if c == 1 else F.one_hot(known, c).double()
    return flat[keep], target[keep], image[keep], t.reshape(-1)[keep] if not soft else None


def side_weights(target, image, w, balance):
    """Weights of what is not and of what is the class, for each element."""
    if target.shape[1] > 1:
        both = (w if w is not None else torch.ones(target.shape[1])).expand_as(target)
        return both, both
    w0, w1 = torch.empty_like(target), torch.empty_like(target)
    for i in image.unique():
        share = target[image == i].mean()
        w0[image == i] = (w[0] if w is not None else 1.0) * (share if balance else 1.0)
        w1[image == i] = (w[1] if w is not None else 1.0) * (1 - share if balance else 1.0)
    return w0, w1


def lovasz_grad(sorted_truth):
    total = sorted_truth.sum()
    inter = total - sorted_truth.cumsum(0)
    union = total + (1 - sorted_truth).cumsum(0)
    jaccard = 1 - inter / union
    jaccard[1:] = jaccard[1:] - jaccard[:-1].clone()
    return jaccard


def skeleton(image, keep):
    """Soft skeleton of images [n][h][w], pixels that do not count neither least nor most."""
    pool = lambda v, size, pad: F.max_pool2d(v[:, None], size, 1, pad)[:, 0]
    least = lambda v: torch.minimum(*(-pool(torch.where(keep, -v, -2.0), size, pad)
                                      for size, pad in (((3, 1), (1, 0)), ((1, 3), (0, 1)))))
    most = lambda v: pool(torch.where(keep, v, -2.0), 3, 1)
    thin = None
    for _ in range(STEPS + 1):
        smaller = least(image)
        lost = torch.where(keep, F.relu(image - most(smaller)), 0.0)
        thin = lost if thin is None else thin + F.relu(lost - thin * lost)
        image = smaller
    return thin


def cldice(x, t, soft, width):
    n, classes, m = x.shape
    p = torch.sigmoid(x) if classes == 1 else F.softmax(x, 1)
    keep = (t[:, 0] >= 0 if soft else t != IGNORE).reshape(n, -1, width)
    values = []
    for c in range(0 if classes == 1 else 1, classes):
        truth = (t[:, c] if soft else (t == (1 if classes == 1 else c)).double()).reshape(n, -1, width)
        truth = torch.where(keep, truth, 0.0)
        if truth.sum() == 0:
            continue
        mine = torch.where(keep, p[:, c].reshape(n, -1, width), 0.0)
        found, lines = skeleton(mine, keep), skeleton(truth, keep)
        precision = ((found * truth).sum() + SMOOTH) / (found.sum() + SMOOTH)
        sensitivity = ((lines * mine).sum() + SMOOTH) / (lines.sum() + SMOOTH)
        values.append(1 - 2 * precision * sensitivity / (precision + sensitivity))
    return torch.stack(values).mean()


def gaps(t, soft, classes, width):
    """U-Net's weights of the pixels [n][pixels], by SciPy's components and distances."""
    maps = []
    for truth in t:
        if soft:
            own = (truth >= 0.5).numpy() & (truth[:1] >= 0).numpy()
            kind = own[0].astype(int) if classes == 1 else np.where(own[1:].any(0), own[1:].argmax(0) + 1, 0)
        else:
            kind = np.where(truth.numpy() == IGNORE, 0, truth.numpy())
        kind = kind.reshape(-1, width)
        far = [np.full(kind.shape, np.inf)] * 2
        for c in range(1, kind.max() + 1):
            objects, count = ndimage.label(kind == c, np.ones((3, 3)))
            far += [ndimage.distance_transform_edt(objects != k) for k in range(1, count + 1)]
        near = np.sort(np.stack(far), 0)[:2]
        extra = WEIGHT * np.exp(-near.sum(0) ** 2 / (2 * SIGMA ** 2))
        maps.append(1 + np.where((kind > 0) | (near[1] > 4 * SIGMA), 0, extra))
    return torch.tensor(np.stack(maps)).reshape(len(t), -1)


def loss(name, x, t, soft, w, balance, width):
    if name == "cldice":
        return cldice(x, t, soft, width)
    logits, target, image, labels = flatten(x, t, soft)
    classes = x.shape[1]
    p = torch.sigmoid(logits) if classes == 1 else F.softmax(logits, 1)
    present = [c for c in range(classes) if target[:, c].sum() > 0]
    w0, w1 = side_weights(target, image, w, balance)
    v = w0 * (1 - target) + w1 * target
    if name == "ce" and classes > 1 and not soft:
        return F.cross_entropy(logits, labels, weight=w)
    if name == "ce" and classes > 1:
        each = F.cross_entropy(logits, target, weight=w, reduction="sum")
        return each / (target * w1).sum()
    if name in ("bce", "ce"):
        each = F.binary_cross_entropy_with_logits(logits, target, weight=w0, pos_weight=w1 / w0, reduction="none")
        return each.sum() / v.sum()
    if name == "border":
        keep = (t[:, 0] >= 0) if soft else (t != IGNORE)
        m = gaps(t, soft, classes, width)[keep][:, None]
        if classes > 1:
            return -(m * target * w1 * F.log_softmax(logits, 1)).sum() / (target * w1).sum()
        each = w1 * target * F.logsigmoid(logits) + w0 * (1 - target) * F.logsigmoid(-logits)
        return -(m * each).sum() / v.sum()
    if name == "focal" and classes > 1:
        return -(target * w1 * (1 - p) ** GAMMA * F.log_softmax(logits, 1)).sum() / (target * w1).sum()
    if name == "focal":
        right, wrong = (1 - p) ** GAMMA * F.logsigmoid(logits), p ** GAMMA * F.logsigmoid(-logits)
        return -(w1 * target * right + w0 * (1 - target) * wrong).sum() / v.sum()
    if name == "tversky":
        inter, fp, fn = (p * target).sum(0), (p * (1 - target)).sum(0), ((1 - p) * target).sum(0)
        return (1 - (inter + SMOOTH) / (inter + ALPHA * fp + TVERSKY_BETA * fn + SMOOTH))[present].mean()
    if name in ("iou", "dice"):
        inter, sizes = (p * target).sum(0), p.sum(0) + target.sum(0)
        if name == "iou":
            ratio = (inter + SMOOTH) / (sizes - inter + SMOOTH)
        else:
            ratio = (2 * inter + SMOOTH) / (sizes + SMOOTH)
        return (1 - ratio)[present].mean()
    if name == "lovasz":
        values = []
        for c in range(classes):
            truth = (target[:, c] >= 0.5).double()
            if truth.sum() == 0:
                continue
            errors, order = torch.sort((truth - p[:, c]).abs(), 0, descending=True)
            values.append(torch.dot(errors, lovasz_grad(truth[order])))
        return torch.stack(values).mean()
    each = {"l1": lambda: F.l1_loss(p, target, reduction="none"),
            "l2": lambda: F.mse_loss(p, target, reduction="none"),
            "smoothl1": lambda: F.smooth_l1_loss(p, target, beta=BETA, reduction="none")}[name]()
    return (each * v).sum() / v.sum()


def row(values, digits=9):  # 9 are enough for a float
    return " ".join("%.*g" % (digits, a.item()) for a in values.reshape(-1))


def batch(out, n, classes, pixels, soft, weights, balance=False, width=0):
    x = (2 * torch.randn(n, classes, pixels)).float().double()
    if soft:
        t = torch.rand(n, classes, pixels)
        t = (t / t.sum(1, keepdim=True) if classes > 1 else t).float().double()
        t[torch.rand(n, 1, pixels).expand_as(t) < 0.1] = -1
    else:
        t = torch.randint(max(classes, 2) - (classes > 4), (n, pixels))  # of many classes the last never occurs
        t[torch.rand(n, pixels) < 0.1] = IGNORE
    w = (0.25 + 2 * torch.rand(max(classes, 2))).float().double() if weights else None
    width = width or pixels
    print("batch", n, classes, pixels, "soft" if soft else "labels", width, file=out)
    print(row(x), row(t), row(w) if weights else "-", sep="\n", file=out)
    for name in "ce bce iou dice lovasz l1 l2 smoothl1 focal tversky cldice border".split():
        leaf = x.clone().requires_grad_()
        value = loss(name, leaf, t, soft, w, balance, width)
        value.backward()
        print("loss", name, int(balance), "%.12g" % value.item(), file=out)
        print(row(leaf.grad), file=out)


def box_loss(name, p, t):
    area = lambda b: (b[2] - b[0]) * (b[3] - b[1])
    side = lambda lo, hi: (hi - lo).clamp(min=0)
    inter = side(torch.max(p[0], t[0]), torch.min(p[2], t[2])) * side(torch.max(p[1], t[1]), torch.min(p[3], t[3]))
    union = area(p) + area(t) - inter
    iou = inter / union
    cw, ch = torch.max(p[2], t[2]) - torch.min(p[0], t[0]), torch.max(p[3], t[3]) - torch.min(p[1], t[1])
    if name == "iou":
        return 1 - iou
    if name == "giou":
        return 1 - iou + (cw * ch - union) / (cw * ch)
    centre = ((p[0] + p[2] - t[0] - t[2]) ** 2 + (p[1] + p[3] - t[1] - t[3]) ** 2) / 4
    diou = 1 - iou + centre / (cw ** 2 + ch ** 2)
    if name == "diou":
        return diou
    angle = torch.atan((t[2] - t[0]) / (t[3] - t[1])) - torch.atan((p[2] - p[0]) / (p[3] - p[1]))
    v = 4 / math.pi ** 2 * angle ** 2
    with torch.no_grad():
        alpha = v / (1 - iou + v)
    return diou + alpha * v


def boxes(out):
    for k in range(40):
        corner, size = torch.rand(2, 2) * 20, torch.rand(2, 2) * (10 if k % 2 else 30) + 0.5
        b = torch.cat([corner, corner + size], 1)
        for name in "iou giou diou ciou".split():
            leaf = b[0].clone().requires_grad_()
            value = box_loss(name, leaf, b[1])
            value.backward()
            print("box", name, "%.12g" % value.item(), file=out)
            print(row(torch.cat([b[0], b[1], leaf.grad]), 17), file=out)


def main():
    path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "tests/golden/torch_losses.txt"
    torch.manual_seed(SEED)
    with path.open("w") as out:
        print(f"# made by scripts/makers/make_torch_losses.py, PyTorch {torch.__version__}, seed {SEED}", file=out)
        for soft in (False, True):
            batch(out, 2, 1, 37, soft, weights=False)
            batch(out, 2, 1, 37, soft, weights=True)
            batch(out, 2, 1, 37, soft, weights=True, balance=True)
            batch(out, 2, 2, 20, soft, weights=False)
            batch(out, 3, 5, 19, soft, weights=True)
        boxes(out)
        for soft in (False, True):
            batch(out, 2, 1, 56, soft, weights=False, width=8)
            batch(out, 2, 3, 42, soft, weights=True, width=6)


if __name__ == "__main__":
    main()
