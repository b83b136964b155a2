#!/usr/bin/env python3
"""The commands baked and dynamic: one trace alone, two traces, archives' inputs, JSON, what is refused."""
import json
import unittest

from support import TRACE, Case

NET = """graph(%x : Float({b}, 3, {s})):
  %b : int = prim::Constant[value={b}]() # net.py:4:0
  %cs : int = prim::Constant[value={cs}]() # net.py:4:0
  %l : int[] = prim::ListConstruct(%b, %cs)
  %y : Float({b}, {cs}) = aten::view(%x, %l), scope: Net/Flat[flat] # net.py:4:0
  %s : int = prim::Constant[value={s}]() # net.py:5:0
  %n : NoneType = prim::Constant()
  %a : Long({s}) = aten::arange(%s, %n, %n, %n, %n) # net.py:5:0
  return (%y, %a)
"""


def net(b, s):
    return NET.format(b=b, s=s, cs=3 * s)


class Baked(Case):
    def setUp(self):
        super().setUp()
        self.a, self.b = self.write("a.txt", net(2, 5)), self.write("b.txt", net(4, 7))

    def test_alone(self):
        out, _ = self.run_it("baked", self.a)
        self.assertRegex(out, r"aten::view +size\[0\] +2 +x:0 +likely +a dim of what it reads +Net/Flat\[flat\] +net.py:4")
        self.assertRegex(out, r"aten::arange +end +5 +x:2 +likely")
        self.assertIn("--against a trace of other sizes proves it", out)

    def test_two(self):
        out, _ = self.run_it("baked", self.a, "--against", self.b)
        self.assertRegex(out, r"size\[0\] +2, 4 +x:0 +proved")
        self.assertRegex(out, r"size\[1\] +15, 21 +x:1\*x:2 +proved")
        self.assertRegex(out, r"end +5, 7 +x:2 +proved")
        self.assertIn("3 of them differ between the models\n", out)
        out, _ = self.run_it("baked", self.a, "--against", self.a)
        self.assertIn("0 of them differ between the models\n", out)

    def test_json(self):
        got = json.loads(self.run_it("--json", "baked", self.a, "--against", self.b)[0])
        row = got["baked"][1]
        self.assertEqual([row[k] for k in ("argument", "item", "values", "form", "state")],
                         ["size[1]", 1, "15, 21", "x:1*x:2", "proved"])
        self.assertEqual(row["node"]["op"], "aten::view")
        self.assertEqual(len(got["baked"]), 3)

    def test_inputs_of_the_other(self):
        bare = self.write("bare.txt", net(4, 7).replace("Float(4, 3, 7)", "Tensor"))
        out, _ = self.run_it("baked", self.a, "--against", bare, "--against-input", "float32[4,3,7]")
        self.assertRegex(out, r"size\[0\] +2, 4 +x:0 +proved")

    def test_refused(self):
        _, err = self.run_it("baked", self.a, "--against", TRACE, status=1)
        self.assertRegex(err, "the models part after 0 nodes: .*: other inputs of the graph")
        other = self.write("other.txt", net(4, 7).replace("aten::view", "aten::reshape"))
        _, err = self.run_it("baked", self.a, "--against", other, status=1)
        self.assertIn("after 1 nodes: aten::view at Net/Flat[flat] (net.py:4) here, aten::reshape at ", err)
        _, err = self.run_it("baked", self.a, "--against", self.path("none"), status=3)
        self.assertIn("none", err)
        cut = self.write("cut.txt", net(4, 7)[:300])
        self.run_it("baked", self.a, "--against", cut, status=3)
        _, err = self.run_it("baked", self.a, "--against-input", "float32[1]", status=2)
        self.assertIn("--against-input is about a file of --against", err)
        _, err = self.run_it("baked", self.a, *(["--against", self.b] * 8), status=2)
        self.assertIn("7 is the most", err)


unittest.main()
