#!/usr/bin/env python3
"""Speed and memory of training and inference beside PyTorch, in the same run: rounds in turn, medians, ratios.

    scripts/bench/bench_training.py [options]      PyTorch from ~/.cache/edgel-torch, or the Python that runs this

    --arch NAME       default unet-tiny
    --threads N       of both; default 2
    --batch N         default 8
    --crop WxH        default 128x128
    --image WxH       of inference, one image at a time; default 480x320
    --rounds N        default 5
    --seconds S       length of one measurement, about; default 2
    --build DIR       default build/; a release build
    --json FILE       every number

One step of training is loading the batch, forward, cross-entropy + IoU loss, backward and Adam, in float. PyTorch runs in
the memory layout it has by default and in channels_last; ratios are against the faster of the two. torch.compile is left
out. Inference: edgel folds batch normalisation, PyTorch runs in eval mode without gradients. Each engine is a process of
its own; memory is its largest resident size, and for PyTorch also what it has beyond that of the imported library. A ratio
is the median over the rounds of PyTorch's time divided by edgel's in the same round; over 1, edgel is faster.
cpu: the same by the processor time of the whole process, which other work on the machine disturbs less."""
import argparse
import json
import os
import pathlib
import statistics
import struct
import subprocess
import sys
import tempfile
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
from house import ROOT, skip
VENV = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "edgel-torch/bin/python"
CLASSES, LR = 3, 1e-4


def peak_memory(pid):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


# --- the worker of PyTorch: the commands of train_steps ---

def torch_worker(data, model, batch, threads, layout):
    import numpy as np
    import torch
    import torch.nn.functional as F
    import torch_network
    torch.set_num_threads(threads)
    print(f"imported {peak_memory('self')}", flush=True)
    raw = open(data, "rb").read()
    n, c, h, w = struct.unpack("<4i", raw[:16])
    images = np.frombuffer(raw, np.float32, n * c * h * w, 16).reshape(n, c, h, w).copy()
    labels = np.frombuffer(raw, np.uint16, n * h * w, 16 + images.nbytes).reshape(n, h, w).astype(np.int64)
    images, labels = torch.from_numpy(images), torch.from_numpy(labels)
    fmt = torch.channels_last if layout == "channels_last" else torch.contiguous_format
    net = torch_network.load(model)[0].to(memory_format=fmt)
    adam = torch.optim.Adam(net.parameters(), LR)

    def loss_of(logits, truth):
        t = F.one_hot(truth, CLASSES).permute(0, 3, 1, 2)
        p = logits.softmax(1)
        both, share = (p * t).sum((0, 2, 3)), t.sum((0, 2, 3))
        iou = 1 - (both + 1) / (p.sum((0, 2, 3)) + share - both + 1)
        return F.cross_entropy(logits, truth) + iou[share > 0].mean()

    def train(steps):
        net.train()
        for _ in range(steps):
            pick = torch.randint(n, (batch,))
            adam.zero_grad()
            loss = loss_of(net(images[pick].contiguous(memory_format=fmt)), labels[pick])
            loss.backward()
            adam.step()
            loss.item()

    def infer(count):
        net.eval()
        with torch.inference_mode():
            for i in range(count):
                net(images[i % n:i % n + 1].contiguous(memory_format=fmt))

    for line in sys.stdin:
        command, count = line.split()
        wall, cpu = time.perf_counter(), time.process_time()
        (train if command == "train" else infer)(int(count))
        print(f"done {time.perf_counter() - wall} {time.process_time() - cpu}", flush=True)


# --- the script ---

class Worker:
    def __init__(self, name, command):
        self.name = name
        self.process = subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.imported = None

    def run(self, command, count):
        """Seconds of one, by the clock and by the processor."""
        self.process.stdin.write(f"{command} {count}\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            words = line.split()
            if words[0] == "imported":
                self.imported = float(words[1])
            if words[0] == "done":
                return float(words[1]) / count, float(words[2]) / count
        sys.exit(f"bench_training: {self.name} ended early")

    def close(self):
        memory = peak_memory(self.process.pid)
        self.process.stdin.close()
        self.process.wait()
        return memory


def write_data(path, n, w, h):
    import numpy as np
    rng = np.random.default_rng(3)
    images = rng.random((n, 3, h, w), np.float32)
    labels = (images[:, 0] * CLASSES).astype(np.uint16).clip(0, CLASSES - 1)
    path.write_bytes(struct.pack("<4i", n, 3, h, w) + images.tobytes() + labels.tobytes())


def measure(workers, command, per_call, args):
    """Per worker: lists of (wall, cpu) seconds of an image over the rounds, and memory."""
    counts, times = {}, {w.name: [] for w in workers}
    for w in workers:
        w.run(command, 2)  # memory is taken, threads are there
        counts[w.name] = max(1, round(args.seconds / max(w.run(command, 2)[0], 1e-6)))
    for r in range(args.rounds):
        for w in workers[r % len(workers):] + workers[:r % len(workers)]:
            wall, cpu = w.run(command, counts[w.name])
            times[w.name].append((wall / per_call, cpu / per_call))
    return times


def report(title, times, memory, workers, out):
    median = {n: [statistics.median(t[k] for t in v) for k in (0, 1)] for n, v in times.items()}
    peers = [n for n in times if n != "edgel"]
    best = min(peers, key=lambda n: median[n][0])
    ratio = [statistics.median(p[k] / e[k] for p, e in zip(times[best], times["edgel"])) for k in (0, 1)]
    print(title)
    print(f"  {'':28} {'images/s':>9} {'ms/image':>9} {'cpu ms':>8} {'memory MB':>10}")
    for w in workers:
        beyond = f" ({memory[w.name] - w.imported:.0f} beyond the library)" if w.imported else ""
        print(f"  {w.name:28} {1 / median[w.name][0]:9.2f} {1e3 * median[w.name][0]:9.2f} {1e3 * median[w.name][1]:8.2f}"
              f" {memory[w.name]:10.0f}{beyond}")
    print(f"  edgel against {best}: {ratio[0]:.2f}x by the clock, {ratio[1]:.2f}x by processor time")
    out[title] = {"times": times, "memory": memory, "best": best, "ratio": ratio}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--arch", default="unet-tiny")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--batch", type=int, default=8)
    p.add_argument("--crop", default="128x128")
    p.add_argument("--image", default="480x320")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--seconds", type=float, default=2)
    p.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    p.add_argument("--json", type=pathlib.Path)
    args = p.parse_args()
    out = {}
    with tempfile.TemporaryDirectory() as folder:
        for command, size, count, per_call in (("train", args.crop, 64, args.batch), ("infer", args.image, 4, 1)):
            w, h = map(int, size.split("x"))
            data, model = pathlib.Path(folder, command), pathlib.Path(folder, command + ".safetensors")
            write_data(data, count, w, h)
            workers = [Worker("edgel", [args.build / "tests/train_steps", data, args.arch, CLASSES, args.batch, LR, 1,
                                        args.threads, model])]
            workers[0].run("infer", 1)  # the model is written
            for layout in ("default", "channels_last"):
                workers.append(Worker(f"PyTorch {layout}", [sys.executable, __file__, "--worker", data, model, args.batch,
                                                            args.threads, layout]))
            times = measure(workers, command, per_call, args)
            memory = {v.name: v.close() for v in workers}
            what = f"training, batch {args.batch} of {size}" if command == "train" else f"inference, {size}"
            report(f"{args.arch}, {what}, {args.threads} threads", times, memory, workers, out)
    if args.json:
        args.json.write_text(json.dumps(out, indent=1))


try:
    import numpy  # noqa: F401
    import torch
except ImportError:
    if VENV.exists() and pathlib.Path(sys.prefix) != VENV.parent.parent:
        os.execv(VENV, [str(VENV)] + sys.argv)
    skip("needs PyTorch and NumPy")
if len(sys.argv) == 7 and sys.argv[1] == "--worker":
    torch_worker(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]), sys.argv[6])
else:
    main()
