#!/usr/bin/env python3
"""edgel beside its peers, in the same run: rounds in turn, medians, ratios. Run by hand.

    scripts/bench/bench.py [options] [SECTION...]        default: all sections

    canny      blur and Canny on pixels in memory: photographs, noise, flat, one long thin spiral
    gaussian   Gaussian of sigma 1.4 and 5, in memory
    gradient   every method with a gradient or another response, in memory
    large      one 20-megapixel image in memory, two threads against one
    folder     a folder of JPEG end to end, edges out, one and two threads; sizes of the outputs
    overwrite  the same folder: outputs that exist against new ones
    durable    the same folder with --durable against without
    share      time inside libjpeg and zlib in the folder run (perf)
    judge      the BSDS boundary benchmark of the test images: 99 thresholds of their Sobel maps, suppressed to maxima, on
               one and two threads; seconds, memory, time of a matching

    --peers           install the peers (Debian packages, and the newest OpenCV from the Python registry into a virtual
                      environment in ~/.cache/edgel-bench), and end
    --levels LIST     CPU levels edgel runs at (c,avx2,avx512,avx512vnni); default: the best of the processor
    --quick           leave out the slow peers, libvips and scikit-image
    --rounds N        default 7
    --clock cpu|wall  of operators in memory; default cpu, the processor time of the whole program, which other work on
                      the machine disturbs least
    --budget MS       length of one measurement in memory; default 60
    --images DIR      default: the test images of BSDS500 in $EDGEL_DATA (../shared/data)
    --json FILE       every number
    --build DIR       default build/; a release build
    TMPDIR            where outputs go; TMPDIR=/dev/shm leaves the file system out

A ratio is the median over the rounds of the peer's time divided by edgel's in the same round; over 1, edgel is faster.
"=" after it: the peer's result is the same in every byte. In memory: one thread, gray pixels of 8 bits, median time of
a pixel in ns. Peers that are not installed are left out, and named."""
import argparse
import json
import os
import pathlib
import platform
import random
import re
import resource
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
from house import DATA, ROOT
PROGRAMS = ROOT / "scripts/bench/programs"
VENV = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "edgel-bench/venv"
NEW_PYTHON, OLD_PYTHON = VENV / "bin/python", "/usr/bin/python3"
SLOW = {"libvips", "scikit-image"}  # measured in one round, on photographs, at one setting


def output_of(*command):
    return subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout.strip()


def install_peers():
    subprocess.run(["bash", "-c", ". scripts/shared/setup.sh; set_up build peers"], cwd=ROOT, check=True)
    subprocess.run([OLD_PYTHON, "-m", "venv", str(VENV)], check=True)
    subprocess.run([str(VENV / "bin/pip"), "install", "-q", "--upgrade", "opencv-python-headless"], check=True)


class Program:
    """A program that answers lines (programs/loop.h)."""

    def __init__(self, command, **env):
        self.process = subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, env={**os.environ, "VIPS_CONCURRENCY": "1", **env})
        self.command, self.name = list(map(str, command)), self.process.stdout.readline().strip()
        if not self.name:
            raise OSError(f"{command[0]} does not start")

    def ask(self, line):
        """(ns a pixel, hash), or None when it has no such operation."""
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        words = self.process.stdout.readline().split()
        if not words:
            sys.exit(f"bench: {self.name} ended at: {line}")
        return None if words == ["none"] else (float(words[0]), words[1])


class Bench:
    def out(self):
        """A new folder. None is removed before the end: ext4 makes files slowly where many were just removed."""
        return pathlib.Path(tempfile.mkdtemp(dir=self.tmp))

    def __init__(self, args, tmp):
        self.args, self.tmp, self.records, self.images, self.headed = args, tmp, [], {}, None
        self.edgel_program = args.build / "src/cli/edgel"
        if not self.edgel_program.exists():
            sys.exit(f"bench: no {self.edgel_program}; build it first (scripts/demo does)")
        self.peers = self.start_peers()
        self.edgels = self.start_edgels()
        for p in [*self.edgels, *self.peers]:
            print(p.name)

    def compile(self, source, *flags):
        program = self.tmp / pathlib.Path(source).stem
        cxx = source.endswith(".cpp")
        output_of(*(["g++", "-std=c++17"] if cxx else ["gcc", "-std=c11", "-D_POSIX_C_SOURCE=200809L"]), "-O3",
                  PROGRAMS / source, "-o", program, *flags)
        return program

    def start_edgels(self):
        lib = self.args.build.resolve()
        self.tool = self.compile("bench_edgel.c", "-I", ROOT / "include", "-L", lib, "-ledgel", f"-Wl,-rpath,{lib}")
        found = []
        for level in self.args.levels:
            try:
                p = Program([self.tool], **({"EDGEL_CPU": level} if level else {}))
            except OSError:
                print(f"edgel: no level {level} in this build")
                continue
            p.level = p.name.split()[-1]
            if level and p.level != level:
                print(f"edgel: this processor has no {level}")
                continue
            found.append(p)
        return found or sys.exit("bench: no level to run edgel at")

    def methods(self, result):
        """Names of edgel's methods with such a result: rows of its table."""
        rows = [line.split() for line in output_of(self.tool, "methods").splitlines()]
        return [name for name, *results in rows if result in results]

    def start_peers(self):
        def opencv_cpp():
            flags = shlex.split(output_of("pkg-config", "--cflags", "opencv4"))
            libs = [f"-lopencv_{x}" for x in ("imgcodecs", "imgproc", "core")]
            return [self.compile("bench_opencv.cpp", *flags, *libs, "-pthread")]

        def vips():
            return [self.compile("bench_vips.c", *shlex.split(output_of("pkg-config", "--cflags", "--libs", "vips")))]

        def python(interpreter, package):
            return [interpreter, PROGRAMS / "bench_python.py", package]

        makers = {"OpenCV of Debian": opencv_cpp, "OpenCV from the registry": lambda: python(NEW_PYTHON, "opencv"),
                  "scikit-image": lambda: python(OLD_PYTHON, "skimage"), "libvips": vips}
        found = []
        for name, maker in makers.items():
            if self.args.quick and name in SLOW:
                continue
            try:
                found.append(Program(maker()))
            except (OSError, subprocess.CalledProcessError):
                print(f"{name}: not here, left out (scripts/bench/bench.py --peers installs it)")
        return found

    # --- images in memory ---

    def photo(self, name, stand_in):
        path = DATA / "photos" / name
        return path if path.exists() else ROOT / "data/scenes/images" / stand_in

    def image(self, name):
        """(file of gray bytes, w, h), made when first asked for."""
        if name not in self.images:
            raw, w, h = self.tmp / f"{name}.raw", 1920, 1080
            photos = {"1080p": ("kleiber_1080p_rgb.png", "08-street.jpg"), "4k": ("umang_4k_gray.png", "06-leaves.jpg"),
                      "4k-jpeg": ("kleiber_4k_420_baseline.jpg", "07-ridges.jpg"),
                      "20mp": ("Kleiber_by_Lukas_Baubkus.jpg", "09-road.jpg")}
            if name in photos:
                path = self.photo(*photos[name])
                w, h = map(int, output_of(self.tool, "gray", path, raw).split())
                print(f"{name}: {path.name}, {w}x{h}")
            elif name == "noise":
                raw.write_bytes(random.Random(1986).randbytes(w * h))
            elif name == "flat":
                raw.write_bytes(bytes([128]) * (w * h))
            else:
                raw.write_bytes(spiral(w, h))
            self.images[name] = raw, w, h
        return self.images[name]

    def measure(self, section, title, image, operation, threads=1, peers=None):
        """One line of the table: edgel and its peers in turn; operation is "NAME KSIZE SIGMA LOW HIGH"."""
        raw, w, h = self.image(image)
        line = f"{operation} {threads} {self.args.clock} {self.args.budget} {raw} {w} {h}"
        peers = self.peers if peers is None else peers
        slow_too = image in ("1080p", "4k") and "50 150" in operation
        times, hashes = {}, {}
        for i in range(self.args.rounds):
            for p in [*self.edgels, *peers]:
                if any(p.name.startswith(s) for s in SLOW) and (i > 0 or not slow_too):
                    continue
                answer = p.ask(line)
                if answer:
                    times.setdefault(p.name, []).append(answer[0])
                    hashes[p.name] = answer[1]
        self.report(section, f"{title}, {image}", "ns/px", times, hashes,
                    {"image": image, "w": w, "h": h, "operation": operation, "threads": threads})
        return times

    # --- results ---

    def report(self, section, title, unit, times, hashes, more):
        """Keeps and prints; times: name -> one number a round, edgel's levels among them."""
        self.records.append({"section": section, "title": title, "unit": unit, "rounds": times,
                             "median": {k: statistics.median(v) for k, v in times.items()}, "hash": hashes, **more})
        if self.headed != section:
            self.headed = section
            print(f"\n{section + ', ' + unit:44}{'level':8}{'edgel':>8}" + "".join(f"{p.name:>20}" for p in self.peers))
        for e in self.edgels:
            if e.name not in times:
                continue
            ratios, cells = {}, ""
            for p in self.peers:
                cell = ""
                if p.name in times:
                    ratios[p.name] = ratio(times[p.name], times[e.name])
                    same = "=" if hashes.get(p.name) == hashes.get(e.name) is not None else " "
                    cell = f"{statistics.median(times[p.name]):.3f} {ratios[p.name]:6.2f}x{same}"
                cells += f"{cell:>20}"
            self.records[-1].setdefault("ratio", {})[e.name] = ratios
            print(f"{title:44}{e.level:8}{statistics.median(times[e.name]):8.3f}{cells}", flush=True)

    def note(self, section, text, **more):
        self.records.append({"section": section, "title": text, **more})
        print(text, flush=True)

    def document(self):
        model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
        return {"schema": "edgel.bench/1", "processor": model[1] if model else platform.machine(),
                "processors": len(os.sched_getaffinity(0)), "programs": [p.name for p in [*self.edgels, *self.peers]],
                "rounds": self.args.rounds, "clock": self.args.clock, "results": self.records}


def ratio(peer, own):
    """Median of the ratios of rounds measured together; of the medians where a peer has fewer rounds."""
    if len(peer) == len(own):
        return statistics.median(p / o for p, o in zip(peer, own))
    return statistics.median(peer) / statistics.median(own)


def spiral(w, h):
    """A band of 8 pixels, 40 brighter than its ground, that winds inwards with 8 pixels between; its end alone
    becomes bright. At 50/150 all of its outline is weak and hangs on that end."""
    pixels = [bytearray([128]) * w for _ in range(h)]
    left, top, right, bottom, first = 8, 8, w - 8, h - 8, True
    while right - left > 48 and bottom - top > 48:
        for box in ((left if first else left - 16, top, right, top + 8), (right - 8, top, right, bottom),
                    (left, bottom - 8, right, bottom), (left, top + 16, left + 8, bottom)):
            for y in range(box[1], box[3]):
                pixels[y][box[0]:box[2]] = bytes([168]) * (box[2] - box[0])
        left, top, right, bottom, first = left + 16, top + 16, right - 16, bottom - 16, False
    for i in range(24):
        pixels[top + i][left - 16:left - 8] = bytes([216 - 2 * i]) * 8
    return b"".join(pixels)


# --- sections in memory ---

SETTINGS = ("5 1.4 50 150", "0 1.4 50 100", "5 1.4 30 60", "5 1.4 100 200")


def canny(b):
    for image in ("1080p", "4k", "4k-jpeg", "noise", "flat", "serpentine"):
        for s in SETTINGS:
            ksize, sigma, low, high = s.split()
            taps = "default taps" if ksize == "0" else f"{ksize}x{ksize}"
            for name in b.methods("edges"):
                b.measure("canny", f"{name} {taps} {sigma}, {low}/{high}", image, f"{name} {s}")


def gaussian(b):
    for image in ("1080p", "4k"):
        for sigma in ("1.4", "5"):
            for name in b.methods("image"):
                b.measure("gaussian", f"{name} {sigma}", image, f"{name} 0 {sigma} 50 150")


def gradient(b):
    for image in ("1080p", "4k"):
        for name in b.methods("response"):
            b.measure("gradient", name, image, f"{name} 0 0 50 150")


def large(b):
    """By the wall clock: what matters is when the second thread ends."""
    raw, w, h = b.image("20mp")
    budget = max(b.args.budget, 300)
    cases = {}
    for name in b.methods("edges"):
        cases |= {f"{name} sigma 1.4, 50/100": f"{name} 0 1.4 50 100", f"{name} 5x5": f"{name} 5 1.4 50 150"}
    cases |= {f"{name} 1.4": f"{name} 0 1.4 50 150" for name in b.methods("image")}
    cases |= {name: f"{name} 0 0 50 150" for name in b.methods("response")}
    for e in b.edgels:
        for title, operation in cases.items():
            answers = [[e.ask(f"{operation} {t} wall {budget} {raw} {w} {h}") for t in (1, 2)]
                       for _ in range(b.args.rounds)]
            if len({result for pair in answers for _, result in pair}) > 1:
                sys.exit("bench: two threads gave other bytes than one")
            times = [(one[0], two[0]) for one, two in answers]
            one, speedup = statistics.median(x for x, _ in times), statistics.median(x / y for x, y in times)
            b.note("large", f"{title}, 20mp, {e.level}: 1 thread {one:.3f} ns/px, 2 threads {speedup:.2f} times as fast, same"
                   " bytes", level=e.level, speedup=speedup, operation=operation, rounds=times)


# --- folders ---

def detect(b, threads, out, files, *more):
    return [b.edgel_program, "detect", "-q", "-j", threads, "--existing", "overwrite", "--gray", "luma", "--ksize", "5",
            "--sigma", "1.4", "--low", "50", "--high", "100", *more, "-o", out, *files]


def timed(command, **env):
    """(wall seconds, processor seconds) of one command."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL, env={**os.environ, **env})
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def bsds(b):
    folder = b.args.images or DATA / "bsds500/images/test"
    if not folder.is_dir():
        folder = ROOT / "data/scenes/images"
    files = sorted(folder.rglob("*.jpg"))
    return files or sys.exit(f"bench: no JPEG in {folder}")


def size_of(folder):
    return sum(f.stat().st_size for f in folder.rglob("*.png"))


def compare_edges(b, first, second):
    r = subprocess.run([b.edgel_program, "eval", "-q", "--truth", second, "--fail-under", "iou=1", first],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return r.returncode == 0


def folder(b):
    files = bsds(b)
    print(f"folder: {len(files)} JPEG of {files[0].parent}; seconds with start-up, ms = per image and thread")
    for threads in (1, 2):
        times, cpu, sizes, outs = {}, {}, {}, {}
        for i in range(-1, b.args.rounds):  # the first round warms up and is not counted
            for p in [*b.edgels, *b.peers]:
                slow = any(p.name.startswith(s) for s in SLOW)
                if slow and (i != 0 or threads > 1):
                    continue
                out = outs[p.name] = b.out()
                command = detect(b, threads, out, files) if p in b.edgels else [*p.command, "files", threads, out, *files]
                t = timed(command, **({"EDGEL_CPU": p.level} if p in b.edgels else {}))
                if i >= 0:
                    times.setdefault(p.name, []).append(t[0])
                    cpu.setdefault(p.name, []).append(t[1])
                    sizes[p.name] = size_of(out)
        b.report("folder", f"folder, {threads} thread{'s' * (threads > 1)}", "s", times, {},
                 {"threads": threads, "files": len(files), "cpu_seconds": cpu, "bytes": sizes})
        for p in [*b.edgels, *b.peers]:
            if p.name in times:
                own = b.edgels[0].name
                print(f"    {p.name:22} {statistics.median(times[p.name]) * threads / len(files) * 1e3:8.3f} ms; "
                      f"processor {statistics.median(cpu[p.name]) / len(files) * 1e3:8.3f} ms,"
                      f" {ratio(cpu[p.name], cpu[own]):6.2f}x; {sizes[p.name]} bytes,"
                      f" {sizes[p.name] / sizes[own]:.2f}x")
        for p in b.peers[:1]:
            equal = compare_edges(b, outs[b.edgels[0].name], outs[p.name])
            b.note("folder", f"    edges of edgel and {p.name}: {'equal in every pixel' if equal else 'not equal'}",
                   equal=equal)
    many = many_of(b, files)
    paired(b, "folder", "folder x 4: two threads {:.2f} times as fast as one ({:.3f} s, {:.3f} s)",
           lambda: [timed(detect(b, t, b.out(), [many])) for t in (1, 2)])


def paired(b, section, text, pair):
    """Prints the median over the rounds of the first over the second of pair(), by wall clock and processor time, and
    both medians by the clock. pair() gives two results of timed()."""
    times = [pair() for _ in range(b.args.rounds + 2)]
    wall, processor = (statistics.median(x[k] / y[k] for x, y in times) for k in (0, 1))
    b.note(section, text.format(wall, *(statistics.median(t[0] for t in column) for column in zip(*times)))
           + f"; by processor time {processor:.3f}", ratio=wall, ratio_processor=processor, rounds=times)
    return times


def many_of(b, files):
    """The files four times over, so that start-up counts little."""
    many = b.tmp / "many"
    if not many.exists():
        many.mkdir()
        for i in range(4):
            for f in files:
                (many / f"{i}-{f.name}").symlink_to(f)
    return many


SMALL = random.Random(1).randbytes(7000)  # as long as an edge map of a small photograph


def overwrite(b):
    files = bsds(b)

    def pair():
        again = detect(b, 1, b.out(), files)
        timed(again)
        new = timed(detect(b, 1, b.out(), files))
        return timed(again), new

    paired(b, "overwrite", "overwrite: {:.3f} times what writing new costs ({:.3f} s, {:.3f} s)", pair)
    alone = [renamed(b, len(files)) for _ in range(b.args.rounds)]
    over, new = (statistics.median(t) / len(files) * 1e6 for t in zip(*alone))
    b.note("overwrite", f"    the file system alone, small files renamed over others {over:.0f} us each, to new names {new:.0f} us",
           over=over, new=new)


def renamed(b, n):
    """Seconds to write n small files and rename each over another, and to a new name: what no program can save."""
    def write(out):
        start = time.perf_counter()
        for i in range(n):
            (out / "next").write_bytes(SMALL)
            (out / "next").rename(out / str(i))
        return time.perf_counter() - start

    again = b.out()
    write(again)
    new = write(b.out())
    return write(again), new


def durable(b):
    files = bsds(b)

    def run(*more):
        os.sync()  # so that nobody pays for what others have left
        return timed(detect(b, 1, b.out(), files, *more))

    times = paired(b, "durable", "durable: {:.3f} times what plain output costs ({:.3f} s, {:.3f} s)",
                   lambda: (run("--durable"), run()))
    more, plain = (statistics.median(t) / len(files) * 1e3 for t in
                   ([d[0] - p[0] for d, p in times], [p[0] for _, p in times]))
    b.note("durable", f"    {more:.3f} ms more for a file of {plain:.3f} ms, {len(files)} files", more=more, plain=plain)


def share(b):
    if not shutil.which("perf"):
        b.note("share", "share: perf is not here, left out (scripts/bench/bench.py --peers installs it)")
        return
    files, record = bsds(b), b.tmp / "perf.data"
    for e in b.edgels:
        command = ["perf", "record", "-q", "-e", "cpu-clock", "-F", "4999", "-o", record, "--",
                   *detect(b, 1, b.out(), [many_of(b, files)])]
        subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       env={**os.environ, "EDGEL_CPU": e.level})
        report = output_of("perf", "report", "-i", record, "--sort", "dso", "--stdio", "-q")
        parts = {m[2]: float(m[1]) for m in re.finditer(r"([\d.]+)%\s+(\S+)", report)}
        inside = sum(v for k, v in parts.items() if k.startswith(("libjpeg", "libz.")))
        b.note("share", f"share, {e.level}: {inside:.1f} % inside libjpeg and zlib ("
               + ", ".join(f"{k} {v:.1f}" for k, v in sorted(parts.items(), key=lambda x: -x[1])[:7]) + ")",
               level=e.level, inside=inside, parts=parts)


# --- the judge ---

OFFICIAL_MS = 74  # a matching by the benchmark's own program, on one core of an AVX-512 Xeon


def judged(b, threads, *options):
    """(wall seconds, processor seconds, MB at most, standard output) of one run of eval."""
    start = time.perf_counter()
    process = subprocess.Popen([str(b.edgel_program), "eval", "-q", "-j", str(threads), *map(str, options)],
                               stdout=subprocess.PIPE, text=True)
    text = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit("bench: eval failed")
    return time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, text


def judge(b):
    truth = DATA / "bsds500/groundTruth/test"
    if not truth.is_dir():
        b.note("judge", f"judge: no {truth}, left out")
        return
    maps = b.out()
    timed([b.edgel_program, "detect", "-q", "-m", "sobel", "--sigma", 2, "--depth", 16, "-o", maps, bsds(b)[0].parent])
    images, annotators = len(list(maps.iterdir())), len(list((DATA / "bsds500/masks/test").glob("*.png")))
    texts = set()
    for threads in (1, 2):
        runs = [judged(b, threads, "--boundary", "bsds", "--nms", "--truth", truth, maps) for _ in range(b.args.rounds)]
        wall, cpu = (statistics.median(r[i] for r in runs) for i in (0, 1))
        texts |= {r[3] for r in runs}
        each = cpu / (annotators * 99) * 1e3
        b.note("judge", f"judge: {images} maps, {annotators} annotators, 99 thresholds, {threads} thread{'s' * (threads > 1)}: "
               f"{wall:.1f} s, of processors {cpu:.1f} s, {max(r[2] for r in runs):.0f} MB; {each:.3f} ms a matching with all "
               f"that comes before it, the official matcher alone {OFFICIAL_MS} ms: {OFFICIAL_MS / each:.0f}x",
               threads=threads, wall=wall, processor=cpu, megabytes=max(r[2] for r in runs), matching_ms=each)
    if len(texts) > 1:
        sys.exit("bench: scores differ between runs")


SECTIONS = {f.__name__: f for f in (canny, gaussian, gradient, large, folder, overwrite, durable, share, judge)}


def main():
    ap = argparse.ArgumentParser(usage=__doc__, add_help=False)
    ap.add_argument("-h", "--help", action="store_true")
    ap.add_argument("sections", nargs="*")
    ap.add_argument("--peers", action="store_true")
    ap.add_argument("--quick", action="store_true")
    ap.add_argument("--levels", type=lambda s: s.split(","), default=[""])
    ap.add_argument("--rounds", type=int, default=7)
    ap.add_argument("--clock", choices=("cpu", "wall"), default="cpu")
    ap.add_argument("--budget", type=float, default=60)
    ap.add_argument("--images", type=pathlib.Path)
    ap.add_argument("--json", type=pathlib.Path)
    ap.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    args = ap.parse_args()
    if args.help:
        print(__doc__)
        return
    if unknown := [x for x in args.sections if x not in SECTIONS]:
        ap.error(f"no section '{unknown[0]}'; there are {' '.join(SECTIONS)}")
    if args.peers:
        install_peers()
        return
    with tempfile.TemporaryDirectory() as tmp:
        b = Bench(args, pathlib.Path(tmp))
        for name in args.sections or SECTIONS:
            SECTIONS[name](b)
        if args.json:
            args.json.write_text(json.dumps(b.document(), indent=1) + "\n")


if __name__ == "__main__":
    main()
