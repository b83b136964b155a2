#!/usr/bin/env python3
"""Compares the schema tables of onnxsh with the packages they were made from: the newest onnx and PyTorch, and, under the
Python of --torch113, PyTorch 1.13.

Every version of every ONNX operator is compared in every fact of it; every PyTorch schema in its text, order and version.
"""
import argparse
import json
import os
import struct
import subprocess
import sys

ATTR_NAMES = {"FLOAT": "float", "INT": "int", "STRING": "string", "TENSOR": "tensor", "GRAPH": "graph", "FLOATS": "floats",
              "INTS": "ints", "STRINGS": "strings", "TENSORS": "tensors", "GRAPHS": "graphs", "SPARSE_TENSOR": "sparse_tensor",
              "TYPE_PROTO": "type"}
UNBOUNDED = 2147483647


def f32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def default_of(a):
    d = a.default_value
    if d is None or not d.type:
        return None
    return {1: lambda: f32(d.f), 2: lambda: d.i, 3: lambda: d.s.decode(), 7: lambda: list(d.ints),
            8: lambda: [s.decode() for s in d.strings]}[d.type]()


def param_of(p):
    return {"name": p.name, "type": p.type_str, "option": p.option.name.lower(), "min_arity": p.min_arity,
            "homogeneous": p.is_homogeneous}


def count(n):
    return None if n == UNBOUNDED else n


def facts_of_package(s):
    return {
        "since": s.since_version, "deprecated": s.deprecated, "function": s.has_function or
        s.has_context_dependent_function, "experimental": s.support_level.name == "EXPERIMENTAL",
        "min_inputs": s.min_input, "max_inputs": count(s.max_input),
        "min_outputs": s.min_output, "max_outputs": count(s.max_output),
        "inputs": [param_of(p) for p in s.inputs], "outputs": [param_of(p) for p in s.outputs],
        "attributes": {n: (ATTR_NAMES[a.type.name], a.required, default_of(a)) for n, a in s.attributes.items()},
        "types": {c.type_param_str: sorted(c.allowed_type_strs) for c in s.type_constraints},
    }


def facts_of_table(v):
    def params(rows):
        return [dict(p, homogeneous=p.get("homogeneous", False)) for p in rows]

    def default(a):
        d = a.get("default")
        return f32(d) if a["type"] == "float" and d is not None else d
    return {
        "since": v["since"], "deprecated": v.get("deprecated", False), "function": v.get("function", False),
        "experimental": v.get("experimental", False),
        "min_inputs": v["min_inputs"], "max_inputs": v["max_inputs"],
        "min_outputs": v["min_outputs"], "max_outputs": v["max_outputs"],
        "inputs": params(v["inputs"]), "outputs": params(v["outputs"]),
        "attributes": {a["name"]: (a["type"], a.get("required", False), default(a)) for a in v["attributes"]},
        "types": {t["name"]: sorted(t["allowed"]) for t in v["types"]},
    }


def compare_onnx(rows):
    import onnx.defs
    newest = max(v["since"] for r in rows if not r["domain"] for v in r["versions"])
    if onnx.defs.onnx_opset_version() < newest:
        print("onnx %s: older than the table, not compared" % onnx.__version__)
        return 0
    table = {(r["domain"], r["name"], v["since"]): facts_of_table(v) for r in rows for v in r["versions"]}
    package = {(s.domain, s.name, s.since_version): facts_of_package(s)
               for s in onnx.defs.get_all_schemas_with_history()}
    bad = 0
    for key in sorted(set(table) | set(package)):
        a, b = table.get(key), package.get(key)
        if a == b:
            continue
        bad += 1
        print("  differs: %s" % (key,))
        for fact in (a or b):
            if a is None or b is None or a[fact] != b[fact]:
                print("    %s: table %r, package %r" % (fact, a and a[fact], b and b[fact]))
    facts = sum(len(f["inputs"]) + len(f["outputs"]) + len(f["attributes"]) + len(f["types"]) for f in package.values())
    print("figure: %d of %d schemas of onnx %s equal in all of %d parameters, attributes and type variables; %d in the table"
          % (len(package) - bad, len(package), onnx.__version__, facts, len(table)))
    return bad


def compare_torch(rows):
    import torch
    version = ".".join(torch.__version__.split(".")[:2])

    def number(v):
        return int(v.split(".")[0]) * 100 + int(v.split(".")[1])

    def key(schema):
        return schema.replace("SymInt", "int")
    package, table = {}, {}
    for s in torch._C._jit_get_all_schemas():
        if not s.name.startswith("onnx::"):  # a name that the tool answers with the ONNX operator
            package.setdefault(s.name, []).append(str(s))
    for r in rows:
        for o in r["overloads"]:
            if number(o["first"]) <= number(version) <= number(o["last"]) and not r["name"].startswith("torchvision::"):
                table.setdefault(r["name"], []).append(o["schema"])
    newest = version == max((o["last"] for r in rows for o in r["overloads"]), key=number)
    bad = 0
    for name in sorted(set(table) | set(package)):
        a, b = table.get(name, []), package.get(name, [])
        if not newest:
            a, b = sorted(map(key, a)), sorted(map(key, b))
        if a != b:
            bad += 1
            print("  differs: %s\n    table   %s\n    package %s" % (name, a, b))
    print("figure: %d of %d operators of PyTorch %s equal in all of %d schemas%s"
          % (len(package) - bad, len(package), version, sum(map(len, package.values())),
             " and their order" if newest else " (SymInt read as int, order not compared)"))
    return bad


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--build", required=True)
    ap.add_argument("--torch113")
    args, _ = ap.parse_known_args()
    tool = os.path.join(args.build, "tests", "schema_dump")
    rows = [json.loads(line) for line in subprocess.run([tool], check=True, capture_output=True).stdout.splitlines()]
    bad = 0
    for module, compare, key in (("onnx", compare_onnx, "versions"), ("torch", compare_torch, "overloads")):
        try:
            __import__(module)
        except ImportError:
            print("%s: not installed, not compared" % module)
            continue
        bad += compare([r for r in rows if key in r])
    if args.torch113:
        sys.stdout.flush()
        bad += subprocess.run([args.torch113, os.path.abspath(__file__), "--build", args.build]).returncode
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
