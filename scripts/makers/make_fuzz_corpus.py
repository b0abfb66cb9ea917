#!/usr/bin/env python3
"""Makes tests/fuzz/corpus: a few small files of each kind that the readers know, for tests/fuzz/fuzz_readers.c.

    make_fuzz_corpus.py EDGEL [FOLDER]      default: tests/fuzz/corpus

EDGEL writes a model, counts and settings; everything else is put together here, byte by byte. The same program gives the
same files.
"""
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import zlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
edgel = pathlib.Path(sys.argv[1]).resolve()
out = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else ROOT / "tests/fuzz/corpus")


def put(target, name, data):
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{target}-{name}").write_bytes(data if isinstance(data, bytes) else data.encode())


# --- JSON and what is written in it ---

put("json", "values", '{"a":[1,-2.5e-3,true,false,null,"\\u00e9\\ud83d\\ude00\\udc80\\n"],"b":{"":[[],{}]},"c":1e308}')
put("json", "numbers", "[0,-0,1e5,0.1,123456789012345678901234567890,9223372036854775807,-9223372036854775808]")
put("json", "deep", "[" * 40 + "]" * 40)

IMAGES = [{"id": 1, "file_name": "a/b.png", "width": 4, "height": 3}, {"id": 2, "file_name": "c.png"}]
put("coco", "instances", json.dumps({"images": IMAGES, "annotations": [
    {"id": 1, "image_id": 1, "category_id": 1, "iscrowd": 0, "segmentation": {"size": [3, 4], "counts": "3351"}},
    {"id": 2, "image_id": 1, "category_id": 2, "iscrowd": 1, "segmentation": {"size": [3, 4], "counts": [2, 4, 6]}}],
    "categories": [{"id": 1, "name": "one"}, {"id": 2, "name": "two"}]}))
put("coco", "results", json.dumps([{"image_id": 1, "category_id": 1, "score": 0.5,
                                    "segmentation": {"size": [3, 4], "counts": [0, 12]}}]))
put("coco", "panoptic", json.dumps({"images": IMAGES, "annotations": [
    {"image_id": 1, "file_name": "a.png", "segments_info": [{"id": 7, "category_id": 1, "iscrowd": 0}]}]}))
put("coco", "polygon", json.dumps([{"image_id": 1, "category_id": 1, "segmentation": [[0, 0, 3, 0, 3, 3]]}]))

# --- lists and architectures ---

put("classes", "ids", "# classes\n0 background\n7 road \n26 car\n")
put("classes", "names", "\ufeffbackground\nroad\ncar\n")
put("classes", "colours", "0 0 0 0 background\n128 64 128 7 road\r\n0 0 142 26\n")
for name in ("residual", "street"):
    put("architecture", name, (ROOT / "data/architectures" / f"{name}.txt").read_bytes())
put("architecture", "small", "input 1\nconv out=4 k=3\nrelu\nconv out=classes k=1\n")

# --- images ---


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(w, h, bits, colour, rows, *more, interlaced=0):
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, bits, colour, 0, 0, interlaced)) +
            b"".join(more) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


put("png", "gray", png(5, 3, 8, 0, b"".join(b"\0" + bytes(range(y, y + 5)) for y in range(3))))
put("png", "filters", png(4, 5, 8, 0, b"".join(bytes([y, 1, 2, 3, 4]) for y in range(5))))
put("png", "rgb16", png(2, 2, 16, 2, b"".join(b"\0" + bytes(range(12)) for _ in range(2))))
put("png", "rgba", png(2, 2, 8, 6, b"".join(b"\0" + bytes(range(8)) for _ in range(2))))
put("png", "palette", png(9, 2, 1, 3, b"\0\x55\x80\0\xaa\0", chunk(b"PLTE", bytes(range(6))), chunk(b"tRNS", b"\x80")))
put("png", "key", png(2, 1, 8, 2, b"\0" + bytes(6), chunk(b"tRNS", bytes(6)), chunk(b"sBIT", b"\5\6\5")))
put("png", "turned", png(3, 2, 8, 0, b"\0abc\0def", chunk(b"eXIf", b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x112, 3, 1,
                                                                                        6, 0, 0))))
put("png", "adam7", png(3, 3, 8, 0, b"\0a\0b\0cd\0e\0f\0ghi", interlaced=1))
put("pnm", "p2", "P2\n# remark\n3 2\n255\n0 1 2\n3 4 255\n")
put("pnm", "p4", b"P4 9 2\n\x55\x80\xaa\x00")
put("pnm", "p5", b"P5 3 2 255\n" + bytes(6))
put("pnm", "p6", b"P6 2 2 65535\n" + bytes(range(24)))
put("pnm", "p1", "P1 3 2 0 1 0\n1 0 1\n")
put("pfm", "gray", b"Pf\n2 2\n-1.0\n" + struct.pack("<4f", 0, 0.5, 1, 2))
put("pfm", "colour", b"PF\n1 2\n1\n" + struct.pack(">6f", 0, 0.5, 1, 0.25, 0, 1))

mask = ROOT / "tests/support/make_mask.py"
with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / "a.jpg"
    subprocess.run([sys.executable, mask, path, "scans"], check=True)
    data = path.read_bytes()
    put("jpeg", "scans", data)
    exif = b"Exif\0\0MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x112, 3, 1, 6, 0, 0)
    put("jpeg", "turned", data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:])


def tiff(order, pages, big=False, tiled=False):
    """Pages of 5 x 4 gray pixels, each after its pixels."""
    number = {1: "B", 2: "H", 4: "I", 8: "Q"}
    wide, entry = (8, 20) if big else (4, 12)
    data = (b"II" if order == "<" else b"MM") + struct.pack(order + "H", 43 if big else 42)
    data += struct.pack(order + "HH", 8, 0) if big else b""
    link = len(data)
    data += bytes(wide)
    for page in range(pages):
        pixels = bytes(range(page, page + 20)) if not tiled else bytes(256)
        at = len(data)
        data += pixels + bytes(len(pixels) % 2)
        tags = [(256, 3, 5), (257, 3, 4), (258, 3, 8), (259, 3, 1), (262, 3, 1), (277, 3, 1)]
        tags += ([(322, 3, 16), (323, 3, 16), (324, 4, at), (325, 4, 256)] if tiled else
                 [(273, 4, at), (278, 3, 4), (279, 4, 20)])
        directory = len(data)
        data += struct.pack(order + ("Q" if big else "H"), len(tags))
        for tag, kind, value in sorted(tags):
            data += struct.pack(order + "HH" + number[wide], tag, kind, 1)
            data += struct.pack(order + number[2 if kind == 3 else 4], value).ljust(wide, b"\0")
        data = data[:link] + struct.pack(order + number[wide], directory) + data[link + wide:]
        link = len(data)
        data += bytes(wide)
    return data


put("tiff", "little", tiff("<", 1))
put("tiff", "pages", tiff(">", 3))
put("tiff", "big", tiff("<", 2, big=True))
put("tiff", "tiles", tiff(">", 1, tiled=True))

# --- MAT files ---

make_mat = ROOT / "tests/support/make_mat.py"
with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / "a.mat"
    rows = [[1, 1, 2], [1, 2, 2]]
    for kind, value in (("truth", [[rows, [[0, 1, 0], [1, 0, 0]]]]), ("segs", [rows, rows]),
                        ("ucm2", [[0.0, 0.5, 0.0], [0.25, 1.0, 0.0], [0.0, 0.0, 0.0]])):
        subprocess.run([sys.executable, make_mat, path, kind, json.dumps(value)], check=True)
        put("mat", kind, path.read_bytes())

# --- what the program writes ---

with tempfile.TemporaryDirectory() as folder:
    for side in ("i", "t"):
        (pathlib.Path(folder) / side).mkdir()
    for name in "ab":
        values = " ".join(str((7 * k + ord(name)) % 256) for k in range(64))
        (pathlib.Path(folder) / f"i/{name}.pgm").write_text(f"P2 8 8 255 {values}\n")
        values = " ".join(str(k % 8 > 3) for k in range(64)).replace("True", "255").replace("False", "0")
        (pathlib.Path(folder) / f"t/{name}.pgm").write_text(f"P2 8 8 255 {values}\n")
    run = {"cwd": folder, "check": True, "stdout": subprocess.DEVNULL}
    subprocess.run([edgel, "train", "-q", "--truth", "t", "--arch", "linear", "--crop", "8", "--epochs", "1", "-o", "r",
                    "i"], **run)
    put("model", "best", (pathlib.Path(folder) / "r/best.safetensors").read_bytes())
    put("settings", "args", (pathlib.Path(folder) / "r/args.json").read_bytes())
    subprocess.run([edgel, "eval", "-q", "--truth", "t", "--counts", "plain", "t"], **run)
    subprocess.run([edgel, "eval", "-q", "--truth", "t", "--thresholds", "3", "--distances", "--objects", "components",
                    "--counts", "all", "i"], **run)
    for name in ("plain", "all"):
        put("counts", name, (pathlib.Path(folder) / name).read_bytes())
print(sum(1 for f in out.rglob("*") if f.is_file()), "files")
