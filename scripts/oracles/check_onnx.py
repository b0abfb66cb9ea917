#!/usr/bin/env python3
"""Holds exported ONNX graphs against edgel: onnx.checker, ONNX Runtime's output, time beside it.

usage: check_onnx.py EDGEL LIBEDGEL.so [--threads N] [--models NAME...]

Every preset, networks with all other layers, and one with names that the graph has itself, with one and three outputs,
batch normalisation folded and apart, on 20 images of odd sizes: probabilities within 1e-4, logits within 1e-4 of the
largest. Weights are those of `edgel model new`, biases, running estimates and normalisation drawn anew, written by a
safetensors writer of its own. Then seconds of one image of 640x480 by both, alternating, the best of 7. Needs NumPy, onnx,
onnxruntime. Exit: 0 all agree, 1 not, 77 something is missing.
"""
import argparse
import ctypes
import json
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
from house import wanted

with wanted():
    import numpy as np
    import onnx
    import onnxruntime

OTHERS = {
    "strides": """input channels=3
conv out=17 k=3 stride=2 bias=0
batchnorm
a: silu
maxpool k=3 stride=2 pad=1 ceil=1
conv out=17 k=3 dilation=3 groups=17
leaky_relu slope=0.2
dropout
batchnorm
prelu
up: upsample factor=2 like=a
add a up
tanh
softmax
upsample factor=2 like=input
conv out=classes k=3
batchnorm
""",
    "transposed": """input channels=3
conv out=5 k=5
elu alpha=0.7
avgpool k=3 ceil=1
c: conv out=6 k=3
sigmoid
upsample factor=3 like=input
d: conv_transpose out=4 k=3 pad=1 groups=2
batchnorm
e: conv out=4 k=3 stride=2
f: conv_transpose e out=3 k=3 stride=2 pad=1 like=d
concat d f
conv out=classes k=1
""",
    "names": """input channels=3
image: conv out=4 k=3 stride=2
logits: upsample factor=2 like=input
probabilities: gelu
layer: conv_transpose out=4 k=3 pad=1
edgel: conv out=classes k=1
""",
    "size": """input channels=3
conv out=4 k=3 stride=16
relu
maxpool k=10 ceil=1
conv_transpose out=6 k=3 stride=3 pad=1 size=5x6
tanh
upsample factor=8
upsample factor=8 like=input
conv out=classes k=1
""",
}
SIDES = {"size": [(h, w) for h in (161, 200, 319, 320) for w in (161, 250, 320)]}  # maps of 2x2 before size=


def read(path):
    data = path.read_bytes()
    n = int.from_bytes(data[:8], "little")
    return json.loads(data[8:8 + n]), bytearray(data[8 + n:])


def write(path, header, data):
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(data))


def shake(path, rng):
    """Biases, batch normalisation and normalisation as after a training."""
    header, data = read(path)
    for name, t in header.items():
        if name == "__metadata__":
            continue
        begin, end = t["data_offsets"]
        v = np.frombuffer(data[begin:end], np.float32)
        if name.endswith(".bias") or name.endswith("running_mean"):
            v = rng.normal(0, 0.3, v.shape)
        elif name.endswith("running_var"):
            v = rng.uniform(0.3, 2, v.shape)
        elif len(t["shape"]) == 1:
            v = rng.uniform(0.5, 1.5, v.shape)
        data[begin:end] = v.astype(np.float32).tobytes()
    header["__metadata__"]["mean"] = "[0.485,0.456,0.406]"
    header["__metadata__"]["std"] = "[0.229,0.224,0.225]"
    write(path, header, data)


def calm(path, largest):
    """Divides the last convolution so that logits stay within +-8, as those of a trained network do."""
    header, data = read(path)
    last = [name for name, t in header.items() if name != "__metadata__" and len(t["shape"]) == 4][-1]
    for name in last, last.replace(".weight", ".bias"):
        if name in header:
            begin, end = header[name]["data_offsets"]
            v = np.frombuffer(data[begin:end], np.float32) * (8 / largest)
            data[begin:end] = v.astype(np.float32).tobytes()
    write(path, header, data)


class Error(ctypes.Structure):
    _fields_ = [("code", ctypes.c_int), ("msg", ctypes.c_char * 512)]


class Params(ctypes.Structure):
    _fields_ = [("pool", ctypes.c_void_p), ("max_bytes", ctypes.c_size_t)]


class Edgel:
    """A model in the library."""

    def __init__(self, lib, path, threads):
        self.lib, self.err = lib, Error()
        data = path.read_bytes()
        model, pool, self.predictor = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()
        self.must(lib.edgel_model_decode(data, ctypes.c_size_t(len(data)), b"model", ctypes.byref(model),
                                         ctypes.byref(self.err)))
        self.must(lib.edgel_pool_create(threads, ctypes.byref(pool), ctypes.byref(self.err)))
        params = Params(pool, 1 << 40)
        self.must(lib.edgel_predictor_create(model, ctypes.byref(params), ctypes.byref(self.predictor),
                                             ctypes.byref(self.err)))

    def must(self, status):
        if status:
            sys.exit(f"edgel: {self.err.msg.decode()}")

    def run(self, image, outputs, logits):
        h, w = image.shape[1:]
        out = np.empty((outputs, h, w), np.float32)
        self.must(self.lib.edgel_predict(self.predictor, image.ctypes.data_as(ctypes.c_void_p), w, h,
                                         ctypes.c_bool(logits), out.ctypes.data_as(ctypes.c_void_p),
                                         ctypes.byref(self.err)))
        return out


def main():
    p = argparse.ArgumentParser()
    p.add_argument("edgel")
    p.add_argument("library")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--models", nargs="+", default=["linear", "edge-tiny", "unet-tiny", "dilated-tiny", *OTHERS])
    a = p.parse_args()
    lib = ctypes.CDLL(a.library)
    rng = np.random.default_rng(1)
    images = [rng.random((3, int(h), int(w)), np.float32) for h, w in rng.integers(17, 200, (20, 2))]
    large = rng.random((3, 480, 640), np.float32)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = a.threads
    failed = 0
    print(f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}, {a.threads} threads")
    print(f"{'model':14} {'outputs':>7} {'graph':>9} {'probability':>12} {'logit':>9} {'edgel ms':>9} {'ORT ms':>8} ratio")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name in a.models:
            source = name
            if name in OTHERS:
                source = folder / f"{name}.txt"
                source.write_text(OTHERS[name])
            inputs = [rng.random((3, h, w), np.float32) for h, w in SIDES[name]] if name in SIDES else images
            for outputs in 1, 3:
                model = folder / f"{name}-{outputs}.safetensors"
                subprocess.run([a.edgel, "model", "new", "--outputs", str(outputs), "-o", model, source], check=True)
                shake(model, rng)
                largest = max(np.abs(Edgel(lib, model, a.threads).run(i, outputs, True)).max() for i in inputs[:3])
                calm(model, max(8, largest))
                ours = Edgel(lib, model, a.threads)
                show = subprocess.run([a.edgel, "model", "show", model], check=True, capture_output=True, text=True)
                for extra in [[], ["--unfolded"]] if ": batchnorm" in show.stdout else [[]]:
                    worst, sessions = {}, {}
                    for logits in False, True:
                        file = folder / "m.onnx"
                        subprocess.run([a.edgel, "model", "export", *extra, *(["--logits"] if logits else []), "--existing",
                                        "overwrite", "--onnx", file, model], check=True)
                        onnx.checker.check_model(str(file), full_check=True)
                        session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
                        sessions[logits] = session
                        differences = []
                        for image in inputs:
                            want = session.run(None, {"image": image[None]})[0][0]
                            got = ours.run(image, outputs, logits)
                            scale = max(1, np.abs(want).max()) if logits else 1
                            differences.append(np.abs(got - want).max() / scale)
                        worst[logits] = max(differences)
                    times = {"edgel": [], "ort": []}
                    for _ in range(7 if name not in OTHERS else 0):
                        start = time.perf_counter()
                        ours.run(large, outputs, False)
                        middle = time.perf_counter()
                        sessions[False].run(None, {"image": large[None]})
                        times["edgel"].append(middle - start)
                        times["ort"].append(time.perf_counter() - middle)
                        time.sleep(0.1)  # its threads spin for a while, on processors that the next turn needs
                    line = f"{name:14} {outputs:7} {'apart' if extra else 'folded':>9} {worst[False]:12.2e} {worst[True]:9.2e}"
                    if times["ort"]:
                        e, o = min(times["edgel"]), min(times["ort"])
                        line += f" {1e3 * e:9.1f} {1e3 * o:8.1f} {o / e:5.2f}"
                    bad = not (worst[False] <= 1e-4 and worst[True] <= 1e-4)
                    failed += bad
                    print(line + (" DIFFERS" if bad else ""), flush=True)
    print("all agree" if not failed else f"{failed} differ")
    return bool(failed)


sys.exit(main())
