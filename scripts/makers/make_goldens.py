#!/usr/bin/python3
"""Writes tests/golden/opencv_canny.txt: results of OpenCV on small images, which tests/filter/test_opencv.c holds edgel to.

    scripts/makers/make_goldens.py [FILE]

Only needed to make the file anew (python3-opencv, NumPy). The file is text, one record after the other; `#` starts a
comment line. A record is a head line and one line a row:

    image W H C                       samples in hex, 2 digits each; C = 3 is R, G, B; until the next image record
                                      all records are results for this image
    gaussian SIGMA KSIZE              GaussianBlur(sigma, ksize, default border); samples in hex
    sobel APERTURE | scharr           Sobel, border replicated, as two records' worth of rows: H rows of gx, then H of gy;
                                      whole numbers, channels interleaved
    canny LOW HIGH APERTURE NORM      Canny; one character a pixel, # edge, . none; NORM 1 or 2
"""
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
from house import ROOT

import cv2
import numpy as np

SMOOTHING = [(1.4, 0), (0, 3), (0, 5), (0, 7), (0, 9), (0, 13), (0.8, 7), (3.3, 0)]
CANNY = [(3, 1, 50, 100), (3, 2, 50, 100), (3, 1, 120.5, 33.3), (3, 2, 33.3, 120.5), (5, 1, 300, 900),
         (5, 2, 250, 700), (7, 1, 2500, 7000), (7, 2, 2000, 6001.5), (3, 1, 0, 0)]


def scene(rng, w, h, c):
    """Soft light, two sharp shapes, noise."""
    y, x = np.mgrid[0:h, 0:w]
    img = np.zeros((h, w, c))
    for k in range(c):
        img[:, :, k] = 60 + 40 * np.sin(x / (5 + k)) + 30 * np.cos((y - x) / (7 + k))
        img[:, :, k] += rng.integers(20, 120) * ((x - w * 0.4) ** 2 + (y - h * 0.5) ** 2 < (0.3 * h) ** 2)
        img[:, :, k] += rng.integers(20, 120) * ((x > w * 0.6) & (y > h * 0.3 + 0.2 * x))
    return img + rng.normal(0, 3, img.shape)


def images():
    rng = np.random.default_rng(20)
    yield scene(rng, 44, 31, 1)
    yield scene(rng, 27, 22, 3)
    yield rng.integers(0, 3, (9, 15, 1)) * 90.0
    yield rng.integers(0, 256, (8, 7, 3)) * 1.0
    yield (np.arange(13) * 19.0).reshape(1, 13, 1)
    yield (np.arange(11)[::-1] * 23.0).reshape(11, 1, 1)
    yield np.full((1, 1, 3), 200.0)
    yield rng.integers(0, 256, (2, 2, 1)) * 1.0


def hexes(img):
    return [row.tobytes().hex() for row in img]


def numbers(img):
    return [" ".join(str(int(v)) for v in row.reshape(-1)) for row in img]


def derivative_records(rgb):
    for name, size in (("sobel 3", 3), ("sobel 5", 5), ("sobel 7", 7), ("scharr", cv2.FILTER_SCHARR)):
        yield name
        for dx, dy in ((1, 0), (0, 1)):
            yield from numbers(cv2.Sobel(rgb, cv2.CV_32F, dx, dy, ksize=size, borderType=cv2.BORDER_REPLICATE))


def records():
    for img in images():
        rgb = np.clip(np.rint(img), 0, 255).astype(np.uint8)
        h, w, c = rgb.shape
        bgr = np.ascontiguousarray(rgb[:, :, ::-1])
        yield f"image {w} {h} {c}"
        yield from hexes(rgb)
        for sigma, ksize in SMOOTHING:
            yield f"gaussian {sigma} {ksize}"
            yield from hexes(cv2.GaussianBlur(rgb, (ksize, ksize), sigma).reshape(h, w * c))
        if w * h < 700:
            yield from derivative_records(rgb)
        for aperture, norm, low, high in CANNY:
            yield f"canny {low} {high} {aperture} {norm}"
            edges = cv2.Canny(bgr, low, high, apertureSize=aperture, L2gradient=norm == 2)
            yield from ("".join("#" if v else "." for v in row) for row in edges)


def main():
    target = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "tests" / "golden" / "opencv_canny.txt"
    lines = [f"# OpenCV {cv2.__version__}, NumPy {np.__version__}; made by scripts/makers/make_goldens.py, which says what is what"]
    lines += records()
    target.write_text("\n".join(lines) + "\n")
    print(f"{target}: {len(lines)} lines, {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
