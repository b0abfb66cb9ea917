#!/usr/bin/env python3
"""Writes tests/golden/torch_optimizers.txt: how PyTorch moves a few weights, which tests/nn/test_optimizer.c holds edgel to.

    scripts/makers/make_torch_optimizers.py [FILE]

Only needed to make the file anew (PyTorch). N weights w minimise a non-convex function of single precision,

    f(w) = sum_i a_i / 2 (w_i - b_i)^2  +  1/4 sum_i (w_i^2 - 1)^2  +  1/2 sum_i<N-1 (w_i+1 - w_i^2)^2
    a_i = 1 + i / 4,  b_i = (i - 3) / 2,  w_i = 1.5 - 3/8 i at the start

whose gradient comes from autograd. Weights 0..4 are decayed, 5 and 6 are not, 7 is frozen. The file is text; `#` starts a
comment line. A run is a head line, `run NAME KEY=VALUE…`, and one line a step: the loss before it (penalties included), the
gradient's norm (only where it is clipped, else 0), the learning rate and the N weights after it.
"""
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
from house import ROOT

import torch

N, STEPS = 8, 20


def objective(w):
    i = torch.arange(N, dtype=torch.float32)
    quadratic = ((1 + i / 4) / 2 * (w - (i - 3) / 2) ** 2).sum()
    return quadratic + 0.25 * ((w ** 2 - 1) ** 2).sum() + 0.5 * ((w[1:] - w[:-1] ** 2) ** 2).sum()


def make(kind, groups, lr, decay):
    o = torch.optim
    groups = [dict(params=groups[0], weight_decay=decay), dict(params=groups[1], weight_decay=0)]
    return {"gd": lambda: o.SGD(groups, lr), "sgd": lambda: o.SGD(groups, lr),
            "momentum": lambda: o.SGD(groups, lr, momentum=0.9),
            "nesterov": lambda: o.SGD(groups, lr, momentum=0.9, nesterov=True),
            "rmsprop": lambda: o.RMSprop(groups, lr), "adam": lambda: o.Adam(groups, lr),
            "adamw": lambda: o.AdamW(groups, lr)}[kind]()


def scheduler(optimizer, schedule, warmup):
    s = torch.optim.lr_scheduler
    rest = STEPS - warmup
    main = {"constant": lambda: s.ConstantLR(optimizer, 1, 1), "step": lambda: s.StepLR(optimizer, 6, 0.3),
            "cosine": lambda: s.CosineAnnealingLR(optimizer, rest), "poly": lambda: s.PolynomialLR(optimizer, rest, 0.9),
            }[schedule]()
    if warmup == 0:
        return main
    return s.SequentialLR(optimizer, [s.LinearLR(optimizer, 0.01, 1, warmup), main], [warmup])


def run(optimizer, lr, l1=0.0, l2=0.0, decay=0.0, clip_norm=0.0, clip_value=0.0, schedule="constant", warmup=0):
    start = 1.5 - 0.375 * torch.arange(N, dtype=torch.float32)
    parts = [start[:5].clone().requires_grad_(), start[5:7].clone().requires_grad_(), start[7:].clone()]
    free = parts[:2]
    # l2 is PyTorch's weight_decay, except in AdamW, where weight_decay is another thing.
    opt = make(optimizer, ([parts[0]], [parts[1]]), lr, decay if optimizer == "adamw" else l2)
    sched = scheduler(opt, schedule, warmup)
    for _ in range(STEPS):
        opt.zero_grad()
        loss = objective(torch.cat(parts)) + (l1 * parts[0].abs().sum() if l1 else 0)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(free, clip_norm) if clip_norm else torch.zeros(())
        if clip_value:
            torch.nn.utils.clip_grad_value_(free, clip_value)
        used = opt.param_groups[0]["lr"]
        total = loss + l2 / 2 * (parts[0] ** 2).sum()
        opt.step()
        sched.step()
        yield [float(total.detach()), float(norm), used] + torch.cat(parts).tolist()


RUNS = [dict(optimizer=k, lr=lr) for k, lr in (("gd", 0.02), ("sgd", 0.02), ("momentum", 0.01), ("nesterov", 0.01),
                                               ("rmsprop", 0.03), ("adam", 0.1), ("adamw", 0.1))]
RUNS[-1]["decay"] = 0.01
RUNS += [dict(optimizer="adamw", lr=0.05, decay=0.5), dict(optimizer="sgd", lr=0.02, l2=0.3),
         dict(optimizer="adam", lr=0.1, l2=0.1), dict(optimizer="nesterov", lr=0.01, l2=0.05),
         dict(optimizer="rmsprop", lr=0.02, l2=0.2), dict(optimizer="sgd", lr=0.02, l1=0.4),
         dict(optimizer="adam", lr=0.05, l1=0.05, l2=0.02), dict(optimizer="momentum", lr=0.02, clip_norm=2.0),
         dict(optimizer="sgd", lr=0.1, clip_value=0.75), dict(optimizer="adam", lr=0.1, clip_norm=0.5, l2=0.1)]
RUNS += [dict(optimizer="sgd", lr=0.03, schedule=s, warmup=w)
         for s in ("constant", "step", "cosine", "poly") for w in (0, 5)]


def main():
    path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "tests/golden/torch_optimizers.txt"
    torch.set_num_threads(1)
    with path.open("w") as f:
        f.write(f"# PyTorch {torch.__version__.split('+')[0]}, made by scripts/makers/make_torch_optimizers.py\n")
        for r in RUNS:
            rest = " ".join(f"{k}={v}" for k, v in r.items() if k != "optimizer")
            f.write(f"run {r['optimizer']} {rest}\n")
            for row in run(**r):
                f.write(" ".join(f"{v:.9g}" for v in row) + "\n")


main()
