#!/usr/bin/python3
"""Times smoothing and Canny in memory beside OpenCV's, on one thread, and compares their pixels.

    scripts/bench_canny.py [--build DIR] [--rounds N] [--levels LIST] [IMAGE]...

Images are photographs (any that OpenCV reads; the gray of the file) and, always, noise, a flat image, and serpentine
lines of 1920x1080. Every row alternates OpenCV, and edgel at each CPU level, round by round; it shows the medians in processor time, in
ns per pixel and how many times faster edgel is. edgel makes packed edges (what is written as 1-bit PNG), OpenCV bytes.
Exit 1 if a pixel differs, 2 if something is missing. Needs python3-opencv.
"""
import argparse
import ctypes as ct
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

import cv2
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from compare_opencv import ROOT, Canny, Error, Image, Threshold, View  # noqa: E402


class Method(ct.Structure):
    _fields_ = [("id", ct.c_int), ("sigma", ct.c_double), ("ksize", ct.c_int), ("canny", Canny), ("emit", ct.c_int),
                ("linear", ct.c_bool), ("channels", ct.c_bool), ("depth", ct.c_int)]


class Edgel:
    def __init__(self, build):
        self.lib = ct.CDLL(str(pathlib.Path(build) / "libedgel.so"))
        self.lib.edgel_scratch_create.restype = ct.c_void_p
        self.scratch = ct.c_void_p(self.lib.edgel_scratch_create())
        self.out, self.bits = Image(), ct.c_int()

    def prepare(self, img, sigma, ksize, low, high):
        h, w = img.shape
        view = View(img.ctypes.data, w, h, 1, 1, img.strides[0])
        canny = Canny(3, 0, Threshold(0, low), Threshold(0, high), 0)
        return view, Method(5, sigma, ksize, canny, 0, False, False, 1)

    def run(self, view, method):
        err = Error()
        if self.lib.edgel_method_run(self.scratch, view, ct.byref(method), ct.byref(self.out), ct.byref(self.bits),
                                     ct.byref(err)):
            raise RuntimeError(err.msg.decode())

    def pixels(self):
        o = self.out
        rows = np.ctypeslib.as_array(ct.cast(o.data, ct.POINTER(ct.c_uint8)), (o.h, o.stride))
        return np.unpackbits(rows, axis=1)[:, :o.w] * 255


def serpentine(w, h, vertical):
    img = np.full((w, h) if vertical else (h, w), 30, np.uint8)
    for i in range(6, img.shape[0] - 8, 8):
        img[i:i + 4, 6:-6] = 60
        img[i:i + 12, (6 if i // 8 % 2 else -10):(10 if i // 8 % 2 else -6)] = 60
    img[4:10, :12] = 255
    return np.ascontiguousarray(img.T if vertical else img)


def images(paths):
    for p in paths:
        img = cv2.imread(p, cv2.IMREAD_GRAYSCALE)
        if img is None:
            sys.exit(f"bench_canny: {p}: cannot be read")
        yield pathlib.Path(p).stem, img
    w, h = 1920, 1080
    yield "noise", np.random.default_rng(1).integers(0, 256, (h, w), np.uint8)
    yield "flat", np.full((h, w), 128, np.uint8)
    yield "serpentine", serpentine(w, h, False)
    yield "serpentine-v", serpentine(w, h, True)


CASES = [(1.4, 5, 50, 150), (1.4, 0, 50, 150), (1.4, 5, 30, 60), (1.4, 5, 100, 200)]


def worker(args):
    """Reads the number of a case, runs it once, prints the seconds; the level is that of EDGEL_CPU."""
    edgel = Edgel(args.build)
    todo = [(img, case) for _, img in images(args.images) for case in CASES]
    ready = [edgel.prepare(img, *case) for img, case in todo]
    for line in sys.stdin:
        i = int(line)
        edgel.run(*ready[i])
        start = time.thread_time()
        edgel.run(*ready[i])
        seconds = time.thread_time() - start
        print(json.dumps([seconds, int(edgel.pixels().astype(np.uint32).sum())]), flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default=str(ROOT / "build"))
    p.add_argument("--rounds", type=int, default=11)
    p.add_argument("--levels", default="c,avx2,avx512")
    p.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    p.add_argument("images", nargs="*", metavar="IMAGE")
    args = p.parse_args()
    if args.worker:
        return worker(args)
    cv2.setNumThreads(1)
    levels = args.levels.split(",")
    workers = [subprocess.Popen([sys.executable, __file__, "--worker", "--build", args.build, *args.images],
                                env={**os.environ, "EDGEL_CPU": level}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                text=True) for level in levels]
    wrong = i = 0
    print(f"{'image':24} {'taps':>4} {'low/high':>9} {'OpenCV':>7}" + "".join(f" {x:>16}" for x in levels))
    for name, img in images(args.images):
        for sigma, ksize, low, high in CASES:
            times = [[] for _ in range(len(levels) + 1)]
            for _ in range(args.rounds):
                for _ in range(2):
                    start = time.thread_time()
                    edges = cv2.Canny(cv2.GaussianBlur(img, (ksize, ksize), sigma), low, high)
                    seconds = time.thread_time() - start
                times[0].append(seconds)
                for k, w in enumerate(workers):
                    w.stdin.write(f"{i}\n")
                    w.stdin.flush()
                    seconds, total = json.loads(w.stdout.readline())
                    times[k + 1].append(seconds)
                    wrong += total != int(edges.astype(np.uint32).sum())
            ns = [statistics.median(t) * 1e9 / img.size for t in times]
            print(f"{name[:24]:24} {ksize or 9:4} {low:4}/{high:<4} {ns[0]:7.2f}" +
                  "".join(f" {n:8.3f} {ns[0] / n:6.2f}x" for n in ns[1:]), flush=True)
            i += 1
    for w in workers:
        w.stdin.close()
        w.wait()
    print(f"{wrong} runs with another number of edge pixels than OpenCV's")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
