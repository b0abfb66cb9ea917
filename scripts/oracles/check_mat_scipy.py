#!/usr/bin/python3
"""Holds the values that edgel reads of MAT files against those of scipy.io.loadmat.

usage: check_mat_scipy.py DECODE_MAT [DATA]

DECODE_MAT is the program of tests/io/decode_mat.c. Read are the MAT files in DATA (default $EDGEL_DATA, else ../shared/data) of
bsds500/groundTruth and bsds-bench5, and files written by scipy.io.savemat: each variable in all numeric classes, compressed and
plain. Exit: 0 all values are equal, 1 not, 77 no scipy.
"""
import io
import pathlib
import subprocess
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
from house import DATA, wanted

with wanted():
    import numpy as np
    import scipy.io

KINDS = {1: "groundTruth", 2: "segs", 3: "ucm2"}
TYPES = {1: np.uint8, 2: np.uint16, 8: np.float64}


def read_map(f):
    """What decode_mat wrote of one map; None: there is none."""
    w, h, size = map(int, f.readline().split())
    return np.frombuffer(f.read(w * h * size), TYPES[size]).reshape(h, w) if size else None


def read_edgel(f):
    """One file: its variable and its maps in order."""
    line = f.readline().decode().rstrip("\n")
    if line.startswith("refused"):
        return line, []
    kind, n = map(int, line.split())
    return KINDS[kind], [read_map(f) for _ in range(2 * n)] if n else [read_map(f)]


def read_scipy(path):
    v = scipy.io.loadmat(path)
    name = next(k for k in KINDS.values() if k in v)
    if name == "ucm2":
        return name, [v[name]]
    cells = v[name].ravel(order="F")
    if name == "segs":
        return name, [m for c in cells for m in (c, None)]
    return name, [c[k][0, 0] if k in c.dtype.names else None for c in cells for k in ("Segmentation", "Boundaries")]


def equal(a, b):
    return b is None if a is None else b is not None and a.shape == b.shape and (a == b).all()


def written(folder):
    """Files by savemat: labels up to 120 and a map of 0 and 1 in every class, a hierarchy in both of its own."""
    rng = np.random.default_rng(1986)
    for kind in "i1 u1 i2 u2 i4 u4 i8 u8 f4 f8".split():
        labels, marks = rng.integers(0, 121, (7, 5)).astype(kind), rng.integers(0, 2, (7, 5)).astype(kind)
        cells = np.empty((1, 2), object)
        for i in range(2):
            cells[0, i] = {"Segmentation": labels + i, "Boundaries": marks, "Remark": "by hand"}
        segs = np.empty((2, 2), object)
        for i in range(4):
            segs[i // 2, i % 2] = labels[:i + 1] + i
        contents = [{"groundTruth": cells}, {"segs": segs, "other": labels}]
        if kind[0] == "f":
            contents.append({"other": {"a": labels}, "ucm2": rng.random((15, 11)).astype(kind)})
        for k, v in enumerate(contents):
            for packed in (False, True):
                path = folder / f"{kind}_{k}_{packed}.mat"
                scipy.io.savemat(path, v, do_compression=packed)
                yield path


with tempfile.TemporaryDirectory() as tmp:
    paths = sorted((DATA / "bsds500/groundTruth").glob("*/*.mat")) + sorted((DATA / "bsds-bench5").glob("*/*.mat"))
    paths += written(pathlib.Path(tmp))
    done = subprocess.run([sys.argv[1], *paths], capture_output=True, check=True)
    f = io.BytesIO(done.stdout)
    bad = maps = values = 0
    count = dict.fromkeys(KINDS.values(), 0)
    for path in paths:
        (name, ours), (wanted, theirs) = read_edgel(f), read_scipy(path)
        same = name == wanted and len(ours) == len(theirs) and all(map(equal, ours, theirs))
        if not same:
            print(f"{path}: {name} differs from scipy's {wanted}")
            bad += 1
            if name.startswith("refused"):
                continue
        count[name] += 1
        maps += sum(m is not None for m in ours)
        values += sum(m.size for m in ours if m is not None)
print(f"{len(paths)} files ({', '.join(f'{n} {k}' for k, n in count.items())}), {maps} maps, {values} values: {bad} files differ "
      f"from scipy {scipy.__version__}")
sys.exit(bad > 0 or f.read(1) != b"")
