#!/usr/bin/env python3
"""Fails if the shared library exports anything that does not start with edgel_, or nothing at all."""
import subprocess
import sys

out = subprocess.run(["nm", "-D", "--defined-only", sys.argv[1]], capture_output=True, text=True, check=True).stdout
names = [line.split()[-1] for line in out.splitlines()]
# The sanitizers' and the coverage run-time add symbols of their own, all with two leading underscores.
bad = [n for n in names if not n.startswith("edgel_") and not n.startswith("__")]
print("\n".join(bad) or f"{len(names)} exported symbols, all edgel_")
sys.exit(bool(bad) or not names)
