"""What the parts of scripts/torture share: small inputs of every kind, one small run of each command, what it leaves."""
import base64
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
W, H = 16, 12
# 16x12, colour, made with OpenCV 5.0.0 at quality 50.
JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19iZ2hnPk1xeX"
    "BkeFxlZ2P/2wBDARESEhgVGC8aGi9jQjhCY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2P/wAARCAAM"
    "ABADASIAAhEBAxEB/8QAFwAAAwEAAAAAAAAAAAAAAAAAAQIDBf/EAB0QAAICAwADAAAAAAAAAAAAAAECABEDBBIhMVH/xAAUAQEAAAAAAAAAAA"
    "AAAAAAAAAD/8QAGREAAgMBAAAAAAAAAAAAAAAAERIAASEC/9oADAMBAAIRAxEAPwDB0tZNjvssOaqom5gXBlCoSQVvzJJkdL4dlv3RqBnZzbsW"
    "P0m47cqBsIWxOT//2Q==")


# --- inputs ---

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(path, rows, colour=0):
    """8 bits: gray (0) or RGB (2)."""
    header = struct.pack(">IIBBBBB", len(rows[0]) // (3 if colour == 2 else 1), len(rows), 8, colour, 0, 0, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) +
                     chunk(b"IDAT", zlib.compress(b"".join(b"\0" + bytes(r) for r in rows))) + chunk(b"IEND", b""))


def disc(x, y, cx, cy, r):
    return (x - cx) ** 2 + (y - cy) ** 2 <= r * r


def make_inputs(program, at):
    """in/ below at: images as PNG, JPEG, TIFF and PNM, masks, boundaries, MAT and COCO files, counts, logs, a run."""
    src, rng = at / "in", random.Random(16)
    for n, name in enumerate(("a", "b/c")):
        inside = [[disc(x, y, 5 + n, 5, 3) or disc(x, y, 12, 7 - n, 2) for x in range(W)] for y in range(H)]
        image = [[min(255, 60 + 140 * v + rng.randrange(20)) for v in row] for row in inside]
        edge = [[0 < x < W and inside[y][x] != inside[y][x - 1] for x in range(W)] for y in range(H)]
        png(src / f"gray/{name}.png", image)
        png(src / f"rgb/{name}.png", [[s for v in row for s in (v, 255 - v, v // 2)] for row in image], 2)
        png(src / f"masks/{name}.png", [[255 * v for v in row] for row in inside])
        png(src / f"ids/{name}.png", [[v * (1 + (x > 8)) for x, v in enumerate(row)] for row in inside])
        png(src / f"other/{name}.png", [[v * (1 + (x > 7)) for x, v in enumerate(row[1:] + row[:1])] for row in inside])
        png(src / f"boundaries/{name}.png", [[255 * v for v in row] for row in edge])
        png(src / f"soft/{name}.png", [[200 * v + rng.randrange(50) for v in row] for row in edge])
        for kind, head, data in (("pgm", f"P5\n{W} {H}\n255\n", image), ("ppm", f"P6\n{W} {H}\n255\n", None)):
            path = src / f"pnm/{name}.{kind}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(head.encode() + b"".join(bytes(r) for r in data or [[v] * 3 * W for v in range(H)]))
        matrix = lambda rows: [[int(v) for v in row] for row in rows]
        (src / "mat" / name).parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, ROOT / "tests/support/make_mat.py", src / f"mat/{name}.mat", "truth",
                        json.dumps([[matrix([[v + 1 for v in row] for row in inside]), matrix(edge)]] * 2)], check=True)
    (src / "jpeg").mkdir()
    (src / "jpeg/a.jpg").write_bytes(JPEG)
    counts = [20, 3, 9, 3, W * H - 35]  # uncompressed run lengths, columns first
    (src / "list").write_text("in/gray\nin/rgb/b/c.png\n")
    (src / "pairs").write_text("in/soft/a.png\tin/boundaries/a.png\nin/soft/b/c.png\tin/boundaries/b/c.png\n")
    images = [{"id": 7, "width": W, "height": H, "file_name": "a.png"}]
    thing = {"id": 1, "image_id": 7, "category_id": 1, "iscrowd": 0, "area": 6, "bbox": [1, 8, 2, 3],
             "segmentation": {"size": [H, W], "counts": counts}}
    (src / "truth.json").write_text(json.dumps({"images": images, "annotations": [thing], "categories": [{"id": 1, "name": "\u00e9dge"}]}))
    (src / "found.json").write_text(json.dumps([{**{k: thing[k] for k in ("image_id", "category_id", "segmentation")}, "score": 0.5}]))
    run = lambda *a: subprocess.run([program, *map(str, a)], check=True, cwd=at, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    run("detect", "-q", "-m", "gaussian", "--depth", 16, "--name", "{stem}.tif", "-o", "in/tiff", "in/rgb")
    curve = ("eval", "-q", "--truth", "in/boundaries", "--thresholds", 3, "--tolerance", 2, "in/soft", "--counts")
    run(*curve, "in/all.counts")
    for i in (1, 2):
        run(*curve, f"in/{i}.counts", "--shard", f"{i}/2")
        run("detect", "-q", "--shard", f"{i}/2", "--jsonl", f"in/{i}.jsonl", "-o", f"in/shards", "in/gray")
    run("train", "-q", "--truth", "in/masks", "--labels", "binary", "--arch", "linear", "--epochs", 1, "--steps", 1, "--worst", 0, "-o", "in/run", "in/gray")
    (src / "net.arch").write_text(subprocess.run([program, "model", "show", "linear"], check=True, cwd=at, stdout=subprocess.PIPE, text=True).stdout)


# --- runs ---

TRAIN = "train -q -j 1 --truth in/masks --labels binary --arch linear --batch 1 --val-split 0.5 --epochs 2 -o OUT/run"
EVAL = "eval -q -j 1 --json OUT/j --csv OUT/v --counts OUT/c"
RUNS = {name: line.split() for name, line in {
    "detect-png": "detect -j 1 -m canny -m sobel:depth=16 -o OUT/o --jsonl OUT/log in/gray",
    "detect-durable": "detect -j 1 --durable -o OUT/o in/gray",
    "detect-jpeg": "detect -j 1 -o OUT/o in/jpeg",
    "detect-tiff": "detect -j 1 -m gaussian --tile 16 --name {stem}.tif -o OUT/o in/tiff",
    "detect-pnm": "detect -j 1 --gray channels -m gaussian --name {stem}.{ext} -o OUT/o in/pnm",
    "detect-soft": "detect -j 1 --emit strength --sigma 1 --name {dir}/{stem}.pgm --shard 1/2 --files-from in/list -o OUT/o --jsonl OUT/log",
    "detect-auto": "detect -j 1 --low auto --high auto --nms interp -o OUT/o in/jpeg in/tiff/b",
    "detect-rows": "detect -j 1 --stream-over 0 -o OUT/o in/gray",
    "detect-rows-tiff": "detect -j 1 --stream-over 0 -m sobel --name {stem}.tif -o OUT/o in/tiff",
    "eval-pixels": f"{EVAL} --truth in/ids --labels ids in/other",
    "eval-curve": f"{EVAL} --truth in/boundaries --thresholds 3 --tolerance 2 in/soft",
    "eval-distances": f"{EVAL} --truth in/masks --distances in/masks in/other --labels binary --missing skip",
    "eval-bsds": f"{EVAL} --truth in/mat --boundary bsds --thresholds 3 --max-dist 0.1 --bsds-files OUT/b in/soft",
    "eval-davis": f"{EVAL} --truth in/ids --labels ids --boundary davis in/other",
    "eval-iou": f"{EVAL} --truth in/ids --labels ids --boundary iou in/other",
    "eval-regions": "eval -q -j 1 --json OUT/j --counts OUT/c --truth in/mat --regions in/ids",
    "eval-objects": f"{EVAL} --truth in/ids --objects components --labels ids --pairs-csv OUT/p in/other",
    "eval-coco": f"{EVAL} --truth in/truth.json --objects ids --pairs-csv OUT/p in/found.json",
    "eval-two": f"{EVAL} --truth in/ids --objects mixed --missing worst in/other in/ids",
    "eval-pairs": f"{EVAL} --pairs in/pairs --threshold 0.4 --jsonl OUT/log",
    "report": "report --json OUT/j --csv OUT/v in/all.counts",
    "report-table": "report in/all.counts",
    "merge-counts": "merge -o OUT/m in/1.counts in/2.counts",
    "merge-logs": "merge -o OUT/m in/1.jsonl in/2.jsonl",
    "train": f"{TRAIN} --worst 1 --augment flip,brightness --loss bce:1,dice:0.5 in/gray",
    "train-edges": f"{TRAIN} --worst 0 --arch edge-tiny --crop 8 --steps 1 --optimizer sgd --recompute-bn end in/rgb".replace("--arch linear ", "").replace("--epochs 2", "--epochs 1"),
    "train-start": f"{TRAIN} --worst 0 --init in/run/best.safetensors --val-images in/gray --val-truth in/masks --schedule cosine --clip-norm 1 in/gray".replace("--val-split 0.5 ", "").replace("--epochs 2", "--epochs 1"),
    "segment": "segment -j 1 -m in/run/best.safetensors -o OUT/o --jsonl OUT/log in/gray",
    "segment-objects": "segment -j 1 -m in/run/best.safetensors --emit objects -o OUT/o in/gray",
    "segment-soft": "segment -j 1 -m in/run/best.safetensors --emit probability --depth 32 --name {stem}.pfm -o OUT/o in/gray",
    "segment-overlay": "segment -j 1 -m in/run/best.safetensors --emit overlay --durable -o OUT/o in/rgb",
    "segment-instances": "segment -j 1 -m in/run/best.safetensors --emit instances --memory 1 -o OUT/o in/gray",
    "model-check": "model check in/run/best.safetensors",
    "model-show": "model show in/run/best.safetensors",
    "model-summary": "model summary in/net.arch",
    "model-new": "model new --seed 3 -o OUT/m.safetensors edge-tiny",
    "model-export": "model export --onnx OUT/m.onnx in/run/best.safetensors",
    "help": "help eval",
    "help-bash": "help --format bash",
}.items()}
RESUMED = tuple(name for name in RUNS if name.startswith(("detect", "segment")))

SECONDS = re.compile(rb'("seconds"|"images_per_second"|"started"|"time"): ?[-0-9.e+]+')


def content(path):
    """The bytes of a file that every run of a command writes alike: times are taken out."""
    data = path.read_bytes()
    if path.name == "results.csv":
        head, *rows = [line.split(b",") for line in data.splitlines()]
        keep = [i for i, name in enumerate(head) if b"second" not in name]
        return b"\n".join(b",".join(row[i] for i in keep if i < len(row)) for row in [head, *rows])
    return SECONDS.sub(b"", data) if path.suffix in ("", ".json", ".jsonl") else data


def tree(folder):
    """Path below folder -> hash. What runs note of themselves is left out: it tells of processes, and may be lost."""
    return {str(f.relative_to(folder)): hashlib.sha256(content(f)).hexdigest() for f in sorted(folder.rglob("*"))
            if f.is_file() and (f.suffix == ".tmp" or not re.search(r"(^|/)\.edgel-", str(f.relative_to(folder))))}


class Bench:
    """A folder with the inputs, in which runs are done one after the other."""

    def __init__(self, build, part):
        self.build, self.part = pathlib.Path(build).resolve(), part
        self.program = str(self.build / "src/cli/edgel")
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="torture-"))
        self.out = self.work / "OUT"
        make_inputs(self.program, self.work)

    def tool(self, name):
        path = self.build / "tests" / name
        if not path.exists():
            sys.exit(f"torture: {path} is not built; run: ninja -C {self.build}")
        return str(path)

    def clear(self):
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir()

    def run(self, arguments, wrap=(), env=None, keep=False, seconds=60):
        """Exit code (negative: a signal; None: did not end), standard output, messages, tree of OUT."""
        if not keep:
            self.clear()
        try:
            r = subprocess.run([*wrap, self.program, *arguments], cwd=self.work, env={**os.environ, **(env or {})},
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=seconds)
        except subprocess.TimeoutExpired:
            return None, b"", "", tree(self.out)
        return r.returncode, SECONDS.sub(b"", r.stdout), r.stderr.decode(errors="replace"), tree(self.out)

    def begin(self, arguments, wrap):
        """Starts a run beside others."""
        return subprocess.Popen([*wrap, self.program, *arguments], cwd=self.work, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")

    def look(self):
        return tree(self.out)

    def many(self):
        """in/many: seven images."""
        for i in range(7):
            path = self.work / f"in/many/{i}.png"
            path.parent.mkdir(exist_ok=True)
            shutil.copy(self.work / ("in/gray/a.png" if i % 2 else "in/gray/b/c.png"), path)

    def finish(self):
        shutil.rmtree(self.work, ignore_errors=True)


def unfinished(found):
    """Names of temporary files."""
    return [f for f in found if re.search(r"(^|/)\.edgel-.*\.tmp$", f)]


class Record:
    """What a part has done, in a file that --resume goes on from: name of a run -> points, faults."""

    def __init__(self, args, part):
        self.part, self.faults, self.file = part, 0, args.state / f"{part}.json"
        args.state.mkdir(parents=True, exist_ok=True)
        head = {"every": args.every, "seed": args.seed}
        self.done = {"with": head}
        if args.resume and self.file.exists():
            self.done = json.loads(self.file.read_text())
            if self.done["with"] != head:
                sys.exit(f"torture: {self.file} was made with {self.done['with']}")

    def has(self, name):
        return name in self.done

    def fault(self, name, where, why, text=""):
        self.faults += 1
        print(f"{self.part} {name} {where}: {why}", *text.strip().splitlines()[:6], sep="\n    ", flush=True)

    def add(self, name, points, faults_before, said=""):
        self.done[name] = {"points": points, "faults": self.faults - faults_before}
        self.file.write_text(json.dumps(self.done, indent=1))
        print(f"{self.part} {name}: {points} points, {self.faults - faults_before} faults{said}", flush=True)

    def finish(self):
        """Prints the sum; whether there was no fault."""
        rows = [row for name, row in self.done.items() if name != "with"]
        points, faults = (sum(r[k] for r in rows) for k in ("points", "faults"))
        print(f"{self.part}: {points} points over {len(rows)} runs, {faults} faults")
        return faults == 0 and points > 0


# --- after a failure ---

def again(name, bench):
    """Arguments with which a run that failed or was killed is gone on with; a second choice, or None."""
    plain = RUNS[name]
    if name in RESUMED:
        return [*plain, "--resume"], None
    if plain[0] == "train":
        return "train -q -j 1 --resume OUT/run".split(), [*plain, "--existing", "overwrite"]
    return plain + (["--existing", "overwrite"] if plain[1] in ("new", "export") else []), None


def settled(found, name):
    """What of a tree must be that of an unbroken run after a second start: all but the log and the record of options, which
    tell of two, and temporary files of runs without a record, which nobody can tell from those of a running one."""
    return {f: h for f, h in found.items() if f not in ("log", "run/args.json") and not (unfinished([f]) and not (name in RESUMED and f.startswith("o/")))}


def go_on(bench, name, good, record, where):
    """Does the rest of a run, and compares."""
    first, second = again(name, bench)
    code, out, err, got = bench.run(first, keep=True)
    if code == 2 and second:
        code, out, err, got = bench.run(second, keep=True)
    now, then = settled(got, name), settled(good, name)
    if code != 0:
        record.fault(name, where, f"the next run ended by {code}", err)
    elif now != then:
        record.fault(name, where, f"the next run left another tree: {sorted(f for f in {*now, *then} if now.get(f) != then.get(f))}", err)


def torn(bench, got, good):
    """Files that have their names and are neither those of an unbroken run nor, where they tell of failures, whole."""
    bad = []
    for name, found in got.items():
        path = bench.out / name
        if good.get(name) == found or path.name.startswith(".edgel-"):
            continue
        try:
            text = path.read_text()
            if path.name in ("j", "p", "v") or path.suffix in (".csv", ".txt", ".svg"):
                whole = text[-1:] in ("", "\n") and (path.name != "j" or json.loads(text) is not None)
            elif path.name == "args.json":
                whole = json.loads(text) is not None
            elif path.name in ("c", "log", "m"):
                whole = text.endswith("\n") and all(json.loads(line) is not None for line in text.splitlines())
            else:
                whole = name.startswith("run/")  # an earlier checkpoint
        except ValueError:
            whole = name.startswith("run/") and path.suffix == ".safetensors"
        bad += [] if whole else [name]
    return bad


# --- system calls ---

class Call:
    """One line of trace_calls: what a program asked the system for."""

    def __init__(self, line):
        head, _, result = line.rpartition(" = ")
        number, self.name, *self.words = head.split(" ")
        self.number, self.result, self.line = int(number), None if result == "?" else int(result), head

    @property
    def fd(self):
        return int(self.words[0]) if self.words and self.words[0].lstrip("-").isdigit() else None


def calls_of(bench, arguments, keep=False):
    """A run and its system calls, those of the loader left out; code, stdout, messages, tree, calls."""
    log = bench.work / "calls"
    ended = bench.run(arguments, wrap=[bench.tool("trace_calls"), "-l", str(log)], keep=keep)
    calls = [Call(line) for line in log.read_text().splitlines() if " = " in line]
    main = next(i for i, c in enumerate(calls) if c.name == "fcntl" and c.fd == 0)  # what main() begins with
    return (*ended, calls[main:])
