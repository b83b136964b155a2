#!/usr/bin/env python3
"""The models of running.py through the program: run with limits, checked with inference, exported. Each ends soon, in
bounded memory, and says what is wrong.

ONNXSH is the program, MEASURE the launcher of bench/measure.c; ONNXSH_SANITIZED=1 says that memory cannot be judged."""
import os
import shutil
import subprocess
import tempfile
import unittest

import running
import safe

ONNXSH = os.environ["ONNXSH"]
MEASURE = os.environ["MEASURE"]
SANITIZED = os.environ.get("ONNXSH_SANITIZED") == "1"
SECONDS = 60 if SANITIZED else 10
MIB = 64  # what values may take
LIMITS = ["--random", "--threads", "1", "--max-nodes", "50000", "--max-memory", str(MIB)]


class Running(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="onnxsh-running-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.env = dict(os.environ, HOME=self.dir, XDG_CONFIG_HOME=self.dir, XDG_STATE_HOME=self.dir, TERM="dumb")
        self.slowest, self.largest = (0, ""), (0, "")

    def measured(self, name, *args):
        """The program's exit status and error text, within the limits of time and memory."""
        r, w = os.pipe()
        os.set_inheritable(w, True)
        try:
            p = subprocess.run([MEASURE, ONNXSH, "-q", *args], cwd=self.dir, env=self.env, capture_output=True, timeout=SECONDS,
                               preexec_fn=lambda: os.dup2(w, 3), stdin=subprocess.DEVNULL, close_fds=False)
        except subprocess.TimeoutExpired:
            self.fail(f"{name}: {args[0]} takes more than {SECONDS} s")
        finally:
            os.close(w)
        with os.fdopen(r) as f:
            row = f.read().split()
        seconds, kib, status = float(row[0]), int(row[1]), int(row[2])
        what = f"{name}: {args[0]}: exit status {status}: {p.stderr.decode(errors='replace')[:400]}"
        for text in (p.stdout, p.stderr):
            self.assertIsNone(safe.find(text), what)
        if not SANITIZED:
            self.assertLess(kib, (64 + 4 * MIB) << 10, what)
        self.slowest = max(self.slowest, (seconds, name))
        self.largest = max(self.largest, (kib, name))
        return status, p.stderr.decode(errors="replace"), what

    def one(self, name, data, verdict):
        path = os.path.join(self.dir, "model.onnx")
        with open(path, "wb") as f:
            f.write(data)
        status, text, what = self.measured(name, "run", path, *LIMITS)
        if verdict is None:
            self.assertEqual(status, 0, what)
        else:
            self.assertIn(status, (1, 2, 3), what)
            self.assertRegex(text, "onnxsh: .*(" + verdict + ")", what)
        status, _, what = self.measured(name, "check", path, "--full")
        self.assertIn(status, (0, 1, 3), what)
        status, _, what = self.measured(name, "export", path, os.path.join(self.dir, "out.onnx"))
        self.assertIn(status, (0, 1, 3), what)

    def test_all(self):
        for name, data, verdict in running.INPUTS:
            with self.subTest(name):
                self.one(name, data, verdict)
        print(f"{len(running.INPUTS)} models; slowest {self.slowest[0]:.2f} s ({self.slowest[1]}); most memory "
              f"{self.largest[0] >> 10} MiB ({self.largest[1]})")


if __name__ == "__main__":
    unittest.main()
