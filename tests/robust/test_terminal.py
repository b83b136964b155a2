#!/usr/bin/env python3
"""No byte of a model reaches a terminal as a control: names with escape sequences, C1, bidirectional and zero-width
controls, line breaks and bytes that are no UTF-8 stand in every place of a model and of a trace, and every command is run
over them, plain, as JSON, in colour, and at the prompt in a pseudo-terminal. What is shown can be typed back."""
import json
import os
import re
import select
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.environ["ONNXSH_ROOT"], "tests", "app"))
import hostile  # noqa: E402
import safe  # noqa: E402
from hostile import FLOAT, attr_i, graph, node, number, opset, part, tensor, value  # noqa: E402
from support import ONNXSH, Case, Terminal  # noqa: E402

EVIL = [b"\x1b[31mred", b"\x1b]52;c;QUJD\x07", b"\x1b]8;;http://x\x1b\\", b"\x1b[6n", b"a\rb", b"a\x08b", b"a\x7f", b"\xc2\x9b2J", b"\x9b2J",
        "a\u202eb".encode(), "a\u2066b".encode(), "a\u200bb".encode(), "a\ufeff".encode(), "\u2028".encode(), b"\xff\xfe", b"a\nb", b"a\tb",
        "\U000e0041".encode(), b"\x00z", b"\xe2\x80", b"\xed\xa0\x80", b"\xc0\xaf", b"\\x1b[0m"]
ALL = b"!".join(EVIL)
OURS = re.compile(rb"\x1b\[[0-9;]*m")  # colours that the program adds


def evil_model(e, external=True):
    plain = e.replace(b"\0", b"")  # where a NUL is refused
    body = part(1, b"F" + e) + part(4, b"i" + e) + part(5, b"o" + e) + part(6, b"at" + e) + part(7, node("Relu", [b"i" + e], [b"o" + e])) + \
        part(8, e) + opset(9, "", 17) + part(10, b"d" + plain)
    n = node(b"Op" + e, [b"x" + e, b"w" + e], [b"y" + e], b"/n" + e + b"/Op",
             [part(1, b"a" + e) + part(4, e) + part(13, e) + number(20, 3), part(1, b"b" + e) + part(9, e) + number(20, 8)]) + \
        part(6, e) + part(7, b"d" + plain) + part(9, part(1, b"k" + e) + part(2, b"v" + e)) + \
        part(9, part(1, "pkg.torch.onnx.name_scopes") + part(2, b"['', 'f" + e.replace(b"'", b"") + b"', 'x']")) + \
        part(9, part(1, "pkg.torch.onnx.class_hierarchy") + part(2, b"['Net" + e + b"', 'Sequential', 'aten.relu']")) + \
        part(9, part(1, "pkg.torch.onnx.stack_trace") + part(2, b'File "n' + e + b'.py", line 3, in f\n  return x'))
    s = node("Concat", [b"x" + e], [b"z" + e], b"second" + e, [attr_i("axis", 0)])
    strings = number(1, 1) + number(2, 8) + part(6, e) + part(8, b"s" + e)
    ext = number(1, 1) + number(2, 1) + part(8, b"e" + e) + part(13, part(1, "location") + part(2, b"w" + plain.replace(b"\\", b"").replace(b"/", b""))) + number(14, 1)
    g = graph([n, s], [value(b"x" + e, FLOAT, [2, b"N" + plain])], [value(b"y" + e, FLOAT, [b"M" + plain])],
              [tensor(b"w" + e, FLOAT, [1], bytes(4)), strings] + [ext] * external, [value(b"z" + e, FLOAT, [1])], part(10, e) + part(16, part(1, e) + part(2, e)))
    return (number(1, 10) + part(2, b"p" + e) + part(3, e) + part(4, e) + part(6, e) + part(7, g) + opset(8, "", 17) + opset(8, b"d" + plain, 1) +
            part(14, part(1, b"k" + e) + part(2, b"v" + e)) + part(25, body))


def evil_trace(e):
    for c in (b"\n", b"\"", b",", b":", b"/", b"(", b")", b"[", b"]", b" ", b"\t"):  # what ends a name in the grammar
        e = e.replace(c, b"")
    return (b"log " + e + b"\ngraph(%self : __torch__.M" + e + b",\n      %x" + e + b" : Float(2, 3)):\n  %s : str = prim::Constant[value=\"" + e.replace(b"\\", b"") +
            b"\"](), scope: A" + e + b"[b" + e + b"] # f" + e + b".py:3:0\n  %w : Tensor = prim::GetAttr[name=\"n" + e.replace(b"\\", b"") +
            b"\"](%self)\n  %y : Tensor = acme" + e + b"::op" + e + b"(%x" + e + b", %w), scope: A" + e + b"[b" + e + b"]\n  return (%y)\n")


LINES = ["info", "show", "show --style seed", "show --style torch", "show --style printable", "show --style folded", "tree", "find op:/./",
         "ops", "ops --missing", "weights", "weights --stats", "node #ID", "value %y", "check",
         "= model:graph():nodes()[1]", "print(model:graph():nodes()[1]:name(), model:graph():nodes()[1]:op())",
         "= model:graph():nodes()[1]:inputs()[1]", "error(model:graph():nodes()[1]:name())", "open --list FILE", "beside FILE", "help", "undo",
         "model:graph():nodes()[1]:set_name('x\\27[1m')", "find name:/\\x{1b}/", "show nosuch\x1b[31m", "find op:\x1b[31m", "\x1b[31m"]


class Recorded(Terminal):
    """Keeps every byte that came."""

    def __init__(self, *args, **kw):
        self.raw = b""
        super().__init__(*args, **kw)

    def _read(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.raw += data
        self.seen += data.decode(errors="replace")
        return bool(data)


class Terminals(Case):
    def shown(self, data, what, tabs=False):
        if tabs:  # print() of Lua: lines and columns are the caller's
            data = data.replace(b"\t", b" ")
        for ours in (OURS,) if "--color" in what else ():
            data = ours.sub(b"", data)
        at = safe.find(data)
        self.assertIsNone(at, f"{what}: byte at {at}: {data[max(0, (at or 0) - 60):(at or 0) + 20]!r}")

    def run_raw(self, *args):
        return subprocess.run([ONNXSH, *args], cwd=self.dir, env=self.env, capture_output=True, timeout=120, stdin=subprocess.DEVNULL)

    def an_id(self, path):
        """The id of a node with an operator of an evil name."""
        return str(json.loads(self.run_raw("--json", "find", path, "op:/Op|op/").stdout.decode())[0]["id"])

    def check_lines(self, path, lines, *options):
        shown = 0
        for line in lines:
            line = line.replace("FILE", path).replace("ID", self.an_id(path))
            p = self.run_raw(*options, "-e", line, path)
            self.assertIn(p.returncode, (0, 1, 2, 3, 4), f"{line}: {p.stderr!r}")
            for data in (p.stdout, p.stderr):
                self.shown(data, f"{' '.join(options)} {line!r} {path}", tabs=line.startswith(("print", "=")))
            shown += len(p.stdout)
            if "--json" in options and p.returncode in (0, 1) and p.stdout and not line.startswith(("=", "print")):
                try:
                    json.loads(p.stdout.decode())
                except ValueError as e:
                    self.fail(f"{line!r} {path}: {e}: {p.stdout[:200]!r}")
        return shown

    def files(self, external=True):
        yield self.write("m.onnx", evil_model(ALL, external))
        yield self.write("t.txt", evil_trace(ALL.replace(b"\0", b"").replace(b"\r", b"")))

    def test_every_command(self):
        for path in self.files():
            self.assertGreater(self.check_lines(path, LINES), 3000)

    def test_every_command_json(self):
        for path in self.files():
            self.check_lines(path, LINES, "--json")

    def test_every_command_in_colour(self):
        for path in self.files():
            self.check_lines(path, LINES[:15], "--color", "always")

    def test_each_alone(self):
        for e in EVIL:
            path = self.write("m.onnx", evil_model(e))
            p = self.run_raw("-e", "info", "-e", "show", "-e", "tree", "-e", "find op:/./", "-e", "node #" + self.an_id(path), "-e", "weights", "-e", "check", path)
            self.assertIn(p.returncode, (0, 1), f"{e!r} {p.stderr!r}")
            self.shown(p.stdout, repr(e))
            self.shown(p.stderr, repr(e))
            if not e.startswith(b"\\"):
                self.assertRegex(p.stdout, rb"\\x[0-9a-f]{2}", repr(e))

    def test_reports_and_exports(self):
        for path in self.files(external=False):
            for args in (["export", path, "o.onnx"], ["export", path, "o.onnx", "--dry-run", "--verbose"], ["--json", "export", path, "o.onnx"],
                         ["export", path, "o.onnx", "--unsupported", "fallthrough", "--verbose"]):
                p = self.run_raw(*args)
                self.shown(p.stdout, repr(args))
                self.shown(p.stderr, repr(args))
            for kind in ("md", "json", "sarif"):
                p = self.run_raw("export", path, "o.onnx", "--report", "r." + kind)
                self.assertIn(p.returncode, (0, 1), p.stderr)
                with open(self.path("r." + kind), "rb") as f:
                    self.shown(f.read(), kind)

    def test_names_of_files_and_options(self):
        evil = "\x1b[31m\u202e\x9b"
        for args in (["info", evil], ["info", self.write("x.txt", b"graph(%x : Tensor):\n  return (%x)\n"), evil], [evil], ["--" + evil], ["-e", evil],
                     ["--input", evil + "=float32", "info", "x.txt"], ["--weights", evil, "info", "x.txt"], ["-l", evil, "info", "x.txt"],
                     ["-f", evil, "x.txt"], ["schema", evil], ["symbolics", evil], ["help", evil], ["set", evil, evil], ["export", "x.txt", evil + "/o"],
                     ["export", "x.txt", "o.onnx", "--dynamic", evil], ["show", "x.txt", "--style", evil], ["check", "x.txt", "--only", evil]):
            p = self.run_raw(*args)
            self.assertNotEqual(p.returncode, 0, repr(args))
            self.assertGreaterEqual(p.returncode, 0, repr(args))
            self.shown(p.stdout, repr(args))
            self.shown(p.stderr, repr(args))

    def test_through_a_terminal(self):
        """At the prompt readline and colours write sequences of their own; what only the model has must not be there."""
        for path in self.files():
            t = Recorded(self, "--no-pager", path, cols=200)
            t.expect("> ")
            for line in LINES[:17]:
                t.send(line.replace("FILE", path).replace("ID", self.an_id(path)) + "\r")
                t.expect(r"\n[^\n]*> ", 60)
            for line in ("value %\t\t", "find scope:\t\t", "node \t\t", "find op:\t\t"):  # completion lists names too
                t.send(line)
                while select.select([t.fd], [], [], 0.5)[0]:
                    t._read(0)
                t.seen = ""
                t.send("\x03")
                t.expect(r"\n[^\n]*> ")
            t.send("\x04\x04")
            t.wait()
            self.assertGreater(len(t.raw), 5000)
            for e in EVIL:
                controls = re.findall(rb"[\x00-\x08\x0e-\x1f\x7f-\xff]+.*", e, re.S)
                for c in controls:
                    self.assertNotIn(c, t.raw.replace("\u2026".encode(), b"..."), f"{path} {e!r}")

    def test_shown_names_can_be_typed_back(self):
        for e in EVIL:
            if b"\0" in e:
                continue
            path = self.write("m.onnx", evil_model(e))
            rows = json.loads(self.run_raw("--json", "find", path, "op:/Op/").stdout.decode())
            self.assertEqual(len(rows), 1, repr(e))
            out = self.run_raw("-e", "print(model:graph():nodes()[2]:name())", path).stdout.decode().rstrip("\n")
            p = self.run_raw("-e", 'node "%s"' % out.replace("\\", "\\\\").replace('"', '\\"'), path)
            self.assertEqual(p.returncode, 0, f"{e!r}: {out!r}: {p.stderr!r}")


if __name__ == "__main__":
    unittest.main()
