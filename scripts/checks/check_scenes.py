#!/usr/bin/env python3
"""Checks data/scenes: each image has a mask and a boundary file of its size, the boundaries are those of the mask by the
rule of data/README.md, and all of it is small. Reads PNG by itself (gray, not interlaced), and only sizes of images."""
import pathlib
import struct
import sys
import zlib

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
from house import ROOT

SCENES = ROOT / "data" / "scenes"
LIMIT_BYTES = 2_000_000


def paeth(a, b, c):
    p = a + b - c
    near = min(abs(p - a), abs(p - b), abs(p - c))
    return a if abs(p - a) == near else b if abs(p - b) == near else c


PREDICT = [lambda a, b, c: 0, lambda a, b, c: a, lambda a, b, c: b, lambda a, b, c: (a + b) // 2, paeth]


def read_gray(path):
    """(width, rows of values) of a 1- or 8-bit gray PNG."""
    data, at, packed = path.read_bytes(), 8, b""
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8:at + 8 + size]
        if kind == b"IHDR":
            w, h, bits, color, _, _, interlaced = struct.unpack(">IIBBBBB", body)
            if color != 0 or bits not in (1, 8) or interlaced:
                raise ValueError(f"{path}: not a 1- or 8-bit gray PNG")
        elif kind == b"IDAT":
            packed += body
        at += 12 + size
    raw, stride = zlib.decompress(packed), (w * bits + 7) // 8
    rows, above = [], bytes(stride)
    for y in range(h):
        predict = PREDICT[raw[y * (stride + 1)]]
        line = bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        if predict is not PREDICT[0]:
            left = corner = 0
            for x in range(stride):
                left = line[x] = (line[x] + predict(left, above[x], corner)) & 255
                corner = above[x]
        above = bytes(line)
        rows.append(above if bits == 8 else bytes(above[x >> 3] >> (7 - (x & 7)) & 1 for x in range(w)))
    return w, rows


def size_of(path):
    """(width, height) of a PNG or JPEG file."""
    data = path.read_bytes()
    if data[:4] == b"\x89PNG":
        return struct.unpack_from(">II", data, 16)
    at = 2
    while data[at + 1] not in (0xC0, 0xC2):
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    return struct.unpack_from(">HH", data, at + 5)[::-1]


def faults(image):
    mask, edges = (SCENES / kind / f"{image.stem}.png" for kind in ("masks", "boundaries"))
    w, ids = read_gray(mask)
    edge_w, marks = read_gray(edges)
    if not size_of(image) == (w, len(ids)) == (edge_w, len(marks)):
        return [f"{image.name}: sizes differ"]
    below = ids[1:] + ids[-1:]
    rule = [bytes(a != b or a != c for a, b, c in zip(row, row[1:] + row[-1:], low)) for row, low in zip(ids, below)]
    wrong = sum(a != b for row, want in zip(marks, rule) for a, b in zip(row, want))
    return ([f"{image.name}: {wrong} pixels of the boundaries differ from the rule"] if wrong else []) + \
           ([] if max(map(max, ids)) > 1 else [f"{image.name}: no objects"])


images = sorted((SCENES / "images").iterdir())
bad = [fault for image in images for fault in faults(image)]
total = sum(f.stat().st_size for f in SCENES.rglob("*") if f.is_file())
bad += [f"{total} bytes in all"] if total > LIMIT_BYTES else []
for kind in ("masks", "boundaries"):
    extra = {f.stem for f in (SCENES / kind).iterdir()} ^ {f.stem for f in images}
    bad += [f"{kind}: {name} without a partner" for name in sorted(extra)]
print("\n".join(bad) or f"{len(images)} scenes, {total} bytes, boundaries agree with masks")
sys.exit(bool(bad) or not images)
