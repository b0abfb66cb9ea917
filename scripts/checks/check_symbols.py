#!/usr/bin/env python3
"""What the library exports and needs: check_symbols.py libedgel.so [libedgel.a]

Both export the same names. It exports names that begin with edgel_ and no others. It needs no function that prints, ends the program or takes memory
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


def names(library, option):
    table = "-g" if library.endswith(".a") else "-D"
    out = subprocess.run(["nm", "-P", table, option, library], capture_output=True, text=True, check=True).stdout
    # An archive's members have lines of their own, "libedgel.a[member.o]:".
    return {line.split()[0].split("@")[0] for line in out.splitlines() if line and not line.endswith(":")}


def exports(library):
    # The sanitizers' and the coverage run-time add symbols of their own, all with two leading underscores.
    return {n for n in names(library, "--defined-only") if not n.startswith("__")}


exported, needed = exports(sys.argv[1]), names(sys.argv[1], "--undefined-only")
bad = [f"exports {n}" for n in sorted(exported) if not n.startswith("edgel_")]
if not any(n.startswith(("__asan", "__ubsan")) for n in needed):
    bad += [f"needs {n}" for n in sorted(needed) if n in FORBIDDEN]
for archive in sys.argv[2:]:
    bad += [f"one of the shared library and {archive} alone exports {n}" for n in sorted(exported ^ exports(archive))]
print("\n".join(bad) or f"{len(exported)} exported symbols, all edgel_; {len(needed)} needed, none forbidden")
sys.exit(bool(bad) or not exported or not needed)
