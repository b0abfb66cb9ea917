#!/usr/bin/env python3
"""Writes MAT files of version 5 for the CLI tests without any library, so that tests do not judge the program by itself.

make_mat.py FILE.mat truth JSON   JSON: a list of [Segmentation, Boundaries], matrices as lists of rows
make_mat.py FILE.mat segs JSON    JSON: a list of matrices
make_mat.py FILE.mat ucm2 JSON    JSON: a matrix
Options before FILE: --plain (not compressed), --name NAME (of the variable).
"""
import argparse
import json
import struct
import zlib


def element(kind, data):
    if 0 < len(data) <= 4:
        return struct.pack("<HH", kind, len(data)) + data.ljust(4, b"\0")
    return struct.pack("<II", kind, len(data)) + data + b"\0" * (-len(data) % 8)


def array(kind, h, w, name, data):
    return element(14, element(6, struct.pack("<II", kind, 0)) + element(5, struct.pack("<ii", h, w)) +
                   element(1, name.encode()) + data)


def matrix(kind, rows, name=""):
    """kind: d double, H uint16, B uint8; columns one after the other."""
    of_class, of_data = {"d": (6, 9), "H": (11, 4), "B": (9, 2)}[kind]
    values = [row[x] for x in range(len(rows[0])) for row in rows]
    return array(of_class, len(rows), len(rows[0]), name, element(of_data, struct.pack(f"<{len(values)}{kind}", *values)))


def annotator(segmentation, boundaries):
    names = b"Segmentation".ljust(32, b"\0") + b"Boundaries".ljust(32, b"\0")
    return array(2, 1, 1, "", element(5, struct.pack("<i", 32)) + element(1, names) + matrix("H", segmentation) +
                 matrix("B", boundaries))


p = argparse.ArgumentParser()
p.add_argument("--plain", action="store_true")
p.add_argument("--name")
p.add_argument("file")
p.add_argument("kind")
p.add_argument("json")
a = p.parse_args()
v = json.loads(a.json)
if a.kind == "truth":
    body = array(1, 1, len(v), a.name or "groundTruth", b"".join(annotator(*pair) for pair in v))
elif a.kind == "segs":
    body = array(1, 1, len(v), a.name or "segs", b"".join(matrix("H", m) for m in v))
else:
    body = matrix("d", v, a.name or "ucm2")
if not a.plain:
    packed = zlib.compress(body)
    body = struct.pack("<II", 15, len(packed)) + packed
with open(a.file, "wb") as f:
    f.write(b"MATLAB 5.0 MAT-file, for tests".ljust(124) + b"\0\1IM" + body)
