#!/usr/bin/env python3
"""The table of PyTorch's operator schemas.

    python3 src/schema/gen_aten.py add     adds the schemas of the PyTorch that runs it (torchvision's operators too,
                                           if it is there) to data/torch_schemas.txt
    python3 src/schema/gen_aten.py         writes tables/aten_table.c from that file; needs no PyTorch

Each line of the file is: first version that has the schema, last one, the schema as PyTorch prints it. The lines of one
operator stand in the order in which the newest PyTorch registers them, then those that only older ones have. SymInt is
int here: where two versions differ in that alone they are one schema, and the newer text is kept.
"""
import os
import re
import struct
import sys

import gen_tables as gt

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "data", "torch_schemas.txt")

KINDS = ["UNKNOWN", "ANY", "TENSOR", "INT", "FLOAT", "BOOL", "COMPLEX", "SCALAR", "STR", "DTYPE", "LAYOUT",
         "MEMORY_FORMAT", "DEVICE", "GENERATOR", "STORAGE", "NONE", "CLASS", "OTHER"]
WORDS = {"Tensor": "TENSOR", "int": "INT", "SymInt": "INT", "float": "FLOAT", "SymFloat": "FLOAT", "bool": "BOOL",
         "SymBool": "BOOL", "complex": "COMPLEX", "Scalar": "SCALAR", "str": "STR", "ScalarType": "DTYPE",
         "Layout": "LAYOUT", "MemoryFormat": "MEMORY_FORMAT", "Device": "DEVICE", "Generator": "GENERATOR",
         "Storage": "STORAGE", "NoneType": "NONE", "Any": "ANY", "AnyClassType": "ANY"}
GENERIC = ("Dict", "Future", "RRef", "Await", "Union", "Tuple")
CONSTS = ["ABSENT", "NONE", "BOOL", "INT", "FLOAT", "STR", "INTS", "OTHER"]
MUTATES, ALIASES = 1, 2
KWARG, RETURN_FLAGS = 1, 0
VARARG, VARRET, OUT, INPLACE = 1, 2, 4, 8


# ---- the file of schemas ----

def key_of(schema):
    return schema.replace("SymInt", "int")


def name_of(schema):
    return re.match(r"[\w:]+", schema).group(0)


def number(version):
    major, minor = version.split(".")
    return int(major) * 100 + int(minor)


def read_data():
    rows = []
    if os.path.exists(DATA):
        with open(DATA) as f:
            for line in f:
                first, last, schema = line.rstrip("\n").split(" ", 2)
                rows.append([first, last, schema])
    return rows


def add():
    import torch
    mine = [str(s) for s in torch._C._jit_get_all_schemas()]
    try:
        import torchvision  # noqa: F401  registers its operators; those for reading images and videos are left out
        mine += [str(s) for s in torch._C._jit_get_all_schemas() if str(s).startswith("torchvision::")]
    except ImportError:
        pass
    version = ".".join(torch.__version__.split(".")[:2])
    old = {key_of(row[2]): row for row in read_data()}
    newer = all(number(version) >= number(row[1]) for row in old.values())
    rows = {}
    for schema in mine if newer else []:
        first = old[key_of(schema)][0] if key_of(schema) in old else version
        rows[key_of(schema)] = [first, version, schema]
    for key, row in old.items():
        rows.setdefault(key, row)
    for schema in mine:
        row = rows.setdefault(key_of(schema), [version, version, schema])
        if number(version) < number(row[0]):
            row[0] = version
    by_name = {}
    for row in rows.values():
        by_name.setdefault(name_of(row[2]), []).append(row)
    with open(DATA, "w") as f:
        for name in sorted(by_name):
            for row in by_name[name]:
                f.write(" ".join(row) + "\n")
    print("%d schemas of PyTorch %s, %d in all" % (len(mine), version, len(rows)))


# ---- reading a schema ----

def split(text):
    """Splits at commas outside parentheses, brackets and quotes."""
    parts, depth, quoted, start, i = [], 0, False, 0, 0
    while i < len(text):
        c = text[i]
        if quoted and c == "\\":
            i += 1
        elif c == '"':
            quoted = not quoted
        elif not quoted:
            depth += (c in "([") - (c in ")]")
            if c == "," and depth == 0:
                parts.append(text[start:i].strip())
                start = i + 1
        i += 1
    if text[start:].strip():
        parts.append(text[start:].strip())
    return parts


def closing(text, start):
    """The index of the parenthesis that closes the one at start."""
    depth, quoted, i = 0, False, start
    while True:
        c = text[i]
        if quoted and c == "\\":
            i += 1
        elif c == '"':
            quoted = not quoted
        elif not quoted:
            depth += (c == "(") - (c == ")")
            if depth == 0:
                return i
        i += 1


def parse_type(text):
    """(kind, wraps from the inside out, N of [N], flags)"""
    flags = 0
    word = re.match(r"[\w.]*", text).group(0)
    at = len(word)
    if word in GENERIC or not word:
        at = closing(text, at) + 1
        kind = "OTHER"
    elif word in WORDS:
        kind = WORDS[word]
    elif word.startswith("__torch__."):
        kind = "CLASS"
    else:
        kind = "ANY" if re.fullmatch(r"t\w*", word) else "OTHER"
    wraps, size = [], 0
    while at < len(text):
        if text[at] == "(":
            end = closing(text, at)
            flags |= ALIASES | (MUTATES if "!" in text[at:end] else 0)
            at = end + 1
        elif text[at] == "?":
            wraps.append(2)
            at += 1
        else:
            end = text.index("]", at)
            assert text[at] == "[", text
            if text[at + 1:end]:
                size = int(text[at + 1:end])
            wraps.append(1)
            at = end + 1
    assert len(wraps) <= 4, text
    return kind, wraps, size, flags


def parse_arg(text):
    """(type text, name, default text or None)"""
    end = len(text)
    quoted = depth = 0
    for i, c in enumerate(text):
        if c == '"':
            break
        depth += (c in "([") - (c in ")]")
        if c == "=" and depth == 0:
            end = i
            break
    head, default = text[:end], text[end + 1:] if end < len(text) else None
    m = re.fullmatch(r"(.*[^ ]) (\w+)", head)
    if m and not (m.group(1).count("(") != m.group(1).count(")")):
        return m.group(1), m.group(2), default
    return head, "", default


def parse(schema):
    m = re.match(r"([\w:]+)(?:\.(\w+))?\(", schema)
    end = closing(schema, m.end() - 1)
    result = {"name": m.group(1), "overload": m.group(2) or "", "args": [], "returns": [], "flags": 0}
    kwarg = False
    for part in split(schema[m.end():end]):
        if part == "*":
            kwarg = True
        elif part == "...":
            result["flags"] |= VARARG
        else:
            result["args"].append((*parse_arg(part), kwarg))
    tail = schema[end + 1:]
    assert tail.startswith(" -> "), schema
    tail = tail[4:]
    parts = split(tail[1:-1]) if tail.startswith("(") and closing(tail, 0) == len(tail) - 1 else [tail]
    for part in parts:
        if part == "...":
            result["flags"] |= VARRET
        else:
            result["returns"].append((*parse_arg(part), False))
    types = [parse_type(a[0]) for a in result["args"]]
    if any(a[3] and t[3] & MUTATES for a, t in zip(result["args"], types)):
        result["flags"] |= OUT
    base = result["name"].split("::")[1]
    inplace = re.fullmatch(r".*[^_]_|__i\w+__", base)
    if inplace and types and types[0][3] & MUTATES:
        result["flags"] |= INPLACE
    return result


# ---- the table ----

def inert_of(name, arg):
    import aten_inert
    for pattern, argument, when, reason in aten_inert.ROWS:
        if argument == arg and re.fullmatch(pattern, name):
            return when, reason
    return 0, None


def unescape(text):
    return re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t", "f": "\f", "v": "\v", "r": "\r"}.get(m.group(1), m.group(1)),
                  text)


class Table:
    def __init__(self):
        self.texts, self.names = gt.Texts(), gt.Texts()
        self.types, self.consts, self.args = gt.Rows(), gt.Rows(), gt.Rows()
        self.reasons = gt.Rows()
        self.lists, self.ints, self.floats = gt.Runs(), gt.Runs(), gt.Runs()
        self.ops, self.schemas = [], []
        self.reasons.add(0)
        self.const(None)

    def type(self, text):
        kind, wraps, size, flags = parse_type(text)
        packed = sum(w << (2 * i) for i, w in enumerate(wraps))
        return self.types.add((self.texts.add(text), KINDS.index(kind), packed, size, flags))

    def const(self, text):
        kind, n, value = "OTHER", 0, 0
        if text is None:
            kind = "ABSENT"
        elif text == "None":
            kind = "NONE"
        elif text in ("True", "False"):
            kind, value = "BOOL", int(text == "True")
        elif re.fullmatch(r"-?\d+", text):
            kind, value = "INT", self.ints.add([int(text)])
        elif re.fullmatch(r"-?[\d.]+(e-?\d+)?", text):
            kind = "FLOAT"
            value = self.floats.add(["0x%xu" % struct.unpack("<Q", struct.pack("<d", float(text)))[0]])
        elif text.startswith('"'):
            data = unescape(text[1:-1]).encode()
            kind, n, value = "STR", len(data), self.texts.add(data)
        elif re.fullmatch(r"\[(-?\d+(, )?)*\]", text):
            numbers = [int(x) for x in text[1:-1].split(",") if x]
            kind, n, value = "INTS", len(numbers), self.ints.add(numbers)
        return self.consts.add((self.texts.add(text or ""), CONSTS.index(kind), n, value))

    def arg(self, op, row):
        type_text, name, default, kwarg = row
        when, reason = inert_of(op, name)
        reason = self.reasons.add(self.texts.add(reason)) if reason else 0
        return self.args.add((self.texts.add(name), self.type(type_text), self.const(default),
                              (1 if kwarg else 0) | when << 1, reason))

    def fill(self, rows):
        versions = sorted({v for row in rows for v in row[:2]}, key=number)
        by_name = {}
        for first, last, schema in rows:
            by_name.setdefault(name_of(schema), []).append((first, last, parse(schema)))
        for name in sorted(by_name):
            self.ops.append((self.names.add(name), len(self.schemas), len(by_name[name])))
            for first, last, s in by_name[name]:
                args = [self.arg(name, a) for a in s["args"]]
                returns = [self.arg("", r) for r in s["returns"]]
                self.schemas.append((len(self.ops) - 1, self.texts.add(s["overload"]), self.lists.add(args + returns),
                                     len(args), len(returns), s["flags"], versions.index(first), versions.index(last)))
        return [gt.hash_name(name.encode()) for name in sorted(by_name)], [number(v) for v in versions]


def main():
    rows = read_data()
    t = Table()
    hashes, versions = t.fill(rows)
    slots = gt.hash_slots(hashes)
    out = ["/* Generated by src/schema/gen_aten.py from data/torch_schemas.txt. Do not edit. */",
           '#include "schema/aten_rows.h"', "", "/* clang-format off */"]
    t.texts.emit(out, "ox__aten_text")
    t.names.emit(out, "ox__aten_names")
    gt.emit_rows(out, "ox__aten_op", "ox__aten_ops", t.ops)
    gt.emit_rows(out, "ox_aten_schema", "ox__aten_schemas", t.schemas)
    gt.emit_rows(out, "ox__aten_arg", "ox__aten_args", t.args.items())
    gt.emit_rows(out, "ox__aten_type", "ox__aten_types", t.types.items())
    gt.emit_rows(out, "ox__aten_const", "ox__aten_consts", t.consts.items())
    gt.emit_numbers(out, "uint16_t", "ox__aten_reasons", t.reasons.items())
    gt.emit_numbers(out, "uint16_t", "ox__aten_lists", t.lists.items)
    gt.emit_numbers(out, "int64_t", "ox__aten_ints", t.ints.items)
    gt.emit_numbers(out, "uint64_t", "ox__aten_floats", t.floats.items)
    gt.emit_numbers(out, "uint16_t", "ox__aten_slots", slots)
    gt.emit_numbers(out, "uint16_t", "ox__aten_versions", versions)
    out.append("const ox__aten_sizes ox__aten_n = {%d, %d, %d};" % (len(t.ops), len(t.schemas), len(slots)))
    limits = {"texts": (t.texts.size, 65536), "types": (len(t.types.items()), 256), "lists": (len(t.lists.items), 65536),
              "consts": (len(t.consts.items()), 256), "args": (len(t.args.items()), 65536)}
    for what, (n, limit) in limits.items():
        assert n <= limit, (what, n)
    gt.write(os.path.join(HERE, "tables", "aten_table.c"), out)
    print("%d schemas of %d operators" % (len(t.schemas), len(t.ops)), limits)


add() if sys.argv[1:] == ["add"] else main()
