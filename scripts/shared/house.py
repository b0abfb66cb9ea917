"""What the project's Python scripts share. A script in scripts/FOLDER begins with

    sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
    from house import DATA, ROOT, program, skip, wanted

ROOT is the project, DATA the folder of data sets that the project does not own.
"""
import contextlib
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(os.environ.get("EDGEL_DATA") or ROOT / "../shared/data").resolve()


def program(arguments=sys.argv):
    """The program to run: the first argument, or the one that scripts/demo and scripts/test build."""
    return arguments[1] if len(arguments) > 1 else str(ROOT / "build/src/cli/edgel")


def skip(reason):
    """Ends the script as meson knows it: exit code 77, the reason in the last line."""
    print(f"skipped: {reason}")
    sys.exit(77)


@contextlib.contextmanager
def wanted():
    """`with wanted(): import cv2` skips the script where a package is not installed."""
    try:
        yield
    except ImportError as e:
        skip(f"the Python package {e.name} is not installed")
