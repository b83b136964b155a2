#!/usr/bin/env python3
"""Holds the graphs that are made from the code in TorchScript archives against those of torch.jit.load, node by node, for
two versions of PyTorch; the scopes of traced networks, and the types of their values, against those that the tracer saw;
and what exports against PyTorch's results."""
import json
import math
import os
import re
import subprocess
import sys
import zipfile

import suite
from suite import statements

HERE = os.path.dirname(os.path.abspath(__file__))


NESTED = {"containers": ["x", "table.a", "table.b"]}  # inputs that are items of a dict
# Weights under two names: the second, which shares its storage with the first, and how many elements it has.
SHARED = {"twice": ("b.weight", "a.weight", 16), "tied": ("decoder.weight", "embedding.weight", 320000)}
MADE = ("prim::NumToTensor", "prim::ListUnpack", "prim::TupleUnpack", "prim::ConstantChunk")


def show(onnxsh, path, graph, style="torch"):
    p = suite.run(onnxsh, "show", "--style=" + style, "--no-infer", path, "--graph", str(graph))
    return p.stdout.decode(), p.stderr.decode(errors="replace").strip()


def graph_of(text):
    """Its statements, and their places in Python. PyTorch numbers what is forked anew in each graph, here each has a
    number of its own; bodies come in the order of the calls."""
    return statements(re.sub(r"prim::fork_\d+", "prim::fork", text))


def is_node(line):
    return " = " in line and not line.startswith("with ")


def compare(onnxsh, base, name, counts, graphs):
    for graph, what in ((1, "inlined"), (2, "graph")):
        with open(f"{base}.{what}.txt") as f:
            want, want_places = graph_of(f.read())
        text, err = show(onnxsh, base + ".pt", graph)
        if not text:
            graphs[what].add(False, name, err)
            counts["nodes"][1] += sum(map(is_node, want))
            continue
        got, places = graph_of(text)
        at = next((i for i, (a, b) in enumerate(zip(want, got)) if a != b), min(len(want), len(got)))
        same = want == got
        graphs[what].add(same, name, f"line {at + 1}: PyTorch: {want[at:at + 1]}, here: {got[at:at + 1]}")
        counts["nodes"][0] += sum(map(is_node, want[:at]))
        counts["nodes"][1] += sum(map(is_node, want))
        pairs = [(a, b) for a, b in zip(want_places, places) if a] if same else []
        counts["places"][0] += sum(a == b for a, b in pairs)
        counts["places"][1] += len(pairs)


def plain_type(text):
    """ "Float(2, 3, strides=[3, 1], device=cpu)" as "Float(2, 3)"."""
    known = re.match(r"(\w+)\(((\d+|\*)(, (\d+|\*))*)?", text)
    return f"{known.group(1)}({known.group(2) or ''})" if known else text


def typed(text):
    """The operators of a graph with the types of their results."""
    for line in text.splitlines():
        op = re.search(r" = ((aten|prim)::\w+)[\[(]", line)
        if op and (op.group(2) == "aten" or op.group(1) in MADE):
            made = re.split(r", (?=%)", line[:op.start()].strip())
            yield op.group(1), [plain_type(part.split(" : ", 1)[1]) for part in made if " : " in part]


def compare_types(onnxsh, base, name, counts, tally):
    """Of each tensor whose type the tracer knew, whether it is the same here. Newer archives tell the inputs themselves."""
    with zipfile.ZipFile(base + ".pt") as z:
        given = [] if any(n.endswith("/traced_inputs.pkl") for n in z.namelist()) else specs(base)
    with open(base + ".traced.txt") as f:
        want = list(typed(f.read()))
    got = list(typed(suite.run(onnxsh, *given, "show", "--style=torch", base + ".pt").stdout.decode()))
    wrong = [] if [op for op, _ in want] == [op for op, _ in got] else ["these are other operators"]
    for (op, traced), (_, here) in zip(want, got):
        for a, b in zip(traced, here):
            if re.match(r"\w+\(", a):
                counts[1] += 1
                counts[0] += a == b
                wrong += [f"{op}: traced {a}, here {b}"] if a != b else []
    tally.add(not wrong, name, f"{len(wrong)}, such as {wrong[:3]}")


def specs(base):
    import numpy
    data = numpy.load(base + ".io.npz")
    keys = sorted(k for k in data.files if k.startswith("in"))
    names = NESTED.get(os.path.basename(base).split(".")[0])
    return [word for i, k in enumerate(keys)
            for word in ("--input", f"{names[i] + '=' if names else ''}{data[k].dtype}[{','.join(map(str, data[k].shape))}]")]


def check_shared(onnxsh, base, model):
    """A weight under two names is told as such, and once in what is exported; why not, or None."""
    known = SHARED.get(os.path.basename(base).split(".")[0])
    if not known:
        return None
    rows = json.loads(suite.run(onnxsh, "--json", "weights", base + ".pt").stdout)
    told = {r["name"]: r.get("shares_with") for r in rows}
    if (told[known[0]], told[known[1]]) != (known[1], known[0]):
        return f"{known[0]} shares with {told[known[0]]}"
    n = sum(math.prod(t.dims) == known[2] for t in model.graph.initializer)
    return None if n == 1 else f"{n} initializers are {known[1]}"


def check_export(onnxsh, base, name, tally):
    import numpy
    import onnx
    import onnxruntime
    out, data = base + ".onnx", numpy.load(base + ".io.npz")
    p = suite.run(onnxsh, "export", base + ".pt", out, "--opset", "17", *specs(base))
    if p.returncode:
        tally.add(False, name, p.stderr.decode(errors="replace").strip().replace("\n", " | ")[:300])
        return
    try:
        model = onnx.load(out)
        onnx.checker.check_model(model)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(out, options, providers=["CPUExecutionProvider"])
        feeds = {i.name: data[f"in{k}"] for k, i in enumerate(session.get_inputs())}
        results = session.run(None, feeds)
        worst = max(float(numpy.max(numpy.abs(numpy.asarray(r, float) - data[f"out{k}"]), initial=0))
                    for k, r in enumerate(results))
        why = check_shared(onnxsh, base, model)
        tally.add(worst < 1e-3 and not why, name, why or f"results differ by {worst}")
    except Exception as e:  # of any of the packages: all mean that the export is no good
        tally.add(False, name, str(e).strip().replace("\n", " ")[:300])
    finally:
        os.remove(out)


def main():
    o = suite.options()
    held = []
    for python in (o.torch113, sys.executable):
        version = subprocess.run([python, "-c", "import torch; print(torch.__version__)"], capture_output=True,
                                 text=True).stdout.strip().split("+")[0]
        place = os.path.join(suite.cache(), "scripts-" + version)
        if not os.path.isdir(place):
            subprocess.run([python, os.path.join(HERE, "scripts.py"), place, *o.words], check=True)
        graphs = {w: suite.Tally(f"{t} of PyTorch {version}")
                  for w, t in (("inlined", "inlined graphs are those"), ("graph", "graphs of forward are those"))}
        scopes = suite.Tally(f"traced graphs have the scopes that the tracer of PyTorch {version} saw")
        exports = suite.Tally(f"archives of PyTorch {version} export with its results")
        types = suite.Tally(f"traced graphs have the types of results that the tracer of PyTorch {version} saw")
        counts = {"nodes": [0, 0], "places": [0, 0], "types": [0, 0]}
        for file in sorted(f for f in os.listdir(place) if f.endswith(".pt")):
            base, name = os.path.join(place, file[:-3]), f"{version} {file[:-3]}"
            if o.words and file.split(".")[0] not in o.words:
                continue
            compare(o.onnxsh, base, name, counts, graphs)
            if os.path.exists(base + ".scopes.txt"):
                why = suite.scopes_differ(o.onnxsh, base)
                scopes.add(why is None, name, why)
                compare_types(o.onnxsh, base, name, counts["types"], types)
            if os.path.exists(base + ".io.npz"):
                check_export(o.onnxsh, base, name, exports)
        held += [tally.close() for tally in (*graphs.values(), scopes, types) if tally.good or tally.bad]
        if exports.good or exports.bad:
            held.append(exports.close())
        print(f"figure: {counts['nodes'][0]} of {counts['nodes'][1]} nodes before the first difference, "
              f"{counts['places'][0]} of {counts['places'][1]} places in Python the same, "
              f"{counts['types'][0]} of {counts['types'][1]} values agree (PyTorch {version})")
    sys.exit(not all(held))


if __name__ == "__main__":
    main()
