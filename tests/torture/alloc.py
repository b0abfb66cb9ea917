"""Every allocation fails once, and then all from it on, whoever asks for it: the program, its libraries, libc.

Holds when no run crashes or hangs; exit 0 means the bytes of a run without failure; any other exit says that memory
was short, and blames no file; no temporary file stays.
"""
import pathlib
import signal

from runs import RUNS, Bench, Record, unfinished


# libtiff 4.5 reads from NULL when an allocation of its own fails in TIFFReadDirectory(); nothing of ours runs in between.
LIBTIFF = "libtiff.so"


def judge(code, out, err, got, good_out, good):
    """What is wrong with a run in which an allocation failed; None: nothing."""
    if code is None:
        return "did not end"
    if code < 0 or code > 100:
        return f"ended by {code}"
    if unfinished(got):
        return f"left {unfinished(got)}"
    if code == 0:
        return None if got == good and out == good_out else f"exit 0 and other bytes: {sorted(f for f in {*got, *good} if got.get(f) != good.get(f)) or 'stdout'}"
    return None if "memory" in err.lower() else f"exit {code}, and nothing of memory is said"


def part(args, names):
    bench, record = Bench(args.build, "alloc"), Record(args, "alloc")
    shim, counter, asker = bench.tool("fail_alloc.so"), bench.work / "count", bench.work / "asker"
    for name in names or RUNS:
        if record.has(name):
            continue
        before, points, foreign = record.faults, 0, 0
        env = {"LD_PRELOAD": shim, "MALLOC_PERTURB_": "165"}
        code, good_out, err, good = bench.run(RUNS[name], env={**env, "FAIL_COUNT": str(counter)})
        if code != 0:
            record.fault(name, "without failure", f"exit {code}", err)
            continue
        total = int(counter.read_text())
        for on in "01":
            for n in range(1 + args.seed % args.every, total + 1, args.every):
                points += 1
                code, out, err, got = bench.run(RUNS[name], env={**env, "FAIL_AT": str(n), "FAIL_ON": on, "FAIL_WHO": str(asker)},
                                               seconds=30)
                who = pathlib.Path(asker.read_text()).name if asker.exists() else "nobody"
                if code == -signal.SIGSEGV and LIBTIFF in who:
                    foreign += 1
                    continue
                why = judge(code, out, err, got, good_out, good)
                if why:
                    record.fault(name, f"{n}/{total} {'and all after it' if on == '1' else 'alone'} ({who})", why, err)
        record.add(name, points, before, f" of {total} allocations" + (f"; {foreign} ended in libtiff" if foreign else ""))
    bench.finish()
    return record.finish()
