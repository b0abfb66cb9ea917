#!/usr/bin/env python3
"""Says how PNG files are packed, one line each: bits, colour type, filters of the rows (each once), and how far back
the matches of the packed data reach (each distance once, "-" when there is no match).

read_png.py FILE...

The packed data is read token by token, for a library that unpacks it does not tell."""
import struct
import sys
import zlib

LENGTH_BITS = [0] * 8 + [i // 4 for i in range(4, 24)] + [0]
DISTANCE_BITS = [0, 0] + [i // 2 for i in range(0, 28)]
ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]


class Bits:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        v = 0
        for i in range(n):
            v |= (self.data[self.at >> 3] >> (self.at & 7) & 1) << i
            self.at += 1
        return v


def codes(lengths):
    """(length, code) -> symbol."""
    table, code = {}, 0
    for n in range(1, 16):
        for symbol, length in enumerate(lengths):
            if length == n:
                table[n, code] = symbol
                code += 1
        code <<= 1
    return table


def symbol(bits, table):
    n = code = 0
    while (n, code) not in table:
        code = code << 1 | bits.take(1)
        n += 1
        assert n < 16
    return table[n, code]


def tables(bits):
    literals, distances, n = bits.take(5) + 257, bits.take(5) + 1, bits.take(4) + 4
    lengths = [0] * 19
    for i in range(n):
        lengths[ORDER[i]] = bits.take(3)
    table, all_lengths = codes(lengths), []
    while len(all_lengths) < literals + distances:
        s = symbol(bits, table)
        if s < 16:
            all_lengths.append(s)
        elif s == 16:
            all_lengths += all_lengths[-1:] * (3 + bits.take(2))
        else:
            all_lengths += [0] * (3 + bits.take(3) if s == 17 else 11 + bits.take(7))
    return codes(all_lengths[:literals]), codes(all_lengths[literals:])


def distances_of(data):
    bits, found, last = Bits(data), set(), 0
    bits.at = 16  # zlib's own header
    while not last:
        last, kind = bits.take(1), bits.take(2)
        if kind == 0:
            bits.at = bits.at + 7 & ~7
            bits.at += 16 + 8 * struct.unpack_from("<H", data, bits.at >> 3)[0] + 16
            continue
        literal, distance = tables(bits) if kind == 2 else \
            (codes([8] * 144 + [9] * 112 + [7] * 24 + [8] * 8), codes([5] * 30))
        while (s := symbol(bits, literal)) != 256:
            if s > 256:
                bits.take(LENGTH_BITS[s - 257])
                d = symbol(bits, distance)
                base = d + 1 if d < 4 else (2 + d % 2 << d // 2 - 1) + 1
                found.add(base + bits.take(DISTANCE_BITS[d]))
    return found


def main():
    for path in sys.argv[1:]:
        with open(path, "rb") as f:
            data = f.read()
        at, packed = 8, b""
        while at < len(data):
            n, kind = struct.unpack_from(">I4s", data, at)
            if kind == b"IHDR":
                w, h, depth, colour = struct.unpack_from(">IIBB", data, at + 8)
            if kind == b"IDAT":
                packed += data[at + 8:at + 8 + n]
            at += n + 12
        row = (w * depth * {0: 1, 2: 3, 3: 1}[colour] + 7) // 8 + 1
        raw = zlib.decompress(packed)
        assert len(raw) == h * row
        reach = sorted(distances_of(packed))
        print(depth, colour, *sorted({raw[y * row] for y in range(h)}), "reach", *(reach or "-"))


if __name__ == "__main__":
    main()
