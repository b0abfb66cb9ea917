#!/usr/bin/env python3
"""Holds histograms of oriented gradients against scikit-image's on photographs, gray, colour and float, with every norm;
and the time of both, and of OpenCV's HOGDescriptor where it is there (OpenCV 4).

Square roots of the samples are not compared: those of small numbers make gradients of exactly 60 degrees, which the last
bit then puts into one bin or the other.

usage: check_hog_skimage.py [LIBRARY] [--time]
"""
import ctypes as c
import pathlib
import sys
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
from house import DATA, ROOT, skip, wanted

with wanted():
    import numpy as np
    from skimage import io
    from skimage.feature import hog

NORMS, U8, F32 = ["L1", "L1-sqrt", "L2", "L2-Hys"], 1, 3


class View(c.Structure):
    _fields_ = [("data", c.c_void_p), ("w", c.c_int), ("h", c.c_int), ("channels", c.c_int), ("type", c.c_int),
                ("stride", c.c_ssize_t)]


class Params(c.Structure):
    _fields_ = [("cell", c.c_int), ("block", c.c_int), ("step", c.c_int), ("bins", c.c_int), ("signed", c.c_bool),
                ("root", c.c_bool), ("norm", c.c_int), ("rules", c.c_int)]


class Shape(c.Structure):
    _fields_ = [("cells_x", c.c_int), ("cells_y", c.c_int), ("blocks_x", c.c_int), ("blocks_y", c.c_int),
                ("values", c.c_size_t)]


arguments = [a for a in sys.argv[1:] if a != "--time"]
lib = c.CDLL(arguments[0] if arguments else str(ROOT / "build/libedgel.so"))


def ours(image, **settings):
    p, shape = Params(), Shape()
    lib.edgel_hog_params_init(c.byref(p))
    for k, v in settings.items():
        setattr(p, k, v)
    h, w = image.shape[:2]
    if lib.edgel_hog_shape_of(c.byref(p), w, h, c.byref(shape), None):
        raise RuntimeError("edgel_hog_shape_of")
    out = np.empty(shape.values, np.float32)
    view = View(image.ctypes.data, w, h, 1 if image.ndim == 2 else image.shape[2], U8 if image.dtype == np.uint8 else F32,
                image.strides[0])
    if lib.edgel_hog(view, c.byref(p), out.ctypes.data_as(c.c_void_p), c.c_size_t(out.size), None):
        raise RuntimeError("edgel_hog")
    return out


files = sorted((DATA / "bsds500").rglob("*.jpg"))[:50] or skip("the data sets are not there")
images = [io.imread(f) for f in files]
worst, cases = 0.0, 0
for k, image in enumerate(images):
    gray = np.ascontiguousarray(image[..., 1])
    for form in (gray, np.ascontiguousarray(image), gray.astype(np.float32) / 255):
        norm, cell, block, bins = k % 4, 4 + k % 7, 1 + k % 3, 8 + k % 5
        a = ours(form, norm=norm, cell=cell, block=block, bins=bins, rules=1)
        b = hog(form.astype(np.float64), bins, (cell, cell), (block, block), NORMS[norm],
                channel_axis=-1 if form.ndim == 3 else None)
        worst, cases = max(worst, np.abs(a - b).max()), cases + 1
print(f"{cases} descriptors of {len(images)} images: largest difference from scikit-image {worst:.1e}")
if "--time" in sys.argv:
    runs = {"edgel, trilinear": lambda g: ours(g), "edgel, nearest": lambda g: ours(g, rules=1),
            "scikit-image": lambda g: hog(g, 9, (8, 8), (2, 2), "L2-Hys")}
    try:
        import cv2
        cv2.setNumThreads(1)
        cv2.HOGDescriptor()
        d = [cv2.HOGDescriptor((g.shape[1] // 8 * 8, g.shape[0] // 8 * 8), (16, 16), (8, 8), (8, 8), 9) for g in images[:2]]
        sizes = {x.winSize: x for x in d}
        runs[f"OpenCV {cv2.__version__}"] = lambda g: sizes[g.shape[1] // 8 * 8, g.shape[0] // 8 * 8].compute(g)
    except (ImportError, AttributeError):
        pass
    grays = [np.ascontiguousarray(i[..., 1]) for i in images[:10] if i.shape == images[0].shape]
    pixels = sum(g.size for g in grays)
    seconds = {name: [] for name in runs}
    for _ in range(5):
        for name, run in runs.items():
            begin = time.perf_counter()
            for g in grays:
                run(g)
            seconds[name].append(time.perf_counter() - begin)
    base = sorted(seconds["edgel, trilinear"])[2]
    for name, s in seconds.items():
        print(f"{name:20} {sorted(s)[2] / pixels * 1e9:7.2f} ns a pixel, {sorted(s)[2] / base:6.2f} of edgel's")
sys.exit(not worst < 1e-5)
