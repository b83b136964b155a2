#!/usr/bin/env python3
"""Archives at the program: the tree with classes and calls, one method as its code has it."""
import json
import os
import unittest
import zipfile

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


class Weights(Case):
    """Code reads them by their path: both ends know it."""

    def test_read_as(self):
        out, _ = self.run_it("value", TRACED, "scale")
        self.assertIn("\nread as   %scale.1 by #10\n  input 1 of aten::mul #37\n", out)
        self.assertNotIn("read as", self.run_it("value", TRACED, "input.1")[0])
        read = json.loads(self.run_it("--json", "value", TRACED, "scale")[0])[0]["read_as"]
        self.assertEqual([(r["value"]["name"], r["node"]) for r in read], [("scale.1", 10)])

    def test_inputs(self):
        for command in ("node", "why"):
            out, _ = self.run_it(command, TRACED, "#25")
            self.assertRegex(out, r"%weight\.1 : Float\(2, 1, 3, 3\)  weight block\.conv\.weight")


class Frozen(Case):
    def test_constants(self):
        """The weights of a frozen module are constants of its graph."""
        path = self.write("frozen.txt", "graph(%x : Float(2)):\n"
                          "  %1 : Float(2) = prim::Constant[value= 1  2 [ CPUFloatType{2} ]]()\n"
                          "  %2 : Tensor = aten::mul(%x, %1)\n  return (%2)\n")
        out, _ = self.run_it("weights", path)
        self.assertEqual(out, "no weight has a name; 1 tensor is a constant of the graph, which `show` has\n")


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


class Quantised(Case):
    def test_of_a_file(self):
        for version in ("113", "213"):
            path = os.path.join(ROOT, f"tests/fixtures/torch/quantised_{version}.pt")
            out, _ = self.run_it("weights", path)
            self.assertRegex(out, r"(?m)^scaled +uint8 +\[2, 3\] +6 B +0\.5\*\(q-10\)$")
            self.assertRegex(out, r"(?m)^columns +int8 +\[2, 3\] +6 B +each of dim 1$")
            self.assertRegex(self.run_it("info", path)[0], "(?m)^quantised +4 weights: 2 per tensor, 2 per channel$")
            self.assertIn("\nquantised per_tensor_affine: element q stands for 0.5*(q-10)\n", self.run_it("value", path, "scaled")[0])
            self.assertIn("\nquantised per_channel_affine: element q stands for scale*(q-zero point), each of dim 1 its own\n"
                          "  scales       0.5, 0.25, 2\n  zero points  1, -2, 0\n", self.run_it("value", path, "columns")[0])
            values = json.loads(self.run_it("--json", "value", path, "scaled", "columns")[0])
            self.assertEqual([v["quantization"] for v in values],
                             [{"scheme": "per_tensor_affine", "scale": 0.5, "zero_point": 10},
                              {"scheme": "per_channel_affine", "axis": 1, "scales": [0.5, 0.25, 2], "zero_points": [1, -2, 0]}])
            rows = {r["name"]: r["quantization"] for r in json.loads(self.run_it("--json", "weights", path)[0])}
            self.assertEqual(rows["columns"], {"scheme": "per_channel_affine", "axis": 1})

    def test_of_others(self):
        self.assertNotIn("QUANTISED", self.run_it("weights", TRACED)[0])
        self.assertNotIn("quantised", self.run_it("info", TRACED)[0])


class Shared(Case):
    def test_views(self):
        for name in ("strided_213", "legacy_strided_113"):
            path = os.path.join(ROOT, f"tests/fixtures/torch/{name}.pt")
            out, _ = self.run_it("weights", path)
            self.assertRegex(out, r"(?m)^NAME +DTYPE +SHAPE +BYTES +SHARES WITH$")
            self.assertRegex(out, r"(?m)^tail +float32 +\[3\] +12 B +whole$")
            self.assertRegex(out, r"(?m)^step +float32 +\[4\] +16 B *$")
            self.assertIn("\nshares    a storage with tail\n", self.run_it("value", path, "whole")[0])
            self.assertNotIn("shares", self.run_it("value", path, "step")[0])
            rows = {r["name"]: r.get("shares_with") for r in json.loads(self.run_it("--json", "weights", path)[0])}
            self.assertEqual((rows["whole"], rows["tail"], rows["t"]), ("tail", "whole", None))
            values = json.loads(self.run_it("--json", "value", path, "tail", "t")[0])
            self.assertEqual([v["shares_with"] for v in values], [["whole"], []])

    def test_of_others(self):
        self.assertNotIn("SHARES", self.run_it("weights", TRACED)[0])


class Damaged(Case):
    def test_check(self):
        """A flipped bit of a weight: opening does not read it, the check does."""
        with open(TRACED, "rb") as f:
            data = bytearray(f.read())
        self.assertEqual(self.run_it("check", TRACED)[0], "0 errors, 0 warnings\n")
        self.assertTrue(self.run_it("check", DATA)[0].endswith("\n0 errors, 0 warnings, 1 note\n"))
        data[data.index(b"net/data/1") + 20] ^= 1
        path = self.write("net.pt", bytes(data))
        self.assertEqual(self.run_it("info", path)[1], "")
        out, _ = self.run_it("check", path, status=1)
        self.assertIn("error: zip entry 'net/data/1': its checksum is wrong: the data is damaged  [damaged-record]", out)


class NotUnderstood(Case):
    """Code with a construct that is not known: all else of the archive can be had, and whoever wants the graph is told
    where it fails."""
    PLACE = r"net\.pt \(code/__torch__/net\.py\):%s: the graph cannot be read: "

    def archive(self, edit):
        path = os.path.join(self.dir, "net.pt")
        with zipfile.ZipFile(TRACED) as old, zipfile.ZipFile(path, "w") as new:
            for i in old.infolist():
                data = old.read(i)
                new.writestr(i.filename, edit(data.decode()).encode() if i.filename.endswith("code/__torch__/net.py") else data)
        return path

    def check(self, path, place, message):
        warning = "onnxsh: warning: .*" + self.PLACE % place + message
        for line in (["info"], ["tree"], ["weights"], ["value"]):
            out, err = self.run_it(line[0], path, *(["block.conv.weight"] if line == ["value"] else []))
            self.assertRegex(err, warning)
            if line == ["tree"]:
                self.assertRegex(out, r"(?m)^  block +Block +0 +20$")
                self.assertRegex(out, r"(?m)^    conv +Conv2d +0 +20$")
            else:
                self.assertIn("block.conv.weight" if line != ["info"] else "weights", out)
        for line in (["show"], ["show", "--no-inline"], ["find", "op:relu"], ["ops"], ["run"], ["save"], ["node"], ["infer"]):
            more = {"save": [os.path.join(self.dir, "copy.txt")], "node": ["%x"], "infer": ["-o", os.path.join(self.dir, "c")]}
            query = line[1:] if line[0] == "find" else []
            args = [line[0], path, *query] if query else [*line[:1], *line[1:], path]
            out, err = self.run_it("-q", *args, *more.get(line[0], []), status=3)
            self.assertEqual(out, "")
            self.assertRegex(err, "onnxsh: .*" + self.PLACE % place + message)
        _, err = self.run_it("export", path, os.path.join(self.dir, "out.onnx"), status=1)
        self.assertRegex(err, "onnxsh: the graph cannot be read: " + message + r"\n    at .*net\.py\):" + place.split(":")[0])
        _, err = self.run_it("-q", "export", path, os.path.join(self.dir, "out.onnx"), "--input", "x=float32[2]", status=3)
        self.assertRegex(err, "onnxsh: .*" + self.PLACE % place + message)
        found = json.loads(self.run_it("-q", "--json", "check", path, status=1)[0])
        self.assertEqual([f["check"] for f in found if f["severity"] == "error"], ["unread-graph"])
        self.assertRegex(found[0]["message"], "^the graph cannot be read: " + message + r", at .*net\.py\):" + place.split(":")[0] + "$")
        self.assertEqual(sorted(os.listdir(self.dir)), ["net.pt"])

    def test_statement(self):
        path = self.archive(lambda code: code.replace("    _0 = torch.mul(", "    _0 = x @ torch.mul("))
        self.check(path, r"15:12", "a character that this language does not have")

    def test_operator(self):
        """The code reads, but what it says means nothing."""
        path = self.archive(lambda code: code.replace("(block).forward(", "(block).forwards("))
        self.check(path, r"\d+:\d+", "the class .* has no method forwards")

    def test_other_methods(self):
        """One broken method leaves the others of its class and file as they are."""
        more = ("  def good(self: __torch__.net.Net,\n    x: Tensor) -> Tensor:\n    block = self.block\n"
                "    return (block).forward(x, )\n"
                "  def bad(self: __torch__.net.Net,\n    x: Tensor) -> Tensor:\n    return x @ x\n"
                "  def caller(self: __torch__.net.Net,\n    x: Tensor) -> Tensor:\n    return (self).bad(x, )\n")
        path = self.archive(lambda code: code.replace("class Block(", more + "class Block(", 1))
        out, err = self.run_it("show", path)
        self.assertEqual(err, "")
        self.assertEqual(out, self.run_it("show", TRACED)[0])
        titles = [r["title"] for r in json.loads(self.run_it("--json", "open", "--list", path)[0])]
        self.assertEqual([t.split(",")[0] for t in titles], [m for m in ("forward", "good", "bad", "caller") for _ in range(2)])
        self.assertIn("aten::relu", self.run_it("-e", f"open --graph 3 {path}", "-e", "show")[0])
        self.assertIn('prim::CallMethod[name="bad"]', self.run_it("show", "--no-inline", path, "caller")[0])
        for line in (["show", "--no-inline", path, "bad"], ["-e", f"open --graph 7 {path}", "-e", "show"]):
            _, err = self.run_it("-q", *line, status=3)
            self.assertRegex(err, r"net\.py\):\d+:14: the graph cannot be read: a character")
        self.assertIn("fewer methods", self.run_it("-e", f"open --graph 9 {path}", status=2)[1])


if __name__ == "__main__":
    unittest.main()
