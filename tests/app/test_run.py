"""run: inputs by name and by order, random ones, results as a table, JSON and .npz; what is wrong is said."""
import json
import struct
import unittest
import zipfile

from support import Case, LUA, TRACE, WEIGHTS

MODEL = """graph(%a : Float(n, 2)
      %b : Float(n, 2)) {
  %c : Float(n, 2) = onnx::Add(%a, %b)
  %d : Float(n, 2) = onnx::Mul(%c, %c)
  return (%d);
}
"""


def npy(values, shape, descr="<f4"):
    code = {"<f4": "f", "<f8": "d", "<i8": "q"}[descr]
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack(f"<{len(values)}{code}",
                                                                                            *values)


class Run(Case):
    def setUp(self):
        super().setUp()
        text = self.write("m.txt", MODEL)
        self.model = self.path("m.onnx")
        self.run_it("export", text, self.model)

    def npz(self, name, **arrays):
        with zipfile.ZipFile(self.path(name), "w") as z:
            for key, data in arrays.items():
                z.writestr(key + ".npy", data)
        return self.path(name)

    def results(self, *args):
        return json.loads(self.run_it("--json", "run", self.model, *args)[0])["outputs"]

    def test_by_name(self):
        path = self.npz("in.npz", b=npy([10, 20], (1, 2)), a=npy([1, 2], (1, 2)))
        self.assertEqual(self.results("--inputs", path)[0]["elements"], [121, 484])

    def test_by_order(self):
        a, b = self.write("x.npy", npy([1, 2], (1, 2))), self.write("y.npy", npy([3, 4], (1, 2)))
        self.assertEqual(self.results("--inputs", a, "--inputs", b)[0]["elements"], [16, 36])
        both = self.npz("arr.npz", arr_0=npy([1, 2], (1, 2)), arr_1=npy([5, 6], (1, 2)))
        self.assertEqual(self.results("--inputs", both)[0]["elements"], [36, 64])

    def test_named_file(self):
        a, b = self.write("x.npy", npy([1, 2], (1, 2))), self.write("y.npy", npy([3, 4], (1, 2)))
        out = self.results("--inputs", f"b={a}", "--inputs", f"a={b}", "--fetch", "%c,%a")
        self.assertEqual([o["name"] for o in out], ["d", "c", "a"])
        self.assertEqual(out[1]["elements"], [4, 6])
        self.assertEqual(out[2]["elements"], [3, 4])

    def test_random(self):
        first = self.results("--random", "--dim", "n=3", "--seed", "7")
        self.assertEqual(first[0]["dims"], [3, 2])
        self.assertEqual(first, self.results("--random", "--dim", "n=3", "--seed", "7"))
        self.assertNotEqual(first, self.results("--random", "--dim", "n=3", "--seed", "8"))
        out, err = self.run_it("run", self.model, "--random")
        self.assertIn("float32[1,2]", out)
        self.assertIn("taken for 1 in random inputs: n", err)

    def test_outputs(self):
        path = self.npz("in.npz", b=npy([10, 20], (1, 2)), a=npy([1, 2], (1, 2)))
        out = self.path("out.npz")
        self.run_it("run", self.model, "--inputs", path, "--outputs", out)
        with zipfile.ZipFile(out) as z:
            self.assertIsNone(z.testzip())
            self.assertEqual(z.namelist(), ["d.npy"])
            self.assertEqual(struct.unpack("<2f", z.read("d.npy")[-8:]), (121, 484))
        again = self.path("again.npz")
        self.run_it("run", self.model, "--inputs", f"a={out}", "--inputs", f"b={out}", "--outputs", again)

    def test_expect(self):
        good = {"a": npy([1, 2], (1, 2)), "b": npy([10, 20], (1, 2))}
        right = self.npz("right.npz", d=npy([121.05, 484], (1, 2)), **good)
        out, _ = self.run_it("run", self.model, "--inputs", right, "--expect", right)
        self.assertRegex(out, r"d +equal +2 +0 +0\.05")
        out, _ = self.run_it("run", self.model, "--inputs", right, "--expect", right, "--rtol", "1e-5", status=1)
        self.assertRegex(out, r"d +differs +2 +1 +0\.05")
        wrong = self.npz("wrong.npz", d=npy([121, 484], (2,)), **good)
        out, _ = self.run_it("run", self.model, "--inputs", wrong, "--expect", wrong, status=1)
        self.assertIn("the dims differ", out)
        lone = self.write("y.npy", npy([121, 484], (1, 2)))
        rows = json.loads(self.run_it("--json", "run", self.model, "--inputs", right, "--expect", lone)[0])
        self.assertEqual((rows[0]["name"], rows[0]["equal"], rows[0]["most"]), ("d", True, 0))
        nan = self.npz("nan.npz", d=npy([float("nan"), 484], (1, 2)), **good)
        self.run_it("run", self.model, "--inputs", nan, "--expect", nan, status=1)
        far = self.npz("far.npz", d=npy([float("inf"), 484], (1, 2)), **good)
        self.run_it("run", self.model, "--inputs", far, "--expect", far, status=1)
        self.run_it("run", self.model, "--inputs", right, "--expect", self.path("none.npz"), status=3)
        self.run_it("run", self.model, "--inputs", right, "--expect", right, "--rtol", "much", status=2)

    def test_wrong_inputs(self):
        cases = [
            (npy([1, 2], (2,)), "dims are given"),
            (npy([1, 2, 3], (1, 3)), "2 is needed"),
            (npy([1, 2, 3, 4], (2, 2)), "n is"),
            (npy([1, 2], (1, 2), "<f8"), "float64 is given, float32 is needed"),
        ]
        good = npy([1, 2], (1, 2))
        for bad, why in cases:
            _, err = self.run_it("run", self.model, "--inputs", self.npz("in.npz", a=good, b=bad), status=2)
            self.assertIn(why, err)
            self.assertIn("%b", err)
        _, err = self.run_it("run", self.model, "--inputs", self.npz("in.npz", a=good), status=2)
        self.assertIn("nothing is given for input `b`", err)
        _, err = self.run_it("run", self.model, "--inputs", self.npz("in.npz", a=good, z=good), status=2)
        self.assertIn("`z` is no input", err)
        self.run_it("run", self.model, "--inputs", self.path("none.npz"), status=3)
        _, err = self.run_it("run", self.model, "--inputs", "q=" + self.path("in.npz"), status=2)
        self.assertIn("no input `q`", err)
        self.run_it("run", self.model, "--inputs", "a=", status=2)
        self.run_it("run", self.model, "--random", "--dim", "n", status=2)
        self.run_it("run", self.model, "--random", "--engine", "abacus", status=2)

    def test_limits(self):
        _, err = self.run_it("run", self.model, "--random", "--max-nodes", "1", status=3)
        self.assertIn("stopped after 1 nodes", err)
        _, err = self.run_it("run", self.model, "--random", "--dim", "n=1000000", "--max-memory", "8", status=3)
        self.assertIn("onnxsh:", err)

    def test_compute_one_value(self):
        a = self.write("x.npy", npy([1, 2], (1, 2)))
        text = self.write("two.txt", """graph(%a : Float(1, 2)
      %b : Float(1, 2)) {
  %k : Float(2) = onnx::Constant[value_floats=[3., 4.]]()
  %two : Float(2) = onnx::Add(%k, %k)
  %c : Float(1, 2) = onnx::Mul(%a, %two)
  %d : Float(1, 2) = onnx::Add(%c, %b)
  return (%d);
}
""")
        self.run_it("export", text, self.path("two.onnx"), "--no-fold")
        out = json.loads(self.run_it("--json", "value", self.path("two.onnx"), "%two", "--compute")[0])["outputs"]
        self.assertEqual(out[0]["elements"], [6, 8])
        args = ("value", self.path("two.onnx"), "%c", "--compute")
        out = json.loads(self.run_it("--json", *args, "--inputs", "a=" + a)[0])["outputs"]
        self.assertEqual(out[0]["elements"], [6, 16])
        _, err = self.run_it(*args, status=2)
        self.assertIn("nothing is given", err)
        self.run_it(*args, "--random")

    def test_trace_and_its_result(self):
        _, err = self.run_it("run", TRACE, "--random", status=2)
        self.assertIn("export", err)
        out, _ = self.run_it("-l", LUA, "--weights", WEIGHTS, "-e", "export --dry-run", "-e", "run --random --result", TRACE)
        self.assertIn("float32[1,10]", out)

    def test_without_onnx_runtime(self):
        env = self.env
        env.update(PATH="/nonexistent", HOME=self.dir)
        env.pop("VIRTUAL_ENV", None)
        _, err = self.run_it("run", self.model, "--random", "--engine", "ort", status=2)
        self.assertIn("ONNX Runtime is not there", err)
        self.assertIn("--ort PATH", err)
        _, err = self.run_it("run", self.model, "--random", "--engine", "ort", "--ort", self.model, status=2)
        self.assertIn("cannot be opened", err)


if __name__ == "__main__":
    unittest.main()
