#!/usr/bin/env python3
"""Files that cost far more than they seem to: seconds and peak memory of edgel, and of OpenCV, libvips and pycocotools
where they read the same.

    check_bombs.py EDGEL [--python PYTHON]... [--only WORD]

Each bomb is built in a temporary folder, read once, and removed. Sparse files take no room. edgel must end within a
second of the processor, with 64 MB beyond what the limits of the options allow, or be done (exit 0); otherwise the line
ends in "OVER" and the exit code is 1. The first PYTHON (default: this one) that has cv2 and pycocotools runs them; vips
is looked for in PATH. Peers are stopped after 60 seconds and 6 GB.
"""
import argparse
import json
import os
import pathlib
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zlib

SECONDS, MEGABYTES = 1.0, 64
BASE = 16  # MB of the program itself, with a small image
PEER_SECONDS, PEER_BYTES = 60, 6 << 30


def measure(command, cwd, limit=None):
    """Exit code, seconds on the clock and of the processor, peak MB, and the line that says most."""
    def bound():
        if limit:
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    with open(cwd / "said", "w+b") as said:
        begin = time.monotonic()
        child = subprocess.Popen(command, cwd=cwd, stdout=said, stderr=said, stdin=subprocess.DEVNULL, preexec_fn=bound)
        code = None
        while code is None and time.monotonic() - begin < PEER_SECONDS:
            pid, status, used = os.wait4(child.pid, os.WNOHANG)
            if pid:
                code = os.waitstatus_to_exitcode(status)
            else:
                time.sleep(0.002)
        if code is None:
            child.kill()
            _, status, used = os.wait4(child.pid, 0)
        child.returncode = code if code is not None else -9
        seconds = time.monotonic() - begin
        said.seek(0)
        lines = [x for x in said.read().decode(errors="replace").splitlines() if x.strip()]
    told = [x for x in lines if "limit" in x or "not " in x or "more than" in x or "rror" in x] or lines[-1:] or [""]
    return code, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, told[0][:110]


# --- building ---

def sparse(path, size, head=b""):
    with open(path, "wb") as f:
        f.write(head)
        f.truncate(size)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(path, w, h, rows):
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, 8, 0, 0, 0, 0)) +
                     chunk(b"IDAT", rows) + chunk(b"IEND", b""))


def zeros(n):
    packer = zlib.compressobj(9)
    block = bytes(1 << 20)
    return b"".join(packer.compress(block) for _ in range(n >> 20)) + packer.compress(bytes(n & 0xFFFFF)) + packer.flush()


def document(path, n, counts, side=4000):
    one = json.dumps({"image_id": 1, "category_id": 1, "score": 1, "segmentation": {"size": [side, side], "counts": counts}})
    items = ",".join(one[:-1] + f',"id":{i + 1},"iscrowd":0,"area":{side}}}' for i in range(n))
    path.write_text(f'{{"images":[{{"id":1,"width":{side},"height":{side},"file_name":"a.png"}}],"annotations":[{items}],'
                    '"categories":[{"id":1,"name":"a"}]}')


def string_of(runs):
    """The string form of run lengths."""
    text = ""
    for i, run in enumerate(runs):
        v = run - (runs[i - 2] if i > 2 else 0)
        while True:
            group, v = v & 31, v >> 5
            more = v != (-1 if group & 16 else 0)
            text += chr(48 + group + 32 * more)
            if not more:
                break
    return text


def element(kind, data):
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)


def mat(path, side, inflate):
    """A ucm2 of side x side zeros, compressed; inflate: an unknown variable of so many bytes before it."""
    def variable(name, n, w, h):
        head = element(6, struct.pack("<II", 6, 0)) + element(5, struct.pack("<ii", h, w)) + element(1, name)
        body = struct.pack("<II", 9, n)
        whole = struct.pack("<II", 14, len(head) + 8 + n) + head + body
        packer = zlib.compressobj(9)
        packed = packer.compress(whole)
        for _ in range(n >> 20):
            packed += packer.compress(bytes(1 << 20))
        packed += packer.compress(bytes(n & 0xFFFFF)) + packer.flush()
        return struct.pack("<II", 15, len(packed)) + packed
    data = b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM"
    if inflate:
        data += variable(b"other", inflate, 1, inflate // 8)
    path.write_bytes(data + variable(b"ucm2", 8 * side * side, side, side))


# --- the table ---

CV = "import cv2,sys; r=cv2.imread(sys.argv[1],cv2.IMREAD_UNCHANGED); print('error' if r is None else r.shape)"
COCO = """
import sys, json
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
t = COCO(sys.argv[1]); p = t.loadRes(json.load(open(sys.argv[1]))['annotations'])
e = COCOeval(t, p, 'segm'); e.params.maxDets = [1, 10, 5000]; e.evaluate()
"""


def bombs(d):
    """Name, how it is built, arguments of edgel, arguments of peers, and the MB that the limits of the options allow."""
    small = d / "small.pgm"
    small.write_bytes(b"P5 2 2 255\n\0\1\0\1")
    model = struct.pack("<Q", 96) + b"{"
    version5 = b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM"
    out = ["detect", "-q", "-o", "out"]
    for gb in (3, 20):
        size = gb << 30
        yield f"{gb} GB of zeros as image", lambda p: sparse(p, size), "a.png", [*out, "a.png"], "image", 0
        yield f"{gb} GB of zeros behind a small PGM", lambda p: sparse(p, size, small.read_bytes()), "a.pgm", \
            ["eval", "-q", "--truth", "a.pgm", "--labels", "ids", "a.pgm"], "image", 0
        yield f"{gb} GB of zeros as model", lambda p: sparse(p, size), "m", ["segment", "-m", "m", "-o", "out", "small.pgm"], \
            None, 0
        yield f"{gb} GB behind the head of a model", lambda p: sparse(p, size, model), "m", ["model", "summary", "m"], None, 0
        yield f"{gb} GB of zeros as architecture", lambda p: sparse(p, size), "m", \
            ["train", "--truth", "small.pgm", "--arch", "m", "-o", "out", "small.pgm"], None, 0
        yield f"{gb} GB of zeros as MAT", lambda p: sparse(p, size), "a.mat", \
            ["eval", "--truth", "a.mat", "small.pgm"], None, 0
        yield f"{gb} GB behind the head of a MAT file", lambda p: sparse(p, size, version5), "a.mat", \
            ["eval", "--truth", "a.mat", "small.pgm"], None, 0
        yield f"{gb} GB as COCO document", lambda p: sparse(p, size, b'{"images":['), "a.json", \
            ["eval", "--truth", "a.json", "--objects", "ids", "a.json"], "coco", 0
        yield f"{gb} GB of zeros as counts", lambda p: sparse(p, size), "c", ["report", "c"], None, 0
        yield f"{gb} GB of zeros as list", lambda p: sparse(p, size), "l", [*out, "--files-from", "l"], None, 0
        yield f"{gb} GB of zeros as list, -0", lambda p: sparse(p, size), "l", [*out, "--files-from", "l", "-0"], None, 0
        yield f"{gb} GB of zeros as classes", lambda p: sparse(p, size), "c", \
            ["eval", "--truth", "small.pgm", "--classes", "c", "small.pgm"], None, 0
    objects = ["eval", "--truth", "a.json", "--objects", "ids", "a.json"]
    yield "COCO, 3,000 full masks", lambda p: document(p, 3000, string_of([0, 16000000])), "a.json", objects, "coco", 0
    yield "COCO, 3,000 striped masks", lambda p: document(p, 3000, string_of([5000] * 3200)), "a.json", objects, "coco", 0
    yield "COCO, 1,000 full masks", lambda p: document(p, 1000, string_of([0, 16000000])), "a.json", objects, "coco", 0
    yield "COCO, one string of 20 MB", lambda p: p.write_text('[{"image_id":1,"x":"' + "a" * (20 << 20) + '"}]'), "a.json", \
        objects, None, 0
    yield "COCO, 400,000 open brackets", lambda p: p.write_text("[" * 400000), "a.json", objects, "coco", 0
    yield "MAT, 1 GB in a variable beside", lambda p: mat(p, 5, 1 << 30), "a.mat", ["eval", "--truth", "small.pgm", \
        "--boundary", "bsds", "a.mat"], None, 0
    yield "MAT, ucm2 of 11,000 x 11,000", lambda p: mat(p, 11000, 0), "a.mat", ["eval", "--truth", "small.pgm", \
        "--boundary", "bsds", "a.mat"], None, 0
    yield "PNG of 60,000 x 60,000 zeros", lambda p: png(p, 60000, 60000, zeros(60001 * 60000)), "a.png", [*out, "a.png"], \
        "image", 0
    yield "PNG of 16,000 x 16,000 zeros", lambda p: png(p, 16000, 16000, zeros(16001 * 16000)), "a.png", [*out, "a.png"], \
        "image", 512
    yield "PNG, claims 16,000 x 16,000", lambda p: png(p, 16000, 16000, zeros(100)), "a.png", [*out, "a.png"], "image", 0
    yield "PNG, text of 2 GB in a chunk", lambda p: p.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)) +
        chunk(b"zTXt", b"a\0\0" + zeros(2 << 30)) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")), \
        "a.png", [*out, "a.png"], "image", 0


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("edgel", type=pathlib.Path)
    p.add_argument("--python", action="append")
    p.add_argument("--only", default="")
    a = p.parse_args()
    edgel = a.edgel.resolve()
    there = {}
    for name, kind, code, module in (("OpenCV", "image", CV, "cv2"), ("pycocotools", "coco", COCO, "pycocotools.coco")):
        for python in a.python or [sys.executable]:
            if name not in there and subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode == 0:
                there[name] = (kind, [python, "-c", code])
    if shutil.which("vips"):
        there["libvips"] = ("image", ["vips", "avg"])
    for name in {"OpenCV", "pycocotools", "libvips"} - set(there):
        print(f"{name}: not here")
    over = 0
    print(f"{'bomb':38} {'bytes':>12} {'reader':12} {'seconds':>8} {'CPU':>6} {'peak MB':>8} exit")
    with tempfile.TemporaryDirectory() as folder:
        d = pathlib.Path(folder)
        for name, build, file, arguments, kind, room in bombs(d):
            if a.only not in name:
                continue
            build(d / file)
            size = (d / file).stat().st_size
            code, seconds, cpu, mb, said = measure([edgel, *arguments], d)
            fine = code == 0 or (code is not None and code > 0 and cpu <= SECONDS and mb <= BASE + MEGABYTES + room)
            over += not fine
            print(f"{name:38} {size:12} {'edgel':12} {seconds:8.2f} {cpu:6.2f} {mb:8.0f} {code}  {said}{'' if fine else '  OVER'}",
                  flush=True)
            for peer, (of, command) in there.items():
                if of == kind:
                    code, seconds, cpu, mb, _ = measure([*command, file], d, PEER_BYTES)
                    state = "stopped after 60 s" if code is None else "killed" if code < 0 else code
                    print(f"{'':38} {'':12} {peer:12} {seconds:8.2f} {cpu:6.2f} {mb:8.0f} {state}", flush=True)
            shutil.rmtree(d / "out", ignore_errors=True)
            (d / file).unlink()
    print(f"{over} over {SECONDS:g} s and {MEGABYTES} MB")
    return over > 0


if __name__ == "__main__":
    sys.exit(main())
