#!/usr/bin/env python3
"""Holds the rule of base.h about NULL: check_null.py libedgel.so

Calls each function of the public headers that returns a status, and each that destroys, closes or finishes, with all
arguments zero, in a process of its own. One that returns a status must return EDGEL_EINVAL, except those of FINE, and
none may crash.
"""
import ctypes
import os
import pathlib
import re
import resource
import signal
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
from house import ROOT

EINVAL = 1
# Zeros are arguments that their comments allow.
FINE = {
    "edgel_cpu_check": "takes err alone",
    "edgel_epoch_order": "puts no samples in order",
    "edgel_error_set": "e may be NULL, and the code is handed back",
}
ENDS = ("_destroy", "_close", "_finish", "_discard", "_remove", "_free")


def functions():
    """Name -> whether it returns a status."""
    found = {}
    for header in sorted((ROOT / "include/edgel").glob("*.h")):
        text = re.sub(r"/\*.*?\*/", " ", header.read_text(), flags=re.S)
        for result, name in re.findall(r"EDGEL_API\s+(?:EDGEL_NODISCARD\s+)?([\w\s*]*?)(edgel_\w+)\(", text):
            status = result.split() == ["enum", "edgel_status"]
            if status or (result.strip() == "void" and name.endswith(ENDS)):
                found[name] = status
    return found


def call(library, name):
    """What the call returns, or the negative signal that ends it. Structs and doubles that are passed by value are zero
    as well: many integer arguments fill the registers and the stack."""
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        function = getattr(library, name)
        function.restype = ctypes.c_int
        os._exit(function(*[ctypes.c_long(0)] * 32, *[ctypes.c_double(0)] * 8) & 127)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
library = ctypes.CDLL(sys.argv[1])
bad, called = [], functions()
for name, status in called.items():
    code = call(library, name)
    if code < 0:
        bad.append(f"{name}: {signal.Signals(-code).name} when all arguments are zero")
    if code >= 0 and status and code != EINVAL and name not in FINE:
        bad.append(f"{name}: returns {code} when all arguments are zero, not EDGEL_EINVAL")
bad += [f"{name}: is in FINE, but in no header" for name in sorted(FINE.keys() - called.keys())]
print("\n".join(bad) or f"{len(called)} functions refuse or take NULL")
sys.exit(bool(bad) or len(called) < 100)
