#!/usr/bin/env python3
"""Finds dead links: files and headings that the project's texts point to, and in a built site everything its pages name.

    check_links.py [SITE]
"""
import html
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
bad, seen = [], 0


def texts():
    return [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("data/**/*.md")]


def headings(path):
    """Anchors of a text, as they are made of its headings: lower case, words joined by hyphens."""
    lines = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.S | re.M)
    return {re.sub(r"[\s]+", "-", re.sub(r"[^\w\s-]", "", h).strip().lower()) for h in re.findall(r"^#+ (.*)$", lines, re.M)}


def check(where, link, anchors):
    global seen
    path, _, anchor = link.partition("#")
    if re.match(r"[a-z]+:", path):
        return
    seen += 1
    target = (where.parent / path).resolve() if path else where
    if not target.exists():
        bad.append(f"{where}: {link}: no such file")
    elif anchor and target.is_file() and anchor not in anchors(target):
        bad.append(f"{where}: {link}: no such heading")


for text in texts():
    plain = re.sub(r"^```.*?^```", "", text.read_text(), flags=re.S | re.M)
    for link in re.findall(r"\]\(([^)\s]+)\)", plain):
        check(text, link, headings)
if len(sys.argv) > 1:
    site = pathlib.Path(sys.argv[1])
    ids = {}

    def anchors_of(page):
        if page not in ids:
            ids[page] = set(re.findall(r'\b(?:id|name)="([^"]+)"', page.read_text(errors="replace")))
        return ids[page]

    for page in site.glob("**/*.html"):
        for link in re.findall(r'\b(?:href|src)="([^"]+)"', page.read_text(errors="replace")):
            link = html.unescape(link)
            if not link.startswith(("javascript:", "data:")) and "$relpath" not in link:
                check(page, link, anchors_of)
print("\n".join(bad) or f"{seen} links, none dead")
sys.exit(bool(bad) or not seen)
