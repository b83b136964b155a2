#!/usr/bin/env python3
"""Holds onnxsh's checks against onnx.checker.

The corpus is libonnx-testdata, the models of the onnx package and N seeded mutants of small models from them. A model
is refused here if it does not open or if a check of structure, schema or data finds an error; there, if
onnx.checker.check_model(full_check=False) raises. Where the two differ on purpose a rule below says so; any other
difference is listed and fails the test. Type findings are held against full_check=True: a model that passes that must
have none.
"""
import argparse
import collections
import os
import random
import subprocess
import sys
import tempfile

import onnx
from onnx import checker, helper

import suite

TYPES = {"type-not-allowed", "type-mismatch", "initializer-type"}
# What we refuse and the checker lets pass, with the reason: finding -> why.
STRICTER = {
    "missing-type": "an input or output of unknown element type",
    "attribute-reference": "a reference that nothing resolves",
    "function-call": "a call that passes more than the function takes",
    "undefined-output": "a function that returns what nothing makes",
    "unknown-operator": "an operator in a domain of the newest onnx that the checker does not list",
    "sparse-tensor": "indices out of order",
    "tensor-type": "an element type that no ONNX has",
    "missing-data": "external data that is not there",
}
# The same for models that do not open: a part of the message -> why.
STRICTER_OPEN = {
    "bytes, but its shape needs": "raw data that is longer than the shape needs",
}


def stricter(opened, errors, message):
    """Why we refuse a model that the checker lets pass, or nothing."""
    if opened == "refused":
        return [why for part, why in STRICTER_OPEN.items() if part in message]
    if errors == {"unknown-attribute"} and message.startswith("LayerNormalization"):
        return ["unknown-attribute, which the checker ignores at this one operator"]
    return sorted("%s, %s" % (i, STRICTER[i]) for i in errors) if errors <= set(STRICTER) else []


def looser(path, other):
    """Why the checker refuses a model that is fine here, or None."""
    if other == "No opset import for domain 'ai.onnx'":
        return "ai.onnx and the empty domain are one"
    if "Field 'type' of 'value_info' is required" in other:
        m = onnx.load(path, load_external_data=False)
        have = {t.name for t in m.graph.initializer}
        if all(v.HasField("type") or v.name in have for v in list(m.graph.input) + list(m.graph.output)):
            return "an initializer without declared type has the type of its data"
    return None


# ---- mutants ----

def graphs_of(model):
    graphs = [model.graph]
    for g in graphs:
        for n in g.node:
            graphs.extend(a.g for a in n.attribute if a.HasField("g"))
    return graphs


class Mutator:
    def __init__(self, rng):
        self.rng = rng
        self.names = sorted(n for n in dir(self) if n.startswith("do_"))

    def pick(self, items):
        items = list(items)
        return self.rng.choice(items) if items else None

    def node(self, m):
        return self.pick(n for g in graphs_of(m) for n in g.node)

    def mutate(self, model):
        for _ in range(50):
            name = self.rng.choice(self.names)
            copy = onnx.ModelProto()
            copy.CopyFrom(model)
            if getattr(self, name)(copy) is not False and copy != model:
                return name[3:], copy
        return None, None

    def do_rename_input(self, m):
        n = self.node(m)
        if not n or not n.input:
            return False
        n.input[self.rng.randrange(len(n.input))] = "nowhere"

    def do_blank_input(self, m):
        n = self.node(m)
        if not n or not n.input:
            return False
        n.input[self.rng.randrange(len(n.input))] = ""

    def do_blank_output(self, m):
        n = self.node(m)
        if not n or not n.output:
            return False
        n.output[self.rng.randrange(len(n.output))] = ""

    def do_extra_input(self, m):
        n = self.node(m)
        if not n or not n.input:
            return False
        n.input.append(n.input[0])

    def do_drop_input(self, m):
        n = self.node(m)
        if not n or not n.input:
            return False
        del n.input[-1]

    def do_extra_output(self, m):
        n = self.node(m)
        if not n:
            return False
        n.output.append("extra_output")

    def do_drop_output(self, m):
        n = self.node(m)
        if not n or not n.output:
            return False
        del n.output[-1]

    def do_same_output(self, m):
        g = self.pick(graphs_of(m))
        a, b = self.pick(g.node), self.pick(g.node)
        if not a or not a.output or not b.output:
            return False
        a.output[0] = b.output[-1]

    def do_output_is_input(self, m):
        n = self.node(m)
        if not n or not n.output or not m.graph.input:
            return False
        n.output[0] = m.graph.input[0].name

    def do_swap_nodes(self, m):
        g = self.pick(g for g in graphs_of(m) if len(g.node) > 1)
        if not g:
            return False
        i = self.rng.randrange(len(g.node) - 1)
        a, b = onnx.NodeProto(), onnx.NodeProto()
        a.CopyFrom(g.node[i])
        b.CopyFrom(g.node[i + 1])
        g.node[i].CopyFrom(b)
        g.node[i + 1].CopyFrom(a)

    def do_drop_node(self, m):
        g = self.pick(g for g in graphs_of(m) if g.node)
        if not g:
            return False
        del g.node[self.rng.randrange(len(g.node))]

    def do_repeat_node(self, m):
        g = self.pick(g for g in graphs_of(m) if g.node)
        if not g:
            return False
        g.node.add().CopyFrom(self.pick(g.node))

    def do_change_op(self, m):
        n = self.node(m)
        if not n:
            return False
        n.op_type = self.rng.choice(["Relu", "Add", "Upsample", "Nonsense", "Concat", "If", "Gelu", "", "Constant"])

    def do_change_domain(self, m):
        n = self.node(m)
        if not n:
            return False
        n.domain = self.rng.choice(["acme", "ai.onnx.ml", "", "ai.onnx"])

    def do_change_opset(self, m):
        if not m.opset_import:
            return False
        self.pick(m.opset_import).version = self.rng.choice([0, 1, 6, 7, 9, 13, 17, 20, 24, 500])

    def do_drop_opset(self, m):
        if not m.opset_import:
            return False
        del m.opset_import[self.rng.randrange(len(m.opset_import))]

    def do_change_ir(self, m):
        m.ir_version = self.rng.choice([0, 3, 4, 8, 10, 99])

    def do_unname_graph(self, m):
        self.pick(graphs_of(m)).name = ""

    def do_extra_attribute(self, m):
        n = self.node(m)
        if not n:
            return False
        n.attribute.append(helper.make_attribute(self.rng.choice(["axis", "nonsense", "__own", "alpha", "to"]),
                                                 self.rng.choice([1, 0.5, "text", [1, 2]])))

    def do_drop_attribute(self, m):
        n = self.node(m)
        if not n or not n.attribute:
            return False
        del n.attribute[self.rng.randrange(len(n.attribute))]

    def do_retype_attribute(self, m):
        n = self.node(m)
        if not n or not n.attribute:
            return False
        i = self.rng.randrange(len(n.attribute))
        new = helper.make_attribute(n.attribute[i].name, self.rng.choice([1, 0.5, "text", [1, 2], [0.5]]))
        n.attribute[i].CopyFrom(new)

    def do_reference(self, m):
        n = self.node(m)
        if not n or not n.attribute:
            return False
        a = self.pick(n.attribute)
        name, kind = a.name, a.type
        a.Clear()
        a.name, a.type, a.ref_attr_name = name, kind, "alpha"

    def do_repeat_input(self, m):
        if not m.graph.input:
            return False
        m.graph.input.add().CopyFrom(self.pick(m.graph.input))

    def do_drop_graph_input(self, m):
        if not m.graph.input:
            return False
        del m.graph.input[self.rng.randrange(len(m.graph.input))]

    def do_rename_output(self, m):
        g = self.pick(graphs_of(m))
        if not g.output:
            return False
        self.pick(g.output).name = self.rng.choice(["nowhere", m.graph.input[0].name if m.graph.input else "x", ""])

    def do_untype_input(self, m):
        v = self.pick(list(m.graph.input) + list(m.graph.output))
        if not v:
            return False
        if self.rng.random() < 0.5 or not v.type.HasField("tensor_type"):
            v.ClearField("type")
        else:
            v.type.tensor_type.ClearField("shape")

    def do_change_element_type(self, m):
        v = self.pick(list(m.graph.input) + list(m.graph.output))
        if not v or not v.type.HasField("tensor_type"):
            return False
        v.type.tensor_type.elem_type = self.rng.choice([0, 1, 7, 8, 9])

    def do_repeat_initializer(self, m):
        if not m.graph.initializer:
            return False
        m.graph.initializer.add().CopyFrom(self.pick(m.graph.initializer))

    def do_drop_initializer(self, m):
        if not m.graph.initializer:
            return False
        del m.graph.initializer[self.rng.randrange(len(m.graph.initializer))]

    def do_rename_initializer(self, m):
        if not m.graph.initializer:
            return False
        self.pick(m.graph.initializer).name = self.rng.choice(["", "nowhere", "x"])

    def do_redim_tensor(self, m):
        t = self.pick(list(m.graph.initializer) + [a.t for g in graphs_of(m) for n in g.node for a in n.attribute
                                                   if a.HasField("t")])
        if not t:
            return False
        t.dims.append(self.rng.choice([2, 0, -1, 1, 2 ** 62]))

    def do_retype_tensor(self, m):
        t = self.pick(list(m.graph.initializer) + [a.t for g in graphs_of(m) for n in g.node for a in n.attribute
                                                   if a.HasField("t")])
        if not t:
            return False
        t.data_type = self.rng.choice([0, 1, 7, 8, 11, 99])

    def do_cut_raw(self, m):
        t = self.pick(t for t in m.graph.initializer if t.raw_data)
        if not t:
            return False
        t.raw_data = t.raw_data[:-1]

    def do_repeat_metadata(self, m):
        for _ in range(2):
            m.metadata_props.add(key="k", value="v")

    def do_repeat_function(self, m):
        if not m.functions:
            return False
        m.functions.add().CopyFrom(self.pick(m.functions))

    def do_change_function(self, m):
        f = self.pick(m.functions)
        if not f:
            return False
        what = self.rng.randrange(6)
        if what == 0:
            f.name = ""
        elif what == 1 and f.input:
            f.input.append(f.input[0])
        elif what == 2 and f.output:
            f.output.append(f.output[0])
        elif what == 3:
            f.attribute.extend(["q", "q"])
        elif what == 4:
            del f.opset_import[:]
        elif f.node:
            n = self.pick(f.node)
            n.op_type, n.domain = f.name, f.domain
        else:
            return False


# ---- comparison ----

def theirs(path, full=False):
    try:
        checker.check_model(path, full_check=full)
        return None
    except Exception as e:  # the checker raises many kinds
        return str(e).strip().split("\n")[0][:160] or type(e).__name__


def ours(tool, paths):
    run = subprocess.run([tool], input="\n".join(paths) + "\n", capture_output=True, text=True, errors="replace", check=True)
    answers = {}
    for line in run.stdout.splitlines():
        path, opened, found, message = line.split("\t", 3)
        findings = [tuple(x.split(":")) for x in found.split(",") if x]
        answers[path] = (opened, findings, message)
    missing = [p for p in paths if p not in answers]
    if missing:
        sys.exit("no answer for %s\n%s" % (missing[:3], run.stderr[-2000:]))
    return answers


def compare(title, paths, answers, labels=None):
    both = collections.Counter()
    bad, known = [], collections.Counter()
    for p in paths:
        opened, findings, message = answers[p]
        errors = {i for i, severity in findings if severity == "error"} - TYPES
        refused, other = opened == "refused" or bool(errors), theirs(p)
        both[(refused, other is not None)] += 1
        if refused == (other is not None):
            continue
        reasons = stricter(opened, errors, message) if refused else [why for why in [looser(p, other)] if why]
        if reasons:
            known["%s: %s" % ("stricter" if refused else "looser", "; ".join(reasons))] += 1
        else:
            bad.append((p, (labels or {}).get(p, ""), message or sorted(errors), other))
    print("%s: both accept %d, both refuse %d, only onnxsh refuses %d, only the checker %d; %d of these on purpose"
          % (title, both[(False, False)], both[(True, True)], both[(True, False)], both[(False, True)], sum(known.values())))
    for why, n in sorted(known.items()):
        print("  on purpose %s: %d" % (why, n))
    for p, label, message, other in bad:
        print("  differs: %s %s\n    onnxsh: %s\n    onnx:   %s" % (p, label, message, other))
    print("figure: %d of %d %s judged as by onnx.checker %s, or differently on purpose"
          % (len(paths) - len(bad), len(paths), title, onnx.__version__))
    return len(bad)


def compare_types(title, paths, answers):
    wrong, found = [], 0
    for p in paths:
        hits = {i for i, _ in answers[p][1]} & TYPES
        found += bool(hits)
        if hits and theirs(p, full=True) is None:
            wrong.append((p, hits))
    print("%s: type errors found in %d models, %d of which pass the full check" % (title, found, len(wrong)))
    for p, hits in wrong:
        print("  differs: %s %s" % (p, sorted(hits)))
    return len(wrong)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--build", required=True)
    ap.add_argument("--full", action="store_true", help="ten times the mutants")
    ap.add_argument("--mutants", type=int, default=600)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--keep", help="write the mutants to this directory and leave them")
    args, _ = ap.parse_known_args()
    args.mutants *= 10 if args.full else 1
    tool = os.path.join(args.build, "tests", "check_models")
    files = [f for models in suite.corpora().values() for f in models]
    answers = ours(tool, files)
    bad = compare("models of the corpora", files, answers)
    bad += compare_types("models of the corpora", files, answers)
    rng = random.Random(args.seed)
    small = [f for f in files if os.path.getsize(f) < 20000]
    mutator, labels = Mutator(rng), {}
    with tempfile.TemporaryDirectory() as tmp:
        where = args.keep or tmp
        while len(labels) < args.mutants:
            source = rng.choice(small)
            name, mutant = mutator.mutate(onnx.load(source, load_external_data=False))
            if not name:
                continue
            path = os.path.join(where, "mutant%d.onnx" % len(labels))
            with open(path, "wb") as f:
                f.write(mutant.SerializeToString())
            labels[path] = "%s of %s" % (name, source)
        answers = ours(tool, list(labels))
        bad += compare("mutants of seed %d" % args.seed, list(labels), answers, labels)
        bad += compare_types("mutants", list(labels), answers)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
