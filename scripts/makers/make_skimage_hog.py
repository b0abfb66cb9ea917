#!/usr/bin/env python3
"""Writes tests/golden/skimage_hog.txt: histograms of oriented gradients from scikit-image, which tests/ml/test_hog.c holds
edgel to.

    scripts/makers/make_skimage_hog.py [FILE]

Only needed to make the file anew (its first line names the version). The file is text; `#` starts a comment.

    image W H CHANNELS             then one line: the samples, 0..255
    hog CELL BLOCK BINS NORM       then one line: the descriptor. It is for the image before.
"""
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
from house import ROOT

import numpy as np
import skimage
from skimage.feature import hog

SEED = 23
out = open(sys.argv[1] if len(sys.argv) > 1 else ROOT / "tests/golden/skimage_hog.txt", "w")
rng = np.random.default_rng(SEED)
print(f"# made by scripts/makers/make_skimage_hog.py, scikit-image {skimage.__version__}, seed {SEED}", file=out)
for w, h, channels in [(21, 18, 1), (16, 17, 3)]:
    image = rng.integers(0, 256, (h, w, channels))
    image[:, : w // 2] //= 8
    print(f"image {w} {h} {channels}", file=out)
    print(*image.ravel(), file=out)
    for cell, block, bins, norm in [(4, 2, 9, "L2-Hys"), (5, 1, 8, "L2"), (3, 3, 12, "L1"), (8, 2, 5, "L1-sqrt")]:
        d = hog(image.astype(np.float64), bins, (cell, cell), (block, block), norm, channel_axis=-1)
        print(f"hog {cell} {block} {bins} {['L1', 'L1-sqrt', 'L2', 'L2-Hys'].index(norm)}", file=out)
        print(" ".join(f"{v:.9g}" for v in d), file=out)
