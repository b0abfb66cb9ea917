#!/usr/bin/env python3
"""Trains the same network on the same batches with edgel and with PyTorch: 50 steps of Adam on cross-entropy + IoU.

usage: check_training_torch.py TRAIN_STEPS [--arch NAME] [--steps N] [--lr R] [--double] [--json FILE]

TRAIN_STEPS is the program build/tests/train_steps. PyTorch builds its network from the architecture text of the model
file that edgel starts from, takes its weights, and gets the batches that edgel names; batch normalisation on, no dropout,
no augmentation. Prints both loss curves; --double adds a third one, PyTorch in double precision: what rounding alone
does to the curve. At a learning rate of 1e-4 rounding stays small over 50 steps; at 1e-3 it grows to 1e-2, in PyTorch
against itself as well (Adam divides by the size of gradients, however small). Exit: 0 if the losses of the last step differ by less than 1e-3 of their value,
1 if not, 77 without PyTorch (~/.cache/edgel-torch, or the Python that runs this).
"""
import argparse
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
from house import skip

VENV = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "edgel-torch/bin/python"
try:
    import numpy as np
    import torch
    import torch.nn.functional as F
    import torch_network
except ImportError:
    if VENV.exists() and pathlib.Path(sys.prefix) != VENV.parent.parent:
        os.execv(VENV, [str(VENV)] + sys.argv)
    skip("needs PyTorch and NumPy")

IGNORE, CLASSES, BATCH, SIDE = 65535, 3, 4, 64


def samples(n, seed=7):
    """Discs (class 1) and bars (class 2) on a noisy ground of changing colour, a strip of ignored pixels."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE]
    images = np.empty((n, 3, SIDE, SIDE), np.float32)
    labels = np.zeros((n, SIDE, SIDE), np.uint16)
    for i in range(n):
        cx, cy, r = rng.uniform(12, SIDE - 12, 2).tolist() + [rng.uniform(6, 14)]
        bar = np.abs((x - rng.uniform(0, SIDE)) * np.cos(a := rng.uniform(0, 3)) + (y - SIDE / 2) * np.sin(a)) < 3
        labels[i][bar] = 2
        labels[i][(x - cx) ** 2 + (y - cy) ** 2 < r * r] = 1
        ground = rng.uniform(0.2, 0.6, 3)
        colours = np.stack([ground, ground + [0.2, 0.1, -0.1], ground + [-0.1, 0.1, 0.2]])
        image = colours[labels[i]].transpose(2, 0, 1) + rng.normal(0, 0.08, (3, SIDE, SIDE))
        images[i] = np.clip(image, 0, 1)
        labels[i][:, :2] = IGNORE
    return images, labels


def loss_of(logits, labels):
    """Cross-entropy, mean over counted pixels, + mean over the classes of the batch of 1 - (I + 1) / (U + 1)."""
    counted = (labels != IGNORE).unsqueeze(1)
    ce = F.cross_entropy(logits, labels, ignore_index=IGNORE)
    t = F.one_hot(torch.where(labels == IGNORE, 0, labels), logits.shape[1]).permute(0, 3, 1, 2) * counted
    p = logits.softmax(1) * counted
    both, share = (p * t).sum((0, 2, 3)), t.sum((0, 2, 3))
    iou = 1 - (both + 1) / (p.sum((0, 2, 3)) + share - both + 1)
    return ce + iou[share > 0].mean()


def edgel_curve(program, args, data, start):
    command = [program, data, args.arch, str(CLASSES), str(BATCH), str(args.lr), "5", "2", start]
    out = subprocess.run(command, input=f"train {args.steps}\n", capture_output=True, text=True, check=True).stdout
    rows = [line.split()[1:] for line in out.splitlines() if line.startswith("step ")]
    return [float(r[0]) for r in rows], [[int(i) for i in r[1:]] for r in rows]


def torch_curve(start, images, labels, order, lr, kind=torch.float32):
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(2)
    net, info = torch_network.load(start)
    net.to(kind).train()
    adam = torch.optim.Adam(net.parameters(), lr, betas=(0.9, 0.999), eps=1e-8)
    curve = []
    for batch in order:
        adam.zero_grad()
        loss = loss_of(net(torch.from_numpy(images[batch]).to(kind)), torch.from_numpy(labels[batch].astype(np.int64)))
        loss.backward()
        adam.step()
        curve.append(loss.item())
    return curve


def main():
    p = argparse.ArgumentParser()
    p.add_argument("program")
    p.add_argument("--arch", default="unet-tiny")
    p.add_argument("--steps", type=int, default=50)
    p.add_argument("--lr", type=float, default=1e-4)
    p.add_argument("--double", action="store_true")
    p.add_argument("--json")
    args = p.parse_args()
    images, labels = samples(args.steps * BATCH)
    with tempfile.TemporaryDirectory() as folder:
        data, start = os.path.join(folder, "data"), os.path.join(folder, "start.safetensors")
        with open(data, "wb") as f:
            f.write(struct.pack("<4i", len(images), 3, SIDE, SIDE) + images.tobytes() + labels.tobytes())
        ours, order = edgel_curve(args.program, args, data, start)
        theirs = torch_curve(start, images, labels, order, args.lr)
        exact = torch_curve(start, images, labels, order, args.lr, torch.float64) if args.double else None
    print(f"{args.arch}, batch {BATCH} of {SIDE}x{SIDE}, Adam {args.lr:g}, ce + iou; PyTorch {torch.__version__}")
    print(f"{'step':>4} {'edgel':>12} {'PyTorch':>12} {'difference':>11}" + (f" {'in double':>12}" if exact else ""))
    for k, (a, b) in enumerate(zip(ours, theirs), 1):
        if k <= 5 or k % 5 == 0 or k == args.steps:
            print(f"{k:4} {a:12.8f} {b:12.8f} {abs(a - b) / b:11.2e}" + (f" {exact[k - 1]:12.8f}" if exact else ""))
    difference = abs(ours[-1] - theirs[-1]) / theirs[-1]
    learned = ours[-1] < 0.8 * ours[0]
    print(f"step {args.steps}: relative difference {difference:.2e} (limit 1e-3)" + ("" if learned else "; nothing was learned"))
    if args.json:
        json.dump({"edgel": ours, "torch": theirs, "double": exact, "difference": difference}, open(args.json, "w"))
    sys.exit(0 if len(ours) == args.steps and difference < 1e-3 and learned else 1)


main()
