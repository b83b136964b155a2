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
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import onnx
from onnx import checker, helper
from onnx.reference import ReferenceEvaluator

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


# ---- inference ----

INFERENCE = {"inference-failed", "inference-clash"} | TYPES
# What strict inference of onnx refuses and ours lets pass: (operators, part of the message, why).
LOOSER_FULL = [
    ("MeanVarianceNormalization", "", "the checker trips over a Constant of its own definition of the operator"),
    ("ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceSumSquare "
     "ArgMax ArgMin", "differ in rank", "a keepdims that is neither 0 nor 1 keeps the dims here"),
    ("Div Sub", "Incompatible dimensions", "the same, seen where the result is used"),
    ("Constant If", "of the attributes 'value'", "a Constant without value is unknown here"),
    ("Flatten Squeeze Unsqueeze Softmax LogSoftmax Concat", "", "versions that had no negative axes take them here"),
    ("Add Sub Mul Div Pow And Or", "differ in rank", "versions that broadcast by attribute broadcast by shape here"),
    ("Conv ConvTranspose MaxPool AveragePool", "Attribute", "an attribute of a wrong length is left to the weight"),
    ("Min Max Sum Mean Concat", "expected to have type but instead is null", "an input of many may be absent here"),
    ("Einsum", "", "a dim of 1 broadcasts here, as it does when computed"),
    ("AffineGrid", "Length of input", "a size of another length is left alone"),
    ("Reshape Expand", "input must be 1D", "the rank of a shape is not held against 1"),
    ("Resize", "", "sizes and scales are not held against each other, nor against the axes"),
    ("Loop Scan SequenceMap", "", "inputs of a body may be declared with other ranks than what they get"),
    ("Attention LinearAttention FlexAttention CausalConvWithState", "",
     "heads, past and mask are not held against one another"),
    ("NegativeLogLikelihoodLoss SoftmaxCrossEntropyLoss", "", "target and weight are not held against the input"),
    ("OneHot RoiAlign TensorScatter Col2Im MaxUnpool Dropout", "",
     "the rank of an input that holds numbers of the operator is not held against what it must be"),
    ("Momentum Adam Adagrad Gradient", "", "nothing is inferred of training operators"),
]


def looser_operator(other):
    op = re.match(r"\[ShapeInferenceError\] Inference error\(s\): \(op_type:(\w+)", other)
    for ops, part, why in LOOSER_FULL:
        if op and op.group(1) in ops.split() and part in other:
            return "%s: %s" % (op.group(1), why)
    return None


def feeds(model):
    """An array for each input that has no default: small numbers in the declared dims, open ones 2."""
    have = {t.name for t in model.graph.initializer}
    out = {}
    for v in model.graph.input:
        if v.name in have:
            continue
        t = v.type.tensor_type
        if not v.type.HasField("tensor_type") or not t.HasField("shape"):
            raise ValueError("no array can be made for %s" % v.name)
        dims = [d.dim_value if d.HasField("dim_value") else 2 for d in t.shape.dim]
        dtype = helper.tensor_dtype_to_np_dtype(t.elem_type)
        out[v.name] = np.array(["a"] * int(np.prod(dims)), dtype=object).reshape(dims) if t.elem_type == 8 else \
            np.ones(dims).astype(dtype)
    return out


def wrong_when_run(path):
    """Whether a run fails, or makes values whose dims or rank are at odds with what the model declares."""
    model = onnx.load(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = ReferenceEvaluator(model).run(None, feeds(model), intermediate=True)
    except ValueError as e:
        return "no array" not in str(e)
    except Exception:  # numpy and the implementation raise many kinds
        return True
    for v in list(model.graph.output) + list(model.graph.value_info):
        t = v.type.tensor_type
        value = made.get(v.name)
        if not v.type.HasField("tensor_type") or not hasattr(value, "shape"):
            continue
        if t.elem_type and t.elem_type != 8 and helper.tensor_dtype_to_np_dtype(t.elem_type) != value.dtype:
            return True
        dims = [d.dim_value if d.HasField("dim_value") else None for d in t.shape.dim]
        if t.HasField("shape") and (len(dims) != value.ndim or any(d not in (None, k) for d, k in zip(dims, value.shape))):
            return True
    return False


def stricter_full(path, opened, errors, message):
    if errors and errors <= INFERENCE and opened != "refused":
        return ["inference finds it, and a run shows it"] if wrong_when_run(path) else []
    return stricter(opened, errors - INFERENCE, message)


def looser_full(path, other):
    if other == "the checker died":
        return other
    why = looser(path, other)
    m = onnx.load(path, load_external_data=False)
    if not why and {v.name for v in m.graph.output} & {v.name for v in m.graph.input}:
        why = "an input that is an output too is declared once"
    return why or looser_operator(other)


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


class TypeMutator(Mutator):
    """Mutants whose types and shapes go wrong, beside those of the rules."""

    def __init__(self, rng):
        super().__init__(rng)
        own = [n for n in TypeMutator.__dict__ if n.startswith("do_")]
        self.names = sorted(own * 3 + [n for n in self.names if n not in own])

    def declared(self, m):
        return [v for v in list(m.graph.input) + list(m.graph.output) + list(m.graph.value_info)
                if v.type.HasField("tensor_type") and v.type.tensor_type.HasField("shape")]

    def do_change_dim(self, m):
        v = self.pick(self.declared(m))
        if not v or not v.type.tensor_type.shape.dim:
            return False
        self.pick(v.type.tensor_type.shape.dim).dim_value = self.rng.choice([0, 1, 2, 3, 5, 7, 64])

    def do_change_rank(self, m):
        v = self.pick(self.declared(m))
        if not v:
            return False
        dims = v.type.tensor_type.shape.dim
        if dims and self.rng.random() < 0.5:
            del dims[self.rng.randrange(len(dims))]
        else:
            dims.add().dim_value = self.rng.choice([1, 2, 3])

    def do_open_dim(self, m):
        v = self.pick(self.declared(m))
        if not v or not v.type.tensor_type.shape.dim:
            return False
        self.pick(v.type.tensor_type.shape.dim).dim_param = "N"

    def do_declare(self, m):
        made = [o for n in m.graph.node for o in n.output if o]
        if not made:
            return False
        dims = [self.rng.choice([1, 2, 3, "N"]) for _ in range(self.rng.randrange(5))]
        m.graph.value_info.append(helper.make_tensor_value_info(self.rng.choice(made), self.rng.choice([1, 7, 9, 11]), dims))

    def do_change_number(self, m):
        n = self.node(m)
        a = self.pick(a for a in n.attribute if a.type in (2, 7)) if n else None
        if not a:
            return False
        if a.type == 2:
            a.i = self.rng.choice([-7, -1, 0, 1, 2, 5, 100])
        elif a.ints and self.rng.random() < 0.6:
            a.ints[self.rng.randrange(len(a.ints))] = self.rng.choice([-7, -1, 0, 1, 2, 5, 100])
        else:
            a.ints.append(self.rng.choice([0, 1, 2]))

    def do_turn_initializer(self, m):
        t = self.pick(t for t in m.graph.initializer if len(t.dims) > 1)
        if not t:
            return False
        dims = list(t.dims)
        self.rng.shuffle(dims)
        t.dims[:] = dims

    def do_swap_inputs(self, m):
        n = self.node(m)
        if not n or len(n.input) < 2:
            return False
        i, j = self.rng.sample(range(len(n.input)), 2)
        n.input[i], n.input[j] = n.input[j], n.input[i]

    def do_other_input(self, m):
        n = self.node(m)
        if not n or not n.input or not m.graph.input:
            return False
        n.input[self.rng.randrange(len(n.input))] = self.pick(m.graph.input).name


# ---- comparison ----

def theirs(path, full=False):
    try:
        checker.check_model(path, full_check=full)
        return None
    except Exception as e:  # the checker raises many kinds
        return str(e).strip().split("\n")[0][:400] or type(e).__name__


def judge():
    """Reads paths, prints what the checker says of each: a process of its own, for on some models it dies."""
    for path in sys.stdin.read().splitlines():
        print(json.dumps(theirs(path, "full" in sys.argv)), flush=True)


def theirs_all(paths, full):
    said, rest = {}, list(paths)
    while rest:
        run = subprocess.run([sys.executable, os.path.abspath(__file__), "--judge"] + ["full"] * full, input="\n".join(rest),
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        lines = run.stdout.splitlines()
        said.update(zip(rest, map(json.loads, lines)))
        rest = rest[len(lines):]
        if rest:
            said[rest.pop(0)] = "the checker died"
    return said


def ours(tool, paths, full=False):
    run = subprocess.run([tool] + ["full"] * full, input="\n".join(paths) + "\n", capture_output=True, text=True, errors="replace", check=True)
    answers = {}
    for line in run.stdout.splitlines():
        path, opened, found, message = line.split("\t", 3)
        findings = [tuple(x.split(":")) for x in found.split(",") if x]
        answers[path] = (opened, findings, message)
    missing = [p for p in paths if p not in answers]
    if missing:
        sys.exit("no answer for %s\n%s" % (missing[:3], run.stderr[-2000:]))
    return answers


def compare(title, paths, answers, labels=None, full=False):
    both = collections.Counter()
    bad, known, said = [], collections.Counter(), theirs_all(paths, full)
    for p in paths:
        opened, findings, message = answers[p]
        errors = {i for i, severity in findings if severity == "error"}
        if not full:
            errors -= TYPES
        refused, other = opened == "refused" or bool(errors), said[p]
        both[(refused, other is not None)] += 1
        if refused == (other is not None):
            continue
        if not refused:
            reasons = [why for why in [(looser_full if full else looser)(p, other)] if why]
        elif full:
            reasons = stricter_full(p, opened, errors, message)
        else:
            reasons = stricter(opened, errors, message)
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
    print("figure: %d of %d %s judged as by onnx.checker %s%s, %d of them differently on purpose"
          % (len(paths) - len(bad), len(paths), title, onnx.__version__, " with full_check" if full else "", sum(known.values())))
    return len(bad)


def compare_types(title, paths, answers):
    hits = {p: {i for i, _ in answers[p][1]} & TYPES for p in paths}
    said = theirs_all([p for p in paths if hits[p]], True)
    wrong, found = [(p, hits[p]) for p in said if said[p] is None], len(said)
    print("%s: type errors found in %d models, %d of which pass the full check" % (title, found, len(wrong)))
    for p, what in wrong:
        print("  differs: %s %s" % (p, sorted(what)))
    return len(wrong)


def mutants(mutator, sources, n, where, prefix):
    """{path: what was done to which model} of n mutants written to a directory."""
    labels = {}
    while len(labels) < n:
        source = mutator.rng.choice(sources)
        name, mutant = mutator.mutate(onnx.load(source, load_external_data=False))
        if not name:
            continue
        path = os.path.join(where, "%s%d.onnx" % (prefix, len(labels)))
        with open(path, "wb") as f:
            f.write(mutant.SerializeToString())
        labels[path] = "%s of %s" % (name, source)
    return labels


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
    bad += compare("models of the corpora", files, ours(tool, files, True), full=True)
    small = [f for f in files if os.path.getsize(f) < 20000]
    with tempfile.TemporaryDirectory() as tmp:
        for make, full in ((Mutator, False), (TypeMutator, True)):
            labels = mutants(make(random.Random(args.seed)), small, args.mutants, args.keep or tmp, make.__name__)
            answers = ours(tool, list(labels), full)
            bad += compare("%s of seed %d" % ("mutants of types" if full else "mutants", args.seed), list(labels), answers,
                           labels, full)
            if not full:
                bad += compare_types("mutants", list(labels), answers)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    judge() if "--judge" in sys.argv else main()
