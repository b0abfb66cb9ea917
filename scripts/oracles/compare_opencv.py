#!/usr/bin/python3
"""Compares edgel with OpenCV, pixel by pixel, over random images and over the BSDS photographs.

    scripts/oracles/compare_opencv.py [--cases N] [--seed N] [--build DIR]        N cases of each operation
    scripts/oracles/compare_opencv.py --bsds DIR [--build DIR]                    every JPEG below DIR, by the program

The random cases call the shared library of the build directory: GaussianBlur, Canny, and Canny(GaussianBlur) as
`detect` runs it, on three threads where the image is large enough; at the CPU level that is printed (EDGEL_CPU). The
photographs go through `edgel detect`, file to file, and are compared with Canny(GaussianBlur(imread gray, sigma 1.4),
50, 100). Exit 0 if every pixel agrees, 1 if not, 2 if OpenCV, NumPy or the build is missing. Needs python3-opencv;
nothing else of the project does.
"""
import argparse
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
from house import ROOT, wanted
import ctypes as ct
import pathlib
import subprocess
import sys
import tempfile

with wanted():
    import cv2
    import numpy as np


class View(ct.Structure):
    _fields_ = [("data", ct.c_void_p), ("w", ct.c_int), ("h", ct.c_int), ("channels", ct.c_int), ("type", ct.c_int),
                ("stride", ct.c_ssize_t)]


class Image(ct.Structure):
    _fields_ = View._fields_ + [("capacity_bytes", ct.c_size_t)]


class Threshold(ct.Structure):
    _fields_ = [("kind", ct.c_int), ("value", ct.c_double)]


class Canny(ct.Structure):
    _fields_ = [("aperture", ct.c_int), ("norm", ct.c_int), ("low", Threshold), ("high", Threshold),
                ("nms", ct.c_int)]


class Value(ct.Union):
    _fields_ = [("real", ct.c_double), ("whole", ct.c_int64), ("choice", ct.c_int), ("threshold", Threshold)]


class Method(ct.Structure):
    _fields_ = [("info", ct.c_void_p), ("value", Value * 16)]


class Error(ct.Structure):
    _fields_ = [("code", ct.c_int), ("msg", ct.c_char * 512)]


class Edgel:
    """The calls that are compared, on NumPy arrays (RGB order)."""

    def __init__(self, build):
        self.lib = ct.CDLL(str(pathlib.Path(build) / "libedgel.so"))
        self.lib.edgel_scratch_create.restype = ct.c_void_p
        self.lib.edgel_cpu_level.restype = ct.c_char_p
        self.scratch = ct.c_void_p(self.lib.edgel_scratch_create())
        self.out = Image()
        pool, err = ct.c_void_p(), Error()
        if (self.lib.edgel_cpu_check(ct.byref(err)) or self.lib.edgel_pool_create(3, ct.byref(pool), ct.byref(err)) or
                self.lib.edgel_scratch_use_pool(self.scratch, pool, ct.byref(err))):
            sys.exit(f"compare_opencv: {err.msg.decode()}")

    def call(self, name, pixels, *args):
        h, w = pixels.shape[:2]
        channels = 1 if pixels.ndim == 2 else pixels.shape[2]
        view = View(pixels.ctypes.data, w, h, channels, 1, pixels.strides[0])
        err = Error()
        status = getattr(self.lib, name)(self.scratch, view, *args, ct.byref(err))
        if status:
            raise RuntimeError(f"{name}: {err.msg.decode()}")
        o = self.out
        rows = np.ctypeslib.as_array(ct.cast(o.data, ct.POINTER(ct.c_uint8)), (o.h, o.stride))
        return rows[:, :o.w * o.channels].reshape((h, w) if o.channels == 1 else (h, w, o.channels))

    def gaussian(self, pixels, sigma, ksize):
        fn = "edgel_gaussian"
        return self.call(fn, pixels, ct.byref(self.out), ct.c_double(sigma), ct.c_int(ksize))

    def canny(self, pixels, low, high, aperture, l2):
        params = Canny(aperture, int(l2), Threshold(0, low), Threshold(0, high), 0)
        return self.call("edgel_canny", pixels, ct.byref(params), ct.byref(self.out), None)

    def detect(self, pixels, sigma, ksize, low, high, aperture, l2):
        method, err = Method(), Error()
        numbers = {"sigma": sigma, "ksize": ksize, "low": low, "high": high, "aperture": (aperture - 3) // 2, "norm": l2,
                   "gray": pixels.ndim == 3, "depth": 1}  # choices by their index; 1: 8 bits
        status = self.lib.edgel_method_init(ct.byref(method), b"canny", ct.byref(err))
        for key, value in numbers.items():
            status = status or self.lib.edgel_method_set_number(ct.byref(method), key.encode(), ct.c_double(value),
                                                                ct.byref(err))
        if status:
            raise RuntimeError(err.msg.decode())
        return self.call("edgel_method_run", pixels, ct.byref(method), ct.byref(self.out), None)


SIDES = [1, 2, 3, 5, 9, 17, 33, 64, 97, 150]


def random_image(rng, channels, sides=SIDES):
    """Sizes from 1x1 up; noise, ramps, binary, constant, few levels, blocks, and smooth with noise."""
    side = sides[rng.integers(len(sides))]
    w, h = (int(v) for v in rng.integers(1, side + 1, 2))
    shape = (h, w, channels)
    kind = rng.integers(8)
    if kind == 0:
        img = rng.integers(0, 256, shape)
    elif kind == 1:
        a, b, c = rng.normal(0, 4, (3, channels))
        img = np.arange(w)[None, :, None] * a + np.arange(h)[:, None, None] * b + 128 + c
    elif kind == 2:
        img = (rng.random(shape) < rng.random()) * 255
    elif kind == 3:
        img = np.full(shape, rng.integers(256))
    elif kind == 4:
        img = rng.integers(0, rng.integers(2, 6), shape) * rng.integers(1, 50)
    elif kind == 5:
        cell = int(rng.integers(2, 12))
        img = rng.integers(0, 256, (h // cell + 1, w // cell + 1, channels)).repeat(cell, 0).repeat(cell, 1)[:h, :w]
    else:  # like a photograph: smooth at several scales, plus noise
        img = np.zeros(shape)
        for scale in (3, 9, 27):
            coarse = rng.normal(0, 40, (h // scale + 2, w // scale + 2, channels)).astype(np.float32)
            img += cv2.resize(coarse, (w, h), interpolation=cv2.INTER_CUBIC).reshape(shape)
        img += 128 + rng.normal(0, rng.integers(0, 8), shape)
    img = np.ascontiguousarray(np.clip(img, 0, 255).astype(np.uint8))
    return img if channels > 1 else img[:, :, 0].copy()


def random_threshold(rng):
    kind = rng.integers(8)
    if kind < 4:
        return float(rng.integers(0, 400))
    if kind == 4:
        return float(rng.random() * 300)
    if kind == 5:
        return float(rng.random() * 2000 - 200)
    if kind == 6:
        return float(rng.integers(0, 20000)) + float(rng.integers(2)) / 2
    return float([0, 1, -1, 32767, 32768, 1e6, 1e9, 0.999][rng.integers(8)])


def swapped(img):
    return img if img.ndim == 2 else np.ascontiguousarray(img[:, :, ::-1])


def canny_case(edgel, rng):
    img = random_image(rng, 3 if rng.random() < 0.3 else 1)
    low, high = random_threshold(rng), random_threshold(rng)
    aperture, l2 = int(rng.choice([3, 5, 7])), bool(rng.integers(2))
    want = cv2.Canny(swapped(img), low, high, apertureSize=aperture, L2gradient=l2)
    same = np.array_equal(want, edgel.canny(img, low, high, aperture, l2))
    return same, f"{img.shape} low {low} high {high} aperture {aperture} L{1 + l2}", bool(want.any())


def random_smoothing(rng):
    """Sigma and number of taps; either may be 0, not both."""
    ksize = int(rng.integers(0, 20)) * 2 + 1 if rng.random() < 0.6 else 0
    sigma = 0.0 if ksize and rng.random() < 0.4 else float(rng.random() * 10 + 1e-3)
    if rng.random() < 0.3 and sigma:
        sigma = float(rng.integers(1, 40)) / 10
    return sigma, ksize


def detect_case(edgel, rng):
    img = random_image(rng, 3 if rng.random() < 0.3 else 1, [*SIDES, 300, 500])
    sigma, ksize = random_smoothing(rng) if rng.random() < 0.7 else [(1.4, 0), (1.4, 5)][rng.integers(2)]
    low, high = (random_threshold(rng), random_threshold(rng)) if rng.random() < 0.6 else (50.0, 100.0)
    aperture, l2 = (int(rng.choice([3, 5, 7])), bool(rng.integers(2))) if rng.random() < 0.5 else (3, False)
    smooth = cv2.GaussianBlur(swapped(img), (ksize, ksize), sigma, sigma)
    want = cv2.Canny(smooth, low, high, apertureSize=aperture, L2gradient=l2)
    same = np.array_equal(want, edgel.detect(img, sigma, ksize, low, high, aperture, l2))
    text = f"{img.shape} sigma {sigma} ksize {ksize} low {low} high {high} aperture {aperture} L{1 + l2}"
    return same, text, bool(want.any())


def gaussian_case(edgel, rng):
    img = random_image(rng, 3 if rng.random() < 0.3 else 1)
    sigma, ksize = random_smoothing(rng)
    want = cv2.GaussianBlur(img, (ksize, ksize), sigma, sigma)
    same = np.array_equal(want, edgel.gaussian(img, sigma, ksize))
    return same, f"{img.shape} sigma {sigma} ksize {ksize}", not np.array_equal(want, img)


def compare(name, case, edgel, rng, cases):
    wrong = telling = 0
    for i in range(cases):
        same, text, told = case(edgel, rng)
        telling += told
        if not same:
            wrong += 1
            if wrong <= 10:
                print(f"{name} case {i}: differs: {text}")
    print(f"{name}: {cases} cases ({telling} with an effect), {wrong} mismatches")
    return wrong


def compare_bsds(folder, build):
    files = sorted(pathlib.Path(folder).rglob("*.jpg"))
    if not files:
        print(f"compare_opencv: no JPEG below {folder}", file=sys.stderr)
        sys.exit(2)
    wrong = pixels = edges = 0
    with tempfile.TemporaryDirectory() as out:
        program = pathlib.Path(build) / "src" / "cli" / "edgel"
        subprocess.run([program, "detect", "-m", "canny:gray=luma,sigma=1.4,low=50,high=100", "-q", "-o", out, folder], check=True)
        for f in files:
            gray = cv2.imread(str(f), cv2.IMREAD_GRAYSCALE)
            want = cv2.Canny(cv2.GaussianBlur(gray, (0, 0), 1.4), 50, 100)
            got = cv2.imread(str(pathlib.Path(out) / f.relative_to(folder).with_suffix(".png")), cv2.IMREAD_GRAYSCALE)
            pixels += want.size
            edges += int((want > 0).sum())
            if got is None or not np.array_equal(want, got):
                wrong += 1
                print(f"{f}: " + ("no output" if got is None else f"{int((want != got).sum())} pixels differ"))
    print(f"files: {len(files)} photographs, {pixels} pixels, {edges} on edges, {wrong} mismatches")
    return wrong


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--cases", type=int, help="random cases of each operation (default 2000, 0 with --bsds)")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--build", default=ROOT / "build", help="build directory (default: build)")
    p.add_argument("--bsds", metavar="DIR", help="folder of JPEG photographs")
    args = p.parse_args()
    cases = args.cases if args.cases is not None else 0 if args.bsds else 2000
    print(f"OpenCV {cv2.__version__}, seed {args.seed}")
    wrong = 0
    if cases:
        try:
            edgel = Edgel(args.build)
        except OSError as e:
            print(f"compare_opencv: {e}", file=sys.stderr)
            return 2
        print(f"CPU level {edgel.lib.edgel_cpu_level().decode()}")
        wrong += compare("gaussian", gaussian_case, edgel, np.random.default_rng([args.seed, 1]), cases)
        wrong += compare("canny", canny_case, edgel, np.random.default_rng([args.seed, 2]), cases)
        wrong += compare("detect", detect_case, edgel, np.random.default_rng([args.seed, 3]), cases)
    if args.bsds:
        wrong += compare_bsds(args.bsds, args.build)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
