#!/usr/bin/env python3
"""Decodes every file of the decoder corpus and compares with its manifest.

    check_corpus.py DECODE_FILE [-v]

DECODE_FILE is the test program of that name. The corpus is $EDGEL_DATA/decoder_corpus (default: ../shared/data beside
the project); without it the check is skipped (exit code 77). Exit code 1 when any file behaves otherwise than it must.

What must happen follows from the manifest's column "expected". Where that leaves a choice, CHOICES says what edgel does;
where the reference decoder only warns, JPEG scan data and PNG CRC errors are refused strictly and decoded leniently,
other remarks on ancillary PNG chunks are decoded. Pixels are compared by the SHA-256 of the reference decoder's output:
pngtopam -alphapam (netpbm), djpeg -pnm (libjpeg-turbo); both are rebuilt here from the samples edgel decodes.
"""
import csv
import hashlib
import pathlib
import subprocess
import sys
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
from house import DATA, skip

OK, EFORMAT, ELIMIT, EUNSUPPORTED = 0, 4, 5, 6
CORPUS = DATA / "decoder_corpus"
BOMB_KIB, BOMB_SECONDS = 64 * 1024, 1.0

# expected -> what edgel does
CHOICES = {
    "decode; document whether orientation is applied": "decode",  # applied unless asked not to
    "decode (libpng accepts; pngcheck reports an error)": "decode",
    "decode (libpng warns)": "decode",
    "decode (by content) or reject with a clear message": "decode",
    "decode to RGB, or reject with a clear message": "decode",
    "decode the pixels; never inflate the text": "decode",
    "decode (flat) or reject; no crash": "decode",
    "decode (out-of-range index = black) or reject; no out-of-bounds read": "decode",
    "decode (ignore tRNS) or reject": "decode",
    "libjpeg-turbo >= 2.0 supplies the standard tables (MJPEG); else reject": "decode",
    "decode or reject by a size limit; memory bounded": "limit",
    "reject or bounded-memory partial decode (w*h limit)": "limit",
    "reject as unsupported (valid file)": "unsupported",
    "reject (libpng errors) / lenient decoders decode": "lenient",
    "reject (libpng) / lenient decoders decode": "lenient",
    "pixels complete, IEND missing/cut: decode or reject, no crash": "lenient",
    "libjpeg decodes with warning (rest grey); partial decode or reject, no crash": "lenient",
    "libjpeg decodes with warning; partial decode or reject, no crash": "reject or lenient",
    "decode with warnings or reject": "lenient",
    "decode with warnings (damaged pixels) or reject; no crash": "lenient",
    "reject or garbage; no crash": "reject or lenient",
}

# A format that the manifest's decoders do not know: decoded, or unsupported in a build without libtiff.
TIFF = "synthetic/tiff_named.png"


class Result:
    """What the test program says of one file."""

    def __init__(self, program, path, *options):
        start = time.monotonic()
        run = subprocess.run([program, *options, path], capture_output=True)
        self.seconds = time.monotonic() - start
        head, _, self.samples = run.stdout.partition(b"\n\n")
        self.crash = run.returncode != 0 or run.stderr != b""
        self.stderr = run.stderr.decode(errors="replace")
        self.field = dict(line.partition(" ")[::2] for line in head.decode(errors="replace").splitlines())
        self.status = int(self.field.get("status", -1))

    def __getitem__(self, key):
        return int(self.field[key])


def chunk_of_png(path, name):
    """Data of the first chunk of that name, or None."""
    data, at = path.read_bytes(), 8
    while at + 12 <= len(data):
        n = int.from_bytes(data[at:at + 4], "big")
        if data[at + 4:at + 8] == name:
            return data[at + 8:at + 8 + n]
        at += 12 + n
    return None


def pams_of_png(r, path):
    """The possible outputs of pngtopam -alphapam (11.01): always with alpha; gray of 1, 2, 4 bits with its own largest
    value; files with a palette of grays as gray or as RGB (one or the other from run to run); in RGB files the
    transparent colour is found only when it is black (Pillow finds the others, and agrees with edgel)."""
    w, h, channels, bits = r["w"], r["h"], r["channels"], r["bits"]
    size = 2 if r["type"] == 2 else 1
    maxval = 65535 if size == 2 else 255 if r["indexed"] or channels > 2 else (1 << bits) - 1
    samples = r.samples if maxval >= 255 else bytes(v * maxval // 255 for v in r.samples)
    step = channels * size
    opaque = maxval.to_bytes(size, "big") * (w * h)
    planes = [bytearray(opaque) for _ in range(channels)]
    for c, plane in enumerate(planes):
        for b in range(size):
            plane[b::size] = samples[c * size + b::step]
    alpha = planes.pop() if channels in (2, 4) else opaque
    if channels == 4 and r["stored_channels"] == 3:
        alpha = alpha if not any(chunk_of_png(path, b"tRNS")) else opaque
    plte = (chunk_of_png(path, b"PLTE") if r["indexed"] else None) or b"rgb"
    yield pam(w, h, maxval, size, [*planes, alpha])
    if plte[0::3] == plte[1::3] == plte[2::3]:
        yield pam(w, h, maxval, size, [planes[0], alpha])


def pam(w, h, maxval, size, planes):
    n = len(planes)
    out = bytearray(w * h * size * n)
    for c, plane in enumerate(planes):
        for b in range(size):
            out[c * size + b::n * size] = plane[b::size]
    kind = {2: "GRAYSCALE_ALPHA", 4: "RGB_ALPHA"}[n]
    head = f"P7\nWIDTH {w}\nHEIGHT {h}\nDEPTH {n}\nMAXVAL {maxval}\nTUPLTYPE {kind}\nENDHDR\n"
    return head.encode() + out


def pnm_of_jpeg(r):
    return f"P{5 if r['channels'] == 1 else 6}\n{r['w']} {r['h']}\n255\n".encode() + r.samples


def same_pixels(row, r):
    """True, False, or None when the reference has no pixels to compare with."""
    if not row["ref_sha256"]:
        return None
    candidates = pams_of_png(r, CORPUS / row["file"]) if r["format"] == 1 else [pnm_of_jpeg(r)]
    return any(hashlib.sha256(c).hexdigest() == row["ref_sha256"] for c in candidates)


def outcome_wanted(row):
    expected = row["expected"]
    if expected in CHOICES:
        return CHOICES[expected]
    if expected.startswith("decode (reference warns"):
        remark = row["kind"] == "png" and "CRC error" not in row["ref_message"]
        return "decode" if remark else "lenient"
    if expected == "decode" or expected.startswith("reject"):
        return expected.split(";")[0].split(" ")[0]
    return "unknown"


def check_decodes(row, r, wrong):
    if r.status != OK:
        wrong.append(f"must decode: {r.field['error']}")
    elif same_pixels(row, r) is False:
        wrong.append("pixels differ from the reference")


def check(program, row):
    """(what happened, what is wrong with it, the strict result)"""
    path = CORPUS / row["file"]
    kind = "full" if row["kind"] == "png" else "color"
    r = Result(program, path, kind)
    wanted = outcome_wanted(row)
    if row["file"] == TIFF:
        wanted = "decode" if r.status == OK else "unsupported"
    wrong = []
    lenient = Result(program, path, "lenient", kind)
    others = [Result(program, path, *o) for o in (["gray"], ["lenient", "gray"], ["labels"])]
    for x in (r, lenient, *others):
        if x.crash:
            wrong.append(f"crash: {x.stderr.strip()[:300]}")
    if wrong:
        return "crashed", wrong, r
    if not r.status == others[0].status == others[2].status:
        wrong.append("the status depends on what is asked for")
    if wanted == "decode":
        check_decodes(row, r, wrong)
    elif wanted == "unknown":
        wrong.append(f"this script does not know what to expect of: {row['expected']}")
    elif r.status not in (EFORMAT, ELIMIT, EUNSUPPORTED):
        wrong.append("must be rejected")
    elif not r.field["error"].startswith(str(path) + ": "):
        wrong.append("the message does not begin with the name")
    if wanted == "unsupported" and r.status != EUNSUPPORTED:
        wrong.append(f"must be unsupported: {r.field['error']}")
    if wanted == "limit" and (r.status != ELIMIT or "(max_" not in r.field["error"]):
        wrong.append(f"must be over a limit that is named: {r.field['error']}")
    if wanted == "lenient":
        check_decodes(row, lenient, wrong)
        if lenient.status == OK and not lenient.field["damage"]:
            wrong.append("lenient: the damage is not told")
    if wanted in ("reject", "limit", "unsupported") and lenient.status == OK and not lenient.field["damage"]:
        wrong.append("decoded leniently without telling a damage")
    state = "decoded" if r.status == OK else "rejected"
    return state + (", decoded leniently" if r.status != OK and lenient.status == OK else ""), wrong, r


def check_bomb(row, r, wrong):
    kib, seconds = r["peak_kib"], r.seconds
    if kib > BOMB_KIB:
        wrong.append(f"{kib} KiB of memory, more than {BOMB_KIB}")
    if seconds > BOMB_SECONDS:
        wrong.append(f"{seconds:.2f} s, more than {BOMB_SECONDS}")
    print(f"{row['file']}: {r.field['error'] or 'decoded'}; {kib / 1024:.1f} MiB, {seconds:.3f} s")


def main():
    program, verbose = sys.argv[1], "-v" in sys.argv[2:]
    if not (CORPUS / "MANIFEST.csv").is_file():
        skip(f"{CORPUS} is absent")
    with open(CORPUS / "MANIFEST.csv", newline="") as f:
        rows = list(csv.DictReader(f))
    counts, bad, compared = {}, 0, 0
    for row in rows:
        state, wrong, r = check(program, row)
        if "/bomb_" in row["file"]:
            check_bomb(row, r, wrong)
        counts[state] = counts.get(state, 0) + 1
        compared += r.status == OK and bool(row["ref_sha256"])
        bad += bool(wrong)
        if wrong or verbose:
            print(f"{row['file']}: {state} ({row['expected']}){''.join(': ' + w for w in wrong)}")
        elif row["expected"] not in ("decode", "reject"):
            print(f"{row['file']}: {state} ({row['expected']})")
    print(f"{len(rows)} files: " + ", ".join(f"{n} {state}" for state, n in sorted(counts.items())))
    print(f"{len(rows) - bad} as expected, {bad} not; {compared} compared with the reference's pixels")
    return 1 if bad else 0


sys.exit(main())
