"""The power fails at any moment of a run with --durable.

The calls of a run are recorded with the bytes they write, and played into a model of a disk. What was not synced when
the power failed may be there or not, in any order, as POSIX allows: each write to a file whole, in part or not at all
(what is missing before it reads as zeros), each change of a folder or not. States are drawn at random, built as real
folders, and looked at. Holds when, in each,

  - what has the name of an output is the whole output, of this run or of the one it replaces;
  - the record calls an image done only if all its outputs have their names;
  - the next run with --resume ends with exit 0 and the tree of an unbroken run.
"""
import json
import os
import random
import shutil

from runs import Bench, Record, calls_of, tree

MANY = "canny sobel prewitt roberts scharr laplacian gaussian sobel:norm=l2 canny:sigma=2 canny:sigma=3 sobel:aperture=5 sobel:aperture=7 gaussian:sigma=3"
METHODS = [w for i, m in enumerate(MANY.split()) for w in ("-m", m)]
DURABLE = {
    "fresh": (["detect", "-q", "-j", "1", "--durable", "-o", "OUT/o", "in/gray"], None),
    "groups": (["detect", "-q", "-j", "1", "--durable", "-o", "OUT/o", "--name", "{dir}/{stem}_{n}.png", *METHODS, "in/many"], None),
    "replace": (["detect", "-q", "-j", "1", "--durable", "--existing", "overwrite", "-m", "sobel", "-o", "OUT/o", "in/gray"],
                ["detect", "-q", "-j", "1", "-m", "canny", "-o", "OUT/o", "in/gray"]),
    "segment": (["segment", "-q", "-j", "1", "--durable", "-m", "in/run/best.safetensors", "-o", "OUT/o", "in/gray"], None),
}
CREATE, TRUNCATE, APPEND, TEMPORARY = 0o100, 0o1000, 0o2000, ".edgel-"


class File:
    def __init__(self, data=b""):
        self.whole, self.data, self.pending = True, data, []  # data: on the disk; pending: (offset, bytes), or a length

    def state(self, draw):
        data = bytearray(self.data)
        for at, new in self.pending:
            fate = draw.random()
            if new is None:
                if fate < 0.5:
                    del data[at:]
                continue
            if fate < 0.35:
                continue
            if fate < 0.5:
                new = new[:draw.randrange(len(new) + 1)]
            data.extend(bytes(max(0, at - len(data))))
            data[at:at + len(new)] = new
        return bytes(data)


class Folder:
    def __init__(self):
        self.names, self.pending = {}, []  # names: on the disk; pending: {name: node or None} each

    def now(self):
        names = dict(self.names)
        for change in self.pending:
            names.update(change)
        return {n: v for n, v in names.items() if v}

    def state(self, draw):
        names = dict(self.names)
        for change in self.pending:
            if draw.random() < 0.6:
                names.update(change)
        return {n: v for n, v in names.items() if v}


class Disk:
    """OUT as the calls of a run make it."""

    def __init__(self, out):
        self.root, self.open = self.read(out), {}

    def read(self, path):
        folder = Folder()
        for f in path.iterdir():
            folder.names[f.name] = self.read(f) if f.is_dir() else File(f.read_bytes())
        return folder

    def find(self, path):
        """Node of a path below OUT; None: not there, or not below it."""
        parts = os.path.normpath(path).split("/")
        if parts[0] != "OUT":
            return None
        node = self.root
        for part in parts[1:]:
            node = node.now().get(part) if isinstance(node, Folder) else None
        return node

    def path(self, fd, name):
        return os.path.join(self.open[fd][0], name) if fd in self.open and not name.startswith("/") else name

    def change(self, path, node):
        folder, name = os.path.split(os.path.normpath(path))
        above = self.find(folder)
        if above:
            above.pending.append({name: node})

    def nodes(self, node=None):
        node = node or self.root
        yield node
        if isinstance(node, Folder):
            for child in {id(v): v for names in (node.names, *node.pending) for v in names.values() if v}.values():
                yield from self.nodes(child)

    def sync(self, node):
        if isinstance(node, Folder):
            node.names, node.pending = node.now(), []
        else:
            node.data, node.pending = self.content(node), []

    def content(self, node):
        """As the program sees it."""
        data = bytearray(node.data)
        for at, new in node.pending:
            if new is None:
                del data[at:]
                continue
            data.extend(bytes(max(0, at - len(data))))
            data[at:at + len(new)] = new
        return bytes(data)

    def write(self, fd, data, at=None):
        path, node, position = self.open[fd]
        if isinstance(node, File):
            where = position if at is None else at
            if position == "end":
                where = len(self.content(node))
            node.pending.append((where, data))
            if at is None and position != "end":
                self.open[fd][2] = where + len(data)

    def play(self, call):
        """One call that did what it was asked to. True if it changed what may be lost."""
        w = [x.replace("%20", " ").replace("%25", "%") for x in call.words]
        if call.result is None or call.result < 0:
            return False
        if call.name == "openat":
            path, flags = self.path(int(w[0]), w[1]), int(w[2])
            node = self.find(path)
            if node is None and flags & CREATE and self.find(os.path.dirname(os.path.normpath(path))):
                node = File()
                self.change(path, node)
            self.open[call.result] = [path, node, "end" if flags & APPEND else 0]
            if isinstance(node, File) and flags & TRUNCATE:
                node.pending.append((0, None))
            return bool(flags & CREATE)
        fd = call.fd
        if call.name == "close":
            self.open.pop(fd, None)
        elif call.name in ("write", "pwrite") and fd in self.open:
            self.write(fd, bytes.fromhex(w[1][1:])[:call.result], int(w[2]) if call.name == "pwrite" else None)
            return True
        elif call.name == "ftruncate" and fd in self.open:
            self.open[fd][1].pending.append((int(w[1]), None))
        elif call.name == "lseek" and fd in self.open:
            self.open[fd][2] = call.result
        elif call.name in ("mkdir", "mkdirat"):
            self.change(self.path(int(w[0]), w[1]) if call.name == "mkdirat" else w[0], Folder())
            return True
        elif call.name in ("unlink", "unlinkat", "rmdir"):
            self.change(self.path(int(w[0]), w[1]) if call.name == "unlinkat" else w[0], None)
            return True
        elif call.name in ("rename", "renameat", "renameat2"):
            old, new = (w[0], w[1]) if call.name == "rename" else (self.path(int(w[0]), w[1]), self.path(int(w[2]), w[3]))
            node, (a, x), (b, y) = self.find(old), os.path.split(os.path.normpath(old)), os.path.split(os.path.normpath(new))
            if a == b and self.find(a):
                self.find(a).pending.append({x: None, y: node})  # within a folder at once
            elif node:
                self.change(old, None)
                self.change(new, node)
            return True
        elif call.name == "syncfs":
            for node in list(self.nodes()):
                self.sync(node)
            return True
        elif call.name in ("fsync", "fdatasync") and fd in self.open and self.open[fd][1]:
            self.sync(self.open[fd][1])
            return True
        return False

    def build(self, at, draw, node=None):
        for name, child in (node or self.root).state(draw).items():
            if isinstance(child, Folder):
                (at / name).mkdir(exist_ok=True)
                self.build(at / name, draw, child)
            else:
                (at / name).write_bytes(child.state(draw))


def settings_of(record):
    """The settings in the first line of a record; None if it is torn."""
    try:
        return json.loads(record.split(b"\n")[0])["settings"]
    except (ValueError, KeyError):
        return None


def outputs_of(done, good):
    """For each line of the record, in the order of images, the outputs of its image."""
    stems = sorted({f.split("_")[0].removesuffix(".png") for f in good if f.endswith(".png")})
    by_image = [[f for f in good if f.split("_")[0].removesuffix(".png") == s] for s in stems]
    return dict(zip(done, by_image)) if len(done) == len(by_image) else None


def part(args, names):
    bench, record = Bench(args.build, "power"), Record(args, "power")
    bench.many()
    for name, (run, before) in DURABLE.items():
        if record.has(name):
            continue
        faults, points, seen = record.faults, 0, set()
        draw = random.Random(f"{args.seed} {name}")
        bench.clear()
        if before:
            bench.run(before)
        start = bench.work / "start"
        shutil.rmtree(start, ignore_errors=True)
        shutil.copytree(bench.out, start, symlinks=True)
        old = tree(bench.out)
        code, _, err, good, calls = calls_of(bench, run, keep=True)
        if code != 0:
            record.fault(name, "without a failure", f"exit {code}", err)
            continue
        lines = [bytes.fromhex(c.words[1][1:]).decode() for c in calls if c.name == "write" and c.fd > 2 and c.words[1].startswith("x" + b"done ".hex())]
        images = outputs_of([x for text in lines for x in text.splitlines()], good)
        if images is None:
            record.fault(name, "without a failure", f"{len(lines)} images in the record")
            continue
        settings = [settings_of(j.read_bytes()) for j in bench.out.glob("o/.edgel-journal*")]
        good = {f: h for f, h in good.items() if TEMPORARY not in f}
        disk, moments = Disk(start), []
        for i, call in enumerate(calls):
            if disk.play(call):
                moments.append(i + 1)
        wanted = max(1, args.states // len(DURABLE))
        tries = 0
        while points < wanted and tries < 8 * wanted:
            tries += 1
            at = draw.choice(moments)
            disk = Disk(start)
            for call in calls[:at]:
                disk.play(call)
            bench.clear()
            disk.build(bench.out, draw)
            state = tree(bench.out)
            key = (at, str(sorted(state.items())))
            if key in seen:
                continue
            seen.add(key)
            points += 1
            where = f"after {calls[at - 1].line[:60]}, state {points}"
            broken = [f for f, h in state.items() if TEMPORARY not in f and good.get(f) != h and old.get(f) != h]
            if broken:
                record.fault(name, where, f"not whole: {broken}")
            for f in bench.out.rglob("*"):  # outputs were written before what the record says of them
                if f.is_file() and ".edgel-journal" not in f.name:
                    os.utime(f, (1, 1))
            for journal in bench.out.glob("o/.edgel-journal*"):
                lines = journal.read_bytes().split(b"\n")[:-1]
                if not lines or settings_of(lines[0]) not in settings:
                    continue  # of the run before, with other options
                for line in lines:
                    lost = [f for f in images.get(line.decode(errors="replace"), ()) if state.get(f) != good[f]]
                    if lost:
                        record.fault(name, where, f"done, and not there: {lost}")
            code, _, err, got = bench.run([*run, "--resume"], keep=True)
            got = {f: h for f, h in got.items() if TEMPORARY not in f}
            if code != 0 or got != good:
                record.fault(name, where, f"--resume: exit {code}, other files {sorted(f for f in {*got, *good} if got.get(f) != good.get(f))}", err)
        record.add(name, points, faults, f" of {len(moments)} moments")
    bench.finish()
    return record.finish()
