#!/usr/bin/env python3
"""Input filter for doxygen: makes documentation of the plain comments of a public header.

A comment that stands on lines of its own belongs to the declaration below it; one at the end of a line to what stands before
it. Alignment inside comments is kept: a comment of more than one paragraph or with indented columns is shown as it is written.
"""
import re
import sys

text = open(sys.argv[1]).read()
first = re.match(r"/\*(.*?)\*/", text, re.S)


def body(raw):
    lines = [re.sub(r"^\s*\* ?", "", line) for line in raw.strip("\n").split("\n")]
    return [line.rstrip() for line in lines]


def block(m):
    if m.start() == 0:
        lines = body(m[1])
        return "/** @file\n" + "\n".join(lines) + "\n*/"
    if m[1].strip().startswith("---"):
        return ""
    lines = body(m[1])
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    if any(re.search(r"\S {2,}\S", line) for line in lines):  # columns: arguments and what they are
        out, inside = [], False
        for line in lines:
            columns = bool(re.search(r"\S {2,}\S", line)) or (inside and line.startswith(" "))
            if columns != inside:
                out.append("@verbatim" if columns else "@endverbatim")
                inside = columns
            out.append(line)
        lines = out + (["@endverbatim"] if inside else [])
    return "/**\n" + "\n".join(lines) + "\n*/"


out, at = [], 0
for m in re.finditer(r"/\*(.*?)\*/", text, re.S):
    line = text[text.rfind("\n", 0, m.start()) + 1:m.start()]
    out.append(text[at:m.start()])
    out.append(block(m) if not line.strip() else "/**< " + " ".join(body(m[1])).strip() + " */")
    at = m.end()
sys.stdout.write("".join(out) + text[at:])
