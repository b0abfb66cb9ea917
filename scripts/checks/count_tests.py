#!/usr/bin/env python3
"""Sums what `meson test` ran: count_tests.py BUILD... reads each BUILD/meson-logs/testlog*.json, counts the cases
of programs that print TAP one by one and the others as one each, shows what failed and what was skipped, with the
reason, and prints as its last line "N passed, N failed, N skipped". meson counts programs: one of which a case is
skipped is a passed one to it. Exit code 0 if none failed and at least one passed."""
import json
import pathlib
import re
import sys

PLAN = re.compile(r"^(TAP version|1\.\.\d+)", re.MULTILINE)  # what is printed before it is no case
CASE = re.compile(r"(?P<bad>not )?ok\b(?P<name>[^#]*)(?:#\s*(?P<mark>\w+)\s*(?P<why>.*))?", re.IGNORECASE)
REASON = re.compile(r"^skipped: (.*)", re.MULTILINE)


def tap_cases(text):
    """(result, name, remarks) of each case of a TAP text; none if it is something else."""
    found = []
    for line in text.splitlines() if PLAN.search(text) else []:
        if m := CASE.match(line):
            mark = (m["mark"] or "").lower()
            result = "skipped" if mark == "skip" else "failed" if m["bad"] and mark != "todo" else "passed"
            found.append((result, m["name"].strip(), [m["why"] or "no reason is told"] if result == "skipped" else []))
        elif found and line.startswith("#"):
            found[-1][2].append(line)
    return found


def cases(test):
    """The same for one line of meson's log."""
    found = tap_cases(test.get("stdout", ""))
    result = {"OK": "passed", "EXPECTEDFAIL": "passed", "SKIP": "skipped"}.get(test["result"], "failed")
    if result == "failed" and not any(case[0] == "failed" for case in found):
        # A crash, a leak, a time limit, a check of ours: the program failed although none of its cases did.
        found.append((result, test["result"], (test.get("stdout", "") + test.get("stderr", "")).splitlines()[-40:]))
    if result == "skipped" and not found:
        reasons = REASON.findall(test.get("stdout", ""))
        found.append((result, "", reasons[-1:] or ["no reason is told"]))
    return found or [(result, "", [])]


def main(builds):
    total = {"passed": 0, "failed": 0, "skipped": 0}
    for build in builds:
        logs = pathlib.Path(build, "meson-logs").glob("testlog*.json")
        for line in (line for log in logs for line in log.read_text(errors="replace").split("\n") if line):
            test = json.loads(line)
            for result, name, remarks in cases(test):
                total[result] += 1
                if result == "failed":
                    print(f"FAILED {build}: {test['name']}: {name}", *remarks, sep="\n  ")
                elif result == "skipped":
                    print(f"skipped {build}: {test['name']}: {name + ': ' if name else ''}{remarks[0]}")
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**total))
    return 0 if total["failed"] == 0 and total["passed"] > 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
