#!/usr/bin/env python3
"""The debugger: breakpoints, stepping into the Lua of symbolic functions, what is told at a stop."""
import json
import os
import unittest

from support import LUA, TRACE, Case, Terminal

NET = """graph(%x : Float(2, 3),
      %w : Float(3, 3)):
  %one : int = prim::Constant[value=1]()
  %a : Float(2, 3) = aten::add(%x, %x, %one), scope: Net::/Part::first # net.py:5:0
  %b : Float(2, 3) = acme::warp(%a, %one), scope: Net::/Part::first # net.py:6:0
  %c : Float(2, 3) = aten::relu(%b), scope: Net::/Part::second # net.py:7:0
  return (%c)
"""
WARP = """local function helper(g, x)
  local y = g:op("Neg", x)
  return y
end

symbolic("acme::warp", function(g, x, by)
  local a = helper(g, x)
  local b = g:op("Abs", a)
  return g:op("Relu", b)
end)
"""


class Debug(Case):
    def setUp(self):
        super().setUp()
        self.net, self.lua = self.write("net.txt", NET), self.write("warp.lua", WARP)

    def session(self, *lines, status=0, lua=True):
        words = [w for line in lines for w in ("-e", line)]
        return self.run_it(*(["-l", self.lua] if lua else []), *words, self.net, status=status)

    def test_first_call_without_breakpoints(self):
        out, _ = self.session("debug", "where", "locals", "emit")
        first = "aten::add  #3  Net/Part[first]  (net.py:5)\nbefore its function, onnxsh/symbolic/arith.lua:"
        self.assertEqual(out.count(first), 2)
        self.assertIn("\nalpha = 1\nother = %x : Float(2, 3)\nself = %x : Float(2, 3)\nnothing yet\n", out)

    def test_stepping(self):
        """Over, into, out of a helper; to the next call behind the end; to the end."""
        out, _ = self.session("break acme::warp", "debug export", "step", "step", "step", "step", "next", "emit", "next",
                              "continue")
        places = [line for line in out.splitlines() if line.startswith(">")]
        self.assertEqual(places, [">    7    local a = helper(g, x)", ">    2    local y = g:op(\"Neg\", x)", ">    3    return y",
                                  ">    8    local b = g:op(\"Abs\", a)", ">    9    return g:op(\"Relu\", b)"])
        self.assertRegex(out, r"onnx::Neg\(%\S+\), .*\n.*onnx::Abs\(%\S+\), ")
        self.assertIn("aten::relu  #5  Net/Part[second]", out)
        self.assertIn("the conversion ended: 5 nodes", out)

    def test_next_passes_a_helper(self):
        out, _ = self.session("break acme::warp", "debug", "step", "next")
        self.assertEqual([line for line in out.splitlines() if line.startswith(">")],
                         [">    7    local a = helper(g, x)", ">    8    local b = g:op(\"Abs\", a)"])

    def test_what_is_in_sight(self):
        out, _ = self.session("break acme::warp", "debug", "print x, by, rank(x), dim(x, 2), dtype(by)", "step", "next", "locals",
                              "print a, #tostring(a) > 0")
        self.assertIn("%a : Float(2, 3)\n1\n2\n3\n", out)
        self.assertRegex(out, r"(?m)^a = %\S* : Float\(2, 3\)$")
        self.assertRegex(out, r"(?m)^by = 1$")
        _, err = self.session("break acme::warp", "debug", "print nothing.at.all", status=4)
        self.assertIn("attempt to index a nil value", err)
        _, err = self.session("debug", "print 1 +", status=4)
        self.assertIn("print", err)

    def test_conditions(self):
        out, _ = self.session("break if dim(self, 2) == 3 and rank(self) == 2", "debug", "continue", "break", "continue")
        self.assertIn("aten::add  #3", out)
        self.assertIn("aten::relu  #5", out)
        self.assertNotIn("acme::warp", out)
        self.assertRegex(out, r"(?m)^ +1 +\(all\) +dim\(self, 2\) == 3 and rank\(self\) == 2 +2$")
        out, err = self.session("break scope:second if oops()", "debug")
        self.assertIn("condition of breakpoint 1", err)
        self.assertIn("aten::relu", out)

    def test_scope_and_delete(self):
        out, _ = self.session("break scope:second", "break aten::add", "break --delete 2", "debug", "break --delete all", "continue")
        self.assertIn("breakpoint 2", out)
        self.assertNotIn("aten::add  #3", out)
        self.assertIn("aten::relu  #5", out)
        _, err = self.session("break --delete 7", status=2)
        self.assertIn("there is no breakpoint 7", err)
        _, err = self.session("break op:", status=2)
        self.assertTrue(err)

    def test_breakpoints_change_at_a_stop(self):
        """One that goes leaves the others what they were; one that comes holds from now on."""
        out, _ = self.session("break aten::add", "break scope:nothing", "debug", "break --delete 1", "break acme::warp", "continue",
                              "break --delete all", "break aten::relu", "continue")
        self.assertIn("acme::warp  #4", out)
        self.assertIn("aten::relu  #5", out)

    def test_no_function(self):
        out, _ = self.session("break acme::warp", "debug", "list", lua=False, status=2)
        self.assertIn("no symbolic function serves it", out)
        out, _ = self.session("break acme::warp", "debug", "continue", "failure", lua=False)
        self.assertIn("the conversion ended with 1 failure", out)
        self.assertIn("there is no symbolic function of acme::warp", out)

    def test_list(self):
        out, _ = self.session("break acme::warp", "debug", "list", "step", "list")
        self.assertIn(">    6  symbolic(\"acme::warp\", function(g, x, by)", out)
        self.assertIn("     2    local y = g:op(\"Neg\", x)", out)

    def test_result_is_that_of_an_export(self):
        plain, _ = self.run_it("-l", self.lua, "export", "--dry-run", "--verbose", self.net)
        out, _ = self.session("debug", "continue", "show --result --style seed")
        self.assertIn(out[out.index("graph("):].rstrip(), plain)

    def test_nothing_changes_at_a_stop(self):
        for line in ("undo", "open " + TRACE, "export o.onnx", "lua 1 + 1"):
            _, err = self.session("debug", line, status=2)
            self.assertIn("waits while a conversion is stopped", err)
        _, err = self.session("debug", "= 1 + 1", status=2)
        self.assertIn("print EXPRESSION", err)
        out, _ = self.session("debug", "ops", "debug stop", "lua print(1 + 1)")
        self.assertIn("2\n", out)

    def test_no_function_is_replaced_at_a_stop(self):
        """The one that is stopped in is not taken away from under the conversion."""
        for line in ("symbolics --remove acme::warp", "reload --all", "twice 3"):
            if line == "twice 3":
                with open(self.lua, "a") as f:
                    f.write("command{name = 'twice', usage = 'twice N', help = 'twice as much', run = function(n) print(2 * n) end}\n")
            _, err = self.session("break acme::warp", "debug", line, status=2)
            self.assertIn("waits while a conversion is stopped", err)
        editor = self.write("editor.sh", "#!/bin/sh\necho '-- seen' >> \"$2\"\n")
        os.chmod(editor, 0o755)
        t = Terminal(self, "--no-init", "-l", self.lua, self.net, env=dict(self.env, EDITOR=editor))
        t.expect("> ")
        for line, answer in (("break acme::warp", "breakpoint"), ("debug", "before its function"), ("symbolics acme::warp --edit", "loaded by itself"),
                             ("locals", "x"), ("debug stop", "> "), ("info", "1 Lua file loaded again")):
            t.send(line + "\r")
            t.expect(answer)
        t.send("quit\r")
        self.assertEqual(t.wait(), 0)

    def test_without_a_stop(self):
        for line in ("step", "next", "continue", "where", "list", "locals", "emit", "print 1", "debug stop"):
            _, err = self.session(line, status=2)
            self.assertIn("no conversion is stopped", err)

    def test_json(self):
        out, _ = self.run_it("--json", "-e", "break aten::add if true", "-e", "break", self.net)
        self.assertEqual(json.loads(out), [{"number": 1, "query": "aten::add", "condition": "true", "hits": 0}])

    def test_real_model_three_operators(self):
        """Breakpoints on three operators of a network, one of them the user's own."""
        out, _ = self.run_it("-l", LUA, "-e", "break acme::hard_mish if dim(x, 2) == 8", "-e", "break aten::batch_norm", "-e",
                             "break op:adaptive_avg_pool2d or op:linear", "-e", "debug", *["-e", "continue"] * 12, TRACE)
        self.assertIn("acme::hard_mish", out)
        self.assertIn("aten::batch_norm", out)

    def test_again(self):
        """An empty line does the last move again, and nothing before there was one."""
        t = Terminal(self, "--no-init", "-l", self.lua, self.net)
        t.expect("> ")
        t.send("break acme::warp\r")
        t.expect("breakpoint 1")
        t.send("debug\r")
        t.expect("before its function")
        t.send("\r")
        t.send("step\r")
        t.expect("local a = helper")
        t.send("\r")
        t.expect("local y = g:op")
        t.send("\r")
        t.expect("return y")
        t.send("continue\r")
        t.expect("the conversion ended")
        t.send("\r")
        t.send("where\r")
        t.expect("no conversion is stopped")
        t.send("quit\r")
        self.assertEqual(t.wait(), 0)

    def test_interrupt(self):
        lua = self.write("w.lua", 'symbolic("acme::warp", function(g, x, by) io.stderr:write("busy") while true do end end)')
        t = Terminal(self, "--no-init", "-l", lua, self.net)
        t.expect("> ")
        t.send("debug\r")
        t.expect("before its function")
        t.send("continue\r")
        t.expect("busy")
        t.send("\x03")
        t.expect("interrupted")
        t.send("where\r")
        t.expect("no conversion is stopped")
        t.send("debug\r")
        t.expect("before its function")
        t.send("quit\r")
        self.assertEqual(t.wait(), 0)


if __name__ == "__main__":
    unittest.main()
