#!/usr/bin/env python3
"""Finding out why an export fails, and mending it: why, failure, skeletons, the editor, reloading of Lua files."""
import json
import os
import stat
import unittest

from support import LUA, ROOT, TRACE, Case, Terminal

ELU = os.path.join(ROOT, "examples/elu_2018/elu_net.txt")
NET = """graph(%x : Float(2, 3, strides=[3, 1])):
  %one : float = prim::Constant[value=1.]()
  %a : Float(2, 3, strides=[3, 1]) = acme::warp(%x, %one), scope: Net::/torch.nn.modules.container.Sequential::body/Warp::0 # net.py:7:0
  %b : Tensor = aten::relu(%a), scope: Net:: # net.py:8:0
  %c : Tensor = acme::warp_(%b, %one), scope: Net:: # net.py:9:0
  return (%c)
"""

ONE_FAILURE = os.path.join(ROOT, "tests/traces/scriptcf.script.graph.txt")


class Why(Case):
    def test_missing(self):
        path = self.write("net.txt", NET)
        out, _ = self.run_it("why", path, "%a")
        for part in ("acme::warp", "Float(2, 3)", "Sequential", "net.py:7", "= 1.", "there is no symbolic function of acme::warp",
                     "9-28 have none", "hint"):
            self.assertIn(part, out)
        self.assertRegex(out, r"(?m)^scope +Net\n +body +Sequential\n +0 +Warp$")

    def test_consequence(self):
        out, _ = self.run_it("why", self.write("net.txt", NET), "%b")
        self.assertIn("aten::relu", out)
        self.assertRegex(out, r"(?m)^schema +aten::relu\(Tensor self\) -> Tensor$")
        self.assertRegex(out, r"(?m)^functions +aten::relu\(self\), built-in, \S+\.lua:\d+$")

    def test_became(self):
        lua = self.write("warp.lua", 'symbolic("acme::warp", function(g, x, by) return g:op("Elu", x, {alpha_f = by}) end)')
        out, _ = self.run_it("-l", lua, "why", self.write("net.txt", NET.replace("warp_", "warp")), "%a", "%c")
        self.assertEqual(out.count("became      onnx::Elu"), 2)
        self.assertRegex(out, r"(?m)^functions +acme::warp\(x, by\), user, \S*warp\.lua:1$")

    def test_nearest(self):
        out, _ = self.run_it("why", self.write("net.txt", NET.replace("acme::warp_", "aten::softmx")), "%c")
        self.assertRegex(out, r"none; the nearest names are .*aten::softmax")

    def test_opsets(self):
        lua = self.write("warp.lua", 'symbolic("acme::warp", {opset = 13}, function(g, x, by) return g:op("Elu", x) end)')
        out, _ = self.run_it("-l", lua, "why", "--opset", "12", self.write("net.txt", NET), "%a")
        self.assertRegex(out, r"(?m)^opsets +9-12 have none, 13-\d+ have a function$")
        self.assertRegex(out, r"(?m)^functions +acme::warp\(x, by\) from opset 13 on, user, ")
        self.assertIn("there is one from opset 13 on", out)

    def test_json(self):
        rows = json.loads(self.run_it("--json", "why", self.write("net.txt", NET), "%a", "%b")[0])
        self.assertEqual([r["node"]["op"] for r in rows], ["acme::warp", "aten::relu"])
        self.assertIn("no symbolic function", rows[0]["failure"])
        self.assertEqual(rows[1]["schema"], "aten::relu(Tensor self) -> Tensor")

    def test_wrong_name(self):
        _, err = self.run_it("why", TRACE, "%nothing", status=2)
        self.assertIn("nothing", err)


class Failure(Case):
    def test_list_and_one(self):
        path = self.write("net.txt", NET)
        out, _ = self.run_it("failure", path)
        self.assertRegex(out, r"(?m)^ +1 +missing +acme::warp ")
        out, _ = self.run_it("failure", path, "1")
        for part in ("1 of 2", "at Net/Sequential[body]/Warp[0]", "source net.py:7", "hint: write one in Lua"):
            self.assertIn(part, out)

    def test_next_and_prev(self):
        path = self.write("net.txt", NET)
        out, _ = self.run_it("-e", "failure next", "-e", "failure next", "-e", "failure prev", path)
        self.assertEqual([line[:6] for line in out.splitlines() if " of 2" in line], ["1 of 2", "2 of 2", "1 of 2"])
        _, err = self.run_it("-e", "failure 2", "-e", f"open {ONE_FAILURE}", "-e", "failure prev", path, status=2)
        self.assertIn("first failure", err)
        _, err = self.run_it("-e", "failure prev", path, status=2)
        self.assertIn("this is the first failure", err)
        _, err = self.run_it("-e", "failure 2", "-e", "failure next", path, status=2)
        self.assertIn("this is the last failure", err)
        _, err = self.run_it("failure", path, "9", status=2)
        self.assertIn("failure", err)

    def test_none(self):
        out, _ = self.run_it("failure", ELU)
        self.assertEqual(out, "the last export had no failures and no warnings\n")

    def test_json(self):
        rows = json.loads(self.run_it("--json", "failure", self.write("net.txt", NET))[0])
        self.assertEqual({r["op"] for r in rows}, {"acme::warp", "acme::warp_"})


class Report(Case):
    HOSTILE = NET.replace("Net::", "Net<script>`a`|](evil)_x_</script>::")

    def report(self, end, text=NET, *more):
        name = self.path("r" + end)
        out, _ = self.run_it(*more, "report", self.write("net.txt", text), name)
        self.assertIn(f"wrote {name}: ", out)
        with open(name) as f:
            return f.read()

    def test_markdown(self):
        text = self.report(".md")
        for part in ("# Export report", "- **result**: refused: 2 failures", "| 1 | missing | acme::warp | there is no symbolic",
                     "## 1: acme::warp", "- **scope**: Net/Sequential[body]/Warp[0]", "- **source**: net.py:7",
                     "- **exported by**: onnxsh ", "| acme::warp | 1 | 1 |", "## Passes", "- **input**: %x : Float(2, 3)"):
            self.assertIn(part, text)

    def test_html(self):
        text = self.report(".html")
        self.assertTrue(text.startswith("<!DOCTYPE html>"))
        self.assertTrue(text.endswith("</body></html>\n"))
        for part in ("<td>acme::warp</td>", "<li><b>source</b>: net.py:7</li>", "<pre>"):
            self.assertIn(part, text)
        for tag in ("table", "tr", "td", "th", "ul", "li", "h2", "p", "pre", "b"):
            self.assertEqual(text.count(f"<{tag}>"), text.count(f"</{tag}>"), tag)

    def test_names_are_no_markup(self):
        text = self.report(".html", self.HOSTILE)
        self.assertNotIn("<script>", text)
        self.assertIn("&lt;script&gt;", text)
        text = self.report(".md", self.HOSTILE)
        self.assertNotRegex(text, r"(?<!\\)<script>")
        self.assertNotIn("](evil)", text.replace("\\]", ""))

    def test_json_and_sarif(self):
        self.assertEqual(len(json.loads(self.report(".json"))["failures"]), 2)
        self.assertEqual(json.loads(self.report(".sarif"))["version"], "2.1.0")

    def test_of_the_last_export(self):
        """What was exported is what is told, not what an export would do now."""
        made, name = self.path("o.onnx"), self.path("r.md")
        self.run_it("-e", f"export {made} --opset 13", "-e", f"report {name}", ELU)
        with open(name) as f:
            text = f.read()
        self.assertIn("- **opset**: 13", text)
        self.assertIn("o.onnx", text)
        self.assertIn("No failures and no warnings.", text)

    def test_errors(self):
        _, err = self.run_it("report", ELU, "r.txt", status=2)
        self.assertIn("none of .md, .html, .json, .sarif", err)
        self.run_it("report", ELU, self.path("no/where.md"), status=3)


class Repro(Case):
    def test_text(self):
        out, _ = self.run_it("repro", self.write("net.txt", NET), "%a")
        self.assertRegex(out, r"^graph\(%x : Float\(2, 3, strides=\[3, 1\]\)\):\n  %one .*\n  %a .*acme::warp\(%x, %one\)"
                              r", scope: Net::.* # net\.py:7:0\n  return \(%a\)\n$")

    def test_file_fails_alike(self):
        to = self.path("part.txt")
        out, _ = self.run_it("repro", self.write("net.txt", NET), "%a", "--to", to)
        self.assertIn(f"wrote {to}: 2 nodes, 1 input\nit fails alike: there is no symbolic function of acme::warp", out)
        out, _ = self.run_it("failure", to)
        self.assertIn("acme::warp", out)

    def test_file_that_converts(self):
        out, _ = self.run_it("repro", self.write("net.txt", NET), "%b", "--to", self.path("part.txt"))
        self.assertIn("it converts, as the node does", out)

    def test_onnx(self):
        made, to = self.path("out.onnx"), self.path("part.onnx")
        self.run_it("export", ELU, made)
        node = json.loads(self.run_it("--json", "find", made, "op:Elu")[0])[0]
        out, _ = self.run_it("repro", made, f"#{node['id']}", "--to", to)
        self.assertIn("wrote", out)
        self.assertEqual([n["op"] for n in json.loads(self.run_it("--json", "find", to)[0])], ["onnx::Elu"])

    def test_errors(self):
        path = self.write("net.txt", NET)
        _, err = self.run_it("repro", path, "%nobody", status=2)
        self.assertIn("nobody", err)
        _, err = self.run_it("repro", path, "%a", "--to", self.path("no/such/part.txt"), status=3)
        self.assertIn("no/such/part.txt", err)


class Skeleton(Case):
    def skeleton(self, *args, status=0):
        return self.run_it(*args[:-1], "symbolics", "--new", args[-1], status=status)

    def test_schema(self):
        out, _ = self.skeleton("aten::elu")
        self.assertIn('symbolic("aten::elu", function(g, self, alpha, scale, input_scale)', out)
        self.assertIn('-- return g:op("Elu", self)', out)

    def test_call(self):
        out, _ = self.skeleton("--model", TRACE, "aten::batch_norm")
        self.assertIn("function(g, input, weight, bias, running_mean, running_var, training, momentum, eps)", out)
        self.assertRegex(out, r"eps +float +here %\S+ : float  = 1\.0000000000000001e-05")
        self.assertIn("HardMishNet/Sequential[stem]/BatchNorm2d[1]", out)

    def test_keyword_and_overload(self):
        out, _ = self.skeleton("aten::slice.Tensor")
        self.assertIn('symbolic("aten::slice.Tensor", function(g, self, dim, start, end_, step)', out)

    def test_it_loads_and_refuses(self):
        """What is printed is a function that the program takes, for operators with a schema and without."""
        path = self.write("net.txt", NET)
        for name, node in (("acme::warp", "%a"), ("aten::relu", "%b")):
            lua = self.write("new.lua", self.skeleton("--model", path, name)[0])
            out, _ = self.run_it("-l", lua, "why", path, node)
            self.assertIn(f"{name} is not written yet", out)

    def test_unknown(self):
        _, err = self.skeleton("nobody::knows", status=2)
        self.assertIn("has no schema", err)
        _, err = self.run_it("symbolics", "--new", status=2)
        self.assertIn("which operator", err)


class Edit(Case):
    """$EDITOR is a script that writes the function."""

    def setUp(self):
        super().setUp()
        editor = self.write("editor.sh", "#!/bin/sh\necho \"$@\" > " + self.path("called") + "\n"
                            "sed -i 's/-- return g:op(\"Identity\", x1)/do return g:op(\"Elu\", x1) end/' \"$2\"\n")
        os.chmod(editor, os.stat(editor).st_mode | stat.S_IXUSR)
        self.env.update(EDITOR=editor)
        self.env.pop("VISUAL", None)

    def test_skeleton_to_export(self):
        path, to, made = self.write("net.txt", NET.replace("warp_", "warp")), self.path("mine.lua"), self.path("out.onnx")
        out, _ = self.run_it("-e", f"symbolics acme::warp --edit --to {to}", "-e", f"export {made}", "-e", "why %a", path)
        self.assertIn("mine.lua is loaded", out)
        self.assertIn("became      onnx::Elu", out)
        with open(self.path("called")) as f:
            self.assertEqual(f.read().split(), ["+1", to])
        out, _ = self.run_it("-l", to, "why", path, "%a")
        self.assertIn("became      onnx::Elu", out)

    def test_own_function_is_edited_in_place(self):
        lua = self.write("mine.lua", '\n\nsymbolic("acme::warp", function(g, x, by) return g:op("Relu", x) end)\n')
        self.run_it("-l", lua, "--model", self.write("net.txt", NET), "symbolics", "acme::warp", "--edit")
        with open(self.path("called")) as f:
            self.assertEqual(f.read().split(), ["+3", lua])

    def test_built_in_is_copied(self):
        to = self.path("mine.lua")
        self.run_it("symbolics", "aten::relu", "--edit", "--to", to)
        with open(to) as f:
            text = f.read()
        self.assertIn("-- a copy of ", text)
        self.assertIn('"aten::relu"', text)
        out, _ = self.run_it("-l", to, "why", self.write("net.txt", NET.replace("acme::warp(", "aten::add(%x, ")), "%b")
        self.assertRegex(out, r"functions +aten::relu\(self\), user, ")

    def test_editor_fails(self):
        self.env["EDITOR"] = "false"
        _, err = self.run_it("symbolics", "aten::relu", "--edit", "--to", self.path("mine.lua"), status=3)
        self.assertIn("the editor 'false' ended with status 1", err)
        self.env["EDITOR"] = "/nonexistent/editor"
        _, err = self.run_it("symbolics", "aten::relu", "--edit", "--to", self.path("mine.lua"), status=3)
        self.assertIn("cannot be run", err)


class Reload(Case):
    RELU = 'symbolic("acme::warp", function(g, x, by) return g:op("Relu", x) end)\n'
    ELU = 'symbolic("acme::warp", function(g, x, by) return g:op("Elu", x) end)\n\n'

    def test_command(self):
        lua, path = self.write("mine.lua", self.RELU), self.write("net.txt", NET.replace("warp_", "warp"))
        rewrite = f"lua local f = io.open('{lua}', 'w'); f:write([[{self.ELU}]]); f:close()"
        out, _ = self.run_it("-l", lua, "-e", "why %a", "-e", "reload", "-e", rewrite, "-e", "reload", "-e", "why %a", path)
        self.assertIn("became      onnx::Relu", out.split("no Lua file changed")[0])
        self.assertIn("1 file loaded", out)
        self.assertIn("became      onnx::Elu", out.split("1 file loaded")[1])

    def test_error_is_told(self):
        lua, path = self.write("mine.lua", self.RELU), self.write("net.txt", NET.replace("warp_", "warp"))
        rewrite = f"lua local f = io.open('{lua}', 'w'); f:write('not Lua at all'); f:close()"
        _, err = self.run_it("-l", lua, "-e", rewrite, "-e", "reload", path, status=4)
        self.assertIn("mine.lua", err)

    def test_prompt_reloads(self):
        lua, path = self.write("mine.lua", self.RELU), self.write("net.txt", NET.replace("warp_", "warp"))
        t = Terminal(self, "-l", lua, path, cols=200)
        t.expect(r"net\.txt> ")
        t.send("why %a\r")
        t.expect("onnx::Relu")
        t.expect(r"net\.txt> ")
        self.write("mine.lua", self.ELU)
        t.send("why %a\r")
        t.expect("1 Lua file loaded again")
        t.expect("onnx::Elu")
        t.expect(r"net\.txt> ")
        t.send("set watch off\r")
        t.expect(r"net\.txt> ")
        self.write("mine.lua", self.RELU + "\n\n\n")
        t.send("why %a\r")
        t.expect("onnx::Elu")


if __name__ == "__main__":
    unittest.main()
