#!/usr/bin/env python3
"""What the shared library exports and needs: check_symbols.py LIBRARY

It exports names that begin with edgel_ and no others. It needs no function that prints, ends the program or takes memory
past edgel_alloc(), and of libm only what is exact or correctly rounded on every system.
"""
import subprocess
import sys

PRINTS = "printf vprintf puts putchar putc fputs fputc perror stdout stderr".split()
ENDS = "exit _exit _Exit quick_exit abort raise kill".split()
MEMORY = "malloc calloc realloc reallocarray strdup strndup asprintf vasprintf getline getdelim posix_memalign".split()
MATH = """exp exp2 expm1 log log2 log10 log1p pow sin cos tan sincos asin acos atan atan2 sinh cosh tanh cbrt hypot erf erfc
lgamma tgamma""".split()
FORBIDDEN = {*PRINTS, *ENDS, *MEMORY, *MATH, *(f + "f" for f in MATH)}


def names(option):
    out = subprocess.run(["nm", "-D", option, sys.argv[1]], capture_output=True, text=True, check=True).stdout
    return [line.split()[-1].split("@")[0] for line in out.splitlines()]


exported, needed = names("--defined-only"), names("--undefined-only")
# The sanitizers' and the coverage run-time add symbols of their own, all with two leading underscores.
bad = [f"exports {n}" for n in exported if not n.startswith("edgel_") and not n.startswith("__")]
if not any(n.startswith(("__asan", "__ubsan")) for n in needed):
    bad += [f"needs {n}" for n in needed if n in FORBIDDEN]
print("\n".join(bad) or f"{len(exported)} exported symbols, all edgel_; {len(needed)} needed, none forbidden")
sys.exit(bool(bad) or not exported or not needed)
