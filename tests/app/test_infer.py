#!/usr/bin/env python3
"""infer: its summary, what the other commands show of it, what is saved, and types that follow the edits."""
import json
import os
import unittest

from support import ROOT, Case, Terminal

ELU = os.path.join(ROOT, "examples/elu_2018/elu_net.txt")
ELU_WEIGHTS = os.path.join(ROOT, "examples/elu_2018/elu_net.npz")
# Graphs of ONNX nodes, the second with what contradicts.
GRAPH = """graph(%x : Float(N, 3, 4), %c : Bool(2, 2)):
  %nz : Tensor = onnx::NonZero(%c)
  %s : Long(2) = onnx::Constant[value= 0 -1 [ CPULongType{2} ]]()
  %t : Long(2) = onnx::Constant[value= 3 -1 [ CPULongType{2} ]]()
  %r : Tensor = onnx::Reshape(%x, %s)
  %z : Tensor = onnx::Relu(%nz)
  %y : Tensor = onnx::Relu(%r)
  return (%y)
"""
WRONG = """graph(%x : Float(2, 3), %z : Float(4, 5)):
  %a : Tensor = onnx::Add(%x, %z), scope: Net::/Head::head
  %b : Tensor = acme::Warp(%x)
  %y : Tensor = onnx::Relu(%x)
  return (%y)
"""
EDIT = "(function() for _, n in ipairs(model:graph():nodes()) do if n:op() == 'onnx::Reshape' then n:set_input(2, model:graph():value('t')) end end end)()"


class Infer(Case):
    def graph(self, text=GRAPH):
        return self.write("g.txt", text)

    def model(self):
        """An .onnx without types between its nodes."""
        self.run_it("-q", "--weights", ELU_WEIGHTS, "export", ELU, "m.onnx")
        return "m.onnx"

    def test_summary_and_reasons(self):
        out, _ = self.run_it("infer", self.graph())
        self.assertIn("6 values: type and rank of 6 are known, of 2 the file says so", out)
        self.assertIn("10 dims, 2 of them unknown", out)
        self.assertIn("      2  how many elements are not zero depends on data: onnx::NonZero #2", out)

    def test_json(self):
        told = json.loads(self.run_it("--json", "infer", self.graph())[0])
        self.assertEqual((told["nodes"], told["values"], told["typed_before"], told["typed"]), (6, 6, 2, 6))
        self.assertEqual((told["dims"], told["unknown_dims"], told["findings"]), (10, 2, []))
        self.assertEqual([(u["dims"], u["places"], u["node"]) for u in told["unknown"]], [(2, 1, 2)])
        self.assertIn("onnx::NonZero #2", told["unknown"][0]["reason"])

    def test_findings(self):
        out, _ = self.run_it("infer", self.graph(WRONG))
        self.assertIn("inputs: onnx::Add: dims 2 and 4 cannot be broadcast", out)
        self.assertIn("at Net/Head[head]", out)
        self.assertIn("no-rule: acme::Warp", out)
        self.assertIn("2 contradictions or unknown operators", out)
        found = json.loads(self.run_it("--json", "infer", self.graph(WRONG))[0])["findings"]
        self.assertEqual([(f["problem"], f["node"]["op"], f["value"]) for f in found],
                         [("inputs", "onnx::Add", "%a"), ("no-rule", "acme::Warp", "%b")])

    def test_strict(self):
        _, err = self.run_it("--strict", "infer", self.graph(WRONG), status=1)
        self.assertIn("dims 2 and 4 cannot be broadcast", err)
        self.assertIn("Net/Head[head]", err)
        self.run_it("--strict", "infer", self.graph())

    def test_no_data(self):
        self.graph(GRAPH.replace("%r : Tensor = onnx::Reshape(%x, %s)", "%k : Tensor = onnx::Shape(%x)\n"
                                 "  %r : Tensor = onnx::Reshape(%x, %k)"))
        out, _ = self.run_it("-e", "infer", "-e", "value %r", "g.txt")
        self.assertIn("Float(N, 3, 4)", out)
        out, _ = self.run_it("-e", "infer --no-data", "-e", "value %r", "g.txt")
        self.assertIn("Float(*, *, *)", out)

    def test_views_tell_the_reason(self):
        line = "dim 1 is unknown: how many elements are not zero depends on data: onnx::NonZero #2"
        out, _ = self.run_it("-e", "infer", "-e", "node %z", "-e", "value %z", self.graph())
        self.assertIn(line, out)
        self.assertIn("dim 1     unknown: how many elements are not zero", out)
        told, _ = self.run_it("--json", "-e", "infer", "-e", "value %z", self.graph())
        told = json.loads(told[told.index("\n}\n") + 3:])[0]["value"]
        self.assertEqual(told["shape"], [2, None])
        self.assertIn("onnx::NonZero #2", told["unknown"]["1"])

    def test_input_overrides(self):
        out, _ = self.run_it("--input", "x=float32[7,3,4]", "-e", "infer", "-e", "value %y", self.graph())
        self.assertIn("Float(7, 12)", out)

    def test_dynamic(self):
        model = self.model()
        self.run_it("infer", model, "-o", "typed.onnx")
        self.run_it("infer", "typed.onnx", "--dynamic", "input.1:0=batch", "-o", "dynamic.onnx")
        info = json.loads(self.run_it("--json", "info", "dynamic.onnx")[0])
        self.assertEqual(info["inputs"][0]["shape"], ["batch", 1, 8, 8])
        self.assertEqual(info["outputs"][0]["shape"][0], "batch")
        out, _ = self.run_it("infer", "typed.onnx", "--dynamic", "input.1:0=batch")  # asks only
        self.assertIn("0 of them unknown", out)
        for bad, why in (("x", "not of the form"), ("input.1:0", "not of the form"), ("input.1:9=b", "no such axis"),
                         ("nobody:0=b", "no such input"), ("input.1:x=b", "not of the form")):
            _, err = self.run_it("infer", model, "--dynamic", bad, status=2)
            self.assertIn(why, err)

    def test_forget(self):
        told = self.graph("graph(%x : Float(2, 3)):\n  %y : Float(7, 3) = onnx::Relu(%x)\n  return (%y)\n")
        out, _ = self.run_it("-e", "infer", "-e", "value %y", told)
        self.assertIn("declared: onnx::Relu: %y is declared as Float(7, 3), which it cannot be", out)
        self.assertIn("type      Float(7, 3)", out)
        out, _ = self.run_it("-e", "infer --forget", "-e", "value %y", told)
        self.assertIn("type      Float(2, 3)", out)

    def test_nothing_is_written_unless_asked(self):
        model = self.model()
        out, _ = self.run_it("infer", model)  # no target is needed: the file would be the same
        self.assertNotIn("would be lost", out)
        out, _ = self.run_it("-e", "infer", "-e", "save s.onnx", model)
        self.assertEqual(self.bytes("s.onnx"), self.bytes(model))

    def bytes(self, name):
        with open(self.path(name), "rb") as f:
            return f.read()

    def test_saved_as_value_info(self):
        model = self.model()
        self.run_it("infer", model, "-o", "typed.onnx")
        told = json.loads(self.run_it("--json", "infer", "typed.onnx")[0])
        self.assertEqual(told["typed_before"], told["values"])
        self.run_it("check", "typed.onnx")
        self.run_it("-q", "-e", "infer --declare", "-e", "save again.onnx", model)
        self.assertEqual(self.bytes("again.onnx"), self.bytes("typed.onnx"))
        self.run_it("infer", model, "--in-place")
        self.assertEqual(self.bytes(model), self.bytes("typed.onnx"))

    def test_undo(self):
        out, _ = self.run_it("-q", "-e", "infer", "-e", "value %r", "-e", "undo", "-e", "value %r", self.graph())
        self.assertEqual([l.split()[1] for l in out.split("\n") if l.startswith("type ")], ["Float(N,", "Tensor"])

    def test_types_follow_edits_at_the_prompt(self):
        t = Terminal(self, "--no-init", self.graph(), cols=200)
        for line, want in (("infer", "6 values"), ("value %y", r"Float\(N, 12\)"), (EDIT, "> "),
                           ("value %y", r"Float\(3, 4\*N\)"), ("undo", "undone"), ("value %y", r"Float\(N, 12\)"),
                           ("redo", "again"), ("value %y", r"Float\(3, 4\*N\)"), ("undo 2", "undone: infer"),
                           (EDIT, "> "), ("value %y", r"type +Tensor")):
            t.send(line + "\r")
            t.expect(want)


if __name__ == "__main__":
    unittest.main()
