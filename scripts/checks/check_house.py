#!/usr/bin/env python3
"""Holds what CONTRIBUTING.md says of the tree: it names every folder, the paths it names are there, folders are small,
file names are unique, tests are listed, scripts have an ending; that docs/library.md names every public header; and
that no two things of the public headers share a name."""
import collections
import pathlib
import re
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
from house import ROOT

MOST = 30  # files of a folder of src/
COMMANDS = {"check_bare", "demo", "docs", "hash_outputs", "test", "torture"}  # the scripts whose names are typed often
CAMPAIGNS = {"runs", "mutants", "coverage"}  # of tests/torture, too long for a small run among the tests
KINDS = ("src", "tests", "scripts", "docs", "examples", "data", "include")

bad = []
text = (ROOT / "CONTRIBUTING.md").read_text()


def files(folder):
    return [f for f in (ROOT / folder).glob("**/*") if f.is_file() and "__pycache__" not in f.parts]


def folders():
    """Folders that hold files of the project."""
    for kind in KINDS:
        yield from {f.parent.relative_to(ROOT) for f in files(kind)}


tree = text.split("## The tree", 1)[-1].split("\n## ", 1)[0]
named = {n.rstrip("/") for n in re.findall(r"\b(?:%s)/[\w/]*" % "|".join(KINDS), tree)}
for folder in sorted(folders()):
    if str(folder.parts[0]) in ("data", "include", "docs") or "programs" in folder.parts:
        continue  # one line each
    room = len(folder.parts) > 1 and folder.parts[:2] not in {("src", f.name) for f in (ROOT / "src").iterdir()}
    if str(folder) not in named and not (room or len(folder.parts) > 2) or not re.search(rf"\b{folder.name}/", tree):
        bad.append(f"CONTRIBUTING.md: the tree does not name {folder}/")

for path in set(re.findall(r"`((?:%s)/[\w./]+)`" % "|".join(KINDS), text)):
    if not re.search("NAME|MODULE", path) and not (ROOT / path).exists():
        bad.append(f"CONTRIBUTING.md: `{path}` is not there")

guide = (ROOT / "docs/library.md").read_text()
bad += [f"docs/library.md: does not name {h.name}" for h in ROOT.glob("include/edgel/*.h") if f"/{h.name})" not in guide]

headers = [*ROOT.glob("include/edgel/*.h"), *ROOT.glob("src/**/*.h")]
code = "".join(re.sub(r"/\*.*?\*/", "", h.read_text(), flags=re.S) for h in headers)
defined = collections.Counter(re.findall(r"^(?:struct|enum|union) (edgel_\w+) \{", code, flags=re.M))
types = set(re.findall(r"\b(?:struct|enum|union) (edgel_\w+)", code))
functions = set(re.findall(r"\b(edgel_\w+)\(", code))
bad += [f"headers: {n} is a type and a function" for n in sorted(types & functions)]
bad += [f"headers: {n} is defined {k} times" for n, k in sorted(defined.items()) if k > 1]

for folder in sorted(folders()):
    n = sum(f.is_file() for f in (ROOT / folder).iterdir())
    if folder.parts[0] == "src" and n > MOST:
        bad.append(f"{folder}: {n} files, {MOST} allowed")

seen = collections.defaultdict(list)
for kind in ("src", "tests", "scripts"):
    for f in files(kind):
        seen[f.name].append(str(f.relative_to(ROOT)))
bad += [f"same file name twice: {', '.join(v)}" for n, v in seen.items() if len(v) > 1 and n != "meson.build"]

listed = (ROOT / "tests/meson.build").read_text()
for f in files("tests"):
    stem = f.stem.removeprefix("test_") if f.suffix == ".c" else f.stem
    if f.parent.name == "torture" and f.suffix == ".py" and f"'{stem}'" not in listed and stem not in CAMPAIGNS:
        bad.append(f"{f.relative_to(ROOT)}: tests/meson.build has no small run of this part")
    if f.suffix in (".c", ".bats") and f"'{stem}'" not in listed and f.name not in listed:
        bad.append(f"{f.relative_to(ROOT)}: tests/meson.build does not list it")

for f in files("scripts"):
    if f.suffix == "" and not (f.parent == ROOT / "scripts" and f.name in COMMANDS):
        bad.append(f"{f.relative_to(ROOT)}: a script needs the ending of its language")
    if f.read_bytes().startswith(b"#!") and not f.stat().st_mode & 0o100:
        bad.append(f"{f.relative_to(ROOT)}: begins with #! and cannot be run")

print("\n".join(bad) or f"{len(list(folders()))} folders, as CONTRIBUTING.md says")
sys.exit(bool(bad))
