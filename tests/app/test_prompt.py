#!/usr/bin/env python3
"""The prompt through a real pseudo-terminal: completion, history, Ctrl-C, EOF, narrow terminals, Lua that looks like a
command."""
import os
import re
import time
import unittest

from support import LUA, TRACE, Case, Terminal

PROMPT = r"\S*> "


class Prompt(Case):
    def start(self, *args, **size):
        t = Terminal(self, *args, **size)
        t.expect(PROMPT)
        return t

    def test_opens_with_a_summary(self):
        t = Terminal(self, TRACE)
        text = t.expect(r"hardmish_net\.txt> ")
        self.assertIn("PyTorch trace", text)

    def test_end_of_input_leaves(self):
        t = self.start()
        t.send("\x04")
        self.assertEqual(t.wait(), 0)

    def test_quit(self):
        t = self.start()
        t.send("quit\r")
        self.assertEqual(t.wait(), 0)

    def test_error_keeps_the_session(self):
        t = self.start()
        t.send("show\r")
        t.expect("no model is open")
        t.expect(PROMPT)
        t.send("open nowhere.txt\r")
        t.expect("nowhere.txt")
        t.expect(PROMPT)
        t.send("= 6 * 7\r")
        t.expect("42")

    def test_completes_commands(self):
        t = self.start()
        t.send("schem\tElu\r")
        t.expect("onnx::Elu")

    def test_completes_options(self):
        t = self.start(TRACE)
        t.send("ops --mis\t\r")
        t.expect("--missing")
        t.expect("acme::hard_mish")

    def test_completes_values(self):
        t = self.start(TRACE)
        t.send("value %head.2.wei\t\r")
        t.expect(r"type +Float\(10, 512\)")

    def test_completes_scopes_operators_and_files(self):
        t = self.start(TRACE, cols=250)
        t.send("find op:hard_m\t")
        t.expect("hard_mish")
        t.send("\x03")
        t.expect(PROMPT)
        t.send("schema aten::leaky_rel\t\r")
        t.expect(r"aten::leaky_relu\(Tensor self")
        t.expect(PROMPT)
        t.send("show lay\t2.conv\t1\r")
        t.expect(r"aten::_convolution")
        t.expect(r"\[layer2\]/Conv2d\[conv1\]")
        t.expect(PROMPT)
        self.write("a_model_file.txt", "graph(%x : Float(2)):\n  return (%x)\n")
        t.send("open a_mod\t\r")
        t.expect(r"a_model_file\.txt> ")

    def test_history_persists(self):
        t = self.start()
        t.send("= 11 * 3\r")
        t.expect("33")
        t.expect(PROMPT)
        t.send("\x04")
        self.assertEqual(t.wait(), 0)
        t = self.start()
        t.send("\x10\r")  # Ctrl-P: the line before
        t.expect("33")

    def test_lua_over_several_lines(self):
        t = self.start()
        t.send("for i = 1, 2 do\r")
        t.expect(">> ")
        t.send("print('line ' .. i)\r")
        t.expect(">> ")
        t.send("end\r")
        t.expect("line 1")
        t.expect("line 2")
        t.expect(PROMPT)

    def test_lua_that_looks_like_a_command(self):
        t = self.start()
        t.send("show = 5\r")
        t.expect(PROMPT)
        t.send("print(show + 1)\r")
        t.expect(r"\b6\b")
        t.expect(PROMPT)
        t.send(":version\r")
        t.expect(r"onnxsh \d")

    def test_ctrl_c_drops_the_line(self):
        t = self.start()
        t.send("garbage that is not finished")
        t.expect("finished")
        t.send("\x03")
        t.expect(PROMPT)
        t.send("= 2 + 3\r")
        t.expect(r"\b5\b")

    def test_ctrl_c_drops_an_unfinished_chunk(self):
        t = self.start()
        t.send("for i = 1, 2 do\r")
        t.expect(">> ")
        t.send("\x03")
        t.expect(r"onnxsh> ")
        t.send("= 2 + 3\r")
        t.expect(r"\b5\b")

    def interrupts(self, code):
        t = self.start()
        t.send(code + "\r")
        t.expect(r"\n")
        time.sleep(0.5)
        t.send("\x03")
        t.expect("interrupted", seconds=10)
        t.expect(PROMPT)
        t.send("= 2 + 3\r")
        t.expect(r"\b5\b")

    def test_ctrl_c_in_a_lua_loop(self):
        self.interrupts("while true do end")

    def test_ctrl_c_in_a_coroutine(self):
        self.interrupts("coroutine.wrap(function() while true do end end)()")

    def test_ctrl_c_in_a_pcall(self):
        self.interrupts("while true do pcall(function() while true do end end) end")

    def test_unsaved_edits_are_asked_about(self):
        t = self.start(TRACE)
        t.send("model:graph():nodes()[1]:set_name('renamed')\r")
        t.expect(r"\*> ")
        t.send("quit\r")
        t.expect("unsaved")
        t.expect(PROMPT)
        t.send("\x04")
        t.expect("unsaved")
        t.expect(PROMPT)  # between two prompts the terminal itself would take the key
        t.send("\x04")
        self.assertEqual(t.wait(), 0)

    def test_narrow_terminal(self):
        t = self.start("--no-pager", TRACE, rows=24, cols=40)
        t.send("ops --missing\r")
        text = t.expect(r"without a symbolic function")
        for line in text.splitlines()[1:]:
            self.assertLessEqual(len(line.replace("\x1b[0m", "")), 40 + 30, line)
        self.assertIn("…", text)

    def said(self, t, line):
        """What a line at the prompt prints, without colours, as lines."""
        t.send(line + "\r")
        t.expect(re.escape(line))
        text = t.expect(r"hardmish_net\.txt> ")
        return [x for x in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r", "").split("\n")[1:-1] if x]

    def test_wide_lines_are_cut(self):
        t = self.start("--no-pager", TRACE, cols=40)
        whole, _ = self.run_it("show", "--style", "folded", TRACE)
        whole = whole.splitlines()
        self.assertGreater(max(map(len, whole)), 100)  # in a pipe nothing is cut
        self.assertNotIn("…", "".join(whole))
        cut = self.said(t, "show")
        self.assertEqual(len(cut), len(whole))
        for got, line in zip(cut, whole):
            self.assertLessEqual(len(got), 40)
            if len(line) <= 40:
                self.assertEqual(got, line)
                continue
            head, tail = got.split("…")
            self.assertEqual((len(got), len(head)), (40, 26))
            self.assertTrue(line.startswith(head) and line.endswith(tail), (got, line))
        node = self.said(t, "node #206")
        self.assertLessEqual(max(map(len, node)), 40)
        self.assertIn("…", "".join(node))
        self.assertEqual(self.said(t, "set cut"), ["on"])
        self.assertEqual(self.said(t, "set cut off"), [])
        self.assertEqual("".join(self.said(t, "show #206")), next(x for x in whole if x.startswith("  %1124 ")).strip())

    def test_a_pager_gets_whole_lines(self):
        env = dict(self.env, PAGER="sh -c 'echo less $LESS; cat >whole.txt'")
        env.pop("LESS", None)
        t = Terminal(self, TRACE, cols=40, env=env)
        t.expect(r"hardmish_net\.txt> ")
        t.send("show\r")
        self.assertIn("S", t.expect(r"less \w+").split()[-1])  # it scrolls sideways
        t.expect(PROMPT)
        with open(self.path("whole.txt")) as f:
            text = re.sub(r"\x1b\[[0-9;]*m", "", f.read())
        self.assertEqual(text, self.run_it("show", "--style", "folded", TRACE)[0])

    def test_schemas_are_wrapped(self):
        t = self.start("--no-pager", TRACE, cols=40)
        got = self.said(t, "schema aten::conv2d")
        self.assertLessEqual(max(map(len, got)), 40)
        self.assertEqual(" ".join(got).split(), self.run_it("schema", "aten::conv2d")[0].split())

    def test_long_output_is_paged(self):
        env = dict(self.env, PAGER="sh -c 'echo PAGED; cat >/dev/null'")
        t = Terminal(self, TRACE, env=env)
        t.expect(r"hardmish_net\.txt> ")
        t.send("show\r")
        t.expect("PAGED")
        t.expect(PROMPT)

    def test_symbolic_typed_at_the_prompt(self):
        t = self.start(TRACE)
        t.send("export out.onnx\r")
        t.expect("not exported")
        t.expect(PROMPT)
        with open(LUA) as f:
            for line in f.read().splitlines():
                t.send(line + "\r")
                t.expect(r"> ")
        t.send("ops --missing\r")
        t.expect("every operator has a symbolic function")

    def test_standard_input_then_terminal(self):
        command = f"cat {TRACE} | {os.environ['ONNXSH']} -"
        import support
        real = support.ONNXSH
        support.ONNXSH = "/bin/sh"
        try:
            t = Terminal(self, "-c", command)
        finally:
            support.ONNXSH = real
        t.expect("PyTorch trace")
        t.expect(PROMPT)
        t.send("= 2 + 3\r")
        t.expect(r"\b5\b")


if __name__ == "__main__":
    unittest.main()
