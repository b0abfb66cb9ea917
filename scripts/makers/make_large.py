#!/usr/bin/env python3
"""Large images out of small ones, for scripts/hand/check_same_bytes.sh.

    scripts/makers/make_large.py SMALL OUT

SMALL holds binary *.pnm of 8 bits, gray and colour. Each image of OUT is a mosaic of those of its kind beside a
serpentine: one line as high as the image, to and fro, weak (at Canny's defaults) but for its end at the top or the
bottom. To keep or drop it takes a look through all of the image, so that a seam between rows that were worked on apart
shows."""
import pathlib
import sys

TURN = 8  # pixels from one run of the serpentine to the next, half of them bright
DARK, WEAK, STRONG = 30, 66, 160
# name, width, height, channels, bytes of a sample. Those that are streamed have more than 2^24 samples, which is what
# edgel works on at a time; the others suit a look with every method on every number of threads.
SHARED = [("gray8", 1203, 901, 1, 1), ("colour8", 901, 1203, 3, 1), ("gray16", 1001, 1009, 1, 2),
          ("colour16", 907, 701, 3, 2)]
STREAMED = [("tall8", 3001, 6007, 1, 1), ("wide16", 6007, 3001, 1, 2), ("colour8", 2203, 2711, 3, 1)]


def read(path):
    """Channels and rows of a PNM as edgel writes it."""
    data = path.read_bytes()
    kind, w, h, top = data[:40].split(maxsplit=4)[:4]
    if kind not in (b"P5", b"P6") or top != b"255":
        sys.exit(f"{path}: not 8-bit PGM or PPM")
    channels = 3 if kind == b"P6" else 1
    row = int(w) * channels
    start = len(data) - row * int(h)
    return channels, [data[start + y * row:start + (y + 1) * row] for y in range(int(h))]


def serpentine_row(y, w, h, channels, top):
    """Dark at the borders, so that the outline is one closed line; with an even number of runs it ends at the top."""
    half = TURN // 2
    far, runs = h - 1 - y, (w - half) // TURN // 2 * 2 - (not top)
    row = bytearray([DARK]) * w
    for run in range(runs if min(y, far) >= half else 0):
        end = run == runs - 1 and (y if run % 2 else far) < 2 * TURN
        turns = run + 1 < runs and (y if run % 2 else far) < TURN
        row[run * TURN + half:run * TURN + TURN] = bytes([STRONG if end else WEAK]) * half
        if turns:
            row[run * TURN + TURN:run * TURN + TURN + half] = bytes([WEAK]) * half
    return bytes(v for v in row for _ in range(channels))


def rows(small, w, h, channels, top):
    beside, cache = w // 3, {}
    for y in range(h):
        kind = y if y < 2 * TURN else h - y + 2 * TURN if y >= h - 2 * TURN else -1
        if kind not in cache:
            cache[kind] = serpentine_row(y, beside, h, channels, top)
        row, first = cache[kind], y // 300
        while len(row) < w * channels:
            image = small[first % len(small)]
            row += image[y % len(image)]
            first += 1
        yield row[:w * channels]


def write(path, small, w, h, channels, size):
    with open(path, "wb") as f:
        f.write(b"P%d %d %d %d\n" % (6 if channels == 3 else 5, w, h, 255 if size == 1 else 65535))
        before = bytes(w * channels)
        for row in rows(small, w, h, channels, (channels == 3) != (size == 2)):
            if size == 2:  # the row above makes the lower bytes
                wide = bytearray(2 * len(row))
                wide[0::2], wide[1::2] = row, before
                before, row = row, wide
            f.write(row)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    source, out = map(pathlib.Path, sys.argv[1:])
    small = {1: [], 3: []}
    for path in sorted(source.glob("*.pnm")):
        channels, image = read(path)
        small[channels].append(image)
    for folder, images in (("shared", SHARED), ("streamed", STREAMED)):
        (out / folder).mkdir(parents=True, exist_ok=True)
        for name, w, h, channels, size in images:
            write(out / folder / (name + (".ppm" if channels == 3 else ".pgm")), small[channels], w, h, channels, size)


main()
