"""The program is killed before every system call about files, and gone on with; then killed again on the way.

Holds when no file that has its name is torn, and the next run, with --resume where there is one, ends with the tree of
an unbroken run.
"""
import random
import signal

from runs import RUNS, Bench, Record, again, calls_of, go_on, torn


def part(args, names):
    bench, record = Bench(args.build, "kill"), Record(args, "kill")
    tracer = bench.tool("trace_calls")
    for name in names or RUNS:
        if record.has(name):
            continue
        before, points, draw = record.faults, 0, random.Random(f"{args.seed} {name}")
        code, _, err, good, calls = calls_of(bench, RUNS[name])
        if code != 0:
            record.fault(name, "without a kill", f"exit {code}", err)
            continue
        for call in calls[args.seed % args.every::args.every]:
            where = f"{call.number} {call.name} {' '.join(call.words)[:60]}"
            code, _, err, got = bench.run(RUNS[name], wrap=[tracer, "-k", "-n", str(call.number)])
            points += 1
            if code != -signal.SIGKILL:
                record.fault(name, where, f"not killed: {code}", err)
                continue
            if torn(bench, got, good):
                record.fault(name, where, f"torn: {torn(bench, got, good)}")
            at = draw.choice(calls).number
            code, _, err, got = bench.run(again(name, bench)[0], wrap=[tracer, "-k", "-n", str(at)], keep=True)
            points += code == -signal.SIGKILL
            if torn(bench, got, good):
                record.fault(name, f"{where}, then {at}", f"torn: {torn(bench, got, good)}")
            go_on(bench, name, good, record, f"{where}, then {at}")
        record.add(name, points, before, f" at {len(calls)} calls")
    bench.finish()
    return record.finish()
