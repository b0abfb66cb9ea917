#!/usr/bin/env python3
"""Holds the bank of pixel features against SciPy and the formulas of edgel/ml_features.h in double, on photographs.

usage: check_features_scipy.py [LIBRARY]
"""
import ctypes as c
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
from house import DATA, ROOT, skip, wanted

with wanted():
    import numpy as np
    from PIL import Image
    from scipy.ndimage import correlate1d, gaussian_filter1d

U8, F32 = 1, 3


class View(c.Structure):
    _fields_ = [("data", c.c_void_p), ("w", c.c_int), ("h", c.c_int), ("channels", c.c_int), ("type", c.c_int),
                ("stride", c.c_ssize_t)]


class Params(c.Structure):
    _fields_ = [("sigma", c.c_double * 16), ("scales", c.c_int), ("features", c.c_uint)]


class Error(c.Structure):
    _fields_ = [("code", c.c_int), ("msg", c.c_char * 512)]


lib = c.CDLL(sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "build/libedgel.so"))


def bank(image):
    """{name: plane} of all values."""
    p, err, name = Params(), Error(), c.create_string_buffer(64)
    lib.edgel_bank_params_init(c.byref(p))
    h, w = image.shape[:2]
    channels = 1 if image.ndim == 2 else 3
    n = lib.edgel_bank_values(c.byref(p), channels)
    out = np.empty((h, w, n), np.float32)
    view = View(image.ctypes.data, w, h, channels, U8 if image.dtype == np.uint8 else F32, image.strides[0])
    if lib.edgel_bank(None, view, c.byref(p), 0, h, c.c_void_p(out.ctypes.data), c.byref(err)):
        raise RuntimeError(err.msg.decode())
    planes = {}
    for k in range(n):
        if lib.edgel_bank_value_name(c.byref(p), channels, k, name, c.byref(err)):
            raise RuntimeError(err.msg.decode())
        planes[name.value.decode()] = out[..., k]
    return planes, [p.sigma[k] for k in range(p.scales)]


def smooth(v, sigma):
    radius = (int(np.round(8 * sigma + 1)) | 1) // 2
    for axis in (0, 1):
        v = gaussian_filter1d(v, sigma, axis, mode="mirror", radius=radius)
    return v


def slope(v, axis):
    return correlate1d(v, [-0.5, 0, 0.5], axis, mode="nearest")


def eigenvalues(name, a, b, d):
    middle, away = (a + d) / 2, np.sqrt(((a - d) / 2) ** 2 + b ** 2)
    return {f"{name} larger": middle + away, f"{name} smaller": middle - away}


def formulas(image, sigmas):
    v = image.astype(np.float64) / (255 if image.dtype == np.uint8 else 1)
    planes = {"gray": v} if v.ndim == 2 else dict(zip(("red", "green", "blue"), np.moveaxis(v, 2, 0)))
    if v.ndim == 3:
        v = (9797 * v[..., 0] + 19234 * v[..., 1] + 3737 * v[..., 2]) / 32768
    for s in sigmas:
        g, n = smooth(v, s), f"{s:g}"
        gx, gy = slope(g, 1), slope(g, 0)
        xx, xy, yy = slope(gx, 1), slope(gx, 0), slope(gy, 0)
        planes |= {f"gaussian {n}": g, f"gradient {n}": np.hypot(gx, gy), f"laplacian {n}": xx + yy,
                   f"deviation {n}": np.sqrt(np.maximum(0, smooth(v * v, s) - g * g)),
                   f"difference {n}": g - smooth(v, 0.66 * s), **eigenvalues(f"hessian {n}", xx, xy, yy),
                   **eigenvalues(f"structure {n}", *(smooth(q, s) for q in (gx * gx, gx * gy, gy * gy)))}
    return planes


files = sorted((DATA / "bsds500").rglob("*.jpg"))[:10] or skip("the data sets are not there")
worst = {}
for f in files:
    colour = np.ascontiguousarray(Image.open(f).convert("RGB"))
    for image in (colour, np.ascontiguousarray(colour[..., 1]), np.ascontiguousarray(colour[..., 0] / np.float32(255))):
        ours, sigmas = bank(image)
        theirs = formulas(image, sigmas)
        assert ours.keys() == theirs.keys(), sorted(ours.keys() ^ theirs.keys())
        for name, plane in ours.items():
            kind = name.split()[0]
            worst[kind] = max(worst.get(kind, 0), np.abs(plane - theirs[name]).max())
for kind, away in worst.items():
    print(f"{kind:12} largest difference {away:.1e}")
# a deviation near 0 is the root of a difference of floats near 1: 1e-7 becomes 3e-4
sys.exit(any(away > (1e-3 if kind == "deviation" else 2e-6) for kind, away in worst.items()))
