"""Two runs in one OUT: the first is held before each of its system calls about files, and a second one runs to its end.

Holds when what is in OUT afterwards is the tree of one of them, and that one ended with exit 0; the other ended with exit
2 and a message, unless both have the same options, or are two parts of one run: then OUT has the tree of both.
"""
import subprocess
import time

from runs import Bench, Record, calls_of

DETECT = "detect -q -j 1 -o OUT/o in/gray -m".split()
SEGMENT = "segment -q -j 1 -m in/run/best.safetensors -o OUT/o in/gray --emit".split()
TRAIN = "train -q -j 1 --truth in/masks --labels binary --arch linear --batch 1 --epochs 1 --worst 0 -o OUT/o in/gray --seed".split()
MEETINGS = {
    "detect-other": ([*DETECT, "canny"], [*DETECT, "sobel"]),
    "detect-overwrite": ([*DETECT, "canny", "--existing", "overwrite"], [*DETECT, "sobel", "--existing", "overwrite"]),
    "detect-resume": ([*DETECT, "canny", "--resume"], [*DETECT, "sobel", "--resume"]),
    "detect-same": ([*DETECT, "canny"], [*DETECT, "canny"]),
    "detect-parts": ([*DETECT, "canny", "--shard", "1/2"], [*DETECT, "canny", "--shard", "2/2"]),
    "detect-segment": ([*DETECT, "canny"], [*SEGMENT, "mask"]),
    "segment-other": ([*SEGMENT, "mask"], [*SEGMENT, "probability"]),
    "train-other": ([*TRAIN, "1"], [*TRAIN, "2"]),
}


def outputs(found):
    return {f: h for f, h in found.items() if "/.edgel-" not in f and not f.endswith("args.json")}


def part(args, names):
    bench, record = Bench(args.build, "two"), Record(args, "two")
    tracer, gate = bench.tool("trace_calls"), bench.work / "gate"
    held = bench.work / "gate.held"
    for name, (first, second) in MEETINGS.items():
        if record.has(name):
            continue
        before, points, waited = record.faults, 0, 0
        trees = []
        for run in (second, first):
            code, _, err, found, calls = calls_of(bench, run)
            trees.append(outputs(found))
        after, own = trees
        both = name.endswith("-parts")
        begun = next(c.number for c in calls if c.name == "write" and c.fd > 2)  # the first line of the record
        whole = {**own, **after}
        ended = max((c.number for c in calls if c.name.startswith("unlink")), default=0)  # of the record
        for call in calls[args.seed % args.every::args.every]:
            points += 1
            where = f"{call.number} {call.name} {' '.join(call.words)[:60]}"
            for f in (gate, held):
                f.unlink(missing_ok=True)
            bench.clear()
            a = bench.begin(first, [tracer, "-n", str(call.number), "-w", str(gate)])
            while not held.exists() and a.poll() is None:
                time.sleep(0.002)
            b = bench.begin(second, [])
            try:
                b.wait(timeout=1)  # it may wait for what the first holds for a moment
            except subprocess.TimeoutExpired:
                waited += 1
            gate.touch()
            a_err, b_err = (run.communicate(timeout=60)[1] for run in (a, b))
            code, b_code, got, said = a.returncode, b.returncode, outputs(bench.look()), f"{a_err}{b_err}"
            if both:
                why = None if (code, b_code) == (0, 0) and got == whole else "not both parts"
            elif got == own == after:
                why = None if 0 in (code, b_code) and {code, b_code} <= {0, 2} else "not one of them done"
            elif got == own and code == 0:
                after_it = b_code == 0 and name.endswith("-overwrite") and call.number <= begun
                why = None if (b_code == 2 and b_err) or after_it else "the second is not refused"
            elif got == after and b_code == 0:
                over = code == 0 and name.endswith("-overwrite") and call.number > ended
                why = None if (code == 2 and a_err) or over else "the first is not refused"
            else:
                why = f"a mixed tree: {sorted(f for f in {*got, *own, *after} if got.get(f) not in (own.get(f), None)) or sorted(got)}"
            if why:
                record.fault(name, where, f"{why} (exit {code} and {b_code})", said)
        record.add(name, points, before, f"; in {waited} the second waited a moment")
    bench.finish()
    return record.finish()
