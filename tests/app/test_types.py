#!/usr/bin/env python3
"""Types of a trace: which commands infer them, where the shapes of inputs come from, and the trace as its file has it."""
import json
import os
import re
import unittest

from support import ROOT, Case, Terminal

NEW = os.path.join(ROOT, "tests/fixtures/torch/trace_213.pt")  # holds what it was traced with
OLD = os.path.join(ROOT, "tests/fixtures/torch/trace_113.pt")  # does not
SPEC = "x.1=float32[1,1,5,5]"
# What the branches come to is known when the type of %r is; until then nothing is known of %t.
LATE = """graph(%x : Tensor, %m : Tensor):
  %zero : int = prim::Constant[value=0]()
  %one : int = prim::Constant[value=1]()
  %two : int = prim::Constant[value=2]()
  %r : Tensor = aten::relu(%x)
  %d : int = aten::dim(%r)
  %c : bool = aten::ne(%d, %two)
  %h : Tensor = prim::If(%c)
    block0():
      %a : Tensor = aten::unsqueeze(%r, %one)
      -> (%a)
    block1():
      -> (%r)
  %t : Tensor = aten::transpose(%h, %zero, %one)
  %y : Tensor = aten::div(%t, %m)
  return (%y)
"""
RELU = "aten::relu(%input.1)"
# By a name that no built-in function serves.
FAILS = """graph(%x : Float(2, 3)):
  %y : Tensor = acme::warp(%x), scope: Net::/Warp::warp
  %z : Tensor = aten::relu(%y)
  return (%z)
"""
CLASH = """graph(%x : Float(2, 3)):
  %y : Float(7, 3) = aten::relu(%x), scope: Net::/ReLU::act
  %z : Tensor = aten::relu(%y)
  return (%z)
"""
# Arithmetic on sizes, as the tracer records it.
SIZES = """graph(%x : Tensor):
  %0 : int = prim::Constant[value=0]()
  %1 : int = prim::Constant[value=1]()
  %2 : int = prim::Constant[value=2]()
  %m1 : int = prim::Constant[value=-1]()
  %none : NoneType = prim::Constant()
  %long : int = prim::Constant[value=4]()
  %no : bool = prim::Constant[value=0]()
  %b : int = aten::size(%x, %0)
  %bt : Tensor = prim::NumToTensor(%b)
  %s : int = aten::size(%x, %1)
  %st : Tensor = prim::NumToTensor(%s)
  %rows : Tensor = aten::mul(%bt, %st)
  %r : int = aten::Int(%rows)
  %flat : int[] = prim::ListConstruct(%r, %m1)
  %viewed : Tensor = aten::view(%x, %flat)
  %half : Tensor = aten::floor_divide(%st, %2)
  %h : int = aten::Int(%half)
  %front : Tensor = aten::slice(%x, %1, %0, %h, %1)
  %less : Tensor = aten::sub(%st, %1, %1)
  %l : int = aten::Int(%less)
  %first : int[] = prim::ListConstruct(%l)
  %zeros : Tensor = aten::zeros(%first, %long, %none, %none, %no)
  %range : Tensor = aten::arange(%s, %long, %none, %none, %no)
  %row : Tensor = aten::unsqueeze(%range, %0)
  %wide : int[] = prim::ListConstruct(%b, %m1)
  %spread : Tensor = aten::expand(%row, %wide, %no)
  %one : Tensor = aten::slice(%spread, %1, %0, %1, %1)
  %list : Tensor[] = prim::ListConstruct(%spread, %spread)
  %cat : Tensor = aten::cat(%list, %1)
  return (%viewed, %front, %zeros, %cat)
"""


def type_of(text, mark=RELU):
    """The type of the value that a line of a graph makes."""
    line = next(line for line in text.splitlines() if mark in line)
    return line.split(" : ", 1)[1].split(" = ")[0]


class Types(Case):
    def read(self, name):
        with open(self.path(name)) as f:
            return f.read()

    def test_sources(self):
        for args, said, known in ((["info", NEW], "shapes      of the inputs: traced_inputs.pkl", "Float(1, 1, 5, 5)"),
                                  (["info", OLD], "shapes      not known: give those of the inputs", "Tensor"),
                                  (["--input", SPEC, "info", OLD], "shapes      of the inputs: --input", "Float(1, 1, 5, 5)"),
                                  (["--input", "x.1=float32[2,1,6,6]", "info", NEW], "of the inputs: --input", "Float(2, 1, 6, 6)")):
            out, _ = self.run_it(*args)
            self.assertIn(said, out)
            self.assertIn(f"%x.1 : {known}\n", out)
        self.assertEqual(json.loads(self.run_it("--json", "info", NEW)[0])["input_types"], "traced_inputs.pkl")
        self.assertNotIn("shapes ", self.run_it("info", self.write("t.txt", CLASH))[0])

    def test_input(self):
        """In a session that runs already: all or none, and undo takes it back."""
        out, _ = self.run_it("-e", "input", "-e", "input " + SPEC, "-e", "show", "-e", "undo", "-e", "input", OLD)
        self.assertEqual(type_of(out), "Float(1, 2, 3, 3)")
        self.assertEqual([line.split(" : ")[1] for line in out.splitlines() if line.startswith("%x.1 :")],
                         ["Tensor", "Float(1, 1, 5, 5)", "Tensor"])
        out, err = self.run_it("-e", "print(pcall(command, 'input float32[1] nothing=int64'))", "-e", "input", OLD)
        self.assertIn("the graph has no input nothing", out + err)
        self.assertIn("%x.1 : Tensor\n", out)
        self.assertIn("or `input` with the same at the prompt", self.run_it("export", "--dry-run", OLD, status=1)[1])
        rows = json.loads(self.run_it("--json", "-e", "input x=float32[b,1,5,5]", OLD)[0])
        self.assertEqual(rows[-1]["type"], "Float(b, 1, 5, 5)")

    def test_show(self):
        for args in ([NEW], ["--input", SPEC, OLD]):
            self.assertEqual(type_of(self.run_it(*args[:-1], "show", args[-1])[0]), "Float(1, 2, 3, 3)")
        self.assertEqual(type_of(self.run_it("show", OLD)[0]), "Tensor(*, *, *, *)")  # of a convolution
        self.assertEqual(type_of(self.run_it("--input", "float32[batch,1,h,w]", "show", "--style", "seed", OLD)[0]),
                         "Float(batch, 2, h-2, w-2)")

    def test_as_the_file_has_it(self):
        out, _ = self.run_it("show", "--no-infer", NEW)
        self.assertEqual(type_of(out), "Tensor")
        self.assertIn("%x.1 : Tensor", out)
        out, _ = self.run_it("-e", "show", "-e", "set infer off", "-e", "show", "-e", "set infer", "-e", "set infer on",
                             "-e", "show", NEW)
        first, second, third = out.split("graph(")[1:]
        self.assertEqual([type_of(t) for t in (first, second, third)], ["Float(1, 2, 3, 3)", "Tensor", "Float(1, 2, 3, 3)"])
        self.assertIn("off\n", second)

    def test_commands(self):
        self.assertIn("type      Float(1, 2, 3, 3)", self.run_it("value", NEW, "%input.1")[0])
        self.assertIn("Float(1, 2, 3, 3)", self.run_it("node", NEW, "%input.1")[0])
        self.assertIn("Float(1, 2, 3, 3)", self.run_it("find", NEW, "op:relu")[0])
        self.assertEqual(self.run_it("find", NEW, "--count", "shape:[1,2] op:linear")[0], "2\n")
        self.run_it("save", NEW, "t.txt")
        self.assertEqual(type_of(self.read("t.txt")), "Float(1, 2, 3, 3)")
        self.assertEqual(type_of(self.run_it("show", "--no-infer", "t.txt")[0]), "Float(1, 2, 3, 3)")

    def test_no_step(self):
        out, _ = self.run_it("-e", "show", "-e", "info", NEW)
        self.assertNotIn("(modified)", out)
        self.run_it("-e", "show", "-e", "undo", NEW, status=2)

    def test_lua(self):
        line = "model:graph():value('input.1'):type():dim(2)"
        self.assertEqual(self.run_it("-e", line, NEW)[0], "2\n")
        self.assertEqual(self.run_it("-e", "set infer off", "-e", "tostring(" + line[:-len(":dim(2)")] + ")", NEW)[0],
                         "Tensor\n")
        self.assertEqual(self.run_it("-e", "#model:find('shape:[1,2,3,3] op:relu')", NEW)[0], "1\n")

    def test_lua_infer(self):
        trace = self.write("t.txt", FAILS)
        out, _ = self.run_it("-e", "model:infer()[1].message", "-e", "set infer off", "-e", "model:infer().n", trace)
        self.assertRegex(out, r"^acme::warp: there is no symbolic function of acme::warp at opset \d+\n1\n$")
        out, _ = self.run_it("-e", "set infer off", "-e", "model:infer()", "-e",
                             "model:graph():value('input.1'):type():dim(2)", NEW)
        self.assertIn("2\n", out)

    def test_own_functions(self):
        trace = self.write("t.txt", FAILS)
        lua = self.write("w.lua", 'symbolic("acme::warp", function(g, x) print("called") return g:op("Transpose", x) end)')
        self.assertEqual(type_of(self.run_it("-l", lua, "show", trace)[0], "acme::warp"), "Float(3, 2)")
        self.assertNotIn("called", self.run_it("-l", lua, "show", trace)[0])
        # in an export once, though its branches are typed on a copy before
        branch = self.write("b.txt", FAILS.replace("  return (%z)", """  %n : int = aten::dim(%z)
  %2 : int = prim::Constant[value=2]()
  %c : bool = aten::eq(%n, %2)
  %r : Tensor = prim::If(%c)
    block0():
      -> (%z)
    block1():
      %o : Tensor = aten::neg(%z)
      -> (%o)
  return (%r)"""))
        out, _ = self.run_it("-l", lua, "export", "--dry-run", "--verbose", branch)
        self.assertEqual(out.split().count("called"), 1)
        self.assertNotIn("onnx::If", out)
        # one that is defined at the prompt counts at once
        out, _ = self.run_it("-e", "show", "-e", 'symbolic("acme::warp", function(g, x) return g:op("Transpose", x) end)',
                             "-e", "show", trace)
        first, second = out.split("graph(")[1:]
        self.assertEqual((type_of(first, "acme::warp"), type_of(second, "acme::warp")), ("Tensor", "Float(3, 2)"))

    def test_infer(self):
        out, _ = self.run_it("infer", NEW)
        self.assertIn("type and rank of ", out)
        self.assertIn(" 0 of them unknown\n", out)
        out, _ = self.run_it("infer", self.write("t.txt", FAILS))
        self.assertIn("no-rule: acme::warp: there is no symbolic function of acme::warp", out)
        self.assertIn("at Net/Warp[warp]", out)
        self.assertIn("2 values: type and rank of 0 are known", out)
        out, _ = self.run_it("-e", "show", "-e", "value %z", "t.txt")
        self.assertIn("unknown   there is no symbolic function of acme::warp", out)
        told = json.loads(self.run_it("--json", "infer", "t.txt")[0])
        self.assertEqual([(f["problem"], f["node"]["op"]) for f in told["findings"]], [("no-rule", "acme::warp")])
        self.run_it("--strict", "infer", "t.txt", status=1)

    def test_dynamic(self):
        out, _ = self.run_it("-e", "infer --dynamic x.1:0=batch", "-e", "show --style seed", NEW)
        self.assertEqual(type_of(out), "Float(batch, 2, 3, 3)")
        out, _ = self.run_it("-e", "infer --dynamic x.1:0=batch", "-e", "undo", "-e", "show --style seed", NEW)
        self.assertEqual(type_of(out), "Float(1, 2, 3, 3)")

    def test_sizes(self):
        spec = ["--input", "float32[batch,seq,8]"]
        out, _ = self.run_it(*spec, "show", "--style", "seed", self.write("t.txt", SIZES))
        for name, want in (("viewed", "batch*seq, 8"), ("front", "batch, seq//2, 8"), ("zeros", "seq-1"),
                           ("range", "seq"), ("spread", "batch, seq"), ("one", "batch, min(seq, 1)"),
                           ("cat", "batch, 2*seq")):
            self.assertRegex(out, rf"%{name} : (Float|Long)\({re.escape(want)}\) = ")
        self.run_it(*spec, "export", "t.txt", "t.onnx")
        told = json.loads(self.run_it("--json", "info", "t.onnx")[0])
        self.assertEqual([v["type"] for v in told["outputs"]],
                         ["Float(batch*seq, 8)", "Float(batch, seq//2, 8)", 'Long("seq-1")', "Long(batch, 2*seq)"])

    def test_nothing_is_guessed(self):
        """What is made like a tensor of unknown dtype has an unknown dtype."""
        none = "%n, " * 4 + "%n"
        trace = self.write("t.txt", f"""graph(%x : Tensor):
  %n : NoneType = prim::Constant()
  %2 : int = prim::Constant[value=2]()
  %s : int[] = prim::ListConstruct(%2)
  %z : Tensor = aten::zeros_like(%x, {none})
  %o : Tensor = aten::new_ones(%x, %s, {none[4:]})
  %r : Tensor = aten::rand_like(%x, {none})
  return (%z, %o, %r)
""")
        out, _ = self.run_it("show", "--style", "seed", trace)
        self.assertEqual([type_of(out, f"%{v} : ") for v in "zor"], ["Tensor", "Tensor(2)", "Tensor"])
        _, err = self.run_it("export", "--dry-run", trace, status=1)
        self.assertIn("the dtype of input 1 (%x) is not known", err)
        _, err = self.run_it("export", "--dry-run", "--opset", "14", trace, status=1)
        self.assertIn("aten::zeros_like: the dtype to cast to is not known", err)

    def test_promotion_waits(self):
        """A dtype beside an unknown one is not that of the result: the float is not cast to the integer's."""
        trace = self.write("t.txt", LATE)
        spec = ("--input", "x=float32[2,3]", "--input", "m=int64[3,2]")
        out, _ = self.run_it(*spec, "-e", "export t.onnx", "-e", "show --result", trace)
        self.assertIn("%y : Float(3, 2) = onnx::Div(%Transpose_output_0, %Cast_output_0)", out)
        self.assertIn("Float(3, 2) = onnx::Cast[to=1](%m)", out)
        trace = self.write("u.txt", """graph(%x : Float(2, 3), %m : Long(2, 3)):
  %y : Tensor = acme::warp(%x)
  %z : Tensor = aten::div(%y, %m)
  %k : Bool(2, 3) = aten::lt(%m, %x)
  %w : Tensor = aten::where(%k, %y, %m)
  return (%z, %w)
""")
        out, _ = self.run_it("show", "--style", "seed", trace)
        self.assertEqual([type_of(out, f"%{v} : ") for v in "zw"], ["Tensor", "Tensor"])

    def test_clash(self):
        out, err = self.run_it("show", self.write("t.txt", CLASH))
        self.assertIn("aten::relu: %y is Float(7, 3) in the file, but would be Float(2, 3)", err)
        self.assertIn("Net/ReLU[act]", err)
        self.assertEqual(type_of(out, "relu(%x)"), "Float(7, 3)")

    def test_keep(self):
        self.run_it("infer", NEW, "-o", "t.txt")
        self.assertEqual(type_of(self.read("t.txt")), "Float(1, 2, 3, 3)")

    def test_interrupted(self):
        lua = self.write("w.lua", 'symbolic("acme::warp", function(g, x) io.stderr:write("busy") while true do end end)')
        t = Terminal(self, "--no-init", "-l", lua, self.write("t.txt", FAILS))
        t.expect("> ")
        t.send("show\n")
        t.expect("busy")
        t.send("\x03")
        t.expect("interrupted")
        t.send("set infer off\n")
        t.send("show\n")
        t.expect(r"%y\S* : \S*Tensor\S* = \S*acme::warp")


if __name__ == "__main__":
    unittest.main()
