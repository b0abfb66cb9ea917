#!/usr/bin/env python3
"""Sums what `meson test` ran: count_tests.py BUILD... reads each BUILD/meson-logs/testlog*.json, counts the cases
of programs that print TAP one by one and the others as one each, and prints "N passed, N failed, N skipped".
Exit code 0 if none failed and at least one passed."""
import json
import pathlib
import re
import sys

CASE = re.compile(r"(not )?ok\b([^#]*)(?:#\s*(\w+))?", re.IGNORECASE)


def cases(test):
    """(passed, failed, skipped) of one line of the log."""
    found = [m for line in test.get("stdout", "").splitlines() if (m := CASE.match(line))] if test.get("tap") else []
    skipped = sum(1 for m in found if (m[3] or "").lower() == "skip")
    failed = sum(1 for m in found if m[1] and (m[3] or "").lower() not in ("skip", "todo"))
    passed = len(found) - skipped - failed
    ok = test["result"] in ("OK", "EXPECTEDFAIL")
    if test["result"] == "SKIP" and not found:
        return 0, 0, 1
    if not ok and test["result"] != "SKIP" and failed == 0:
        failed = 1  # a crash, a leak, a time limit: the program failed although no case of it did
    if ok and not found:
        passed = 1
    return passed, failed, skipped


def main(builds):
    total = [0, 0, 0]
    for build in builds:
        logs = pathlib.Path(build, "meson-logs").glob("testlog*.json")
        for line in (line for log in logs for line in log.read_text(errors="replace").split("\n") if line):
            test = json.loads(line)
            test["tap"] = re.match(r"(TAP version|1\.\.\d+)", test.get("stdout", "")) is not None
            total = [a + b for a, b in zip(total, cases(test))]
    print("{} passed, {} failed, {} skipped".format(*total))
    return 0 if total[1] == 0 and total[0] > 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
