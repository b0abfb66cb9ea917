#!/usr/bin/env python3
"""Holds the reader of JSON against Python's json module on mutated documents: what is read, and every value of it.

usage: check_json_python.py JSON_FILE [N [SEED]]

JSON_FILE is the program of tests/core/json_file.c. N documents (default 50,000) are cut, flipped and sewn together from a few
seeds. Python's module is made strict by hooks: no NaN and Infinity, no key twice, no number beyond double, UTF-8 alone,
no lone surrogate but U+DC80 to U+DCFF, no U+0000 in strings, at most 512 containers inside each other.
"""
import json
import random
import struct
import subprocess
import sys

SEEDS = [
    '{"schema":"edgel.counts/1","a":[1,-2,3.5e-7,true,null,0.1,1E+22],"b":{"c":"\\u00e9\\ud83d\\ude00\\udc80","d":"é€😀"}}',
    '[{"image_id":1,"category_id":2,"segmentation":{"size":[4,4],"counts":"0:4\\\\2"}},[],{},"",false,-0.0,123456789012]',
    '{"1":1,"2":[[[["\\n\\t\\/\\b\\f\\r\\"\\\\"]]]],"3":{"4":{"5":{}}},"k\\u0041":9223372036854775807,"x":-9223372036854775808}',
    "-12.5e3", '"a"', "[1e308,1e-320,0.30000000000000004,5e-324,12345678901234567890]",
]
PIECES = [b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"\\u", b"\\udc80", b"\\ud800", b"\\u0000", b"-", b"0", b"1e9", b".", b"e",
          b"null", b"\xc3", b"\xe2\x82\xac", b"\t", b" ", b'{"a":1}', b'"a":', b"[[", b"1E400", b"\\n", b"NaN", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"]


class Refused(ValueError):
    pass


def refuse(*_):
    raise Refused


def members(pairs):
    if len({k for k, _ in pairs}) != len(pairs):
        raise Refused
    return dict(pairs)


def real(text):
    v = float(text)
    if v in (float("inf"), float("-inf")):
        raise Refused
    return v


def whole(text):
    v = int(text)
    return v if -2**63 <= v < 2**63 else real(text)


def as_hex(text):
    out = bytearray()
    for c in text:
        o = ord(c)
        if o == 0 or 0xD800 <= o <= 0xDFFF and not 0xDC80 <= o <= 0xDCFF:
            raise Refused
        out += bytes([o - 0xDC00]) if 0xDC80 <= o <= 0xDCFF else c.encode()
    return "s" + out.hex()


def show(v, depth=0):
    if depth > 512:
        raise Refused
    if v is None or isinstance(v, bool):
        return {None: "n", True: "t", False: "f"}[v]
    if isinstance(v, int):
        return f"i{v}"
    if isinstance(v, float):
        return f"r{struct.unpack('<Q', struct.pack('<d', v))[0]:016x}"
    if isinstance(v, str):
        return as_hex(v)
    if isinstance(v, list):
        return "[" + "".join(show(x, depth + 1) + "," for x in v) + "]"
    return "{" + "".join(as_hex(k) + ":" + show(x, depth + 1) + "," for k, x in v.items()) + "}"


DECODER = json.JSONDecoder(object_pairs_hook=members, parse_constant=refuse, parse_float=real, parse_int=whole)


def expected(document):
    try:
        text = document.decode()
        if text.strip(" \t\r\n") != text.strip():  # Python's strip takes more than JSON's white space
            return "no"
        return "yes " + show(DECODER.decode(text))
    except (ValueError, RecursionError):
        return "no"


def mutant(r):
    s = bytearray(r.choice(SEEDS).encode())
    for _ in range(r.randint(0, 4)):
        at = r.randrange(len(s) + 1)
        what = r.randrange(5)
        if what == 0 and r.random() < 0.3:
            del s[at:]
        elif what == 1 and at < len(s):
            s[at] ^= 1 << r.randrange(8)
        elif what == 2:
            del s[at:at + 1]
        else:
            s[at:at] = r.choice(PIECES)
    return bytes(s).replace(b"\n", b" ")


r = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
documents = [mutant(r) for _ in range(int(sys.argv[2]) if len(sys.argv) > 2 else 50000)]
answers = subprocess.run([sys.argv[1]], input=b"\n".join(documents) + b"\n", stdout=subprocess.PIPE, check=True).stdout.decode().split("\n")
answers.pop()
assert len(answers) == len(documents)
bad = read = 0
for document, answer in zip(documents, answers):
    want = expected(document)
    read += answer != "no"
    if want != answer:
        bad += 1
        if bad <= 5:
            print(f"{document!r}\n  Python {want}\n  here   {answer}")
print(f"{len(documents)} documents, {read} read, {bad} differ")
sys.exit(bad > 0 or read == 0)
