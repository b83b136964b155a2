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
        self.assertIn("--against-input is about the file of --against before it", err)
        _, err = self.run_it("baked", self.a, *(["--against", self.b] * 8), status=2)
        self.assertIn("7 is the most", err)


class Dynamic(Case):
    def setUp(self):
        super().setUp()
        self.a, self.b = self.write("a.txt", net(2, 5)), self.write("b.txt", net(4, 7))

    def test_proved(self):
        """The export takes other sizes; undo takes all back."""
        onnx = self.path("out.onnx")
        line = f"dynamic x:0=batch x:2=n --against {self.b}"
        out, _ = self.run_it("-e", line, "-e", f"export {onnx}", self.a)
        self.assertIn("x:0 is batch, x:2 is n: 3 constants rebuilt from sizes\n", out)
        out, _ = self.run_it("show", "--style", "seed", onnx)
        self.assertIn("%x : Float(batch, 3, n)", out)
        self.assertRegex(out, r"%y : Float\(batch, 3\*n\)|: Float\(batch, 3\*n\) = onnx::Reshape")
        out, _ = self.run_it("-e", line, "-e", "undo", "-e", "show --style torch", self.a)
        self.assertIn(self.run_it("show", "--style", "torch", self.a)[0], out)

    def test_left(self):
        out, _ = self.run_it("-e", "dynamic x:0=batch", self.a)
        self.assertIn("0 constants rebuilt", out)
        self.assertIn("left: 1 that only look like it; --against another trace proves them, --trust takes", out)
        out, _ = self.run_it("-e", "dynamic x:0=batch --trust", self.a)
        self.assertIn("1 constant rebuilt", out)

    def test_one_shot(self):
        made = self.path("made.txt")
        out, _ = self.run_it("--json", "dynamic", self.a, "x:0=batch", "--against", self.b, "-o", made)
        got = json.JSONDecoder().raw_decode(out)[0]  # that of the file which is written follows
        self.assertEqual([got["rebuilt"], got["left"], got["baked"][0]["rebuilt"]], [1, 0, True])
        with open(made, encoding="utf-8") as f:
            text = f.read()
        self.assertIn("%x : Float(batch, 3, 5)", text)
        self.assertIn("aten::size(%x, ", text)
        self.run_it("export", made, self.path("made.onnx"))

    def test_refused(self):
        for words, message in ((["y:0=n"], "there is no input 'y'"), (["x:5=n"], "has 3 dims, there is no dim 5"),
                               (["x:0"], "is not of the form INPUT:DIM=NAME"), (["x=n"], "is not of the form"),
                               (["x:1=n", "--against", self.b], "dim 1 of input 'x' is 3 in all models")):
            _, err = self.run_it("-e", "dynamic " + " ".join(words), self.a, status=2)
            self.assertIn(message, err)
        _, err = self.run_it("dynamic", self.a, "x:0=n", status=2)
        self.assertIn("-o", err)
        _, err = self.run_it("-e", f"dynamic x:0=n --against {TRACE}", self.a, status=1)
        self.assertIn("the models part", err)


unittest.main()
