#!/usr/bin/env python3
"""Makes the pictures of README and docs/ from data/scenes: runs the program and lays its outputs side by side.

    /usr/bin/python3 scripts/makers/make_pictures.py [EDGEL]     default: build/src/cli/edgel; Debian's python3-pil,
                                                                 python3-numpy, fonts-dejavu-core

Writes the files in docs/pictures. They show what the commands of the guides do; a picture is made again when its command changes.
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
from house import ROOT

import numpy as np
from PIL import Image, ImageDraw, ImageFont

EDGEL = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/src/cli/edgel").resolve()
SCENES, OUT = ROOT / "data/scenes", ROOT / "docs/pictures"
FONT = ImageFont.truetype("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", 15)
WORK = pathlib.Path(tempfile.mkdtemp())
PAPER, INK = (255, 255, 255), (40, 40, 40)


def edgel(*args):
    subprocess.run([EDGEL, *map(str, args)], check=True, cwd=WORK, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def gray(path):
    a = np.asarray(Image.open(path))
    return (a >> 8).astype(np.uint8) if a.dtype == np.uint16 or a.dtype == np.int32 else a.astype(np.uint8) * (255 if a.dtype == bool else 1)


def picture(path):
    im = Image.open(path)
    return Image.fromarray(gray(path)).convert("RGB") if im.mode in ("1", "L", "I;16", "I", "P") and im.mode != "P" else im.convert("RGB")


def row(name, panels, width, columns=None):
    """Panels [(caption, picture)] under their captions, each `width` wide."""
    columns = columns or len(panels)
    sized = [(t, p.resize((width, round(p.height * width / p.width)), Image.LANCZOS)) for t, p in panels]
    gap, head = 8, 24
    rows = [sized[i:i + columns] for i in range(0, len(sized), columns)]
    heights = [max(p.height for _, p in r) for r in rows]
    sheet = Image.new("RGB", (columns * width + (columns - 1) * gap, sum(heights) + (head + gap) * len(rows) - gap), PAPER)
    draw, y = ImageDraw.Draw(sheet), 0
    for r, h in zip(rows, heights):
        for i, (text, p) in enumerate(r):
            draw.text((i * (width + gap), y + 2), text, INK, FONT)
            sheet.paste(p, (i * (width + gap), y + head))
        y += h + head + gap
    sheet.save(OUT / name, quality=86, optimize=True)
    print(f"{name}: {sheet.width}x{sheet.height}, {(OUT / name).stat().st_size} bytes")


def over(photo, edges, color=(255, 60, 30)):
    a = np.asarray(photo.convert("L"), dtype=float)
    a = np.repeat((a * 0.65 + 60)[..., None], 3, 2)
    a[np.asarray(edges.convert("L")) > 127] = color
    return Image.fromarray(a.clip(0, 255).astype(np.uint8))


def near(mask, reach):
    """Pixels within `reach` of a set pixel."""
    out = np.zeros_like(mask)
    h, w = mask.shape
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            if dx * dx + dy * dy <= reach * reach:
                out[max(0, dy):h + min(0, dy), max(0, dx):w + min(0, dx)] |= mask[max(0, -dy):h + min(0, -dy), max(0, -dx):w + min(0, -dx)]
    return out


def judged(edges, truth, reach=3):
    e, t = gray(edges) > 127, gray(truth) > 127
    a = np.full((*e.shape, 3), 255, np.uint8)
    a[t & ~near(e, reach)] = (30, 100, 220)
    a[e & ~near(t, reach)] = (215, 60, 40)
    a[e & near(t, reach)] = (20, 150, 70)
    return Image.fromarray(a)


def scores(scene, folder):
    edgel("eval", "-q", "--truth", SCENES / f"boundaries/{scene}.png", "--tolerance", "3px", "--json", "s.json", f"{folder}/{scene}.png")
    return json.loads((WORK / "s.json").read_text())["mean"]


OUT.mkdir(parents=True, exist_ok=True)
scene = "01-still-life"
photo = picture(SCENES / f"images/{scene}.jpg")

edgel("detect", "-q", "--sigma", 2, "--low", 20, "--high", 60, "-o", "canny", SCENES / "images")
s = scores(scene, "canny")
edges = picture(WORK / f"canny/{scene}.png")
row("overview.jpg", [("source", photo), ("edges: edgel detect", edges), ("over the source", over(photo, edges)),
                     (f"edgel eval: F1 {s['f1']:.3f} within 3 px", judged(WORK / f"canny/{scene}.png", SCENES / f"boundaries/{scene}.png"))],
    320, 2)

methods = ["gaussian:sigma=3", "sobel", "roberts", "prewitt", "scharr", "canny:sigma=2,low=20,high=60"]
panels = []
for m in methods:
    name = m.split(":")[0]
    edgel("detect", "-q", "-m", m, "-o", f"{name}.png", SCENES / "images/10-drums.jpg")
    panels.append((f"-m {m}", picture(WORK / f"{name}.png")))
row("methods.jpg", panels, 300, 3)

panels = []
for low, high in ((10, 20), (20, 40), (60, 150)):
    edgel("detect", "-q", "--sigma", 2, "--low", low, "--high", high, "-o", f"t{low}.png", SCENES / "images/06-leaves.jpg")
    panels.append((f"--low {low} --high {high}", picture(WORK / f"t{low}.png")))
edgel("detect", "-q", "--sigma", 2, "--emit", "strength", "-o", "t.png", SCENES / "images/06-leaves.jpg")
row("thresholds.jpg", [*panels, ("--emit strength", picture(WORK / "t.png"))], 300, 2)

row("judged.jpg", [("truth", picture(SCENES / f"boundaries/{scene}.png")), ("prediction", edges),
                   ("green right, red false, blue missed", judged(WORK / f"canny/{scene}.png", SCENES / f"boundaries/{scene}.png"))], 300)

edgel("train", "-q", "--truth", SCENES / "masks", "--labels", "binary", "--arch", "unet-tiny", "--crop", 128, "--crops", 8, "--augment",
      "flip,vflip,turn,contrast:0.2", "--schedule", "cosine", "--epochs", 24, "--worst", 0, "-o", "run", SCENES / "images")
for emit, options in (("mask", []), ("probability", []), ("overlay", [])):
    edgel("segment", "-q", "-m", "run/best.safetensors", "--emit", emit, *options, "-o", f"seg_{emit}", SCENES / "images/03-coins.png")
row("segment.jpg", [("source", picture(SCENES / "images/03-coins.png")), ("--emit probability", picture(WORK / "seg_probability/03-coins.png")),
                    ("--emit mask", picture(WORK / "seg_mask/03-coins.png")), ("--emit overlay", picture(WORK / "seg_overlay/03-coins.png"))],
    300, 2)

edgel("train", "-q", "--truth", SCENES / "masks", "--labels", "binary", "--val-split", 0.25, "--arch", "unet-tiny", "--crop", 128, "--crops", 8,
      "--augment", "flip,vflip,turn,contrast:0.2", "--schedule", "cosine", "--epochs", 24, "--worst", 0, "-o", "watched", SCENES / "images")
shutil.copy(WORK / "watched/curves.svg", OUT)
