#!/usr/bin/env python3
"""The command line: forms, options, exit statuses, JSON, and the rows of the command table."""
import json
import os
import re
import unittest

from support import LUA, ROOT, TRACE, WEIGHTS, Case

HOSTILE = "graph(%x : Float(2, 3)):\n  %y\x1b]52;c;x\x07 : Float(2, 3) = aten::relu(%x), scope: A\x1b[31m::\n  return (%y\x1b]52;c;x\x07)\n"


class Forms(Case):
    def test_version_and_help(self):
        out, _ = self.run_it("--version")
        self.assertRegex(out, r"^onnxsh \d+\.\d+\.\d+ ")
        out, _ = self.run_it("--help")
        for word in ("export", "--weights", "-l FILE.lua", "Exit status"):
            self.assertIn(word, out)
        out, _ = self.run_it("export", "--help")
        self.assertIn("--opset N", out)

    def test_one_shot_is_open_then_command(self):
        one, _ = self.run_it("ops", TRACE)
        two, _ = self.run_it("-e", f"open {TRACE}", "-e", "ops")
        self.assertTrue(two.endswith(one))
        three, _ = self.run_it("-e", "ops", TRACE)
        self.assertEqual(one, three)

    def test_dash_reads_standard_input(self):
        with open(TRACE, "rb") as f:
            text = f.read()
        one, _ = self.run_it("ops", "-", stdin=text)
        two, _ = self.run_it("ops", TRACE)
        self.assertEqual(one, two)

    def test_a_command_wins_over_a_file_of_its_name(self):
        with open(TRACE, "rb") as f:
            self.write("ops", f.read())
        _, err = self.run_it("ops", status=2)
        self.assertIn("no FILE", err)
        out, _ = self.run_it("-e", "info", "./ops")
        self.assertIn("PyTorch trace", out)

    def test_lines_stop_at_the_first_that_fails(self):
        out, err = self.run_it("-e", "print(1)", "-e", "node %none", "-e", "print(2)", TRACE, status=2)
        self.assertIn("1\n", out)
        self.assertNotIn("2\n", out)
        self.assertIn("no value %none", err)

    def test_script_with_comments_and_chunks(self):
        script = self.write("s", "# a comment\nlocal x = 1\nfor i = 1, 3 do\n  # x\n  print(i)\nend\n".replace("  # x\n", ""))
        out, _ = self.run_it("-f", script)
        self.assertEqual(out, "1\n2\n3\n")
        script = self.write("s", "print(1)\nfor i = 1, 3 do\n")
        _, err = self.run_it("-f", script, status=4)
        self.assertIn("s:2", err)
        script = self.write("s", "print(1)\nnode %x\n")
        _, err = self.run_it("-f", script, status=2)
        self.assertIn("s:2", err)

    def test_a_second_model(self):
        out, _ = self.run_it("-e", f"beside {TRACE}", "-e", "beside", "-e", "beside --close", "-e", "beside")
        self.assertRegex(out, r"^(.* stands beside: trace, \d+ nodes; `tui` shows both\n){2}nothing stands beside")
        self.assertEqual(json.loads(self.run_it("--json", "beside")[0]), {"file": None})
        some = json.loads(self.run_it("--json", "beside", TRACE)[0])
        self.assertEqual((some["file"], some["kind"]), (TRACE, "trace"))
        out, err = self.run_it("-e", f"beside {TRACE}", "-e", "beside no-such", status=3)
        self.assertIn("no-such", err)
        out, _ = self.run_it("beside", "--infer", TRACE)
        self.assertRegex(out, r", types of (\d+) of \d+ known;")
        some = json.loads(self.run_it("--json", "beside", "--infer", os.path.join(ROOT, "tests/fixtures/onnx/blocks.onnx"))[0])
        self.assertGreater(some["typed"], 0)
        two = ["-e", f"beside {os.path.join(ROOT, 'tests/screens/slices.onnx')}"]
        out, _ = self.run_it(*two, "-e", "find --beside --count op:Mul", "-e", "node --beside %z", "-e", "show --beside", "-e", "value --beside %tied", TRACE)
        for text in ("5 nodes", "\n1\n", "onnx::Mul", "onnx::Slice(%z", "role      initializer"):
            self.assertIn(text, out)
        for line in ("find --beside op:Mul", "find --result op:Mul", "node --beside #1", "show --beside", "value --beside %x"):
            self.run_it("-e", line, TRACE, status=2)
        self.run_it(*two, "-e", "show --beside --result", TRACE, status=2)
        for line in ("beside --graph 2", f"beside --close {TRACE}", "beside a b", f"beside --graph 0 {TRACE}"):
            self.run_it("-e", line, status=2)

    def test_commands_or_lua(self):
        out, _ = self.run_it("-e", "show = 3", "-e", "print(show)", "-e", "= 1 + 1", "-e", ":version")
        self.assertRegex(out, r"^3\n2\nonnxsh ")


class Statuses(Case):
    def test_usage_is_2(self):
        for args in (["--no-such"], ["show", TRACE, "--no-such"], ["show"], ["show", TRACE, "--style", "pretty"],
                     ["export", TRACE], ["-l"], [TRACE, "one", "two"], ["export", TRACE, "o.onnx", "--opset", "6"],
                     ["export", TRACE, "o.onnx", "--opset", "8"], ["export", TRACE, "o.onnx", "--opset", "999"],
                     ["export", TRACE, "o.onnx", "--training", "train"], ["export", TRACE, "o.onnx", "--dynamic", "x"],
                     ["export", TRACE, "o.onnx", "--modules-as-functions"], ["--color", "blue", TRACE]):
            _, err = self.run_it(*args, status=2)
            self.assertTrue(err.startswith("onnxsh: "), err)

    def test_files_are_3(self):
        self.write("empty", "")
        self.write("noise", "just text\n")
        for name in ("absent", "empty", "noise", "."):
            _, err = self.run_it("info", name, status=3)
            self.assertTrue(err.startswith(f"onnxsh: {name}"), err)

    def test_lua_error_is_4(self):
        _, err = self.run_it("-e", "local x = nil; x.y = 1", status=4)
        self.assertIn("nil", err)
        _, err = self.run_it("lua", "error('so')", status=4)
        self.assertIn("so", err)
        self.write("bad.lua", "\n\nerror('here')\n")
        _, err = self.run_it("-l", "bad.lua", "ops", TRACE, status=4)
        self.assertIn("bad.lua:3", err)

    def test_export_refused_is_1_and_writes_nothing(self):
        out, err = self.run_it("--weights", WEIGHTS, "export", TRACE, "o.onnx", status=1)
        self.assertIn("acme::hard_mish", err)
        self.assertFalse(os.path.exists(self.path("o.onnx")))
        out, err = self.run_it("export", TRACE, "--dry-run", status=1)

    def test_a_listing_is_0_empty_or_not(self):
        out, _ = self.run_it("find", TRACE, "op:no_such_operator")
        self.assertNotIn("#", out)
        self.run_it("ops", TRACE, "--missing")
        out, _ = self.run_it("-l", LUA, "ops", TRACE, "--missing")
        self.assertIn("every operator has a symbolic function", out)

    def test_changes_need_a_target(self):
        self.run_it("-q", "-l", LUA, "--weights", WEIGHTS, "export", TRACE, "o.onnx")
        code = "model:graph():nodes()[1]:set_name('renamed')"
        _, err = self.run_it("lua", "--model", "o.onnx", code, status=2)
        self.assertIn("--in-place", err)
        before = os.stat(self.path("o.onnx")).st_mtime_ns
        self.run_it("lua", "--model", "o.onnx", "-o", "p.onnx", code)
        self.assertEqual(before, os.stat(self.path("o.onnx")).st_mtime_ns)
        out, _ = self.run_it("find", "p.onnx", "name:renamed", "--count")
        self.assertEqual(out, "1\n")
        self.run_it("lua", "--model", "o.onnx", "--in-place", code)
        out, _ = self.run_it("find", "o.onnx", "name:renamed", "--count")
        self.assertEqual(out, "1\n")


class Story(Case):
    """The main job, as the quickstart tells it."""

    def test_missing_says_where_and_how_often(self):
        out, _ = self.run_it("ops", TRACE, "--missing")
        self.assertIn("acme::hard_mish", out)
        self.assertRegex(out, r"\w+\.py:\d+")
        rows = json.loads(self.run_it("--json", "ops", TRACE, "--missing")[0])
        self.assertEqual([r["op"] for r in rows], ["acme::hard_mish"])
        self.assertEqual(rows[0]["count"], len(rows[0]["places"]))
        self.assertTrue(all(p["scope"] and p["file"] and p["line"] for p in rows[0]["places"]))

    def test_all_failures_at_once_then_mended(self):
        report = json.loads(self.run_it("--json", "export", TRACE, "o.onnx", status=1)[0])
        self.assertFalse(report["exported"])
        missing = [f for f in report["failures"] if f["kind"] == "missing"]
        places = json.loads(self.run_it("--json", "ops", TRACE, "--missing")[0])[0]["places"]
        self.assertEqual(len(missing), len(places))
        self.run_it("-l", LUA, "--weights", WEIGHTS, "export", TRACE, "o.onnx")
        info = json.loads(self.run_it("--json", "info", "o.onnx")[0])
        self.assertEqual(info["kind"], "onnx")
        self.assertEqual(info["opsets"], [{"domain": "", "version": 17}])
        self.run_it("check", "o.onnx")

    def test_reports(self):
        self.run_it("export", TRACE, "o.onnx", "--report", "r.sarif", status=1)
        with open(self.path("r.sarif")) as f:
            sarif = json.load(f)
        results = sarif["runs"][0]["results"]
        self.assertTrue(results)
        self.assertTrue(results[0]["locations"][0]["physicalLocation"]["region"]["startLine"])
        self.run_it("export", TRACE, "o.onnx", "--report", "r.md", status=1)
        with open(self.path("r.md")) as f:
            self.assertIn("acme::hard_mish", f.read())
        self.run_it("export", TRACE, "o.onnx", "--report", "r.txt", status=2)


class Table(Case):
    """Every row of the command table has help and an example that runs; names of options never collide."""

    def rows(self):
        return json.loads(self.run_it("--json", "help")[0])

    def test_every_row_is_documented(self):
        rows = self.rows()
        self.assertGreaterEqual(len(rows), 21)
        for r in rows:
            self.assertTrue(r["summary"] and r["example"], r["name"])
            out, _ = self.run_it("help", r["name"])
            self.assertIn(r["summary"], out)
            for o in r["options"]:
                self.assertTrue(o["help"], o)
                self.assertIn(o["name"], out)

    def test_examples_run(self):
        for r in self.rows():
            if r["name"] in ("undo", "redo"):
                continue  # they need a change: test_undo below
            line = r["example"].replace("FILE", TRACE).replace("OUT", self.path("out"))
            if r["name"] in ("check", "tui", "edit"):
                continue  # tui needs a terminal: tui/test_terminal.c, and the test below; so does test_edit
            before = ["-e", "export --dry-run"] if "--result" in line else []
            if r["name"] in ("step", "next", "continue", "where", "list", "locals", "print", "emit"):
                before = ["-e", "debug"]
            self.run_it("-l", LUA, *before, "-e", line, TRACE)

    def test_options_never_collide(self):
        out, _ = self.run_it("--help")
        head = out.split("Commands")[0]
        mine = set(re.findall(r"^  (-{1,2}[a-z-]+)", head, re.M))
        self.assertIn("--weights", mine)
        for r in self.rows():
            self.assertFalse(mine & {o["name"] for o in r["options"]}, r["name"])

    def test_every_command_has_a_test(self):
        text = ""
        for name in os.listdir(os.path.join(ROOT, "tests/app")):
            if name.endswith(".py"):
                with open(os.path.join(ROOT, "tests/app", name)) as f:
                    text += f.read()
        for r in self.rows():
            self.assertRegex(text, r"\b%s\b" % r["name"])

    def test_manual_page(self):
        out, _ = self.run_it("help", "--man")
        self.assertTrue(out.startswith(".TH ONNXSH 1"))
        for r in self.rows():
            self.assertIn(".SS " + r["name"], out)

    def test_edit(self):
        self.env["EDITOR"] = "echo edits"
        source = self.write("net.py", "import torch\nx = torch.relu(y)\n")
        self.write("t.txt", f"graph(%x : Float(2)):\n  %y : Float(2) = aten::relu(%x) # {source}:2:4\n  return (%y)\n")
        out, _ = self.run_it("edit", "t.txt", "%y")
        self.assertEqual(out, f"edits +2 {source}\n")
        self.env["EDITOR"] = "false"
        _, err = self.run_it("edit", "t.txt", "%y", status=3)
        self.assertIn("ended with status 1", err)
        os.unlink(source)
        _, err = self.run_it("edit", "t.txt", "%y", status=2)
        self.assertIn("its source is not here", err)
        os.mkfifo(source)  # a name in a trace may be anything
        self.run_it("edit", "t.txt", "%y", status=2)
        self.write("u.txt", "graph(%x : Float(2)):\n  %y : Float(2) = aten::relu(%x)\n  return (%y)\n")
        _, err = self.run_it("edit", "u.txt", "%y", status=2)
        self.assertIn("--symbolic", err)
        self.env["EDITOR"] = "true"
        self.run_it("edit", "--symbolic", "u.txt", "%y")
        with open(self.path("data/onnxsh/symbolics.lua")) as f:
            self.assertIn('symbolic("aten::relu"', f.read())

    def test_bind(self):
        out, _ = self.run_it("-e", "bind W why {}", "-e", "bind C-t set theme light", "-e", "bind W", "-e", "bind", "-e", "set theme light",
                             "-e", "set theme")
        self.assertRegex(out, r"^KEY +LINE\nC-t +set theme light\nlight\n$")
        out, _ = self.run_it("--json", "-e", 'command("bind F5 show")', "-e", "bind")
        self.assertEqual(json.loads(out[out.rindex("{"):]), {"F5": "show"})
        _, err = self.run_it("bind", "Nokey", "show", status=2)
        self.assertIn("there is no key", err)
        self.run_it("set", "theme", "pink", status=2)

    def test_bind_to_what_a_key_does(self):
        out, _ = self.run_it("-e", "bind J @half-down", "-e", "bind")
        self.assertIn("@half-down", out)
        _, err = self.run_it("-e", "bind J @nothing", status=2)
        self.assertIn("no key does", err)
        out, _ = self.run_it("help", "keys")
        self.assertRegex(out, r"C-d +any +half-down +half a page down")

    def test_color(self):
        out, _ = self.run_it("-e", "color op 208 bold", "-e", "color cursor black on bright-yellow", "-e", "color op plain", "-e", "color")
        self.assertRegex(out, r"(?m)^op +plain +operators$")
        self.assertRegex(out, r"(?m)^cursor +black on bright-yellow +the line")
        self.assertRegex(out, r"(?m)^type +of the theme +types")
        out, _ = self.run_it("--json", "-e", 'command("color op red")', "-e", "color error red", "-e", "color error", "-e", "color")
        self.assertEqual(json.loads(out[out.rindex("{"):]), {"op": "red"})
        for look in ("nix", "256", "red blue", "red on", "on red on blue", "bright-", "-1", "bold " * 40):
            _, err = self.run_it("-e", "color op " + look, status=2)
            self.assertIn("hint:", err)
        _, err = self.run_it("color", "nothing", "red", status=2)
        self.assertIn("nothing on the screen is called", err)

    def test_full_screen_needs_a_terminal(self):
        for args in (["tui"], ["tui", TRACE], ["-t", TRACE], ["-e", "tui", TRACE]):
            _, err = self.run_it(*args, status=2)
            self.assertIn("standard input or output is none", err)
            self.assertIn("hint:", err)

    def test_undo_and_redo(self):
        edit = "model:graph():nodes()[1]:set_name('renamed')"
        out, _ = self.run_it("-q", "-e", edit, "-e", "find --count name:renamed", "-e", "undo", "-e",
                             "find --count name:renamed", "-e", "redo", "-e", "find --count name:renamed", TRACE)
        self.assertEqual(out.split(), ["1", "0", "1"])
        self.run_it("-e", "undo", TRACE, status=2)


class Output(Case):
    def test_no_control_characters_of_the_model(self):
        self.write("h.txt", HOSTILE)
        for args in (["show", "h.txt"], ["show", "h.txt", "--style", "seed"], ["info", "h.txt"], ["tree", "h.txt"],
                     ["find", "h.txt", "op:relu"], ["node", "h.txt", "#2"], ["ops", "h.txt"], ["--json", "show", "h.txt"],
                     ["--json", "find", "h.txt", "op:relu"]):
            out, err = self.run_it(*args)
            self.assertNotIn("\x1b", out + err, args)
            self.assertNotIn("\x07", out + err, args)

    def test_json_is_json(self):
        for args in (["info", TRACE], ["ops", TRACE], ["tree", TRACE], ["show", TRACE], ["find", TRACE, "op:add"],
                     ["node", TRACE, "#2"], ["weights", TRACE], ["set"], ["symbolics"], ["version"], ["schema", "Conv"],
                     ["open", "--list", TRACE]):
            out, _ = self.run_it("--json", *args)
            json.loads(out)

    def test_json_of_what_has_little_to_say(self):
        for args, want in ((["save", TRACE, "s.txt"], {"saved": "s.txt"}), (["set", "opset", "13"], {"opset": "13"}),
                           (["set", "opset"], {"opset": "17"}), (["quit"], {}), (["lua", "print('a')"], {"output": "a\n"}),
                           (["symbolics", "--remove", "aten::elu"], {"removed": "aten::elu"}),
                           (["lua", "command('set opset')"], {"output": '{\n "opset": "17"\n}\n'})):
            self.assertEqual(json.loads(self.run_it("--json", *args)[0]), want, args)
        text = json.loads(self.run_it("--json", "show", TRACE, "stem", "--style", "seed")[0])["text"]
        self.assertTrue(text.startswith("graph("), text)
        self.assertIn("Adds an ONNX node", json.loads(self.run_it("--json", "help", "g:op")[0])["text"])
        self.assertEqual([r["name"] for r in json.loads(self.run_it("--json", "help", "show")[0])], ["show"])
        out, _ = self.run_it("--json", "-e", "model:graph():nodes()[1]:set_name('renamed')", "-e", "undo", "-e", "redo", TRACE)
        undone, _, redone = out.partition('{\n "redone"')
        self.assertEqual(len(json.loads(undone)["undone"]), 1)
        self.assertTrue(redone)

    def test_json_of_a_failure_is_nothing(self):
        for args, status in ((["node", TRACE, "#2", "%none"], 2), (["value", TRACE, "%none"], 2), (["show", TRACE, "none"], 2),
                             (["undo", TRACE], 2), (["help", "none"], 2), (["lua", "print(1) error('x')"], 4),
                             (["find", TRACE, "(op:add"], 2), (["info", "absent"], 3), (["set", "none", "1"], 2)):
            out, err = self.run_it("--json", *args, status=status)
            self.assertEqual(out, "", args)
            self.assertEqual(len([k for k in err.split("\n") if k.startswith("onnxsh: ")]), 1, err)

    def test_where_a_query_is_wrong(self):
        _, err = self.run_it("find", TRACE, "op:add colour:red", status=2)
        self.assertIn("at 'colour:red'", err)

    def test_undo_takes_all_or_none(self):
        edit = "model:graph():nodes()[1]:set_name('renamed')"
        _, err = self.run_it("-q", "-e", edit, "-e", "undo 2", TRACE, status=2)
        self.assertIn("only 1", err)

    def test_short_work_has_no_progress_lines(self):
        _, err = self.run_it("ops", TRACE)
        self.assertEqual(err, "")

    def test_plain_when_piped_colour_when_asked(self):
        out, _ = self.run_it("show", TRACE)
        self.assertNotIn("\x1b", out)
        out, _ = self.run_it("--color", "always", "show", TRACE)
        self.assertIn("\x1b[", out)

    def test_a_reader_that_leaves_is_no_error(self):
        out, err = os.path.join(self.dir, "out"), os.path.join(self.dir, "err")
        code = os.system(f"cd {self.dir} && {os.environ['ONNXSH']} show {TRACE} 2>{err} | head -n 1 >{out}")
        self.assertEqual(code, 0)
        with open(err) as f:
            self.assertEqual(f.read(), "")

    def test_full_disk_of_standard_output(self):
        if os.path.exists("/dev/full"):
            code = os.system(f"{os.environ['ONNXSH']} show {TRACE} >/dev/full 2>{self.path('err')}")
            self.assertEqual(os.waitstatus_to_exitcode(code), 3)


class Save(Case):
    def test_a_trace_is_saved_as_text_that_opens_again(self):
        self.run_it("save", TRACE, "copy.txt")
        one, two = (self.run_it("show", f, "--style", "torch")[0] for f in (TRACE, "copy.txt"))
        self.assertEqual(one, two)
        with open(TRACE) as f, open(self.path("copy.txt")) as g:
            self.assertEqual(f.read().rstrip("\n"), g.read().rstrip("\n"))

    def test_a_trace_is_not_saved_as_onnx(self):
        _, err = self.run_it("save", TRACE, "o.onnx", status=2)
        self.assertIn("export", err)

    def test_mode_and_link_are_kept(self):
        target = self.write("real.txt", "old")
        os.chmod(target, 0o640)
        os.symlink("real.txt", self.path("link.txt"))
        self.run_it("save", TRACE, "link.txt")
        self.assertTrue(os.path.islink(self.path("link.txt")))
        self.assertEqual(os.stat(target).st_mode & 0o777, 0o640)
        self.assertGreater(os.path.getsize(target), 100)

    def test_a_failed_save_leaves_the_old_file(self):
        _, err = self.run_it("save", TRACE, "no/such/dir.txt", status=3)
        self.assertIn("no/such/dir.txt", err)


class Inputs(Case):
    TEXT = "graph(%x : Tensor, %n : int):\n  %1 : int = prim::Constant[value=1]()\n  %y : Tensor = aten::add(%x, %x, %1)\n  return (%y)\n"

    def test_specs(self):
        self.write("t.txt", self.TEXT)
        info = json.loads(self.run_it("--json", "--input", "float32[2,seq,?]", "info", "t.txt")[0])
        self.assertEqual(info["inputs"][0]["shape"], [2, "seq", None])
        info = json.loads(self.run_it("--json", "--input", '"x"=float16[]', "--input", "n=int:3", "info", "t.txt")[0])
        self.assertEqual([i["name"] for i in info["inputs"]], ["x"])
        self.assertEqual(info["inputs"][0]["shape"], [])
        info = json.loads(self.run_it("--json", "--input", "float32", "info", "t.txt")[0])
        self.assertIsNone(info["inputs"][0]["shape"])

    def test_parts_of_a_tuple(self):
        self.write("t.txt", "graph(%h : (Tensor, (Tensor, Tensor)),\n      %x : Tensor):\n"
                            "  %a : Tensor, %b : (Tensor, Tensor) = prim::TupleUnpack(%h)\n  return (%a)\n")
        want = "(Float(1), (Float(2), Long(3)))"
        for specs in (("float32[1]", "float32[2]", "int64[3]", "float32[4]"), ("h.1.1=int64[3]", "h.1.0=float32[2]", "h.0=float32[1]")):
            words = [w for s in specs for w in ("--input", s)]
            inputs = json.loads(self.run_it("--json", *words, "info", "t.txt")[0])["inputs"]
            self.assertIn(want, inputs[0]["type"])
        for spec, why in (("h=float32[1]", "name its parts: h.0"), ("h.2=float32", "the graph has no input h.2"),
                          ("h.1=float32", "the graph has no input h.1"), ("h.0=int:3", "cannot be a scalar"), ("h.=float32", "no input h.")):
            self.assertIn(why, self.run_it("--input", spec, "info", "t.txt", status=2)[1])
        words = ["--input", "float32"] * 5
        self.assertIn("the graph has 4 inputs only", self.run_it(*words, "info", "t.txt", status=2)[1])

    def test_errors(self):
        self.write("t.txt", self.TEXT)
        for spec in ("float33[2]", "x=float32[2", "y=float32[2]", "float32[-1]", "n=int:x", "=", "x=", "float32[,]"):
            _, err = self.run_it("--input", spec, "info", "t.txt", status=2)
            self.assertIn("--input", err)


if __name__ == "__main__":
    unittest.main()
