#!/usr/bin/env python3
"""Checks the arrows of the house: which folder may include whose headers, one .c per third-party header,
unique file names, public headers that need no private ones."""
import pathlib
import re
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
from house import ROOT
MAY = {  # folder -> folders whose private headers it may include besides its own
    "core": set(), "io": {"core"}, "filter": {"core"}, "geometry": {"core", "filter"},
    "detect": {"core", "filter", "geometry"}, "nn": {"core"}, "ml": {"core", "filter"},
    "eval": {"core"}, "report": {"core"}, "batch": {"core", "io"}, "dataset": {"core", "io", "batch"},
    "train": {"core"}, "cli": set(),
}
SEES = {  # folder -> public headers it may include
    "core": {"base", "image"}, "io": {"base", "image"}, "filter": {"base", "image", "filter"},
    "geometry": {"base", "image", "filter", "geometry"},
    "detect": {"base", "image", "filter", "geometry", "detect"},
    "nn": {"base", "nn"}, "ml": {"base", "image", "filter", "ml"}, "eval": {"base", "image", "eval"},
    "report": {"base", "image", "eval", "report"}, "batch": {"base", "image", "batch"},
    "dataset": {"base", "image", "batch", "dataset"},
    "train": {"base", "image", "nn", "report", "train"},  # models and trainings as files
    "cli": {"base", "image", "filter", "geometry", "detect", "batch", "dataset", "nn", "ml", "eval", "report", "train"},
}
THIRD_PARTY = {"png.h", "jpeglib.h", "jerror.h", "zlib.h", "tiffio.h"}
INCLUDE = re.compile(r'\s*#\s*include\s+["<]([^">]+)[">]')

bad, names, users = [], {}, {}


def includes(path):
    for n, line in enumerate(path.read_text().splitlines(), 1):
        if m := INCLUDE.match(line):
            yield n, m[1]


for f in sorted(ROOT.glob("src/**/*.[ch]")):
    mod = f.relative_to(ROOT / "src").parts[0]
    where = f.relative_to(ROOT)
    names.setdefault(f.name, []).append(str(where))
    if mod not in MAY:
        bad.append(f"{where}: folder src/{mod} is not known to this script")
        continue
    for n, inc in includes(f):
        top, _, rest = inc.partition("/")
        if inc in THIRD_PARTY:
            users.setdefault(inc, []).append(str(where))
        elif top == "edgel":
            if pathlib.Path(rest).stem.split("_")[0] not in SEES[mod]:  # nn_loss is of nn
                bad.append(f"{where}:{n}: {mod}/ may not include {inc}")
        elif top in MAY and rest and top != mod and top not in MAY[mod]:
            bad.append(f"{where}:{n}: {mod}/ may not include {inc}")
for f in sorted(ROOT.glob("include/edgel/*.h")):
    for n, inc in includes(f):
        if inc in THIRD_PARTY or ("/" in inc and not inc.startswith("edgel/")):
            bad.append(f"{f.relative_to(ROOT)}:{n}: public header includes {inc}")
bad += [f"same file name twice: {', '.join(v)}" for v in names.values() if len(v) > 1]
bad += [f"{h} included in {len(v)} files: {', '.join(v)}" for h, v in users.items() if len(v) > 1]
print("\n".join(bad) or f"{len(names)} files, layers ok")
sys.exit(bool(bad))
