"""The network of an edgel model file in PyTorch: built from the architecture in its metadata, with its weights.

    net, info = torch_network.load("model.safetensors")      info: in_channels, outputs, mean, deviation

Input: planes that are normalised already; output: logits. Used by check_training_torch.py and bench_training.py."""
import json
import struct

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def read_safetensors(path):
    data = open(path, "rb").read()
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + size])
    meta = header.pop("__metadata__", {})
    arrays = {}
    for name, t in header.items():
        begin, end = t["data_offsets"]
        arrays[name] = np.frombuffer(data[8 + size + begin:8 + size + end], "<f4").reshape(t["shape"]).copy()
    return meta, arrays


def same_pad(a):
    return a["dilation"] * (a["k"] - 1) // 2 if a["pad"] < 0 else a["pad"]


DEFAULTS = {
    "conv": dict(k=3, stride=1, pad=-1, dilation=1, groups=1, bias=1),
    "conv_transpose": dict(k=3, stride=1, pad=-1, dilation=1, groups=1, bias=1, output_pad=0),
    "batchnorm": dict(eps=1e-5, momentum=0.1),
    "maxpool": dict(k=2, stride=0, pad=0, ceil=0),
    "avgpool": dict(k=2, stride=0, pad=0, ceil=0),
    "upsample": dict(factor=2),
    "dropout": dict(p=0.5),
    "leaky_relu": dict(slope=0.01),
    "elu": dict(alpha=1.0),
}


class Upsample(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return F.interpolate(x, scale_factor=self.factor, mode="bilinear", align_corners=False)


def module(op, a, channels):
    """The module of a layer (None: none), and the channels it makes. channels: of its inputs."""
    c = channels[0]
    if op == "conv":
        return nn.Conv2d(c, a["out"], a["k"], a["stride"], same_pad(a), a["dilation"], a["groups"], bool(a["bias"])), a["out"]
    if op == "conv_transpose":
        return nn.ConvTranspose2d(c, a["out"], a["k"], a["stride"], same_pad(a), a["output_pad"], a["groups"],
                                  bool(a["bias"]), a["dilation"]), a["out"]
    if op == "batchnorm":
        return nn.BatchNorm2d(c, a["eps"], a["momentum"]), c
    if op == "maxpool":
        return nn.MaxPool2d(a["k"], a["stride"] or a["k"], a["pad"], ceil_mode=bool(a["ceil"])), c
    if op == "avgpool":
        return nn.AvgPool2d(a["k"], a["stride"] or a["k"], a["pad"], ceil_mode=bool(a["ceil"]),
                            count_include_pad=False), c
    if op == "concat":
        return None, sum(channels)
    if op in ("input", "add"):
        return None, c
    simple = {"upsample": lambda: Upsample(a["factor"]), "dropout": lambda: nn.Dropout(a["p"]), "relu": nn.ReLU,
              "sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "silu": nn.SiLU, "elu": lambda: nn.ELU(a["alpha"]),
              "leaky_relu": lambda: nn.LeakyReLU(a["slope"]), "softmax": lambda: nn.Softmax(1)}
    return simple[op](), c


class Network(nn.Module):
    def __init__(self, text, classes):
        super().__init__()
        self.steps, channels, before = [], {}, None
        for line in text.splitlines():
            words = line.split()
            name, op, rest = words[0].rstrip(":"), words[1], words[2:]
            a = dict(DEFAULTS.get(op, {}))
            like = None
            inputs = [w for w in rest if "=" not in w]
            for key, value in (w.split("=") for w in rest if "=" in w):
                if key == "like":
                    like = value
                else:
                    a[key] = {"classes": classes, "same": -1}.get(value) or json.loads(value)
            if op == "input":
                channels[name] = a["channels"]
            else:
                inputs = inputs or [before]
                m, channels[name] = module(op, a, [channels[i] for i in inputs])
                if m is not None:
                    self.add_module("at_" + name, m)  # a layer may be called as a method is
                self.steps.append((name, op, inputs, like))
            before = name
        self.first = text.split(":")[0]
        self.last = before
        self.in_channels = channels[self.first]
        uses = {}
        for i, (_, _, inputs, like) in enumerate(self.steps):
            for n in inputs + ([like] if like else []):
                uses[n] = i
        self.free_after = [[n for n, last in uses.items() if last == i] for i in range(len(self.steps))]

    def forward(self, x):
        made = {self.first: x}
        for i, (name, op, inputs, like) in enumerate(self.steps):
            xs = [made[n] for n in inputs]
            if op == "concat":
                y = torch.cat(xs, 1)
            elif op == "add":
                y = xs[0]
                for other in xs[1:]:
                    y = y + other
            else:
                y = getattr(self, "at_" + name)(xs[0])
            if like:
                y = y[:, :, :made[like].shape[2], :made[like].shape[3]]
            made[name] = y
            for n in self.free_after[i]:
                del made[n]
        return made[self.last]


def load(path):
    meta, arrays = read_safetensors(path)
    net = Network(meta["architecture"], len(json.loads(meta["classes"])))
    put_weights(net, arrays)
    return net, {"in_channels": net.in_channels, "mean": json.loads(meta["mean"]), "deviation": json.loads(meta["std"])}


def put_weights(net, arrays):
    state = net.state_dict()
    for name, value in arrays.items():
        if not name.startswith("train."):
            state["at_" + name].copy_(torch.from_numpy(value))
