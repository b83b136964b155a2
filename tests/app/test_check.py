#!/usr/bin/env python3
"""The command check: its list, its options, findings as JSON and as SARIF 2.1.0."""
import json
import os
import re
import subprocess
import sys
import unittest

from support import ROOT, Case, Terminal

BAKED = os.path.join(ROOT, "tests/traces/baked_shape.verbose.graph.txt")
LEVELS = ("none", "note", "warning", "error")


class Sarif:
    """Holds a document against the structure that SARIF 2.1.0 requires of what is in it: members that must be there,
    types, values of enumerations, references from one part to another. A member that is not known here is refused, so
    that none goes by unchecked."""

    def __init__(self, test):
        self.t = test

    def members(self, thing, where, required, optional=()):
        self.t.assertIsInstance(thing, dict, where)
        for name in required:
            self.t.assertIn(name, thing, where)
        for name in thing:
            self.t.assertIn(name, tuple(required) + tuple(optional), where)

    def message(self, thing, where):
        self.members(thing, where, ["text"])
        self.t.assertIsInstance(thing["text"], str)
        self.t.assertTrue(thing["text"], where)

    def rule(self, thing, where):
        self.members(thing, where, ["id"], ["shortDescription", "help", "defaultConfiguration", "properties"])
        self.t.assertRegex(thing["id"], r"^[a-z0-9-]+$")
        for name in ("shortDescription", "help"):
            if name in thing:
                self.message(thing[name], where)
        if "defaultConfiguration" in thing:
            self.members(thing["defaultConfiguration"], where, ["level"])
            self.t.assertIn(thing["defaultConfiguration"]["level"], LEVELS)
        for tag in thing.get("properties", {}).get("tags", []):
            self.t.assertIsInstance(tag, str)

    def location(self, thing, where):
        self.members(thing, where, [], ["physicalLocation", "logicalLocations"])
        if "physicalLocation" in thing:
            place = thing["physicalLocation"]
            self.members(place, where, ["artifactLocation"], ["region"])
            self.members(place["artifactLocation"], where, ["uri"])
            self.t.assertRegex(place["artifactLocation"]["uri"], r"^(?:[A-Za-z0-9._~/!$&'()*+,;=:@-]|%[0-9A-F]{2})+$")
            if "region" in place:
                self.members(place["region"], where, ["startLine"], ["startColumn"])
                for name in place["region"]:
                    self.t.assertIsInstance(place["region"][name], int)
                    self.t.assertGreaterEqual(place["region"][name], 1)
        for logical in thing.get("logicalLocations", []):
            self.members(logical, where, ["fullyQualifiedName"], ["name", "kind"])
            for value in logical.values():
                self.t.assertIsInstance(value, str)

    def document(self, text):
        doc = json.loads(text)
        self.members(doc, "document", ["version", "runs"], ["$schema"])
        self.t.assertEqual(doc["version"], "2.1.0")
        self.t.assertEqual(len(doc["runs"]), 1)
        run = doc["runs"][0]
        self.members(run, "run", ["tool", "results"])
        self.members(run["tool"], "tool", ["driver"])
        driver = run["tool"]["driver"]
        self.members(driver, "driver", ["name"], ["version", "rules"])
        ids = [r["id"] for r in driver["rules"]]
        self.t.assertEqual(len(ids), len(set(ids)))
        for rule in driver["rules"]:
            self.rule(rule, "rule " + rule.get("id", "?"))
        for i, result in enumerate(run["results"]):
            where = f"result {i}"
            self.members(result, where, ["message", "ruleId", "level", "locations"], ["ruleIndex", "properties"])
            self.message(result["message"], where)
            self.t.assertIn(result["level"], LEVELS)
            self.t.assertIn(result["ruleId"], ids)
            if "ruleIndex" in result:
                self.t.assertEqual(ids[result["ruleIndex"]], result["ruleId"])
            for place in result["locations"]:
                self.location(place, where)
        return driver, run["results"]


class Check(Case):
    def baked(self, name="a net.txt"):
        with open(BAKED, encoding="utf-8") as f:
            return self.write(name, f.read())

    def exported(self):
        """An ONNX model that breaks no rule."""
        self.run_it("export", os.path.join(ROOT, "examples/custom_op/hardmish_net.txt"), "o.onnx", "-l",
                    os.path.join(ROOT, "examples/custom_op/hard_mish.lua"), "--weights",
                    os.path.join(ROOT, "examples/custom_op/hardmish_net.npz"))
        return "o.onnx"

    def test_a_baked_shape_is_found_with_its_line(self):
        out, _ = self.run_it("check", self.baked())
        self.assertIn("warning: Reshape node '/Reshape': its shape holds the constant 8", out)
        self.assertIn("at Baked  (export.py:29)", out)
        self.assertTrue(out.endswith("0 errors, 1 warning\n"))
        self.run_it("--strict", "check", self.baked(), status=1)

    def test_json_stays(self):
        out, _ = self.run_it("--json", "check", self.baked())
        found = json.loads(out)
        self.assertEqual([f["check"] for f in found], ["baked-shape"])
        self.assertEqual(found[0]["severity"], "warning")
        self.assertEqual(found[0]["node"]["name"], "/Reshape")

    def test_sarif_of_a_trace_names_the_source(self):
        out, err = self.run_it("check", self.baked(), "--sarif", "-")
        driver, results = Sarif(self).document(out)
        self.assertEqual(driver["name"], "onnxsh")
        self.assertEqual(len(results), 1)
        result = results[0]
        self.assertEqual((result["ruleId"], result["level"]), ("baked-shape", "warning"))
        place = result["locations"][0]
        self.assertEqual(place["physicalLocation"], {"artifactLocation": {"uri": "export.py"},
                                                     "region": {"startLine": 29, "startColumn": 1}})
        self.assertEqual([p["kind"] for p in place["logicalLocations"]], ["module", "member"])
        self.assertEqual(place["logicalLocations"][-1]["name"], "/Reshape")
        self.assertIn("Baked", place["logicalLocations"][-1]["fullyQualifiedName"])
        self.assertIn("x.size(i)", result["properties"]["hint"])

    def test_sarif_in_a_file_beside_the_text(self):
        out, _ = self.run_it("check", self.baked(), "--sarif", "f.sarif")
        self.assertIn("1 warning", out)
        with open(self.path("f.sarif"), encoding="utf-8") as f:
            _, results = Sarif(self).document(f.read())
        self.assertEqual(len(results), 1)
        out, _ = self.run_it("--json", "check", self.baked(), "--sarif", "g.sarif")
        self.assertEqual(len(json.loads(out)), 1)
        self.assertTrue(os.path.exists(self.path("g.sarif")))

    def test_sarif_without_a_source_names_the_model(self):
        path = self.write("m o.txt", "graph(%x : Float(2, 3, 4)):\n  %s : Long(2) = onnx::Constant[value= 2 12 [ CPULongType{2} ]]()\n"
                          "  %y : Float(2, 12) = onnx::Reshape(%x, %s)\n  return (%y)\n")
        out, _ = self.run_it("check", path, "--sarif", "-")
        _, results = Sarif(self).document(out)
        self.assertEqual([r["ruleId"] for r in results], ["suspect-shape"])
        self.assertEqual(results[0]["level"], "note")
        uri = results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        self.assertTrue(uri.startswith("file:///") and uri.endswith("/m%20o.txt"), uri)
        with open(path, "rb") as f:
            out, _ = self.run_it("check", "-", "--sarif", "-", stdin=f.read())
        _, results = Sarif(self).document(out)
        self.assertEqual(results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "stdin")

    def test_sarif_of_an_onnx_model(self):
        model = self.exported()
        out, _ = self.run_it("check", model, "--sarif", "-")
        driver, results = Sarif(self).document(out)
        self.assertGreater(len(driver["rules"]), 60)
        self.assertNotIn("error", {r["level"] for r in results})

    def test_sarif_that_cannot_be_written(self):
        _, err = self.run_it("check", self.baked(), "--sarif", "no/such/f.sarif", status=3)
        self.assertIn("cannot write", err)
        _, err = self.run_it("--json", "check", self.baked(), "--sarif", "-", status=2)
        self.assertIn("standard output", err)
        self.run_it("check", self.baked(), "--only", "nonsense", "--sarif", "left.sarif", status=2)
        self.assertFalse(os.path.exists(self.path("left.sarif")))

    def test_the_report_of_an_export_is_sarif_too(self):
        trace = os.path.join(ROOT, "examples/custom_op/hardmish_net.txt")
        self.run_it("export", trace, "o.onnx", "--report", "r.sarif", status=1)
        with open(self.path("r.sarif"), encoding="utf-8") as f:
            _, results = Sarif(self).document(f.read())
        self.assertTrue(results)

    def test_full_infers(self):
        model = self.exported()
        out, _ = self.run_it("check", "--full", model)
        self.assertIn("0 errors", out)

    def test_how_much_of_the_weights_is_read(self):
        """Weights of 64 MiB each, zeros that take no room on disk: one is read, all if that is wanted."""
        subprocess.run([sys.executable, os.path.join(ROOT, "tests/bench/gen_models.py"), "single", self.path("big.onnx"), "--mib", "192"],
                       check=True, stdout=subprocess.DEVNULL)
        out, _ = self.run_it("check", "big.onnx")
        self.assertRegex(out, r"weights: looked into [0-9.]+ MB, [0-9.]+ MB were not read \(--all-weights reads them\)\n")
        self.assertNotIn("doubled-initializer", out)
        out, _ = self.run_it("check", "--all-weights", "big.onnx")
        self.assertNotIn("not read", out)
        self.assertIn("holds the same 67108864 bytes as", out)

    def test_the_list_fits_eighty_columns(self):
        out, _ = self.run_it("check", "--list")
        rows = out.splitlines()
        self.assertIn("baked-shape", out)
        terminal = Terminal(self, "--no-pager", "check", "--list", cols=80)
        seen = terminal.expect(r"suspect-shape[^\n]*\n[^\n]*open dim\.\r\n")
        text = re.sub(r"\x1b\[[0-9;]*m", "", seen).replace("\r", "")
        for line in text.splitlines():
            self.assertLessEqual(len(line), 80, line)
        for row in rows[1:]:
            self.assertIn(row.split()[0], text)
        self.assertEqual(terminal.wait(), 0)
        self.assertNotIn("…", text)
        out, _ = self.run_it("--json", "check", "--list")
        listed = json.loads(out)
        self.assertEqual([r["id"] for r in listed], [row.split()[0] for row in rows[1:]])
        families = [r["family"] for r in listed]
        self.assertEqual(len(set(families)), sum(a != b for a, b in zip([None] + families, families)), "families stand together")
        self.run_it("check", status=2)


if __name__ == "__main__":
    unittest.main()
