#!/usr/bin/env python3
"""Masks without training, to compare a trained head with: Otsu's threshold of each image, the smaller side of which is
taken for the objects.

    /usr/bin/python3 scripts/makers/otsu_masks.py IMAGES OUT

Needs numpy and Pillow (Debian: python3-numpy python3-pil).
Source: N. Otsu, A threshold selection method from gray-level histograms, 1979.
"""
import pathlib
import sys

import numpy as np
from PIL import Image


def otsu(gray):
    """The level that parts the histogram into two classes of the largest variance between them."""
    n = np.bincount(gray.ravel(), minlength=256).astype(float)
    below = np.cumsum(n)
    above = n.sum() - below
    mass = np.cumsum(n * np.arange(256))
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (mass / below - (mass[-1] - mass) / above) ** 2
    return int(np.nanargmax(between))


images, out = map(pathlib.Path, sys.argv[1:3])
out.mkdir(parents=True, exist_ok=True)
for path in sorted(images.iterdir()):
    gray = np.asarray(Image.open(path).convert("L"))
    mask = gray > otsu(gray)
    if mask.mean() > 0.5:
        mask = ~mask
    Image.fromarray(mask.astype(np.uint8) * 255).save(out / f"{path.stem}.png")
