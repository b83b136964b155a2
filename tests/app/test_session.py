#!/usr/bin/env python3
"""Journals and sessions through a pseudo-terminal: a program that is killed, a terminal that is closed, what the next
start recovers; two programs on one file; disks that are full; files that hold a session."""
import base64
import glob
import json
import os
import random
import re
import resource
import shutil
import signal
import time
import unittest

from support import TRACE, Case, Terminal

PROMPT = r"(^|[\n\r\x1b\]hl0-9;?])[\w.-]*\*?> "
ANSWER = r"recover, discard, keep for later\? \[r/d/k\] "


class Sessions(Case):
    def setUp(self):
        super().setUp()
        self.model = self.path("net.txt")
        shutil.copy(TRACE, self.model)

    def start(self, *args, ready=PROMPT, **size):
        t = Terminal(self, *(args or (self.model,)), **dict({"cols": 200}, **size))
        t.expect(ready)
        return t

    def do(self, t, line, answer=PROMPT):
        """Sends a line and waits for its answer; returns what was said."""
        t.send(line + "\r")
        t.expect(r"\n")
        return t.expect(answer)

    def rename(self, t, name, node=3):
        self.do(t, f"model:graph():nodes()[{node}]:set_name('{name}')")

    def name(self, t, node=3):
        return self.do(t, f"= '<'..model:graph():nodes()[{node}]:name()..'>'")

    def read(self, path):
        with open(path) as f:
            return f.read()

    def journals(self):
        return sorted(glob.glob(self.path("state/onnxsh/journal/*")))

    def die(self, t):
        os.kill(t.pid, signal.SIGKILL)
        os.waitpid(t.pid, 0)

    def edited_and_killed(self, *names):
        t = self.start()
        for name in names:
            self.rename(t, name)
        self.die(t)

    # ---- recovery ----

    def test_no_edit_no_journal(self):
        t = self.start()
        self.do(t, "info")
        self.do(t, "x = 1")
        self.assertEqual(self.journals(), [])

    def test_recovers_what_was_answered(self):
        self.edited_and_killed("one", "two")
        self.assertEqual(len(self.journals()), 1)
        self.assertEqual(os.stat(self.journals()[0]).st_mode & 0o777, 0o600)
        self.assertEqual(os.stat(os.path.dirname(self.journals()[0])).st_mode & 0o777, 0o700)
        t = self.start(ready=r"2 unsaved edits of \d{4}-\d\d-\d\d \d\d:\d\d found: " + ANSWER)
        t.send("r\r")
        t.expect("2 edits recovered")
        t.expect(PROMPT)
        self.assertIn("<two>", self.name(t))
        self.do(t, "undo")
        self.assertIn("<one>", self.name(t))
        self.do(t, "redo")
        self.assertIn("<two>", self.name(t))
        self.rename(t, "three")
        self.die(t)
        t = self.start(ready=r"[345] unsaved edits")  # what was recovered, undone, done again, and the new one
        t.expect(ANSWER)
        t.send("r\r")
        t.expect(PROMPT)
        self.assertIn("<three>", self.name(t))

    def test_undone_edits_can_be_done_again(self):
        t = self.start()
        self.rename(t, "one")
        self.rename(t, "two")
        self.do(t, "undo")
        self.die(t)
        t = self.start(ready=ANSWER)
        t.send("r\r")
        t.expect(PROMPT)
        self.assertIn("<one>", self.name(t))
        self.do(t, "redo")
        self.assertIn("<two>", self.name(t))

    def test_discard_and_keep(self):
        self.edited_and_killed("one")
        t = self.start(ready=ANSWER)
        t.send("k\r")
        t.expect(PROMPT)
        self.assertIn("<>", self.name(t))
        self.do(t, "quit", answer="")
        t.wait()
        t = self.start(ready=ANSWER)
        t.send("what\r")
        t.expect(ANSWER)
        t.send("d\r")
        t.expect(PROMPT)
        self.assertEqual(self.journals(), [])

    def test_closed_terminal(self):
        t = self.start()
        self.rename(t, "one")
        os.close(t.fd)
        os.waitpid(t.pid, 0)
        t.fd = os.open("/dev/null", os.O_RDONLY)
        self.assertEqual(len(self.journals()), 1)
        t = self.start(ready="1 unsaved edit of .*" + ANSWER)

    def test_closed_terminal_and_signals(self):
        """At the prompt and in the full screen; one whose terminal is gone, or who is told to end, leaves its journal."""
        for screen in (False, True):
            for sig in (None, signal.SIGHUP, signal.SIGTERM):
                with self.subTest(screen=screen, sig=sig):
                    t = self.start("-t", self.model, ready="aten::") if screen else self.start()
                    if screen:
                        t.send(":model:graph():nodes()[3]:set_name('one') print('edit'..'ed')\r")
                        t.expect("edited")
                    else:
                        self.rename(t, "one")
                    if sig:
                        os.kill(t.pid, sig)
                    else:
                        os.close(t.fd)
                    os.waitpid(t.pid, 0)
                    t.fd = os.open("/dev/null", os.O_RDONLY) if not sig else t.fd
                    self.assertEqual(len(self.journals()), 1)
                    t = self.start(ready="1 unsaved edit of .*" + ANSWER)
                    t.send("r\r")
                    t.expect(PROMPT)
                    self.assertIn("<one>", self.name(t))
                    t.send("quit --force\r")
                    t.wait()
                    self.assertEqual(self.journals(), [])

    def test_left_in_order(self):
        t = self.start()
        self.rename(t, "one")
        self.assertIn("unsaved edits", self.do(t, "quit"))
        t.send("quit --force\r")
        t.wait()
        self.assertEqual(self.journals(), [])

    def test_another_model_keeps_the_journal(self):
        other = self.path("other.txt")
        shutil.copy(TRACE, other)
        t = self.start()
        self.rename(t, "one")
        self.do(t, "open other.txt")
        self.assertEqual(len(self.journals()), 1)
        self.assertIn("1 unsaved edit of", self.do(t, "open net.txt"))
        self.assertIn("1 edit recovered", self.do(t, "session recover"))
        self.assertIn("<one>", self.name(t))

    def test_without_a_terminal(self):
        self.edited_and_killed("one")
        out, err = self.run_it("info", self.model)
        self.assertIn("1 unsaved edit of", err)
        self.assertIn("`session recover`", err)
        _, err = self.run_it("-q", "info", self.model)
        self.assertEqual(err, "")
        self.run_it("--model", self.model, "session", "recover", "-o", self.path("out.txt"))
        self.assertEqual(len(self.journals()), 1)  # it is not for a script to drop what it did again
        rows = json.loads(self.run_it("--json", "session")[0])
        self.assertEqual([(r["edits"], r["state"], r["model"]) for r in rows], [(1, "can be recovered", self.model)])
        self.run_it("session", "discard", "1")
        self.assertEqual(self.journals(), [])
        self.assertIn("no session left", self.run_it("session")[0])
        self.assertIn("no number 1", self.run_it("session", "discard", "1", status=2)[1])

    def test_file_that_changed(self):
        self.edited_and_killed("one")
        with open(self.model, "a") as f:
            f.write("\n")
        t = self.start(ready="it has changed since")
        t.expect(PROMPT)
        self.assertIn("they are kept", self.do(t, "session recover"))
        self.assertIn("the model has changed", self.do(t, "session"))
        self.assertIn("1 edit recovered", self.do(t, "session recover --changed"))  # its graph is the same
        self.assertIn("<one>", self.name(t))

    def test_graph_that_changed(self):
        self.edited_and_killed("one")
        text = self.read(self.model)
        self.assertIn("aten::sigmoid", text)
        self.write("net.txt", text.replace("aten::sigmoid", "aten::tanh"))
        t = self.start(ready="it has changed since")
        t.expect(PROMPT)
        self.assertIn("not the one that was edited", self.do(t, "session recover --changed"))
        self.assertEqual(len(self.journals()), 1)
        os.unlink(self.model)
        self.assertIn("the model is gone", self.do(t, "session list"))

    def test_edits_of_ones_own_come_first(self):
        self.edited_and_killed("one")
        t = self.start(ready=ANSWER)
        t.send("k\r")
        t.expect(PROMPT)
        self.rename(t, "mine")
        self.assertEqual(len(self.journals()), 2)
        self.assertIn("edits of its own", self.do(t, "session recover"))
        self.do(t, "undo")
        self.assertIn("1 edit recovered", self.do(t, "session recover"))
        self.assertEqual(len(self.journals()), 1)

    # ---- saving ----

    def test_saved_elsewhere(self):
        t = self.start()
        self.rename(t, "one")
        self.do(t, "save out.txt")
        self.die(t)
        t = self.start()  # nothing is asked: it is saved
        self.assertEqual(self.journals(), [])
        self.rename(t, "one")
        self.do(t, "save out.txt")
        self.rename(t, "two")
        self.die(t)
        t = self.start(ready="1 unsaved edit of .*" + ANSWER)
        t.send("r\r")
        t.expect(PROMPT)
        self.assertIn("<two>", self.name(t))

    def test_saved_in_place(self):
        path = self.onnx()
        t = self.start(path)
        self.do(t, "n = model:graph():nodes()[1]")
        self.do(t, "r = n:insert('Relu', n:input(1)); n:set_input(1, r)")
        self.do(t, "model:graph():nodes()[2]:set_name('saved')")
        self.do(t, "save")
        self.assertEqual(self.journals(), [])
        self.do(t, "model:graph():nodes()[2]:set_name('after')")
        self.do(t, "model:graph():add('Abs', model:graph():inputs()[1]):rename('new')")
        self.die(t)
        t = self.start(path, ready="2 unsaved edits of .*" + ANSWER)
        t.send("r\r")
        t.expect("2 edits recovered")
        t.expect(PROMPT)
        self.assertIn("<after>", self.name(t, 2))
        self.assertIn("onnx::Abs", self.do(t, "node %new"))
        self.do(t, "undo 2")
        self.assertIn("<saved>", self.name(t, 2))

    def test_undo_beyond_the_save(self):
        path = self.onnx()
        t = self.start(path)
        self.rename(t, "one", 1)
        self.do(t, "save")
        self.assertIn("beyond the last save", self.do(t, "undo"))
        self.do(t, "save")
        self.rename(t, "two", 1)
        self.assertEqual(len(self.journals()), 1)

    def test_trace_saved_in_place(self):
        t = self.start()
        self.rename(t, "one")
        self.do(t, "model:graph():find('op:sigmoid')[1]:output():rename('first')")
        self.do(t, "save")
        self.do(t, "model:graph():find('op:sigmoid')[1]:output():rename('second')")
        self.die(t)
        t = self.start(ready=ANSWER)
        t.send("r\r")
        t.expect("1 edit recovered")
        t.expect(PROMPT)
        self.assertIn("second", self.do(t, "= model:graph():find('op:sigmoid')[1]:output():name()"))

    def onnx(self):
        """The example as an ONNX model, with a Conv at the front."""
        self.write("chain.txt", "graph(%x : Float(2, 3)):\n  %a : Float(2, 3) = aten::relu(%x)\n"
                                "  %b : Float(2, 3) = aten::sigmoid(%a)\n  %c : Float(2, 3) = aten::tanh(%b)\n  return (%c)\n")
        path = self.path("chain.onnx")
        self.run_it("export", self.path("chain.txt"), path)
        return path

    # ---- trouble ----

    def test_two_programs(self):
        first, second = self.start(), self.start()
        self.rename(first, "one")
        self.rename(second, "two")
        self.assertEqual(len(self.journals()), 2)
        third = self.start(ready=r"has this file open, with 1 unsaved edit\b")
        third.expect(PROMPT)
        self.assertIn("no edits of this model were left", self.do(third, "session recover"))
        self.assertIn("in use", self.do(third, "session"))
        self.assertIn("is at work on them", self.do(third, "session discard 1"))
        self.die(first)
        self.die(second)
        fourth = self.start(ready=ANSWER)
        fourth.send("r\r")
        fourth.expect(PROMPT)
        self.assertRegex(self.name(fourth), "<one>|<two>")

    def test_two_programs_save(self):
        """What another one has saved is not written over unasked, and the edits stay."""
        first, second = self.start(), self.start()
        rename = "model:graph():find('op:sigmoid')[1]:output():rename('%s')"
        self.do(first, rename % "first")
        self.assertIn("saved", self.do(first, "save"))
        self.do(first, rename % "again")
        self.assertIn("saved", self.do(first, "save"))  # what it wrote itself
        self.do(second, rename % "second")
        self.assertIn("has changed since it was opened", self.do(second, "save"))
        self.assertIn("%again", self.read(self.model))
        self.assertIn("saved", self.do(second, "save other.txt"))
        self.assertIn("%second", self.read(self.path("other.txt")))
        self.do(second, rename % "third")
        self.assertIn("not saved over", self.do(second, "save net.txt"))
        self.assertIn("saved", self.do(second, "save --force"))
        self.assertIn("%third", self.read(self.model))
        self.do(second, rename % "fourth")
        os.unlink(self.model)
        self.assertIn("saved", self.do(second, "save"))
        self.assertIn("%fourth", self.read(self.model))

    def test_no_place_for_the_journal(self):
        self.write("state", "a file where the directory would be")
        t = self.start()
        t.send("model:graph():nodes()[3]:set_name('one')\r")
        t.expect("a crash would lose it")
        t.expect(PROMPT)
        self.assertIn("<one>", self.name(t))
        self.rename(t, "two")  # told once
        self.assertNotIn("crash", t.seen)
        os.unlink(self.path("state"))
        t.send("model:graph():nodes()[3]:set_name('three')\r")
        t.expect("in the journal again")
        t.expect(PROMPT)
        self.die(t)
        t = self.start(ready=ANSWER)
        t.send("r\r")
        t.expect(PROMPT)
        self.assertIn("<three>", self.name(t))

    def test_full_disk(self):
        """From the n-th call on the disk is full: edits stand, what is not in the journal is told, the file stays whole."""
        told = 0
        for n in range(1, 40):
            shutil.rmtree(self.path("state"), ignore_errors=True)
            t = Terminal(self, self.model, cols=200, env=dict(self.env, ONNXSH_FAIL_SYS=f"{n}:ENOSPC+"))
            try:
                t.expect(PROMPT)
            except AssertionError:
                continue  # the model itself could not be read
            said = "".join(self.do(t, f"model:graph():nodes()[3]:set_name('{name}')") for name in ("one", "two"))
            self.assertIn("<two>", self.name(t))
            self.die(t)
            rows = json.loads(self.run_it("--json", "session")[0])
            edits = rows[0]["edits"] if rows else 0
            lost = "a crash would lose it" in said
            self.assertTrue(lost or edits == 2, f"call {n}: {edits}, {said}")
            told += lost
        self.assertGreater(told, 3)

    def test_out_of_memory(self):
        """The n-th allocation fails: what a crash leaves is what was in memory, or that it would not be was told."""
        n, points = 100, 0
        while True:
            shutil.rmtree(self.path("state"), ignore_errors=True)
            t = Terminal(self, self.model, cols=200, env=dict(self.env, ONNXSH_FAIL_ALLOC=str(n)))
            n += max(1, n // 12)
            try:
                said = t.expect(PROMPT)
            except AssertionError:
                self.assertIn("out of memory", t.seen)
                continue
            said += "".join(self.do(t, f"model:graph():nodes()[3]:set_name('{name}')") for name in ("one", "two"))
            named = re.search(r"<(\w*)>\s", self.name(t))
            self.die(t)
            if not named:
                self.assertIn("out of memory", said)  # the model was not opened, or Lua did not start
                continue
            rows = json.loads(self.run_it("--json", "session")[0])
            if rows:
                self.run_it("-q", "--model", self.model, "session", "recover", "-o", self.path("out.txt"))
            left = self.run_it("-e", "= model:graph():nodes()[3]:name()", self.path("out.txt") if rows else self.model)[0].strip()
            self.assertTrue(left == named[1] or "crash would lose" in said, f"allocation {n}: {left}, {said}")
            points += 1
            if "out of memory" not in said and points > 40:
                break

    def limited(self, size):
        """A session that may not write files beyond a size; what the limit does to a program is to end it."""
        before, ours = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            return Terminal(self, self.model, cols=200)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, ours)

    def test_files_at_their_limit(self):
        """A journal that cannot grow is told once; edits stand, and are all in it when there is room again."""
        for size in (0, 5, 100, 400):
            with self.subTest(size=size):
                shutil.rmtree(self.path("state"), ignore_errors=True)
                t = self.limited(size)
                t.expect(PROMPT)
                names = [f"{'long' * 20}{i}" for i in range(8)]
                said = "".join(self.do(t, f"model:graph():nodes()[{i + 1}]:set_name('{name}')") for i, name in enumerate(names))
                self.assertEqual(said.count("a crash would lose it"), 1)
                self.assertIn("ulimit -f", said)
                for i, name in enumerate(names):
                    self.assertIn(f"<{name}>", self.name(t, i + 1))
                self.assertIn("File too large", self.do(t, "session save day.session") + self.do(t, "save out.txt"))
                self.assertFalse(os.path.exists(self.path("out.txt")))
                resource.prlimit(t.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
                t.send("model:graph():nodes()[1]:set_name('last')\r")
                t.expect("in the journal again")
                t.expect(PROMPT)
                self.die(t)
                t = self.start(ready=ANSWER)
                t.send("r\r")
                t.expect("recovered")
                t.expect(PROMPT)
                for i, name in enumerate(["last"] + names[1:]):
                    self.assertIn(f"<{name}>", self.name(t, i + 1))
                t.send("quit --force\r")
                t.wait()

    def test_journal_of_another_version(self):
        self.edited_and_killed("one")
        path = self.journals()[0]
        with open(path, "r+b") as f:
            f.seek(len(b"onnxsh log\n"))
            f.write(b"\2")
        t = self.start(ready="another version of onnxsh left a journal of this file")
        t.expect(PROMPT)
        self.assertIn("of another version", self.do(t, "session"))
        self.assertIn("which can recover it", self.do(t, "session recover 1"))
        self.rename(t, "two")
        self.assertEqual(len(self.journals()), 2)
        self.assertIn("not written over", self.do(t, f"session save {path}"))
        t.send("quit --force\r")
        t.wait()
        self.assertEqual(self.journals(), [path])
        self.run_it("session", "discard", "1")
        self.assertEqual(self.journals(), [])

    def test_broken_journals(self):
        self.edited_and_killed("one", "two", "three")
        path = self.journals()[0]
        with open(path, "rb") as f:
            whole = f.read()
        step = max(1, len(whole) // 40)
        for i in list(range(0, len(whole), step)) + [len(whole) - 1]:
            for data in (whole[:i], whole[:i] + bytes([whole[i] ^ 0x41]) + whole[i + 1:]):
                with open(path, "wb") as f:
                    f.write(data)
                self.run_it("session")
                rows = json.loads(self.run_it("--json", "session")[0])
                out, err = self.run_it("-q", "--json", "--model", self.model, "session", "recover", "-o", self.path("out.txt"), status=0) \
                    if rows and rows[0]["edits"] else ("", "")
                if out:
                    self.assertEqual(json.loads(out.splitlines()[0])["recovered"] if out.count("\n") < 3 else
                                     json.JSONDecoder().raw_decode(out)[0]["recovered"], rows[0]["edits"])

    def test_hostile_names(self):
        evil = r"a\27]0;owned\7\n\226\128\174b"
        t = self.start()
        self.do(t, f"model:graph():nodes()[3]:set_name('{evil}')")
        self.die(t)
        t = self.start(ready=ANSWER)
        t.send("r\r")
        t.expect(PROMPT)
        t.send("node #3\r")
        time.sleep(0.3)
        t.send("undo\r")
        seen = t.expect("undone: .*\n")
        self.assertNotIn("\x1b]0;owned", seen)

    def test_full_screen(self):
        self.edited_and_killed("one")
        t = self.start("-t", self.model, ready=ANSWER)
        t.send("r\r")
        t.expect(r"1 edit recovered|net\.txt")
        time.sleep(0.5)
        t.send(":undo\r")
        t.expect("undone: ")
        self.die(t)
        self.assertEqual(len(self.journals()), 1)

    # ---- session files ----

    def test_save_and_load(self):
        t = self.start()
        self.do(t, "symbolic('aten::frobnicate', {schema = 'aten::frobnicate(Tensor x) -> Tensor'}, function(g, x) return g:op('Relu', x) end)")
        self.do(t, "command{name = 'hello', usage = 'hello', help = 'greets', run = function() print('good day') end}")
        self.do(t, "helper = 42")
        self.do(t, "break aten::relu if rank(self) == 4")
        self.do(t, "set opset 13")
        self.do(t, "bind W why {}")
        self.do(t, "watch on")
        self.do(t, f"beside {TRACE}")
        self.rename(t, "one")
        self.rename(t, "two")
        self.do(t, "undo")
        self.assertIn("session saved to", self.do(t, "session save day.session"))
        self.do(t, "session save")
        t.send("quit --force\r")
        t.wait()
        self.assertEqual(self.journals(), [])
        for args, line in (((), "session load day.session"), ((self.model,), "session load")):
            t = Terminal(self, *args, cols=200)
            t.expect(PROMPT)
            self.assertIn("loaded", self.do(t, line))
            self.assertIn("<one>", self.name(t))
            self.assertIn("good day", self.do(t, "hello"))
            self.assertIn("42", self.do(t, "= helper"))
            self.assertIn("rank(self) == 4", self.do(t, "break"))
            self.assertIn("13", self.do(t, "set opset"))
            self.assertIn("why {}", self.do(t, "bind"))
            self.assertRegex(self.do(t, "watch"), r"\bon\b")
            self.assertIn(f"{TRACE} stands beside", self.do(t, "beside"))
            self.assertIn("session:1", self.do(t, "symbolics aten::frobnicate"))
            self.do(t, "redo")
            self.assertIn("<two>", self.name(t))
            self.do(t, "undo 2")
            self.assertIn("<>", self.name(t))
            t.send("quit --force\r")
            t.wait()

    def test_marks(self):
        t = self.start("-t", self.model, cols=150, rows=40, ready="aten::")
        t.send("jjma")
        t.expect("marked a")
        t.send("y")
        copied = t.expect(r"\x1b\]52;c;[\w+/=]+")
        copied = copied[copied.index("\x1b]52;c;"):]
        self.assertTrue(base64.b64decode(copied[7:]))
        t.send(":session save day.session\r")
        t.expect("session saved")
        t.send("q")
        t.wait()
        t = self.start("-t", self.model, cols=150, rows=40, ready="aten::")
        t.send(":session load day.session\r")
        t.expect("loaded")
        t.send("ggy")
        self.assertNotIn(copied, t.expect(r"\x1b\]52;c;[\w+/=]+"))
        t.send("'ay")
        self.assertIn(copied, t.expect(r"\x1b\]52;c;[\w+/=]+"))

    def test_session_files_that_do_not_fit(self):
        t = self.start()
        self.rename(t, "one")
        self.write("other.txt", self.read(self.model))
        self.do(t, "beside other.txt")
        self.do(t, "session save a.session")
        os.remove(self.path("other.txt"))
        self.do(t, "beside --close")
        self.assertIn("unsaved edits", self.do(t, "session load a.session"))
        self.assertIn("not a log", self.do(t, "session save net.txt"))
        self.assertIn("not a log", self.do(t, "session load net.txt"))
        self.assertIn("No such file", self.do(t, "session load nothing.session"))
        self.do(t, "undo")
        shown = self.do(t, "session load a.session")  # what stood beside is missing, and the rest is there
        self.assertIn("other.txt: cannot open", shown)
        self.assertIn("loaded", shown)
        self.assertIn("nothing stands beside", self.do(t, "beside"))
        self.assertIn("<one>", self.name(t))
        self.do(t, "undo")
        self.write("net.txt", self.read(self.model).replace("aten::sigmoid", "aten::tanh"))
        self.do(t, "open net.txt")
        self.assertIn("does not fit", self.do(t, "session load a.session"))

    def test_wrong_usage(self):
        self.assertIn("does not know 'forget'", self.run_it("session", "forget", status=2)[1])
        self.assertIn("no model is open", self.run_it("session", "recover", status=2)[1])
        self.assertIn("which FILE", self.run_it("session", "save", status=2)[1])


class Killed(Case):
    """kill -9 in the middle of random edits: the next start has every edit that was answered, and at most one more."""

    EDITS = r"""
function pick(n) return n[math.random(#n)] end
function edit(k)
  local g = model:graph()
  local n = g:nodes()
  local at = pick(n)
  local what = k % 7
  if what == 0 then at:set_name("n" .. k)
  elseif what == 1 then at:set_attr("a" .. k % 5 .. "_i", k)
  elseif what == 2 then at:insert("Abs", g:inputs()[1]):rename("v" .. k)
  elseif what == 3 then
    for _, d in ipairs(n) do
      local free = #d:outputs() > 0
      for _, v in ipairs(d:outputs()) do free = free and v and #v:uses() == 0 and not v:is_output() end
      if free then d:delete() break end
    end
  elseif what == 4 then
    local v = at:insert("Neg", g:inputs()[1])
    if at:input(1) then at:set_input(1, v) end
  elseif what == 5 then at:set_op("d::Op" .. k)
  else g:inputs()[1]:rename("x" .. k) end
end
"""

    def rounds(self, count, edits):
        self.write("chain.txt", "graph(%x : Float(2, 3)):\n" + "".join(
            f"  %v{i} : Float(2, 3) = aten::relu(%{'x' if i == 0 else 'v%d' % (i - 1)})\n" for i in range(30)) + "  return (%v29)\n")
        model = self.path("chain.onnx")
        self.run_it("export", self.path("chain.txt"), model)
        script = self.write("edits.lua", self.EDITS)
        seed = int(os.environ.get("ONNXSH_SEED", "1"))
        answered = more = 0
        for i in range(count):
            with self.subTest(seed=seed + i):
                n, unanswered = self.one_round(model, script, random.Random(seed + i), edits)
                answered, more = answered + n, more + unanswered
        print(f"{count} sessions of up to {edits} edits killed: {answered} lines answered, all recovered; "
              f"{more} more that were not answered yet")

    def one_round(self, model, script, rnd, edits):
        shutil.rmtree(self.path("state"), ignore_errors=True)
        lines = [f"math.randomseed({rnd.randrange(1 << 30)})"]
        for k in range(edits):
            lines.append(rnd.choice(["undo", "redo"]) if k > 10 and rnd.random() < 0.2 else f"edit({k}) print('done {k}')")
        t = Terminal(self, "-l", script, model, cols=200)
        t.expect(PROMPT)
        stop = rnd.randrange(edits // 20, edits)
        answered = 0
        for k, line in enumerate(lines):
            t.send(line + "\r")
            if k == stop:
                time.sleep(rnd.random() * 0.003)
                break
            t.expect(r"\n")
            t.expect(PROMPT)
            answered = k + 1
        os.kill(t.pid, signal.SIGKILL)
        os.waitpid(t.pid, 0)
        os.close(t.fd)
        # What must have come of it, and what may: the line that was not answered was done, or not.
        expected = [self.outcome(model, script, lines[:n]) for n in (answered, answered + 1)]
        t = Terminal(self, "-l", script, model, cols=200)
        t.expect(ANSWER)
        t.send("r\r")
        t.expect("recovered")
        t.expect(PROMPT)
        t.send(f"save {self.path('recovered.onnx')}\r")
        t.expect("saved")
        t.send("= '<' .. select(2, pcall(function() command('undo 100000') end)) .. '>'\r")
        undo = t.expect(r"there are only \d+ changes|nothing to undo")
        t.kill()
        got = (self.text(self.path("recovered.onnx")), undo.split()[-2])
        self.assertIn(got, expected)
        return answered, int(got != expected[0])

    def text(self, path):
        return self.run_it("show", "--style", "onnx", "--full", path)[0]

    def outcome(self, model, script, lines):
        out = self.path("expected.onnx")
        with open(self.path("lines"), "w") as f:
            f.write("\n".join("pcall(function() command('%s') end)" % x if x in ("undo", "redo") else x for x in lines))
            f.write(f"\nsave {out}\n= select(2, pcall(function() command('undo 100000') end))\n")
        said = self.run_it("-l", script, "-f", self.path("lines"), model)[0]
        return self.text(out), said.split()[-4] if "there are only" in said else "to"

    def test_killed(self):
        self.rounds(int(os.environ.get("ONNXSH_ROUNDS", "3")), 1000)


if __name__ == "__main__":
    unittest.main()
