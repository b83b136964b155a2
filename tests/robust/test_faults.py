#!/usr/bin/env python3
"""The whole program when memory runs out, when system calls fail, and when it is killed: an exit status and a message or
the whole answer; a file that is saved over is the old one or the new one."""
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.environ["ONNXSH_ROOT"], "tests", "app"))
from support import LUA, ONNXSH, ROOT, TRACE, WEIGHTS, Case, Terminal  # noqa: E402

SANITIZED = os.environ.get("ONNXSH_SANITIZED") == "1"
DATA = os.path.join(ROOT, "tests/robust/data")
KILLS = int(os.environ.get("ONNXSH_KILLS", "20"))


def points():
    """1, 2, 3, ... then in growing steps."""
    n = 1.0
    while True:
        yield int(n)
        n += 1 if n < (8 if SANITIZED else 60) else n * (0.6 if SANITIZED else 0.12)


class Faults(Case):
    COMMANDS = [
        ["info", "m.onnx"], ["show", "t.txt"], ["--json", "find", "m.onnx", "op:/./"], ["check", "m.onnx"], ["weights", "m.onnx", "--stats"],
        ["-q", "-l", LUA, "--weights", WEIGHTS, "export", TRACE, "out.onnx"],
        ["lua", "--model", "m.onnx", "-o", "out.onnx", "model:graph():nodes()[1]:set_name('renamed')"],
        ["save", "m.onnx", "out.onnx", "--external-data", "always"], ["-e", "tree", "-e", "ops --missing", "-e", "= 6 * 7", "t.txt"], ["schema", "Conv"],
    ]

    def setUp(self):
        super().setUp()
        shutil.copy(os.path.join(DATA, "weights.onnx"), self.path("m.onnx"))
        shutil.copy(os.path.join(DATA, "small_net.txt"), self.path("t.txt"))

    def prepare(self):
        for name in os.listdir(self.dir):
            if name.startswith(("out.onnx", ".onnxsh-")):
                os.remove(self.path(name))
        shutil.copy(self.path("m.onnx"), self.path("out.onnx"))

    def outcome(self):
        out = {}
        for name in os.listdir(self.dir):
            if name.startswith("out.onnx"):
                with open(self.path(name), "rb") as f:
                    out[name] = f.read()
        return out

    def run_with(self, args, **fault):
        return subprocess.run([ONNXSH, *args], cwd=self.dir, env=dict(self.env, **fault), capture_output=True, timeout=120,
                              stdin=subprocess.DEVNULL)

    def each_point(self, variable, suffixes, statuses):
        count = 0
        for args in self.COMMANDS:
            self.prepare()
            old = self.outcome()
            good = self.run_with(args)
            new = self.outcome()
            self.assertEqual(good.returncode, 0, f"{args}: {good.stderr!r}")
            for suffix in suffixes:
                same = 0
                for n in points():
                    self.prepare()
                    p = self.run_with(args, **{variable: f"{n}{suffix}"})
                    what = f"{variable}={n}{suffix} {' '.join(args)}: {p.returncode} {p.stderr[-300:]!r}"
                    count += 1
                    self.assertIn(p.returncode, statuses, what)
                    self.assertFalse([f for f in os.listdir(self.dir) if f.startswith(".onnxsh-")], what)
                    now = self.outcome()
                    if p.returncode == 0:
                        self.assertEqual(now, new, what)
                        if "ALLOC" not in variable:  # a view may lack a part that there was no memory for
                            self.assertEqual(p.stdout, good.stdout, what)
                        same += 1
                        if same == (3 if SANITIZED else 12) or n > 100000:
                            break
                    else:
                        same = 0
                        self.assertIn(b"onnxsh: ", p.stderr, what)
                        self.assertTrue(now == old or (now == new and b"did not confirm" in p.stderr), what)
        return count

    def test_memory(self):
        print(self.each_point("ONNXSH_FAIL_ALLOC", ("", "+"), (0, 1, 3, 4)), "runs without memory")

    def test_system_calls(self):
        print(self.each_point("ONNXSH_FAIL_SYS", (":EIO", ":ENOSPC+", ":SHORT+"), (0, 1, 3)), "runs with system calls that fail")


class Kills(Case):
    def whole(self, args, old, what):
        """Kills the program at random moments while it writes m.onnx; the file is old or new."""
        shutil.copy(old, self.path("m.onnx"))
        os.chmod(self.path("m.onnx"), 0o640)
        os.symlink("m.onnx", self.path("link.onnx"))
        start = time.monotonic()
        subprocess.run([ONNXSH, *args], cwd=self.dir, env=self.env, check=True, capture_output=True)
        took = time.monotonic() - start
        with open(old, "rb") as a, open(self.path("m.onnx"), "rb") as b:
            good = [a.read(), b.read()]
        self.assertNotEqual(*good)
        seen = [0, 0]
        rng = random.Random(11)
        for i in range(KILLS):
            shutil.copyfile(old, self.path("m.onnx"))
            p = subprocess.Popen([ONNXSH, *args], cwd=self.dir, env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(rng.uniform(0, took * 1.2))
            p.send_signal(signal.SIGKILL)
            p.wait()
            with open(self.path("m.onnx"), "rb") as f:
                seen[good.index(f.read())] += 1  # ValueError: neither of them
            self.assertTrue(os.path.islink(self.path("link.onnx")))
            self.assertEqual(os.stat(self.path("m.onnx")).st_mode & 0o777, 0o640)
        print(f"{what}: {KILLS} kills, {seen[0]} times the old file, {seen[1]} times the new one")

    def test_export(self):
        self.whole(["-q", "-l", LUA, "--weights", WEIGHTS, "export", TRACE, "link.onnx"], os.path.join(DATA, "weights.onnx"), "export")

    def test_edit_in_place(self):
        self.whole(["lua", "--model", "link.onnx", "--in-place", "model:graph():nodes()[1]:set_name('renamed')"], os.path.join(DATA, "weights.onnx"),
                   "edit in place")


class Waiting(Case):
    def test_fifo_until_ctrl_c(self):
        os.mkfifo(self.path("fifo"))
        p = subprocess.Popen([ONNXSH, "info", "fifo"], cwd=self.dir, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(1)
        self.assertIsNone(p.poll())
        p.send_signal(signal.SIGINT)
        out, err = p.communicate(timeout=30)
        self.assertEqual(p.returncode, 130, err)
        self.assertIn(b"interrupted", err)

    def test_fifo_with_a_writer(self):
        os.mkfifo(self.path("fifo"))
        p = subprocess.Popen([ONNXSH, "info", "fifo"], cwd=self.dir, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with open(self.path("fifo"), "w") as f:
            f.write("graph(%x : Tensor):\n  return (%x)\n")
        out, err = p.communicate(timeout=30)
        self.assertEqual(p.returncode, 0, err)
        self.assertIn(b"PyTorch trace", out)

    def test_ctrl_c_while_it_works(self):
        """Opening, printing, checking and searching a large trace stop; the session goes on."""
        with open(self.path("big.txt"), "w") as f:
            f.write("graph(%x : Float(2, 3)):\n" + "".join(f"  %v{i} : Float(2, 3) = aten::relu(%{'x' if i == 0 else f'v{i - 1}'})\n" for i in range(300000)) +
                    "  return (%x)\n")
        t = Terminal(self, "--no-pager")
        t.expect("> ")
        for line in ("open big.txt", "export out.onnx", "check", "find name:/x/"):
            t.send(line + "\r")
            time.sleep(0.15 if not SANITIZED else 1)
            t.send("\x03")
            t.expect(r"\n[^\n]*> ", 120)
        t.send("= 6 * 7\r")
        t.expect("42", 60)


if __name__ == "__main__":
    unittest.main()
