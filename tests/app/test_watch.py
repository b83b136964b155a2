#!/usr/bin/env python3
"""`watch`: the model's file is opened again when it changes, and the place is kept; edits are never dropped."""
import base64
import os
import time
import unittest

from support import Case, Terminal

PROMPT = r"(^|[\n\r\x1b\]hl0-9;?])[\w.-]*\*?> "
OPS = ["relu", "sigmoid", "tanh", "abs"]
AGAIN = "changed and was opened again"


def chain(ops, more=""):
    """A chain of operators as a trace, each in a scope of its own."""
    text, last = "graph(%x : Float(2, 3)):\n", "x"
    for i, op in enumerate(ops):
        name = f"{op}_{ops[:i].count(op)}"
        text += f"  %{name} : Float(2, 3) = aten::{op}(%{last}), scope: Net/Block[{op}]\n"
        last = name
    return text + f"  return (%{last})\n" + more


class Watch(Case):
    def setUp(self):
        super().setUp()
        self.model = self.write("net.txt", chain(OPS))

    def start(self, *args):
        t = Terminal(self, *(args or (self.model,)), cols=150)
        t.expect(PROMPT)
        return t

    def do(self, t, line, answer=PROMPT):
        t.send(line + "\r")
        t.expect(r"\n")
        return t.expect(answer)

    def rewrite(self, text):
        """As editors and compilers do: another file takes the name."""
        os.rename(self.write("net.txt.new", text), self.model)

    def test_off_unless_asked(self):
        t = self.start()
        self.assertIn("off", self.do(t, "watch"))
        self.rewrite(chain(OPS[:2]))
        self.assertNotIn(AGAIN, self.do(t, "= #model:graph():nodes()"))
        self.do(t, "watch on")
        said = self.do(t, "= #model:graph():nodes()")
        self.assertIn(AGAIN, said)
        self.assertRegex(said, r"\b2\b")
        self.do(t, "watch off")
        self.rewrite(chain(OPS))
        self.assertNotIn(AGAIN, self.do(t, "= #model:graph():nodes()"))

    def test_renamed_over_and_rewritten(self):
        t = self.start()
        self.do(t, "watch on")
        self.do(t, "break aten::tanh")
        self.do(t, "set opset 13")
        for k, rewrite in enumerate((self.rewrite, lambda text: self.write("net.txt", text)) * 2):
            rewrite(chain(OPS + ["neg"] * (k + 1)))
            said = self.do(t, "= '<'..#model:graph():nodes()..'>'")
            self.assertIn(AGAIN, said)
            self.assertIn(f"<{5 + k}>", said)
        self.assertIn("aten::tanh", self.do(t, "break"))
        self.assertIn("13", self.do(t, "set opset"))
        self.assertNotIn(AGAIN, self.do(t, "info"))

    def test_unsaved_edits_stay(self):
        t = self.start()
        self.do(t, "watch on")
        self.do(t, "model:graph():nodes()[1]:set_name('mine')")
        self.rewrite(chain(OPS[:3]))
        self.assertIn("there are unsaved edits", self.do(t, "info"))
        self.assertNotIn("there are unsaved edits", self.do(t, "info"))  # once
        self.assertIn("<mine>", self.do(t, "= '<'..model:graph():nodes()[1]:name()..'>'"))
        self.do(t, "undo")
        self.assertIn(AGAIN, self.do(t, "info"))

    def test_waits_for_a_stopped_conversion(self):
        t = self.start()
        self.do(t, "watch on")
        self.do(t, "debug")
        self.rewrite(chain(OPS[:2]))
        self.assertNotIn(AGAIN, self.do(t, "where"))
        self.do(t, "debug stop")
        self.assertIn(AGAIN, self.do(t, "info"))

    def test_half_written(self):
        t = self.start()
        self.do(t, "watch on")
        whole = chain(OPS[:3])
        self.write("net.txt", whole[: len(whole) // 2])
        said = self.do(t, "= #model:graph():nodes()")
        self.assertIn("cannot be opened again", said)
        self.assertRegex(said, r"\b4\b")  # the old model stays
        self.write("net.txt", whole)
        said = self.do(t, "= #model:graph():nodes()")
        self.assertIn(AGAIN, said)
        self.assertRegex(said, r"\b3\b")

    def test_out_of_memory(self):
        """The n-th allocation fails, in opening, watching or opening again: the old model stays, or the new one is there."""
        n, points, failed = 100, 0, 0
        while points < 12 or "out of memory" in said:
            self.write("net.txt", chain(OPS))
            t = Terminal(self, self.model, cols=150, env=dict(self.env, ONNXSH_FAIL_ALLOC=str(n)))
            n += n // 6
            try:
                said = t.expect(PROMPT)
            except AssertionError:
                said = t.seen
            if "out of memory" in said:
                continue  # nothing was opened
            points += 1
            said += self.do(t, "watch on") + self.do(t, "set opset 13")
            self.rewrite(chain(OPS[:3]))
            said += self.do(t, "= '<'..#model:graph():nodes()..'>'")
            self.assertTrue("<3>" in said or "out of memory" in said, f"allocation {n}: {said}")
            failed += "out of memory" in said
            self.assertIn("<3>", self.do(t, "= '<'..#model:graph():nodes()..'>'"))  # it is tried again
            t.kill()
        self.assertGreater(failed, 2)

    def test_gone_and_back(self):
        t = self.start()
        self.do(t, "watch on")
        os.unlink(self.model)
        self.assertRegex(self.do(t, "= '<'..#model:graph():nodes()..'>'"), "<4>")
        self.write("net.txt", chain(OPS[:1]))
        self.assertRegex(self.do(t, "= '<'..#model:graph():nodes()..'>'"), "<1>")

    def test_own_save_is_no_change(self):
        t = self.start()
        self.do(t, "watch on")
        self.do(t, "model:graph():find('op:relu')[1]:output():rename('first')")
        self.do(t, "save")
        self.assertNotIn(AGAIN, self.do(t, "info"))

    def test_wrong_usage(self):
        self.assertIn("on or off, not 'maybe'", self.run_it("watch", self.model, "maybe", status=2)[1])
        self.assertEqual(self.run_it("--json", "watch", self.model, "on")[0], '{\n "watch": "on"\n}\n')
        self.assertIn("no file of its own", self.run_it("watch", "-", "on", stdin=chain(OPS).encode(), status=2)[1])

    def test_full_screen(self):
        t = Terminal(self, "-t", self.model, cols=150, rows=40)
        t.expect("tanh_0")
        t.send(":watch on\r")
        time.sleep(0.3)
        t.send("jjma")  # the third node is marked
        t.expect("marked a")
        self.rewrite(chain(["neg"] + OPS))
        t.expect("opened again")
        copied = {name: r"\x1b\]52;c;" + base64.b64encode(name.encode()).decode() for name in ("%tanh_0", "%neg_0")}
        for _ in range(30):  # the nodes are listed a moment later
            t.send("y")  # what is copied is what the cursor's line names: it is where it was
            if "to copy" not in t.expect(copied["%tanh_0"] + "|re is nothing to copy"):
                break
        else:
            self.fail("the cursor is on nothing")
        t.send("ggy")
        t.expect(copied["%neg_0"])
        t.send("'ay")
        t.expect(copied["%tanh_0"])


if __name__ == "__main__":
    unittest.main()
