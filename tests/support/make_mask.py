#!/usr/bin/env python3
"""Writes small image files for the CLI tests without any library, so that tests do not judge the program by itself.

make_mask.py FILE.png KIND WIDTH VALUE...   KIND: 1 4 8 16 (gray of so many bits), pal8 pal1 (palette), rgb (three
                                            values a pixel); options before FILE: --orient N (eXIf), --text BYTES (a
                                            tEXt chunk of that size), --zeros WxH instead of WIDTH VALUE...
make_mask.py FILE.pfm pfm WIDTH VALUE...
make_mask.py FILE.jpg scans|dark            an 8x8 gray progressive JPEG of two scans, all 128, or all 3
"""
import argparse
import struct
import zlib


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def packed(row, bits):
    if bits == 16:
        return struct.pack(f">{len(row)}H", *row)
    if bits == 8:
        return bytes(row)
    text = "".join(format(v, f"0{bits}b") for v in row)
    text += "0" * (-len(text) % 8)
    return bytes(int(text[i:i + 8], 2) for i in range(0, len(text), 8))


def png(a, rows):
    colour, bits = {"rgb": (2, 8), "pal8": (3, 8), "pal1": (3, 1)}.get(a.kind) or (0, int(a.kind))
    samples = 3 if colour == 2 else 1
    out = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", len(rows[0]) // samples, len(rows), bits,
                                                         colour, 0, 0, 0))
    if a.orient:
        out += chunk(b"eXIf", b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x112, 3, 1, a.orient, 0, 0))
    if a.text:
        out += chunk(b"tEXt", b"Comment\0" + b"x" * a.text)
    if colour == 3:
        out += chunk(b"PLTE", bytes((7 * i + 200) % 256 for i in range(3 << bits)))
    return out + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + packed(r, bits) for r in rows))) + chunk(b"IEND", b"")


def pfm(rows):
    return f"Pf\n{len(rows[0])} {len(rows)}\n-1.0\n".encode() + b"".join(
        struct.pack(f"<{len(r)}f", *r) for r in reversed(rows))


def progressive(dark):
    """DC and AC in scans of their own; each Huffman table has one symbol, written as the bit 0."""
    def segment(marker, data):
        return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data

    one = bytes([1] + [0] * 15)
    return (b"\xff\xd8" + segment(0xDB, b"\0" + b"\1" * 64) + segment(0xC2, b"\x08\0\x08\0\x08\1\1\x11\0") +
            segment(0xC4, b"\0" + one + (b"\x0a" if dark else b"\0")) + segment(0xC4, b"\x10" + one + b"\0") +
            segment(0xDA, b"\1\1\0\0\0\0") + (b"\x02\xdf" if dark else b"\x7f") + segment(0xDA, b"\1\1\0\1\x3f\0") + b"\x7f\xff\xd9")


p = argparse.ArgumentParser()
p.add_argument("--orient", type=int, default=0)
p.add_argument("--text", type=int, default=0)
p.add_argument("--zeros")
p.add_argument("file")
p.add_argument("kind")
p.add_argument("width", type=int, nargs="?", default=1)
p.add_argument("values", nargs="*")
args = p.parse_args()
if args.zeros:
    w, h = map(int, args.zeros.split("x"))
    table = [[0] * w] * h
else:
    number = float if args.kind == "pfm" else int
    step = args.width * (3 if args.kind == "rgb" else 1)
    table = [[number(v) for v in args.values[i:i + step]] for i in range(0, len(args.values), step)]
with open(args.file, "wb") as f:
    f.write(progressive(args.kind == "dark") if args.kind in ("scans", "dark") else pfm(table) if args.kind == "pfm" else png(args, table))
