#!/usr/bin/env python3
"""Builds the site of the documents in a folder of its own and looks for dead links in it: files and anchors. Skipped
where doxygen or python3-markdown is not installed."""
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
from house import ROOT, skip

python = next((p for p in (sys.executable, "/usr/bin/python3")
               if subprocess.run([p, "-c", "import markdown"], capture_output=True).returncode == 0), None)
if not python:
    skip("python3-markdown is not installed")
if not shutil.which("doxygen"):
    skip("doxygen is not installed")
with tempfile.TemporaryDirectory(prefix="edgel-site-") as folder:
    site = pathlib.Path(folder, "site")
    subprocess.run([python, ROOT / "scripts/docs", site], check=True)
    headers = {f.name for f in ROOT.glob("include/edgel/*.h")}
    pages = {p.name.replace("_8h.html", ".h").replace("__", "_") for p in (site / "api").glob("*_8h.html")}
    if headers != pages:
        sys.exit(f"no page for {sorted(headers - pages)}, pages without a header: {sorted(pages - headers)}")
    without = [h for h in headers if not (site / "man/man3" / f"{h}.3").exists()]
    if without:
        sys.exit(f"no man page for {without}")
    sys.exit(subprocess.run([sys.executable, ROOT / "scripts/checks/check_links.py", site]).returncode)
