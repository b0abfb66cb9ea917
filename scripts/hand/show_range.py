#!/usr/bin/env python3
"""Shows what --range and automatic thresholds are for: shares of edge pixels, and agreement with the 8-bit result.

    scripts/hand/show_range.py [EDGEL] [--keep DIR]     default: build/src/cli/edgel; needs numpy and $EDGEL_DATA/photos

1. One photograph as 8 bits, 12 and 14 bits in 16, 16 bits, float counts of 0..255 and floats of 0..1, under --range full
   and auto. Precision and recall: edge pixels that the 8-bit result has within one pixel, and the other way round.
2. The photographs of the data, by the defaults, auto and auto-matlab.
3. Flat, noisy and gradient pictures (seed 15) by the same.

--keep leaves the edge maps in DIR. By hand. Exit: 0, 77 no data.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
from house import DATA, ROOT, skip

AUTO, MATLAB = ("--sigma", "2", "--low", "auto", "--high", "auto"), \
    ("--sigma", "2", "--low", "auto-matlab", "--high", "auto-matlab")
WAYS = {"defaults": (), "auto": AUTO, "auto-matlab": MATLAB}


def write_pgm(path, a, top):
    path.write_bytes(b"P5\n%d %d\n%d\n" % (a.shape[1], a.shape[0], top) + a.astype(">u2" if top > 255 else "u1").tobytes())


def write_pfm(path, a):
    path.write_bytes(b"Pf\n%d %d\n-1\n" % (a.shape[1], a.shape[0]) + a[::-1].astype("<f4").tobytes())


def read_pgm(path):
    kind, sides, _, pixels = path.read_bytes().split(b"\n", 3)
    w, h = map(int, sides.split())
    return np.frombuffer(pixels, np.uint8, w * h).reshape(h, w)


def near(edges):
    """Within one pixel of an edge."""
    p = np.pad(edges, 1)
    h, w = edges.shape
    return np.any([p[y:y + h, x:x + w] for y in range(3) for x in range(3)], axis=0)


class Shows:
    def __init__(self, edgel, work):
        self.edgel, self.work, self.n = edgel, pathlib.Path(work), 0

    def detect(self, path, *options):
        """The edge map, its line of the log, what the program said."""
        self.n += 1
        out = self.work / f"{self.n:02}_{path.stem}.pgm"
        done = subprocess.run([self.edgel, "detect", "--existing", "overwrite", "--progress", "never", "--jsonl", "-", *options,
                               "-o", out, path], check=True, capture_output=True, text=True)
        said = [line for line in done.stderr.splitlines() if " done, " not in line]
        return read_pgm(out) > 0, json.loads(done.stdout.splitlines()[0]), said

    def gray(self, path):
        out = self.work / f"{path.stem}_gray.pgm"
        subprocess.run([self.edgel, "detect", "-q", "-m", "gaussian:ksize=1", "--existing", "overwrite", "-o", out, path], check=True)
        return read_pgm(out)

    def encodings(self, photo):
        v = self.gray(photo) / 255
        files = {"8 bits": "a.pgm", "12 in 16": "b.pgm", "14 in 16": "c.pgm", "16 bits": "d.pgm", "float counts": "e.pfm",
                 "float 0..1": "f.pfm"}
        paths = {name: self.work / file for name, file in files.items()}
        for name, top, limit in (("8 bits", 255, 255), ("12 in 16", 4095, 65535), ("14 in 16", 16383, 65535),
                                 ("16 bits", 65535, 65535)):
            write_pgm(paths[name], np.rint(v * top), limit)
        write_pfm(paths["float counts"], v * 255)
        write_pfm(paths["float 0..1"], v)
        print(f"{photo.name}, canny\n{'':14} {'--range':8} {'thresholds':12} {'share':>8} {'precision':>10} {'recall':>7}")
        for way in ("defaults", "auto"):
            want = self.detect(paths["8 bits"], *WAYS[way])[0]
            for name, path in paths.items():
                for asked in ("full", "auto"):
                    edges, line, said = self.detect(path, "--range", asked, *WAYS[way])
                    precision = (edges & near(want)).sum() / edges.sum() if edges.any() else float("nan")
                    recall = (want & near(edges)).sum() / want.sum()
                    print(f"{name:14} {asked:8} {way:12} {100 * line['edges']['share']:7.3f}% {precision:10.4f} {recall:7.4f}")
                    for text in said:
                        print(f"{'':14} {text.split(': ', 1)[1] if text.startswith('edgel: ') else text}")

    def shares(self, path, label):
        for way, options in WAYS.items():
            _, line, _ = self.detect(path, *options)
            e = line["edges"]
            print(f"{label:28} {way:12} {e['low']:9.3f} {e['high']:9.3f} {100 * e['share']:8.3f}%  {line.get('note', '')}")


def pictures(work):
    """Names and files of pictures made of formulas."""
    y, x = np.mgrid[0:1080, 0:1920]
    rng = np.random.default_rng(15)
    noise = rng.standard_normal(x.shape)
    made = {"flat 128": 128 + 0 * x, "gradient 100 to 120": 100 + x * 20 / 1919, "gradient 0 to 255": x * 255 / 1919,
            "gradient 100 to 120, noise 0.5": 100 + x * 20 / 1919 + 0.5 * noise, "noise 1": 128 + noise,
            "noise 10": 128 + 10 * noise, "noise 40": 128 + 40 * noise, "squares of 100 on 0": 100 * ((x // 100 + y // 100) % 2)}
    for i, (name, a) in enumerate(made.items()):
        path = work / f"made{i}.pgm"
        write_pgm(path, np.clip(np.rint(a), 0, 255), 255)
        yield name, path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("edgel", nargs="?", default=ROOT / "build/src/cli/edgel")
    parser.add_argument("--keep", metavar="DIR")
    args = parser.parse_args()
    photos = DATA / "photos"
    if not photos.is_dir():
        skip(f"{photos} is absent")
    with tempfile.TemporaryDirectory() as temporary:
        work = pathlib.Path(args.keep or temporary)
        work.mkdir(parents=True, exist_ok=True)
        shows = Shows(args.edgel, work)
        shows.encodings(photos / "kodim17.png")
        print(f"\n{'':28} {'thresholds':12} {'low':>9} {'high':>9} {'share':>9}")
        for path in sorted(p for p in photos.iterdir() if p.suffix in (".jpg", ".png")):
            shows.shares(path, path.name)
        for name, path in pictures(work):
            shows.shares(path, name)


if __name__ == "__main__":
    main()
