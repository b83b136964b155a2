#!/usr/bin/env python3
"""Archives at the program: the tree with classes and calls, one method as its code has it."""
import json
import os
import unittest

from support import ROOT, TRACE, Case

TRACED = os.path.join(ROOT, "tests/fixtures/torch/trace_213.pt")
DATA = os.path.join(ROOT, "tests/fixtures/torch/state_213.pt")


class Tree(Case):
    def test_calls(self):
        out, _ = self.run_it("tree", TRACED)
        self.assertRegex(out, r"(?m)^SCOPE +CLASS +NODES +PARAMETERS +CALLS$")
        self.assertRegex(out, r"(?m)^  block +Block +10 +20 +1$")
        self.assertRegex(out, r"(?m)^    act +ReLU +1 +1$")
        rows = {r["path"]: r for r in json.loads(self.run_it("--json", "tree", TRACED)[0])}
        self.assertEqual((rows["blocks.1"]["class"], rows["blocks.1"]["calls"]), ("Linear", 1))

    def test_without_code(self):
        out, _ = self.run_it("tree", TRACE)
        self.assertNotIn("CALLS", out)
        self.assertNotIn("calls", json.loads(self.run_it("--json", "tree", TRACE)[0])[0])


class NoInline(Case):
    def test_forward(self):
        out, _ = self.run_it("show", "--no-inline", TRACED)
        self.assertIn('%11 : Tensor = prim::CallMethod[name="forward"](%blocks.1, %input.1), scope: net.Net::', out)
        self.assertEqual(out, self.run_it("show", "--no-inline", TRACED, "forward")[0])
        self.assertNotIn("CallMethod", self.run_it("show", TRACED)[0])

    def test_of_a_module(self):
        out, _ = self.run_it("show", "--no-inline", TRACED, "block.forward")
        self.assertTrue(out.startswith("graph(%self"), out)
        self.assertIn('prim::GetAttr[name="conv"](%self', out)
        self.assertEqual(out, self.run_it("show", "--no-inline", TRACED, "block")[0])
        both, _ = self.run_it("show", "--no-inline", TRACED, "block", "blocks.1")
        self.assertTrue(both.startswith(out))
        self.assertIn("aten::linear", both[len(out):])

    def test_errors(self):
        for word in ("nothing", "block.nothing", "block.conv.nothing.more"):
            _, err = self.run_it("show", "--no-inline", TRACED, word, status=2)
            self.assertIn("has no method", err)
        for path in (TRACE, DATA):
            _, err = self.run_it("show", "--no-inline", path, status=2)
            self.assertIn("the file holds no code, so no method 'forward'", err)


if __name__ == "__main__":
    unittest.main()
