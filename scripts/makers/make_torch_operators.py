#!/usr/bin/env python3
"""Writes tests/golden/torch_operators.txt: what PyTorch makes of the operators and inputs of tests/nn/opcheck.c.

    scripts/makers/make_torch_operators.py OPCHECK [FILE]

Only needed to make the file anew (PyTorch, numpy). OPCHECK is the built program: `opcheck rows` prints its table,

    operator|attributes|samples|channels of up to three inputs|height|width|like height|like width|activation|flags

and inputs, parameters and the gradient of the output are drawn here as there, single precision numbers that PyTorch then
takes as doubles. The file is text; `#` starts a comment line. Each row is its line after `row`, then lines
`NAME SIZE VALUE…` of the output, the running estimates and the gradients of inputs (x0, x1, …) and parameters, PLACES
values of a larger tensor at drawn places, then `end`. Dropout in training has no values: it draws other numbers.
"""
import pathlib
import subprocess
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
from house import ROOT

import numpy
import torch
import torch.nn.functional as F

PLACES = 24
INFER, FROZEN, TIES, WIDE, SHIFTED = 1, 2, 4, 8, 16
INPUT, GRAD, ARRAY, PLACE = 1, 20, 30, 40


def mix(i, salt):
    h = (i * 0x9E3779B1 + salt * 0x85EBCA6B) & 0xFFFFFFFF
    h = ((h ^ h >> 15) * 0x2C1B3C6D) & 0xFFFFFFFF
    h = ((h ^ h >> 12) * 0x297A2D39) & 0xFFFFFFFF
    return h ^ h >> 15


def drawn(shape, salt):
    h = mix(numpy.arange(int(numpy.prod(shape)), dtype=numpy.uint64), salt)
    return torch.tensor(((h >> 8).astype(numpy.float64) - 2 ** 23) / 2 ** 23).reshape(shape)


def line(name, t):
    v = t.detach().flatten()
    places = range(len(v)) if len(v) <= PLACES else [mix(i, PLACE) % len(v) for i in range(PLACES)]
    return " ".join([name, str(len(v))] + ["%.9g" % v[i] for i in places])


def arrays(op, a, channels):
    """Shapes of the parameters, then of the buffers."""
    if op == "batchnorm":
        return dict.fromkeys(["weight", "bias", "running_mean", "running_var"], (channels,))
    if op == "prelu":
        return {"weight": (channels,)}
    k, groups, out = a.get("k", 3), a.get("groups", 1), a.get("out")
    if op == "conv":
        shapes = {"weight": (out, channels // groups, k, k)}
    elif op == "conv_transpose":
        shapes = {"weight": (channels, out // groups, k, k)}
    else:
        return {}
    return shapes | ({"bias": (out,)} if a.get("bias", 1) else {})


def padding(a):
    return a.get("pad", a.get("dilation", 1) * (a.get("k", 3) - 1) // 2)


def transposed(a, x, p, like):
    s, d, k = a.get("stride", 1), a.get("dilation", 1), a.get("k", 3)
    least = [(n - 1) * s - 2 * padding(a) + d * (k - 1) + 1 for n in x.shape[2:]]
    size = [int(n) for n in a["size"].split("x")] if "size" in a else like
    extra = [n - m for n, m in zip(size, least)] if size else [a.get("output_pad", 0)] * 2
    return F.conv_transpose2d(x, p["weight"], p.get("bias"), s, padding(a), extra, a.get("groups", 1), d)


def apply(op, a, x, p, like, flags):
    k = a.get("k", 2)
    pool = (k, a.get("stride", k), a.get("pad", 0))
    if op == "conv":
        return F.conv2d(x[0], p["weight"], p.get("bias"), a.get("stride", 1), padding(a), a.get("dilation", 1),
                        a.get("groups", 1))
    if op == "conv_transpose":
        return transposed(a, x[0], p, like)
    if op == "batchnorm":
        return F.batch_norm(x[0], p["running_mean"], p["running_var"], p["weight"], p["bias"],
                            not flags & (FROZEN | INFER), a.get("momentum", 0.1), a.get("eps", 1e-5))
    if op == "maxpool":
        return F.max_pool2d(x[0], *pool, ceil_mode=bool(a.get("ceil", 0)))
    if op == "avgpool":
        return F.avg_pool2d(x[0], *pool, ceil_mode=bool(a.get("ceil", 0)))
    if op == "upsample":
        y = F.interpolate(x[0], scale_factor=a["factor"], mode="bilinear", align_corners=False)
        return y[:, :, :like[0], :like[1]] if like else y
    if op == "concat":
        return torch.cat(x, 1)
    if op == "add":
        return sum(x[1:], x[0])
    if op == "dropout":
        return F.dropout(x[0], a.get("p", 0.5), not flags & INFER)
    if op == "softmax":
        return torch.softmax(x[0], 1)
    if op == "prelu":
        return F.prelu(x[0], p["weight"])
    return activate(op, x[0], a)


def activate(name, z, a):
    return {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu, "silu": F.silu, "gelu": F.gelu,
            "leaky_relu": lambda v: F.leaky_relu(v, a.get("slope", 0.01)),
            "elu": lambda v: F.elu(v, a.get("alpha", 1.0))}[name](z)


def value(text):
    try:
        return int(text)
    except ValueError:
        return text if "x" in text else float(text)


def inputs(n, channels, h, w, flags):
    for i, c in enumerate(channels):
        x = drawn((n, c, h, w), INPUT + i)
        x = (2 * x).floor() / 2 if flags & TIES else 8 * x if flags & WIDE else x
        yield ((50 + x).float().double() if flags & SHIFTED else x).requires_grad_(True)


def parameters(shapes):
    p = {name: drawn(shape, ARRAY + i) for i, (name, shape) in enumerate(shapes.items())}
    if "running_var" in p:
        p["running_var"] = 1 + p["running_var"] / 2
    return {name: t.requires_grad_(not name.startswith("running")) for name, t in p.items()}


def values(text):
    op, attrs, n, channels, h, w, like_h, like_w, activation, flags = text.split("|")
    a = {k: value(v) for k, v in (word.split("=") for word in attrs.split()) if k != "like"}
    n, h, w, flags = int(n), int(h), int(w), int(flags)
    channels = [int(c) for c in channels.split(",") if int(c)]
    like = (int(like_h), int(like_w)) if int(like_h) else None
    if op == "dropout" and not flags & INFER and a.get("p", 0.5):
        return
    x = list(inputs(n, channels, h, w, flags))
    p = parameters(arrays(op, a, channels[0]))
    y = apply(op, a, x, p, like, flags)
    y = activate(activation, y, {}) if activation else y
    yield line("out", y)
    if flags & INFER:
        return
    y.backward(drawn(y.shape, GRAD))
    for i, t in enumerate(x):
        yield line("x%d" % i, t.grad)
    for name, t in p.items():
        if name.startswith("running"):
            yield line(name, t)
        elif not flags & FROZEN:
            yield line(name, t.grad)


def main():
    target = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else ROOT / "tests/golden/torch_operators.txt")
    rows = subprocess.run([sys.argv[1], "rows"], check=True, capture_output=True, text=True).stdout.splitlines()
    out = ["# PyTorch %s, made by scripts/makers/make_torch_operators.py" % torch.__version__.split("+")[0]]
    for text in rows:
        out += ["row " + text, *values(text), "end"]
    target.write_text("\n".join(out) + "\n")
    print("%s: %d rows" % (target, len(rows)))


main()
