#!/usr/bin/env python3
"""Finds files that call each other in circles: a.c needs a name of b.c, and b.c, directly or through others, one of a.c.

    check_circles.py BUILD      the object files of the library and the program in a build folder

A circle is a strongly connected component of more than one file, by the names that `nm` lists as defined and as needed.
Prints the circles, each with the calls in it, and fails if more files of a folder stand in circles than MOST allows.
Numbers of MOST may only fall; a folder that is not named has none.
"""
import collections
import pathlib
import subprocess
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
from house import ROOT

MOST = {}


def object_files(build):
    """Source file -> object file. meson calls the object of src/io/png.c "src_io_png.c.o", or "png.c.o" beside it."""
    sources = {str(f.relative_to(ROOT)): f for f in ROOT.glob("src/**/*.c")}
    by_name = {s.replace("/", "_") + ".o": s for s in sources}
    found = {}
    for o in pathlib.Path(build).glob("**/*.c.o"):
        folder = o.relative_to(build).parts[:-2]  # without NAME.p
        source = by_name.get("_".join([*folder, o.name]))
        if source:
            found[source] = o
    return found


def names_of(objects):
    """File -> (names it defines, names it needs)."""
    defined, needed = collections.defaultdict(set), collections.defaultdict(set)
    file_of = {str(o): source for source, o in objects.items()}
    out = subprocess.run(["nm", "-P", "-g", "-A", *file_of], capture_output=True, text=True, check=True).stdout
    for line in out.splitlines():
        o, name, kind = line.split()[:3]  # "png.c.o: edgel_png_decode T 0 5f"
        (needed if kind in "UvVwW" else defined)[file_of[o.rstrip(":")]].add(name)
    return defined, needed


def calls_of(defined, needed):
    """File -> {file: names}."""
    # The program's files may have names that the library has as well; each uses its own.
    owner = {(s.startswith("src/cli/"), n): s for s, names in defined.items() for n in names}
    calls = collections.defaultdict(lambda: collections.defaultdict(set))
    for source, names in needed.items():
        cli = source.startswith("src/cli/")
        for n in names:
            to = owner.get((cli, n)) or owner.get((False, n))
            if to and to != source:
                calls[source][to].add(n)
    return calls


def components(nodes, calls):
    """Tarjan's algorithm; sys.setrecursionlimit is far above the number of files."""
    index, low, stack, on_stack, found = {}, {}, [], set(), []

    def visit(v):
        index[v] = low[v] = len(index)
        stack.append(v)
        on_stack.add(v)
        for w in calls[v]:
            if w not in index:
                visit(w)
                low[v] = min(low[v], low[w])
            elif w in on_stack:
                low[v] = min(low[v], index[w])
        if low[v] == index[v]:
            circle = []
            while not circle or circle[-1] != v:
                circle.append(stack.pop())
                on_stack.discard(circle[-1])
            found.append(sorted(circle))

    for v in nodes:
        if v not in index:
            visit(v)
    return sorted(c for c in found if len(c) > 1)


def main():
    sys.setrecursionlimit(100000)
    objects = object_files(sys.argv[1])
    if len(objects) < 20:
        sys.exit(f"{sys.argv[1]}: holds {len(objects)} object files of the project: build first")
    calls = calls_of(*names_of(objects))
    circles = components(sorted(objects), calls)
    count = collections.Counter()
    for c in circles:
        print(f"circle of {len(c)} files:")
        for a in c:
            count[a.split("/")[1]] += 1
            for b in c:
                if calls[a].get(b):
                    print(f"    {a} -> {b}: {', '.join(sorted(calls[a][b]))}")
    bad = [f for f in count if count[f] > MOST.get(f, 0)]
    for folder in sorted(count | collections.Counter(MOST)):
        n, most = count[folder], MOST.get(folder, 0)
        print(f"src/{folder}: {n} files in circles, {most} allowed" + (": too many" if n > most else
              ": lower the number in MOST" if n < most else ""))
    print(f"{len(objects)} files, {len(circles)} circles, {sum(count.values())} files in circles")
    sys.exit(bool(bad))


main()
