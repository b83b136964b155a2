#!/usr/bin/env python3
"""The named hostile files of hostile.py through the program: opened and looked at, checked, exported, saved. Each has its
verdict, in bounded time and memory, with nothing on any output that a terminal should not get.

ONNXSH is the program, MEASURE the launcher of bench/measure.c; ONNXSH_SANITIZED=1 says that memory cannot be judged."""
import os
import re
import resource
import shutil
import subprocess
import tempfile
import unittest

import hostile
import safe

ONNXSH = os.environ["ONNXSH"]
MEASURE = os.environ["MEASURE"]
SANITIZED = os.environ.get("ONNXSH_SANITIZED") == "1"
SECONDS = 120 if SANITIZED else 30  # against hangs
TRACE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "small_net.txt")
LOOK = ["info", "show", "tree", "find op:Relu", "ops", "weights", "check"]


def small_stack():
    if not SANITIZED:
        resource.setrlimit(resource.RLIMIT_STACK, (256 << 10, 256 << 10))


class Run:
    def __init__(self, args, cwd, env):
        r, w = os.pipe()
        os.set_inheritable(w, True)

        def prepare():
            os.dup2(w, 3)
            os.set_inheritable(3, True)
            small_stack()
        try:
            p = subprocess.run([MEASURE, ONNXSH, *args], cwd=cwd, env=env, capture_output=True, timeout=SECONDS,
                               preexec_fn=prepare, stdin=subprocess.DEVNULL, close_fds=False)
        finally:
            os.close(w)
        with os.fdopen(r) as f:
            row = f.read().split()
        self.out, self.err = p.stdout, p.stderr
        self.seconds, self.kib, self.status = float(row[0]), int(row[1]), int(row[2])


class Hostile(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="onnxsh-hostile-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.env = dict(os.environ, HOME=self.dir, XDG_CONFIG_HOME=self.dir, XDG_STATE_HOME=self.dir, XDG_DATA_HOME=self.dir,
                        TERM="dumb", LC_ALL="C.UTF-8")
        self.slowest, self.largest = (0, ""), (0, "")
        self.runs = 0

    def run_it(self, item, path, *args):
        """Runs the program; holds time, memory, exit status and output to what every input is held to."""
        try:
            r = Run(args, self.dir, self.env)
        except subprocess.TimeoutExpired:
            self.fail(f"{item.name}: {args} hangs")
        self.runs += 1
        what = f"{item.name}: {' '.join(args)}: exit status {r.status}: {r.err.decode(errors='replace')[:600]}"
        self.assertIn(r.status, (0, 1, 2, 3), what)
        for text in (r.out, r.err):
            at = safe.find(text)
            self.assertIsNone(at, f"{what}\nunsafe byte at {at}: {text[max(0, (at or 0) - 30):(at or 0) + 30]!r}")
        size = os.path.getsize(path) if os.path.isfile(path) else 0
        limit = (64 * 1024 + 16 * size // 1024) * (5 if "export" in args else 4) // 4  # export has the source and the result
        if not SANITIZED:
            self.assertLessEqual(r.kib, limit, what)
        self.slowest = max(self.slowest, (r.seconds, item.name))
        self.largest = max(self.largest, (r.kib / limit, item.name))
        return r, what

    def check_error(self, item, path, r, what):
        """An error has the file, says what is wrong, and nothing is on standard output."""
        self.assertEqual(r.status, 3 if not item.weights else r.status, what)
        self.assertTrue(r.err.startswith(b"onnxsh: "), what)
        self.assertIn(os.path.basename(path).encode()[:20], r.err if item.name[:4] != "data" else r.err + b"model.onnx", what)
        self.assertTrue(item.verdict, what)
        self.assertRegex(r.err.decode(), item.verdict, what)
        self.assertEqual(r.out, b"", what)

    def one(self, item):
        d = tempfile.mkdtemp(dir=self.dir)
        path = hostile.write(item, d)
        if item.weights:
            return self.one_of_weights(item, path)
        r, what = self.run_it(item, path, *[w for line in LOOK for w in ("-e", line)], path)
        if item.verdict is not None:
            self.check_error(item, path, r, what)
            r, what = self.run_it(item, path, "-q", "export", path, os.path.join(d, "out.onnx"))
            self.assertEqual(r.status, 3, what)
        else:
            self.assertIn(r.status, (0, 1) if item.check is None else (item.check,), what)
            if item.warning:
                self.assertRegex(r.err.decode(), "warning: .*" + item.warning, what)
            self.write_it(item, path, d)
        self.assertFalse([n for n in os.listdir(d) if n.startswith((".onnxsh-", "out.onnx")) and item.verdict is not None], what)
        self.assertFalse(os.path.exists(os.path.join(self.dir, "owned")), what)
        secret = os.path.join(d, "secret")
        if os.path.exists(secret):
            with open(secret, "rb") as f:
                self.assertEqual(f.read(), b"SECRET!!", what)
            for name in os.listdir(d):
                if os.path.isfile(os.path.join(d, name)) and name != "secret":
                    with open(os.path.join(d, name), "rb") as f:
                        self.assertNotIn(b"SECRET!!", f.read(), what)
        shutil.rmtree(d)

    def write_it(self, item, path, d):
        r, what = self.run_it(item, path, "-q", "export", path, os.path.join(d, "out.onnx"))
        self.assertIn(r.status, (0, 1, 3), what)
        self.assertEqual(os.path.exists(os.path.join(d, "out.onnx")), r.status == 0, what)
        r, what = self.run_it(item, path, "-q", "save", path, os.path.join(d, "copy"))
        self.assertIn(r.status, (0, 2, 3), what)
        if r.status == 0 and path.endswith(".onnx") and not item.name.startswith("data"):
            with open(path, "rb") as a, open(os.path.join(d, "copy"), "rb") as b:
                self.assertEqual(a.read(), b.read(), what)

    def one_of_weights(self, item, path):
        r, what = self.run_it(item, path, "--weights", path, "info", TRACE)
        if item.verdict is None:
            self.assertEqual(r.status, 0, what)
        else:
            self.check_error(item, path, r, what)

    def test_all(self):
        for item in hostile.INPUTS:
            with self.subTest(item.name):
                self.one(item)
        print(f"{len(hostile.INPUTS)} inputs, {self.runs} runs; slowest {self.slowest[0]:.2f} s ({self.slowest[1]}); "
              f"most memory {self.largest[0]:.0%} of the limit ({self.largest[1]})")


if __name__ == "__main__":
    unittest.main()
