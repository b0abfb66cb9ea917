#!/usr/bin/python3
"""Makes tests/golden/method_NAME.txt, what OpenCV's calls give for a method of `edgel detect`, on one small 8-bit image.

    scripts/makers/make_methods.py NAME...

A line for each case: the text of the method, then its 23 x 17 samples, row by row.
tests/detect/test_method_goldens.c has the image and asks for a file of every row of the table. Needs python3-opencv (made with 4.6.0).
"""
import pathlib
import sys

import cv2
import numpy as np

W, H = 23, 17
y, x = np.mgrid[0:H, 0:W]
IMAGE = ((x * x * 7 + y * y * 3 + x * y * 5 + 120 * ((x // 6 + y // 5) % 2)) % 256).astype(np.uint8)
FOUR, EIGHT = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]]), np.array([[1, 1, 1], [1, -8, 1], [1, 1, 1]])


def blur(sigma):
    return cv2.GaussianBlur(IMAGE, (0, 0), sigma) if sigma else IMAGE


def correlate(image, kernel, anchor=(-1, -1)):
    return cv2.filter2D(image.astype(np.float64), cv2.CV_64F, np.array(kernel, float), anchor=anchor,
                        borderType=cv2.BORDER_REPLICATE)


def norm(gx, gy, l2=False):
    m = np.sqrt(gx * gx + gy * gy) if l2 else np.abs(gx) + np.abs(gy)
    return np.minimum(255, np.rint(m))


def sobel(aperture=3, l2=False, sigma=0):
    gx, gy = (cv2.Sobel(blur(sigma), cv2.CV_64F, *d, ksize=aperture, borderType=cv2.BORDER_REPLICATE)
              for d in ((1, 0), (0, 1)))
    return norm(gx, gy, l2)


def by_kernel(kernel, l2=False):
    k = np.array(kernel)
    return norm(correlate(IMAGE, k), correlate(IMAGE, k.T), l2)


def roberts():
    return norm(correlate(IMAGE, [[1, 0], [0, -1]], (0, 0)), correlate(IMAGE, [[0, 1], [-1, 0]], (0, 0)))


def laplacian(kernel, sigma=0):
    return np.minimum(255, np.abs(correlate(blur(sigma), kernel)))


PREWITT, SCHARR = [[-1, 0, 1]] * 3, [[-3, 0, 3], [-10, 0, 10], [-3, 0, 3]]
CASES = {
    "gaussian": {"": lambda: blur(1.4), ":sigma=3": lambda: blur(3)},
    "sobel": {"": sobel, ":aperture=5": lambda: sobel(5), ":norm=l2": lambda: sobel(3, True),
              ":sigma=2": lambda: sobel(3, False, 2)},
    "roberts": {"": roberts},
    "prewitt": {"": lambda: by_kernel(PREWITT), ":norm=l2": lambda: by_kernel(PREWITT, True)},
    "scharr": {"": lambda: by_kernel(SCHARR)},
    "canny": {":depth=8": lambda: cv2.Canny(blur(3), 30, 60),
              ":depth=8,sigma=1.4,low=50,high=100": lambda: cv2.Canny(blur(1.4), 50, 100),
              ":depth=8,sigma=0,low=200,high=500": lambda: cv2.Canny(IMAGE, 200, 500)},
    "laplacian": {"": lambda: laplacian(FOUR), ":neighbours=8": lambda: laplacian(EIGHT),
                  ":sigma=1.4": lambda: laplacian(FOUR, 1.4), ":neighbours=8,sigma=2": lambda: laplacian(EIGHT, 2)},
}

for name in sys.argv[1:]:
    golden = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / f"method_{name}.txt"
    with open(golden, "w", encoding="ascii") as f:
        for text, make in CASES[name].items():
            print(name + text, *make().astype(int).ravel(), file=f)
