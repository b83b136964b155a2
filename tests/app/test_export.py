#!/usr/bin/env python3
"""Every option of export, through the program: what was written is looked at with the program itself."""
import json
import os
import unittest

from support import ROOT, TRACE, Case

ELU = os.path.join(ROOT, "examples/elu_2018/elu_net.txt")
ELU_WEIGHTS = os.path.join(ROOT, "examples/elu_2018/elu_net.npz")
PARAMETERS = ["features.0.weight", "features.0.bias", "features.3.weight", "features.3.bias", "classifier.weight",
              "classifier.bias"]
ROUNDED = """graph(%x : Float(2, 3)):
  %1 : Double() = prim::Constant[value={2.82843}]()
  %y : Float(2, 3) = aten::div(%x, %1)
  return (%y)
"""
LOST = """graph(%x : Float(2, 3)):
  %1 : Float(2, 3) = prim::Constant[value=<Tensor>]()
  %y : Float(2, 3) = aten::mul(%x, %1)
  return (%y)
"""
SPLIT = """graph(%x : Float(4, 6), %w : Float(6)):
  %1 : int = prim::Constant[value=2]()
  %2 : int = prim::Constant[value=1]()
  %3 : Tensor[] = aten::chunk(%x, %1, %2)
  %4 : Float(4, 3), %5 : Float(4, 3) = prim::ListUnpack(%3)
  return (%4, %5)
"""
FOLDABLE = """graph(%x : Float(2, 3)):
  %1 : Float(3) = prim::Constant[value= 1  2  3 [ CPUFloatType{3} ]]()
  %2 : Float(3) = aten::neg(%1)
  %y : Float(2, 3) = aten::mul(%x, %2)
  return (%y)
"""

STATEFUL = """graph(%self : __torch__.Net, %x : Float(2, 3)):
  %1 : int = prim::Constant[value=1]()
  %h : Tensor = prim::GetAttr[name="h"](%self)
  %k : int = prim::GetAttr[name="k"](%self)
  %y : Tensor = aten::add(%h, %x, %k)
   = prim::SetAttr[name="h"](%self, %y)
   = prim::SetAttr[name="k"](%self, %1)
  return (%y)
"""


class Export(Case):
    def export(self, *options, trace=ELU, weights=True, status=0, before=()):
        bind = ["--weights", ELU_WEIGHTS] if weights else []
        return self.run_it("-q", *bind, *before, "export", trace, "o.onnx", *options, status=status)

    def refused(self, *options, status=2, **more):
        if os.path.exists(self.path("o.onnx")):
            os.remove(self.path("o.onnx"))
        _, err = self.export(*options, status=status, **more)
        self.assertTrue(err.startswith("onnxsh: "), err)
        self.assertFalse(os.path.exists(self.path("o.onnx")), err)
        return err

    def ask(self, *command):
        return json.loads(self.run_it("--json", command[0], "o.onnx", *command[1:])[0])

    def names(self, what):
        return [v["name"] for v in self.ask("info")[what]]


class Opsets(Export):
    def test_each_opset_is_written(self):
        last = int(self.refused("--opset", "999").split("9 to ")[1].split()[0])
        irs = []
        for opset in (9, 13, 17, last):
            self.export("--opset", str(opset))
            info = self.ask("info")
            self.assertEqual(info["opsets"], [{"domain": "", "version": opset}])
            irs.append(info["ir_version"])
            self.run_it("check", "o.onnx")
        self.assertEqual(irs[:3], [4, 7, 8])  # the lowest that opset and types need
        self.assertEqual(irs, sorted(irs))

    def test_the_default_is_17_or_what_set_says(self):
        self.export()
        self.assertEqual(self.ask("info")["opsets"][0]["version"], 17)
        self.run_it("-q", "--weights", ELU_WEIGHTS, "-e", "set opset 13", "-e", "export o.onnx", ELU)
        self.assertEqual(self.ask("info")["opsets"][0]["version"], 13)

    def test_what_cannot_be_written_is_refused_by_name(self):
        for opset, words in (("6", "opset 6 cannot be written"), ("7", "opset 7 has no symbolic functions"),
                             ("8", "opset 8 has no symbolic functions"), ("999", "opset 999 is not released"),
                             ("x", "--opset")):
            self.assertIn(words, self.refused("--opset", opset))

    def test_custom_opset(self):
        self.export("--custom-opset", "acme=3", "--custom-opset", "other.domain=2", "--custom-opset", "acme=4")
        got = {o["domain"]: o["version"] for o in self.ask("info")["opsets"]}
        self.assertEqual(got, {"": 17, "acme": 4, "other.domain": 2})
        for bad in ("acme", "=1", "acme=0", "acme=x", "ai.onnx=18"):
            self.refused("--custom-opset", bad)


class Names(Export):
    def test_partial(self):
        self.export("--input-names", "left", "--output-names", "first", trace=self.write("t.txt", SPLIT), weights=False)
        self.assertEqual(self.names("inputs"), ["left", "w"])
        self.assertEqual(self.names("outputs")[0], "first")
        self.assertEqual(len(self.names("outputs")), 2)

    def test_names_run_over_parameters(self):
        """The names of the AlexNet example of 2018."""
        wanted = ["actual_input_1"] + [f"learned_{i}" for i in range(6)]
        self.export("--params", "input", "--input-names", ",".join(wanted), "--output-names", "output1")
        self.assertEqual(self.names("inputs"), wanted)
        self.assertEqual(self.names("outputs"), ["output1"])
        self.assertEqual(self.ask("info")["weights"], 0)
        out, _ = self.run_it("show", "o.onnx")
        self.assertIn("onnx::Conv[dilations=[1, 1], group=1, kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[1, 1]]"
                      "(%actual_input_1, %learned_0, %learned_1)", out)

    def test_errors(self):
        for options, words in ((["--input-names", "a,b"], "2 input names for 1 input"),
                               (["--output-names", "a,b"], "2 output names for 1 output"),
                               (["--input-names", "a,"], "a name is empty"),
                               (["--input-names", "a", "--output-names", "a"], "given twice"),
                               (["--output-names", "input.1"], "is that of an input")):
            self.assertIn(words, self.refused(*options))


class Parameters(Export):
    def test_initializers_where_weights_are_known(self):
        self.export()
        self.assertEqual(self.names("inputs"), ["input.1"])
        self.assertEqual(sorted(w["name"] for w in self.ask("weights")), sorted(PARAMETERS))

    def test_inputs_without_weights(self):
        self.export(weights=False)
        self.assertEqual(self.names("inputs"), ["input.1"] + PARAMETERS)
        err = self.refused("--params", "initializer", weights=False, status=1)
        self.assertIn("features.0.weight", err)
        self.assertIn("--weights", err)

    def test_keep_initializers_as_inputs(self):
        self.export("--keep-initializers-as-inputs", "--opset", "9")
        self.assertEqual(sorted(self.names("inputs")), sorted(["input.1"] + PARAMETERS))
        self.assertEqual(self.ask("info")["weights"], 6)
        self.assertEqual(self.ask("info")["ir_version"], 4)
        self.run_it("check", "o.onnx")

    def test_weights_of_a_written_model_bind_again(self):
        self.export()
        os.rename(self.path("o.onnx"), self.path("w.onnx"))
        self.export(weights=False, before=("--weights", "w.onnx"))
        self.assertEqual(self.names("inputs"), ["input.1"])


class Dims(Export):
    def test_dynamic(self):
        self.export("--dynamic", "input.1:0=batch", "--dynamic", "input.1:3=w")
        info = self.ask("info")
        self.assertEqual(info["inputs"][0]["shape"], ["batch", 1, 8, "w"])
        self.assertEqual(info["outputs"][0]["shape"][0], "batch")

    def test_dynamic_under_the_new_name(self):
        self.export("--input-names", "x", "--dynamic", "x:0=batch")
        self.assertEqual(self.ask("info")["inputs"][0]["shape"], ["batch", 1, 8, 8])

    def test_a_name_with_colons(self):
        t = self.write("t.txt", "graph(%a:b : Float(2, 3)):\n  %y : Float(2, 3) = aten::relu(%a:b)\n  return (%y)\n")
        self.export("--dynamic", "a:b:0=n", trace=t, weights=False)
        self.assertEqual(self.ask("info")["outputs"][0]["shape"], ["n", 3])

    def test_errors(self):
        for bad in ("x", "input.1:0", "input.1:0=", "input.1:9=b", "input.1:x=b", "nobody:0=b"):
            self.refused("--dynamic", bad)

    def test_values_between_nodes_keep_their_shapes(self):
        self.export()
        self.assertEqual(self.ask("info")["values_unknown"], 0)
        node = self.ask("find", "op:Elu")[1]
        self.assertEqual(node["outputs"][0]["shape"], [2, 4, 4, 4])


class Folding(Export):
    def test_fold_and_not(self):
        t = self.write("t.txt", FOLDABLE)
        self.export(trace=t, weights=False)
        self.assertEqual(self.ask("find", "op:Neg"), [])
        self.export("--no-fold", trace=t, weights=False)
        self.assertEqual(len(self.ask("find", "op:Neg")), 1)

    def test_rounded_constants_warn_and_are_refused_under_strict(self):
        t = self.write("t.txt", ROUNDED)
        self.run_it("export", t, "o.onnx")
        for options in ([], ["--no-fold"]):
            _, err = self.run_it("export", t, "o.onnx", *options)
            self.assertIn("rounded", err.split("hint: --weights supplies")[1])
            self.assertIn("rounded", self.refused(*options, trace=t, weights=False, before=["--strict"], status=1))

    def test_lost_constants_are_failures(self):
        self.assertIn("not in the dump", self.refused(trace=self.write("t.txt", LOST), weights=False, status=1))


class Policies(Export):
    def test_unsupported(self):
        for options in ([], ["--unsupported", "error"]):
            self.assertIn("acme::hard_mish", self.refused(*options, trace=TRACE, weights=False, status=1))
        _, err = self.run_it("export", TRACE, "o.onnx", "--unsupported", "fallthrough")
        self.assertIn("warning: acme::hard_mish", err)
        self.assertIn("(5 nodes)", err)
        self.assertEqual(len(self.ask("find", "op:hard_mish")), 5)
        self.assertIn({"domain": "acme", "version": 1}, self.ask("info")["opsets"])
        self.export("--unsupported", "fallthrough", "--custom-opset", "acme=7", trace=TRACE, weights=False)
        self.assertIn({"domain": "acme", "version": 7}, self.ask("info")["opsets"])

    def test_unsupported_aten(self):
        self.run_it("-q", "--weights", ELU_WEIGHTS, "-e", "symbolics --remove aten::elu", "-e",
                    "export --unsupported aten o.onnx", ELU)
        nodes = self.ask("find", "op:ATen")
        self.assertEqual(len(nodes), 2)
        self.assertIn('"elu"', [a["value"] for a in nodes[0]["attributes"] if a["name"] == "operator"][0])

    def test_what_this_version_refuses(self):
        self.assertIn("--modules-as-functions is not supported", self.refused("--modules-as-functions"))
        self.assertIn("--training train is not supported", self.refused("--training", "train"))
        self.assertIn("--training preserve is not supported", self.refused("--training", "preserve"))
        self.export("--training", "eval")
        for bad in (["--params", "x"], ["--unsupported", "x"], ["--external-data", "x"], ["--training", "x"]):
            self.export(*bad, status=2)

    def test_external_data(self):
        data = self.path("o.onnx.data")
        self.export("--external-data", "always")
        self.assertTrue(os.path.getsize(data))
        one = self.ask("value", "classifier.weight")[0]["statistics"]
        for when in ("never", "auto"):
            self.export("--external-data", when)
            self.assertFalse(os.path.exists(data), when)
            self.assertEqual(self.ask("value", "classifier.weight")[0]["statistics"], one)


class Telling(Export):
    def test_doc(self):
        self.export("--doc")
        self.assertIn("functional.py(1548)", self.ask("node", "/act/Elu")[0]["doc"])
        out, _ = self.run_it("node", "o.onnx", "/act/Elu")
        self.assertIn("functional.py(1548)", out)
        self.export()
        self.assertIsNone(self.ask("node", "/act/Elu")[0]["doc"])

    def test_verbose(self):
        out, _ = self.run_it("--weights", ELU_WEIGHTS, "export", ELU, "o.onnx", "--verbose")
        self.assertTrue(out.startswith("graph(%input.1 : Float(2, 1, 8, 8)"), out)
        self.assertIn("onnx::Elu[alpha=0.5]", out)
        told = json.loads(self.run_it("--json", "--weights", ELU_WEIGHTS, "export", ELU, "o.onnx", "--verbose")[0])
        self.assertIn("onnx::Elu[alpha=0.5]", told["graph"])
        self.assertNotIn("graph", json.loads(self.run_it("--json", "export", ELU, "o.onnx")[0]))

    def test_reports(self):
        self.export("--report", "r.json", trace=TRACE, weights=False, status=1)
        with open(self.path("r.json")) as f:
            report = json.load(f)
        self.assertEqual((report["exported"], len(report["failures"])), (False, 5))
        for k in report["failures"]:
            self.assertTrue(k["op"] and k["scope"] and k["file"] and k["line"] and k["arguments"] and k["hint"])
        self.export("--report", "r.md")
        with open(self.path("r.md")) as f:
            self.assertIn("exported", f.read())
        self.export("--report", "r.html")
        with open(self.path("r.html")) as f:
            self.assertIn("<b>result</b>: exported", f.read())
        self.export("--report", "r.txt", status=2)
        self.export("--report", "no/where.md", status=3)

    def test_dry_run(self):
        out, _ = self.run_it("--weights", ELU_WEIGHTS, "export", ELU, "o.onnx", "--dry-run")
        self.assertIn("would write o.onnx: opset 17", out)
        self.run_it("--weights", ELU_WEIGHTS, "export", ELU, "--dry-run")
        self.run_it("export", TRACE, "--dry-run", status=1)
        self.assertFalse(os.path.exists(self.path("o.onnx")))

    def test_the_old_file_stays_when_the_export_fails(self):
        self.write("o.onnx", "old")
        self.export(trace=TRACE, weights=False, status=1)
        with open(self.path("o.onnx")) as f:
            self.assertEqual(f.read(), "old")

    def test_the_result_is_kept_beside_the_model(self):
        out, _ = self.run_it("-q", "--weights", ELU_WEIGHTS, "-e", "export o.onnx", "-e", "find --count op:aten::elu", "-e",
                             "node --result /act/Elu", "-e", "open --result", "-e", "find --count op:Elu", ELU)
        self.assertIn("of the trace", out)
        self.assertEqual([k for k in out.split("\n") if k in ("0", "2")], ["2", "2"])


class State(Export):
    def setUp(self):
        super().setUp()
        self.trace = self.write("stateful.txt", STATEFUL)

    def test_error_is_the_default(self):
        for options in ((), ("--state", "error")):
            err = self.refused(*options, trace=self.trace, weights=False, status=1)
            self.assertIn("it sets its attribute 'h'", err)
            self.assertIn("hint: export --state io makes it an input and an output", err)
        self.assertIn("--state", self.refused("--state", "none", trace=self.trace, weights=False))

    def test_inputs_and_outputs(self):
        given = ("--input", "state.h=float32[2,3]")
        _, err = self.run_it(*given, "export", self.trace, "o.onnx", "--state", "io")
        self.assertIn("the attribute 'h' is the input state.h (Float(2, 3)) and the output state.h.out", err)
        self.assertEqual(self.names("inputs"), ["x", "state.h", "state.k"])
        self.assertEqual(self.names("outputs"), ["y", "state.h.out", "state.k.out"])
        self.run_it("check", "o.onnx")
        self.export("--state", "io", trace=self.trace, weights=False, before=(*given, "--input", "state.k=int:2"))
        self.assertEqual(self.names("inputs"), ["x", "state.h"])
        self.assertEqual(self.names("outputs"), ["y", "state.h.out", "state.k.out"])

    def test_what_it_cannot_be(self):
        err = self.refused("--state", "io", trace=self.trace, weights=False, status=1)
        self.assertIn("hint: state it: --input state.h=float32[1,64]", err)
        err = self.refused("--state", "io", trace=self.trace, weights=False, status=1,
                           before=("--input", "state.h=float32[3]"))
        self.assertIn("state.h is Float(3) before the call and Float(2, 3) after it", err)
        self.assertIn("hint: --input state.h=float32[2,3]: as it is after this call", err)
        err = self.refused("--state", "io", trace=self.trace, weights=False, before=("--input", "state.other=float32[3]"))
        self.assertIn("the graph has no input state.other", err)


if __name__ == "__main__":
    unittest.main()
