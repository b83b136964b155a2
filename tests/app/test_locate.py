#!/usr/bin/env python3
"""The command locate: a message as the line, from a file, from standard input; the result before the trace; JSON."""
import json
import unittest

from support import LUA, TRACE, WEIGHTS, Case


class Locate(Case):
    def test_line(self):
        out, _ = self.run_it("locate", TRACE, "Exporting the operator 'acme::hard_mish' to ONNX opset version 17 is not supported.")
        self.assertIn("acme::hard_mish", out)
        self.assertIn("operator (PyTorch: an operator without a symbolic function)", out)

    def test_nothing(self):
        out, _ = self.run_it("locate", TRACE, "some words")
        self.assertEqual(out, "nothing in this model is named by the message\n")

    def test_usage(self):
        _, err = self.run_it("locate", TRACE, status=2)
        self.assertIn("there is no message", err)
        self.assertIn("usage: locate", err)

    def test_file_and_input(self):
        text = "noise\nExporting the operator 'acme::hard_mish' to ONNX\nnoise\n"
        want, _ = self.run_it("locate", TRACE, text)
        self.assertEqual(self.run_it("locate", TRACE, "--file", self.write("log", text))[0], want)
        self.assertEqual(self.run_it("locate", TRACE, "-", stdin=text.encode())[0], want)
        self.assertEqual(self.run_it("locate", TRACE, "--file", "-", stdin=text.encode())[0], want)
        _, err = self.run_it("locate", TRACE, "--file", self.path("no such log"), status=3)
        self.assertIn("no such log", err)

    def test_json(self):
        rows = json.loads(self.run_it("--json", "locate", TRACE, "Exporting the operator 'acme::hard_mish' to ONNX")[0])
        self.assertTrue(rows)
        self.assertEqual({r["how"] for r in rows}, {"operator"})
        self.assertEqual({r["tool"] for r in rows}, {"PyTorch"})
        self.assertEqual({r["node"]["op"] for r in rows}, {"acme::hard_mish"})
        self.assertEqual(json.loads(self.run_it("--json", "locate", TRACE, "words")[0]), [])

    def test_result(self):
        """A message of the runtime names a node of the exported file; the trace's node is told with it."""
        made = self.path("out.onnx")
        self.run_it("-l", LUA, "--weights", WEIGHTS, "export", TRACE, made)
        nodes = json.loads(self.run_it("--json", "find", made, "op:Conv")[0])
        message = f"Non-zero status code returned while running Conv node. Name:'{nodes[0]['name']}' Status Message: no"
        out, _ = self.run_it("-l", LUA, "--weights", WEIGHTS, "-e", "export " + made, "-e", "locate " + message, TRACE)
        self.assertIn(nodes[0]["name"], out)
        self.assertRegex(out, r"of the result; it came from aten::\S+ #\d+ of the trace")
        out, _ = self.run_it("locate", made, message)
        self.assertIn("node name (ONNX Runtime: a node fails while it runs)", out)
        self.assertNotIn("of the result", out)

    def test_limit(self):
        out, _ = self.run_it("locate", TRACE, "--limit", "1", "ONNX export of operator _convolution")
        self.assertEqual(out.count("aten::_convolution"), 1)
        self.assertIn("and more", out)

    def test_forms(self):
        out, _ = self.run_it("locate", TRACE, "--forms")
        for tool in ("ONNX Runtime", "TensorRT", "PyTorch", "onnx "):
            self.assertIn(tool, out)


if __name__ == "__main__":
    unittest.main()
