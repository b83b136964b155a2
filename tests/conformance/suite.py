"""What the suites share: options, corpora, running the program."""
import argparse
import atexit
import glob
import os
import re
import shutil
import subprocess
import tempfile
import warnings


def options():
    p = argparse.ArgumentParser()
    p.add_argument("--onnxsh", required=True)
    p.add_argument("--build", required=True)
    p.add_argument("--torch113", default="/usr/bin/python3")
    p.add_argument("--full", action="store_true")
    p.add_argument("words", nargs="*")
    return p.parse_args()


def run(onnxsh, *args, timeout=600):
    """Runs the program without the user's own files; returns the completed process."""
    env = dict(os.environ, XDG_CONFIG_HOME="/nonexistent", XDG_STATE_HOME="/nonexistent")
    return subprocess.run([onnxsh, "-q", "--no-init", *args], capture_output=True, env=env, timeout=timeout)


def cache():
    """A directory for what the suites make for each other: run.py's, else one of this process alone."""
    if "SUITE_CACHE" not in os.environ:
        os.environ["SUITE_CACHE"] = tempfile.mkdtemp()
        atexit.register(shutil.rmtree, os.environ["SUITE_CACHE"])
    return os.environ["SUITE_CACHE"]


def node_tests():
    """The models of the node tests, which the onnx package has as programs: run, their data left out."""
    place = os.path.join(cache(), "nodes")
    if not os.path.exists(place):
        from onnx.backend.test.case.node import collect_testcases
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as divisions by zero, which are what they test
            cases = collect_testcases(None)
        os.mkdir(place + ".part")
        for case in cases:
            with open(os.path.join(place + ".part", case.name + ".onnx"), "wb") as f:
                f.write(case.model.SerializeToString())
        os.rename(place + ".part", place)
    return sorted(glob.glob(place + "/*.onnx"))


def corpora():
    """{name: [model files]}: Debian's libonnx-testdata, the newest onnx package's, and those that its node tests make."""
    out = {}
    listing = subprocess.run(["dpkg", "-L", "libonnx-testdata"], capture_output=True, text=True).stdout.split()
    out["libonnx-testdata"] = sorted(f for f in listing if f.endswith(".onnx") and os.path.isfile(f))
    import onnx
    root = os.path.join(os.path.dirname(onnx.__file__), "backend/test/data")
    out["onnx " + onnx.__version__] = sorted(glob.glob(root + "/**/*.onnx", recursive=True))
    out["onnx " + onnx.__version__ + " node tests"] = node_tests()
    return out


def newest_opset():
    """The newest opset of the installed onnx that the installed ONNX Runtime takes."""
    import onnx
    import onnxruntime
    for opset in range(onnx.defs.onnx_opset_version(), 17, -1):
        x = onnx.helper.make_tensor_value_info("x", 1, [1])
        y = onnx.helper.make_tensor_value_info("y", 1, [1])
        graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["x"], ["y"])], "g", [x], [y])
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", opset)])
        for ir in (model.ir_version, 12, 11, 10):
            model.ir_version = ir
            try:
                onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
                return opset
            except Exception:  # the library has one exception for each refusal
                continue
    return 17


TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|%[^\s,()]+')
LOC = re.compile(r" # (.*?:\d+:\d+)$")
WARNING = re.compile(r"\[warn_id=\d+\]")  # counted through the whole process
SCOPE = re.compile(r", scope: ([^#]*[^# ])")
PART = re.compile(r"\[([^]]*)\]")


def statements(text):
    """The lines of a graph with values numbered as they come, without places and scopes; and the place of each."""
    numbers, lines, places = {}, [], []

    def number(m):
        if m.group()[0] == '"':
            return m.group()
        return numbers.setdefault(m.group(), f"%{len(numbers)}")

    for line in text.splitlines():
        if not line.strip():
            continue
        loc = LOC.search(line)
        line = WARNING.sub("", SCOPE.sub("", LOC.sub("", line)))
        if line.startswith(("graph(", "with ")):
            numbers.clear()  # a graph of its own
        lines.append(TOKEN.sub(number, line.strip()))
        plain = loc and "prim::Constant" not in line
        places.append(loc.group(1) if plain and not loc.group(1).startswith(":") else None)
    return lines, places


def scopes_differ(onnxsh, base):
    """None if the operators of BASE.pt have the scopes that the tracer wrote to BASE.scopes.txt, else the first difference."""
    with open(base + ".scopes.txt") as f:
        want = f.read().splitlines()
    got = []
    for line in run(onnxsh, "show", "--style=seed", base + ".pt", "--graph", "1").stdout.decode().splitlines():
        op, scope = re.search(r" = (aten::\w+)\(", line), SCOPE.search(line)
        if op and scope:
            got.append(f"{op.group(1)} {'.'.join(re.findall(PART, scope.group(1)))}".strip())
    at = next((i for i, (a, b) in enumerate(zip(want, got)) if a != b), min(len(want), len(got)))
    return None if want == got else f"operator {at + 1}: traced {want[at:at + 1]}, here {got[at:at + 1]}"


class Tally:
    """Counts agreements; prints the first disagreements and a figure line."""

    def __init__(self, what, shown=20):
        self.what, self.shown, self.good, self.bad = what, shown, 0, []

    def add(self, good, name, why=""):
        if good:
            self.good += 1
            return
        self.bad.append(name)
        if len(self.bad) <= self.shown:
            print(f"  differs: {name}: {why}", flush=True)

    def close(self, allowed=0):
        total = self.good + len(self.bad)
        print(f"figure: {self.good} of {total} {self.what}", flush=True)
        return total > 0 and len(self.bad) <= allowed
