"""Every system call about files fails in turn, or does half of what it is asked to.

Holds when no run crashes or hangs; exit 0 means the bytes of a run without failure; after another exit the message says
the system's reason, no file that has its name is torn and no temporary file stays; and the next run, with --resume where
there is one, ends with the tree of an unbroken run. An interrupted or short read or write is no failure at all, standard output aside, where
libc does not go on.
"""
import errno
import os

from runs import RUNS, Bench, Record, calls_of, go_on, torn, unfinished

ERRORS = {
    "open": ("EMFILE", "EIO"), "openat": ("EMFILE", "EIO"), "read": ("EIO", "EINTR", "half"), "pread": ("EIO", "EINTR", "half"),
    "write": ("ENOSPC", "EIO", "EINTR", "half"), "pwrite": ("ENOSPC", "EIO", "EINTR", "half"), "close": ("EIO", "ENOSPC"),
    "fsync": ("EIO", "ENOSPC"), "fdatasync": ("EIO", "ENOSPC"), "syncfs": ("EIO", "ENOSPC"), "rename": ("EIO", "ENOSPC"),
    "renameat": ("EIO", "ENOSPC"), "renameat2": ("EIO", "ENOSPC"), "link": ("EIO",), "linkat": ("EIO",), "unlink": ("EIO",),
    "unlinkat": ("EIO",), "mkdir": ("ENOSPC", "EIO"), "mkdirat": ("ENOSPC", "EIO"), "rmdir": ("EIO",), "ftruncate": ("EIO",),
    "lseek": ("EIO",), "fcntl": ("ENOLCK",), "flock": ("ENOLCK",), "getdents": ("EIO",), "stat": ("EIO",), "lstat": ("EIO",),
    "fstat": ("EIO",), "fstatat": ("EIO",), "statx": ("EIO",), "access": ("EIO",), "mmap": ("ENOMEM",),
}
LASTING = {"openat": "EMFILE", "open": "EMFILE", "write": "ENOSPC", "pwrite": "ENOSPC"}  # and all calls of the kind after it
WORDS = {name: os.strerror(getattr(errno, name)) for name in ("EIO", "ENOSPC", "EMFILE", "ENOMEM", "ENOLCK", "EINTR")}
MEANT = {"ENOMEM": "memory"}


def judge(call, error, lasting, code, out, err, got, good_out, good, bench):
    if code is None:
        return "did not end"
    if code < 0 or code > 100:
        return f"ended by {code}"
    if code == 0 and (got != good or out != good_out):
        return f"exit 0 and other bytes: {sorted(f for f in {*got, *good} if got.get(f) != good.get(f)) or 'stdout'}"
    if code == 0:
        return None
    if torn(bench, got, good):
        return f"torn: {torn(bench, got, good)}"
    if unfinished(got) and not call.name.startswith("unlink"):
        return f"left {unfinished(got)}"
    if error in ("half", "EINTR") and call.fd != 1 and call.name in ("read", "pread", "write", "pwrite"):
        return f"exit {code} over what is no failure"
    told = call.name == "write" and (call.fd == 2 or lasting)  # the message itself was lost
    if not told and MEANT.get(error, WORDS.get(error, "")).lower() not in err.lower():
        return f"exit {code}, and the reason is not said"
    return None


def part(args, names):
    bench, record = Bench(args.build, "syscalls"), Record(args, "syscalls")
    tracer = bench.tool("trace_calls")
    for name in names or RUNS:
        if record.has(name):
            continue
        before, points = record.faults, 0
        code, good_out, err, good, calls = calls_of(bench, RUNS[name])
        if code != 0:
            record.fault(name, "without failure", f"exit {code}", err)
            continue
        todo = [(c, e, False) for c in calls for e in ERRORS.get(c.name, ())]
        todo += [(c, LASTING[c.name], True) for c in calls if c.name in LASTING]
        for call, error, lasting in todo[args.seed % args.every::args.every]:
            points += 1
            action = ["-s"] if error == "half" else ["-e", str(getattr(errno, error))]
            code, out, err, got = bench.run(RUNS[name], wrap=[tracer, "-n", str(call.number), *action, *(["-a"] if lasting else [])], seconds=30)
            where = f"{call.number} {call.name} {' '.join(call.words)[:60]}: {error}{', lasting' if lasting else ''}"
            why = judge(call, error, lasting, code, out, err, got, good_out, good, bench)
            if why:
                record.fault(name, where, why, err)
            if code != 0 and not why:
                go_on(bench, name, good, record, where)
        record.add(name, points, before, f" at {len(calls)} calls")
    bench.finish()
    return record.finish()
