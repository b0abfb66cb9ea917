#!/usr/bin/env python3
"""A folder of many files needs no more memory than a small one, and bad files among them stop nothing.

    scripts/hand/check_scale.py [--program build/src/cli/edgel] [--files 20000]

Runs `edgel detect` and `edgel eval` over 20 and over N small images, the large folder with one unreadable and one
truncated file among them. Prints peak memory and counts; exit 1 when the large run takes over 16 MB more, or when
anything but the two bad files is missing."""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
from house import ROOT


def make(folder, n):
    folder.mkdir(parents=True)
    pixels = bytes((x * x + 7 * y) % 251 for y in range(24) for x in range(32))
    for i in range(n):
        sub = folder / f"part{i % 100:02d}"
        sub.mkdir(exist_ok=True)
        (sub / f"image_{i:06d}.pgm").write_bytes(b"P5 32 24 255\n" + pixels[i % 700:] + pixels[:i % 700])


def spoil(folder):
    files = sorted(folder.rglob("*.pgm"))
    truncated, unreadable = files[len(files) // 3], files[len(files) // 2]
    truncated.write_bytes(truncated.read_bytes()[:200])
    unreadable.unlink()
    unreadable.symlink_to("/nowhere/at/all")  # permissions do not stop root


def run(args):
    """Exit code, stderr and peak memory in KB of one command. The peak is the kernel's high-water mark of the
    process itself, asked for until it ends; the mark that wait() reports would start at that of this script."""
    peak = 0
    with tempfile.TemporaryFile("w+") as err:
        p = subprocess.Popen(list(map(str, args)), stdout=subprocess.DEVNULL, stderr=err)
        while p.poll() is None:
            try:
                status = pathlib.Path(f"/proc/{p.pid}/status").read_text()
            except OSError:
                break
            if "VmHWM" in status:
                peak = max(peak, int(status.split("VmHWM:")[1].split()[0]))
            time.sleep(0.0005)
        p.wait()
        err.seek(0)
        return p.returncode, err.read(), peak


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--program", default=ROOT / "build/src/cli/edgel")
    ap.add_argument("--files", type=int, default=20000)
    a = ap.parse_args()
    bad = 0
    with tempfile.TemporaryDirectory() as tmp:
        tmp = pathlib.Path(tmp)
        small, large = tmp / "small", tmp / "large"
        make(small, 20)
        make(large, a.files)
        spoil(large)
        peaks = {}
        for name, folder in (("small", small), ("large", large)):
            status, err, peak = run([a.program, "detect", "-q", "-o", tmp / f"{name}_out", "--jsonl",
                                     tmp / f"{name}.jsonl", folder])
            lines = [json.loads(x) for x in open(tmp / f"{name}.jsonl")]
            summary = lines[-1]
            peaks["detect", name] = peak
            made = sum(len(f) for _, _, f in os.walk(tmp / f"{name}_out"))
            print(f"detect {name}: exit {status}, {summary['ok']} ok, {summary['failed']} failed, {made} outputs, "
                  f"peak {peak / 1024:.1f} MB")
            want = (0, 20, 0) if name == "small" else (1, a.files - 2, 2)
            bad += (status, summary["ok"], summary["failed"]) != want or made != want[1]
            for line in err.splitlines()[:4]:
                print("   ", line)
        for name, truth in (("small", small), ("large", large)):
            status, err, peak = run([a.program, "eval", "-q", "--labels", "binary", "--missing", "skip", "--json",
                                     tmp / f"{name}.json", "--truth", truth, tmp / f"{name}_out"])
            doc = json.load(open(tmp / f"{name}.json"))
            peaks["eval", name] = peak
            print(f"eval   {name}: exit {status}, {doc['images']} images, peak {peak / 1024:.1f} MB")
            bad += doc["images"] != (20 if name == "small" else a.files - 2)
    for command in ("detect", "eval"):
        more = (peaks[command, "large"] - peaks[command, "small"]) / 1024
        print(f"{command}: {more:.1f} MB more for {a.files} files than for 20 (at most 16)")
        bad += more > 16
    print("ok" if not bad else f"{bad} checks failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
