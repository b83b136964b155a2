#!/usr/bin/env python3
"""Exporting again after symbolic functions, helpers or the trace changed: the model is, byte for byte, that of a process
that starts with all of these changes, and of one that repeats no call (built-in functions of --lua-dir are always
called)."""
import os
import random
import re
import subprocess
import sys
import unittest

from support import ONNXSH, ROOT, Case

TRACES = """alexnet.aten cnn.aten cnn.verbose cnn.traced embattn.aten embattn.verbose embattn.inlined lstm.aten scriptcf.aten
scriptcf.verbose scriptcf.script while_fn.script reuse.verbose unsup.aten""".split()
STEPS = 9


def changes(rnd):
    """A line of the prompt that changes what an export makes, or that might."""
    op = rnd.choice("relu relu_ tanh sigmoid neg sqrt".split())
    number = rnd.choice((0.5, 1, 2.25))
    return rnd.choice([
        f'symbolic("aten::{op}", function(g, self) return g:op("Elu", self, {{alpha_f = {number}}}) end)',
        f'symbolic("aten::relu", function(g, self) return g:op("LeakyRelu", self, {{alpha_f = SLOPE or {number}}}) end)',
        'symbolic("aten::softmax", function(g, self, dim, dtype) return g:op("LogSoftmax", self, {axis_i = dim}) end)',
        'symbolic("aten::dropout", function(g, input, p, train) return g:op("Identity", input) end)',
        f"SLOPE = {number}",
        'symbolic("aten::relu", function(g, self) return g:op("Cast", g:op("Relu", self), {to_i = 11}) end)',
        'symbolic("aten::relu", function(g, self) return g:op("Relu", self), nil end)',
        'symbolic("aten::add", function(g, self, other, alpha) return g:op("Sub", self, other) end)',
        'symbolic("aten::mul", function(g, self, other) return g:op("Mul", other, self) end)',
        'symbolic("aten::view", function(g, self, size) return g:op("Reshape", self, g:constant(size)) end)',
        'symbolic("aten::tanh", function(g, self) if #self:uses() > 1 then return g:op("Tanh", self) end return g:op("Erf", self) end)',
        'local old = sym.cast; function sym.cast(g, x, to) return old(g, g:op("Identity", x), to) end',
        "local old = sym.maybe_scalar; function sym.maybe_scalar(x) return old(x) end",
        "local old = math.floor; function math.floor(x) return old(x) end",
        f"set opset {rnd.choice((13, 17, 18))}",
        "symbolics --remove aten::relu",
        "local n = model:find('op:relu')[1]; if n then n:replace_with(n:input(1)) end",
        "for i, n in ipairs(model:find('op:max_pool2d')) do n:set_name('pool' .. i) end",
    ])


class Again(Case):
    def export(self, trace, lines, *options):
        """The bytes of the model after these changes in a process of their own, None if there is none."""
        out = self.path("fresh.onnx")
        if os.path.exists(out):
            os.unlink(out)
        words = [w for line in lines for w in ("-e", self.softly(line))]
        subprocess.run([ONNXSH, "-q", *options, *words, "-e", self.softly(f"export {out}"), trace], capture_output=True, env=self.env, timeout=120)
        return self.read(out)

    @staticmethod
    def softly(line):
        """Commands as Lua, so that what fails does not end the process."""
        return f"pcall(command, [[{line}]])" if re.match(r"(export|set|symbolics) ", line) else line

    @staticmethod
    def read(path):
        if not os.path.exists(path):
            return None
        with open(path, "rb") as f:
            return f.read()

    def check(self, trace, seed, lines=()):
        """Exports after each of the lines, or of some random ones, in one session; how many models there were."""
        rnd = random.Random(seed)
        lines = lines or [changes(rnd) for _ in range(STEPS)]
        for i in range(len(lines) + 1):
            if os.path.exists(self.path(f"{i}.onnx")):
                os.unlink(self.path(f"{i}.onnx"))
        words = ["-e", self.softly(f"export {self.path('0.onnx')}")]
        for i, line in enumerate(lines):
            words += ["-e", self.softly(line), "-e", self.softly(f"export {self.path(f'{i + 1}.onnx')}")]
        self.run_it("-q", *words, trace)
        made = 0
        for i in range(len(lines) + 1):
            got, want = self.read(self.path(f"{i}.onnx")), self.export(trace, lines[:i])
            made += got is not None
            what = f"{trace}: after {lines[:i]}"
            self.assertTrue(got == want, f"another model than in a process of its own, {what}")
            if i in (0, 1, len(lines)):
                self.assertTrue(got == self.export(trace, lines[:i], "--lua-dir", os.path.join(ROOT, "lua/onnxsh")), f"not that of calls, {what}")
        return made

    def test_random_changes(self):
        made = 0
        for seed, name in enumerate(TRACES * 3):
            made += self.check(os.path.join(ROOT, "tests/traces", name + ".graph.txt"), seed)
        self.assertGreater(made, 200)

    def test_what_users_functions_read(self):
        """A global, and the graph around the node."""
        reads = ['symbolic("aten::relu", function(g, self) return g:op("LeakyRelu", self, {alpha_f = SLOPE}) end)', "SLOPE = 0.5", "SLOPE = 0.25",
                 'symbolic("aten::relu", function(g, self) return g:op("LeakyRelu", self, {alpha_f = #g:node():output():uses()}) end)',
                 'local n = model:find("op:max_pool2d")[1]; n:replace_with(n:input(1))']
        self.assertGreater(self.check(os.path.join(ROOT, "tests/traces/cnn.aten.graph.txt"), 0, reads), 3)

    def test_types_downstream(self):
        """What a changed function gives another type or rank, later functions see."""
        trace = self.write("types.txt", """graph(%x : Float(2, 3)):
  %none : NoneType = prim::Constant()
  %one : int = prim::Constant[value=1]()
  %last : int = prim::Constant[value=-1]()
  %a : Tensor = aten::relu(%x)
  %b : Tensor = aten::transpose(%a, %one, %last)
  %c : Tensor = aten::sum(%b, %none)
  return (%b, %c)
""")
        made = ['{to_i = 6})', '{to_i = 9})', '{to_i = 11})']
        lines = [f'symbolic("aten::relu", function(g, self) return g:op("Cast", self, {m} end)' for m in made]
        lines.append('symbolic("aten::relu", function(g, self) return g:op("Unsqueeze", self, {0}) end)')
        self.assertEqual(self.check(trace, 0, lines), 5)

    def blocks(self, n):
        path = self.path("blocks.txt")
        subprocess.run([sys.executable, os.path.join(ROOT, "tests/bench/gen_trace.py"), str(n), path, "blocks"], check=True)
        return path

    def test_equal_layers(self):
        self.assertGreater(self.check(self.blocks(300), 99), 3)

    @staticmethod
    def counts(out):
        """How many functions each export called, and how many calls it repeated."""
        return tuple([int(n) for n in re.findall(rf'"functions_{what}": (\d+)', out)] for what in ("called", "repeated"))

    def test_counts(self):
        """Layers that are equal call a function once; a change calls what it concerns."""
        change = 'symbolic("aten::softmax", function(g, self, dim, dtype) return g:op("Softmax", self, {axis_i = dim}) end)'
        out, _ = self.run_it("-q", "--json", "-e", "export --dry-run", "-e", "export --dry-run", "-e", change, "-e", "export --dry-run", self.blocks(1000))
        called, repeated = self.counts(out)
        self.assertLess(called[0], 20)
        self.assertGreater(repeated[0], 400)
        self.assertEqual(called[1], 0)
        self.assertEqual(repeated[1], called[0] + repeated[0])
        self.assertEqual(called[2], 28)  # one softmax a layer: functions of users are always called
        out, _ = self.run_it("-e", "export --dry-run --verbose", self.blocks(100))
        self.assertRegex(out, r"symbolic functions called, \d+ calls repeated")

    def test_what_is_called_each_time(self):
        """Helpers that changed are seen: sym, the standard library, sym put in place of the library's before it is loaded."""
        for change in ("local old = sym.cast; sym.cast = function(...) return old(...) end",
                       "local old = string.format; string.format = function(...) return old(...) end",
                       "sym = setmetatable({}, {__index = sym})"):
            out, _ = self.run_it("-q", "--json", "-e", "export --dry-run", "-e", change, "-e", "export --dry-run", self.blocks(100))
            repeated = self.counts(out)[1]
            self.assertGreater(repeated[0], 0)
            self.assertEqual(repeated[1], 0, change)


if __name__ == "__main__":
    unittest.main()
