#!/usr/bin/env python3
"""Writes tables/onnx_table.c, every version of every ONNX operator, from the installed `onnx` package.

    python3 src/schema/gen_onnx.py        (run it with the newest onnx release)

Only facts are taken (names, counts, types, defaults, versions), no documentation text.
"""
import os
import struct

import onnx
import onnx.defs
import onnx.helper

import gen_tables as gt

HERE = os.path.dirname(os.path.abspath(__file__))
KINDS = {"FLOAT": 1, "INT": 2, "STRING": 3, "TENSOR": 4, "GRAPH": 5, "FLOATS": 6, "INTS": 7, "STRINGS": 8,
         "TENSORS": 9, "GRAPHS": 10, "SPARSE_TENSOR": 11, "SPARSE_TENSORS": 12, "TYPE_PROTO": 13, "TYPE_PROTOS": 14}
OPTIONS = {"Single": 0, "Optional": 1, "Variadic": 2}
DEPRECATED, EXPERIMENTAL, FUNCTION = 1, 2, 4
REQUIRED, HAS_DEFAULT = 1, 2
DTYPES = {name.lower(): number for name, number in onnx.TensorProto.DataType.items() if number}


class Sets:
    """Sets of types as five masks each: tensor, seq(tensor), optional(tensor), optional(seq(tensor)), others."""

    def __init__(self):
        self.rows = gt.Rows()
        self.others = []

    def add(self, types):
        masks = [0, 0, 0, 0, 0]
        for text in types:
            for field, form in enumerate(("tensor(%s)", "seq(tensor(%s))", "optional(tensor(%s))",
                                          "optional(seq(tensor(%s)))")):
                head, tail = form.split("%s")
                name = text[len(head):len(text) - len(tail)]
                if text.startswith(head) and text.endswith(tail) and name in DTYPES:
                    masks[field] |= 1 << DTYPES[name]
                    break
            else:
                if text not in self.others:
                    self.others.append(text)
                masks[4] |= 1 << self.others.index(text)
        assert len(self.others) <= 32
        return self.rows.add(tuple("0x%x" % m for m in masks))


class Table:
    def __init__(self):
        self.texts, self.sets = gt.Texts(), Sets()
        self.params, self.attrs, self.vars = gt.Rows(), gt.Rows(), gt.Rows()
        self.lists = gt.Runs()
        self.ints = gt.Runs()
        self.schemas, self.ops = [], []

    def param(self, p, variables):
        text = p.type_str
        types = 0 if text in variables else self.sets.add([text])
        flags = OPTIONS[p.option.name] | (4 if p.is_homogeneous else 0)
        return self.params.add((self.texts.add(p.name), self.texts.add(text), types, flags, p.min_arity))

    def attr(self, a):
        kind = KINDS[a.type.name]
        flags, n, value = (REQUIRED if a.required else 0), 0, 0
        d = a.default_value
        if d is not None and d.type:
            assert d.type == kind, a.name
            flags |= HAS_DEFAULT
            if kind == 1:
                value = "0x%x" % struct.unpack("<I", struct.pack("<f", d.f))[0]
            elif kind == 2:
                value = self.ints.add([d.i])
            elif kind == 3:
                value = self.texts.add(d.s)
            elif kind == 7:
                n, value = len(d.ints), self.ints.add(list(d.ints))
            elif kind == 8:
                # The texts of a list default stand side by side: they are pooled as one text with NULs inside.
                n, value = len(d.strings), self.texts.add(b"\0".join(d.strings))
            else:
                raise ValueError("a default of kind %d: %s" % (kind, a.name))
        return self.attrs.add((self.texts.add(a.name), kind, flags, n, value))

    def schema(self, s, domain):
        variables = {c.type_param_str for c in s.type_constraints}
        inputs = [self.param(p, variables) for p in s.inputs]
        outputs = [self.param(p, variables) for p in s.outputs]
        attrs = [self.attr(s.attributes[name]) for name in sorted(s.attributes)]
        constraints = [self.vars.add((self.texts.add(c.type_param_str), self.sets.add(c.allowed_type_strs)))
                       for c in s.type_constraints]
        flags = ((DEPRECATED if s.deprecated else 0)
                 | (EXPERIMENTAL if s.support_level == onnx.defs.OpSchema.SupportType.EXPERIMENTAL else 0)
                 | (FUNCTION if s.has_function or s.has_context_dependent_function else 0))
        counts = [min(c, 0xFFFF) for c in (s.min_input, s.max_input, s.min_output, s.max_output)]
        assert all(c == 0xFFFF or c < 1000 for c in counts)
        self.schemas.append((len(self.ops), s.since_version, self.lists.add(inputs + outputs), self.lists.add(attrs),
                             self.lists.add(constraints), *counts, len(inputs), len(outputs), len(attrs),
                             len(constraints), flags))

    def fill(self, domains):
        by_op = {}
        for s in onnx.defs.get_all_schemas_with_history():
            by_op.setdefault((domains.index(s.domain), s.name), []).append(s)
        for (domain, name), versions in sorted(by_op.items()):
            first = len(self.schemas)
            for s in sorted(versions, key=lambda v: v.since_version):
                self.schema(s, domain)
            self.ops.append((self.texts.add(name), first, len(versions), domain))
        return [gt.hash_name(name.encode(), domain) for domain, name in sorted(by_op)]


def ir_rows(domains):
    """(domain, opset, lowest IR) where the IR rises, from the package's own table of releases."""
    rows = []
    for column, domain in ((2, ""), (3, "ai.onnx.ml"), (4, "ai.onnx.preview.training")):
        ir_at = 0
        for row in sorted((r for r in onnx.helper.VERSION_TABLE if len(r) > column), key=lambda r: (r[1], r[column])):
            opset, ir = row[column], row[1]
            if ir > ir_at and (not rows or rows[-1][0] != domains.index(domain) or opset > rows[-1][1]):
                rows.append((domains.index(domain), opset, ir))
                ir_at = ir
    return rows


def main():
    schemas = onnx.defs.get_all_schemas_with_history()
    newest = {}
    for s in schemas:
        newest[s.domain] = max(newest.get(s.domain, 0), s.since_version)
    newest[""] = onnx.defs.onnx_opset_version()
    domains = sorted(newest)
    t = Table()
    hashes = t.fill(domains)
    slots = gt.hash_slots(hashes)
    dtype_names = [""] * (max(DTYPES.values()) + 1)
    for name, number in DTYPES.items():
        dtype_names[number] = name
    out = ["/* Generated by src/schema/gen_onnx.py from the package onnx %s. Do not edit. */" % onnx.__version__,
           '#include "schema/onnx_rows.h"', "",
           "/* clang-format off */"]
    domain_rows = [(t.texts.add(d), newest[d]) for d in domains]
    dtype_rows = [t.texts.add(n) for n in dtype_names]
    other_rows = [t.texts.add(n) for n in t.sets.others]
    t.texts.emit(out, "ox__onnx_text")
    gt.emit_rows(out, "ox__onnx_domain", "ox__onnx_domains", domain_rows)
    gt.emit_rows(out, "ox__onnx_op", "ox__onnx_ops", t.ops)
    gt.emit_rows(out, "ox_op_schema", "ox__onnx_schemas", t.schemas)
    gt.emit_rows(out, "ox__onnx_param", "ox__onnx_params", t.params.items())
    gt.emit_rows(out, "ox__onnx_attr", "ox__onnx_attrs", t.attrs.items())
    gt.emit_rows(out, "ox__onnx_var", "ox__onnx_vars", t.vars.items())
    gt.emit_rows(out, "ox_type_set", "ox__onnx_sets", t.sets.rows.items())
    gt.emit_numbers(out, "uint16_t", "ox__onnx_lists", t.lists.items)
    gt.emit_numbers(out, "int64_t", "ox__onnx_ints", t.ints.items)
    gt.emit_numbers(out, "uint16_t", "ox__onnx_slots", slots)
    gt.emit_numbers(out, "uint16_t", "ox__onnx_dtype_names", dtype_rows)
    gt.emit_numbers(out, "uint16_t", "ox__onnx_other_types", other_rows)
    gt.emit_rows(out, "ox__onnx_ir", "ox__onnx_irs", ir_rows(domains))
    out.append("const ox__onnx_sizes ox__onnx_n = {%d, %d, %d, %d, %d, %d, %d, %d};" % (
        len(t.schemas), len(t.ops), len(domains), len(slots), len(dtype_names), len(t.sets.others),
        len(ir_rows(domains)), onnx.IR_VERSION))
    assert t.texts.size < 0x10000
    gt.write(os.path.join(HERE, "tables", "onnx_table.c"), out)
    print("%d schemas of %d operators, %d texts bytes" % (len(t.schemas), len(t.ops), t.texts.size))


main()
