#!/usr/bin/env python3
"""Images far larger than memory should hold go through Canny row by row, in bounded memory and to the same edges.

    scripts/hand/check_gigapixel.py [--program build/src/cli/edgel] [--side 32768] [--both 8192] [--limit 512]

Makes a gray image of SIDE x SIDE pixels, row by row, as PGM, PNG, tiled TIFF and baseline JPEG (JPEG with a picture of its
own), and one of BOTH x BOTH, and runs `edgel detect` over each. Prints a table of seconds and peak memory. Exit 1 when a
large run takes more than LIMIT MB, when the edges of the first three differ, or when the smaller image has other edges
read by rows than it has as a whole. Takes 1.5 GB of disk ($TMPDIR) and some minutes."""
import argparse
import hashlib
import math
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import time
import zlib

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
from house import ROOT
TILE = 256


# --- pictures ---

def noise(rng, n, top):
    """n samples of 0..top that rise and fall smoothly, with steps here and there."""
    knots = [rng.random() for _ in range(n // 24 + 3)]
    level, out = 0.0, bytearray()
    for i in range(n):
        if rng.random() < 1 / 64:
            level = rng.random()
        k, f = divmod(i / 24, 1)
        f = f * f * (3 - 2 * f)
        smooth = knots[int(k)] * (1 - f) + knots[int(k) + 1] * f
        out.append(int(top * (0.5 * smooth + 0.5 * level)))
    return bytes(out)


def picture(side):
    """Rows of a picture: three one-dimensional textures, two of them pushed along the row on paths of their own, so
    that contours wind, cross and end. Rows are added as large integers: no sum reaches 256."""
    rng = random.Random(1)
    slack = 4096
    first, second = noise(rng, side + slack, 84), noise(rng, side + slack, 84)
    down = noise(rng, side, 84)
    for y in range(side):
        a = int(slack / 2 * (1 + 0.7 * math.sin(y / 211) + 0.3 * math.sin(y / 37)))
        b = int(slack / 2 * (1 + math.sin(y / 1500))) * (y // 512 % 2)
        total = int.from_bytes(first[a:a + side], "little") + int.from_bytes(second[b:b + side], "little") + \
            int.from_bytes(bytes([down[y]]) * side, "little")
        yield total.to_bytes(side, "little")


# --- files ---

def write_pgm(path, side):
    with open(path, "wb") as f:
        f.write(b"P5 %d %d 255\n" % (side, side))
        f.writelines(picture(side))


def write_png(path, side):
    def chunk(f, kind, data):
        f.write(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)))

    with open(path, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n")
        chunk(f, b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
        packer = zlib.compressobj(1)
        for row in picture(side):
            data = packer.compress(b"\0" + row)
            if data:
                chunk(f, b"IDAT", data)
        chunk(f, b"IDAT", packer.flush())
        chunk(f, b"IEND", b"")


def write_tiff(path, side):
    """Little-endian, tiles of 256 x 256, each deflated."""
    across = -(-side // TILE)
    places, sizes, band = [], [], []

    def put_tiles(f):
        while len(band) < TILE:
            band.append(bytes(side))
        for x in range(0, across * TILE, TILE):
            tile = zlib.compress(b"".join(row[x:x + TILE].ljust(TILE, b"\0") for row in band), 1)
            places.append(f.tell())
            sizes.append(len(tile))
            f.write(tile)
        band.clear()

    with open(path, "wb") as f:
        f.write(b"II*\0" + bytes(4))
        for row in picture(side):
            band.append(row)
            if len(band) == TILE:
                put_tiles(f)
        if band:
            put_tiles(f)
        n, lists = len(places), f.tell()
        f.write(struct.pack(f"<{n}I", *places) + struct.pack(f"<{n}I", *sizes))
        tags = [(256, 4, 1, side), (257, 4, 1, side), (258, 3, 1, 8), (259, 3, 1, 8), (262, 3, 1, 1), (277, 3, 1, 1),
                (322, 3, 1, TILE), (323, 3, 1, TILE),
                (324, 4, n, lists if n > 1 else places[0]), (325, 4, n, lists + 4 * n if n > 1 else sizes[0])]
        at = f.tell()
        f.write(struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *t) for t in tags) + bytes(4))
        f.seek(4)
        f.write(struct.pack("<I", at))


class JpegRows:
    """Rows of blocks as JPEG codes them between restart markers: each begins anew, so that a few of them, coded once, make
    up a picture of any height. All codes have four bits."""
    DC = list(range(12))
    AC = [0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x11, 0x12, 0x13, 0x21, 0x22, 0x31, 0x41, 0xF0]

    @staticmethod
    def coded(value):
        """Number of bits of a value, and these bits: negative ones less one."""
        size = abs(value).bit_length()
        return size, format(value if value > 0 else value + (1 << size) - 1, f"0{size}b") if size else ""

    @classmethod
    def row(cls, rng, blocks):
        bits, before = [], 0
        level = target = rng.randrange(-60, 60)
        for _ in range(blocks):
            if rng.random() < 0.1:
                target = rng.randrange(-60, 60)
            level = target if rng.random() < 0.3 else level + (target - level) // 3
            size, value = cls.coded(level - before)
            bits.append(format(cls.DC.index(size), "04b") + value)
            before = level
            for _ in range(rng.randrange(4)):
                symbol = rng.choice(cls.AC[1:-1])
                size = symbol & 15
                value = rng.randrange(1 << (size - 1), 1 << size) * rng.choice((-1, 1))
                bits.append(format(cls.AC.index(symbol), "04b") + cls.coded(value)[1])
            bits.append("0000")
        text = "".join(bits)
        text += "1" * (-len(text) % 8)
        return int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\0")


def write_jpeg(path, side):
    def segment(marker, data):
        return struct.pack(">BBH", 255, marker, len(data) + 2) + data

    def codes(kind, symbols):
        return segment(0xC4, bytes([kind, 0, 0, 0, len(symbols)] + 12 * [0] + symbols))

    rng = random.Random(2)
    blocks = -(-side // 8)
    rows = [JpegRows.row(rng, blocks) for _ in range(24)]
    with open(path, "wb") as f:
        f.write(b"\xff\xd8" + segment(0xDB, bytes([0] + 64 * [12])) +
                segment(0xC0, struct.pack(">BHHBBBB", 8, side, side, 1, 1, 0x11, 0)) +
                codes(0x00, JpegRows.DC) + codes(0x10, JpegRows.AC) + segment(0xDD, struct.pack(">H", blocks)) +
                segment(0xDA, bytes([1, 1, 0, 0, 63, 0])))
        for y in range(blocks):
            if y:
                f.write(bytes([0xFF, 0xD0 + (y - 1) % 8]))
            f.write(rng.choice(rows))
        f.write(b"\xff\xd9")


WRITERS = {"pgm": write_pgm, "png": write_png, "tif": write_tiff, "jpg": write_jpeg}


# --- runs ---

def run(args):
    """Seconds and peak memory in MB: the kernel's high-water mark of the process itself, asked for until it ends."""
    peak, start = 0, time.monotonic()
    p = subprocess.Popen(list(map(str, args)))
    while p.poll() is None:
        try:
            status = pathlib.Path(f"/proc/{p.pid}/status").read_text()
        except OSError:
            break
        if "VmHWM" in status:
            peak = max(peak, int(status.split("VmHWM:")[1].split()[0]))
        time.sleep(0.01)
    if p.wait():
        sys.exit(f"exit code {p.returncode} of {' '.join(map(str, args))}")
    return time.monotonic() - start, peak / 1024


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--program", default=ROOT / "build/src/cli/edgel")
    ap.add_argument("--side", type=int, default=32768)
    ap.add_argument("--both", type=int, default=8192, help="side of the image that is also run as a whole")
    ap.add_argument("--limit", type=float, default=512, help="MB that a large run may take")
    a = ap.parse_args()
    bad, large = 0, {}
    with tempfile.TemporaryDirectory() as tmp:
        tmp = pathlib.Path(tmp)

        def detect(side, kind, how, *options):
            out = tmp / "edges.png"
            seconds, peak = run([a.program, "detect", "-q", "--existing", "overwrite", "--max-pixels", side * side,
                                 *options, "-o", out, tmp / f"in.{kind}"])
            held = digest(out)
            print(f"{kind:5}{side:8}  {how:8}{seconds:9.1f}{seconds * 1e9 / side ** 2:9.2f}{peak:9.0f}  {held[:12]}",
                  flush=True)
            return peak, held

        print(f"{'':5}{'side':>8}  {'read':8}{'seconds':>9}{'ns/px':>9}{'peak MB':>9}  edges")
        for kind, write in WRITERS.items():
            write(tmp / f"in.{kind}", a.both)
            rows = detect(a.both, kind, "by rows", "--stream-over", 0)
            whole = detect(a.both, kind, "whole", "--stream-over", a.both ** 2)
            if rows[1] != whole[1]:
                bad += 1
                print(f"{kind}: other edges by rows than as a whole")
            write(tmp / f"in.{kind}", a.side)
            peak, large[kind] = detect(a.side, kind, "by rows")
            if peak > a.limit:
                bad += 1
                print(f"{kind}: more than {a.limit:g} MB")
            (tmp / f"in.{kind}").unlink()
    if not large["pgm"] == large["png"] == large["tif"]:
        bad += 1
        print("PGM, PNG and TIFF of one picture have different edges")
    print("ok" if not bad else f"{bad} checks failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
