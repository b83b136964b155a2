#!/usr/bin/env python3
"""Files of PyTorch are data: whatever a pickle or the code of an archive asks for, nothing is run, no process is made, no
file is made, changed or removed, and nothing is sent. The program is watched by strace while it opens each hostile file of
hostile.py, and good ones, and looks at all that is in it. ONNXSH is the program."""
import glob
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import hostile

ONNXSH = os.environ["ONNXSH"]
HERE = os.path.dirname(os.path.abspath(__file__))
TRACE = os.path.join(HERE, "data", "small_net.txt")
GOOD = sorted(glob.glob(os.path.join(HERE, "../fixtures/torch/*.pt")))
CALLS = ("execve execveat fork vfork clone clone3 open openat openat2 creat mkdir mkdirat mknod mknodat rename renameat renameat2 "
         "unlink unlinkat rmdir link linkat symlink symlinkat truncate chmod fchmodat socket connect kill ptrace").split()
LOOK = ["info", "weights", "weights --stats", "tree", "show", "export --dry-run --unsupported fallthrough"]


def is_harmless(call, args):
    if call in ("clone", "clone3"):
        return "CLONE_THREAD" in args  # a thread of its own
    if call in ("open", "openat", "openat2"):  # a file without a name, for what is unpacked, is nobody's
        return "O_TMPFILE" in args or not re.search(r"O_CREAT|O_WRONLY|O_RDWR|O_TRUNC", args)
    return False


def watch(command, directory, env):
    """Runs it; returns what it did beside reading, or None where processes cannot be watched."""
    log = os.path.join(directory, "log")
    names = ",".join("?" + c for c in CALLS)  # those that this machine has
    p = subprocess.run(["strace", "-f", "-qq", "-s", "64", "-o", log, "-e", "trace=" + names, "-e", "signal=none", *command], cwd=directory,
                       env=env, capture_output=True, stdin=subprocess.DEVNULL, timeout=120)
    if b"PTRACE" in p.stderr or b"ptrace(" in p.stderr:
        return None
    with open(log, errors="replace") as f:
        calls = re.findall(r"^\d+ +(\w+)\((.*)$", f.read(), re.M)
    os.remove(log)
    assert calls and calls[0][0] == "execve", (command, p.stderr)
    return [f"{c}({a}" for c, a in calls[1:] if not is_harmless(c, a)]


class Execution(unittest.TestCase):
    def setUp(self):
        if not shutil.which("strace"):
            self.skipTest("strace is not installed")
        self.dir = tempfile.mkdtemp(prefix="onnxsh-execution-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.env = dict(os.environ, HOME=self.dir, XDG_CONFIG_HOME=self.dir, XDG_STATE_HOME=self.dir, XDG_DATA_HOME=self.dir,
                        TERM="dumb", LC_ALL="C.UTF-8", ASAN_OPTIONS="detect_leaks=0")  # which cannot be watched itself
        if watch(["true"], self.dir, self.env) is None:
            self.skipTest("processes cannot be watched here")

    def look(self, path):
        lines = [w for line in LOOK for w in ("-e", line)]
        return (watch([ONNXSH, *lines, path], self.dir, self.env) + watch([ONNXSH, "check", path], self.dir, self.env) +
                watch([ONNXSH, "info", "--weights", path, TRACE], self.dir, self.env))

    def test_watching(self):
        """What does run something, make a file, or ask for a connection is seen."""
        for script, call in (("true & wait", "clone|fork"), ("/bin/true; :", "execve"), (": > made", "openat?.*O_CREAT"),
                             ("mkdir made", "mkdir"), ("exec 3<>/dev/tcp/127.0.0.1/1", "socket")):
            did = watch(["bash", "-c", script], self.dir, self.env)
            self.assertTrue(any(re.match(call, d) for d in did), (script, did))

    def test_hostile(self):
        inputs = [i for i in hostile.INPUTS if i.name.startswith("torch") or "pickle" in i.name]
        asking = [i for i in inputs if i.name.startswith("torch: call") or "runs" in i.name or "calls" in i.name]
        self.assertGreaterEqual(len(asking), 22)
        for item in inputs:
            with self.subTest(item.name):
                self.assertEqual(self.look(hostile.write(item, self.dir)), [])
                self.assertFalse(os.path.exists(os.path.join(self.dir, "owned")))
        print(f"{len(inputs)} inputs, {len(asking)} of which ask for something to be run: nothing was")

    def test_good(self):
        for path in GOOD:
            with self.subTest(path):
                self.assertEqual(self.look(path), [])


if __name__ == "__main__":
    unittest.main()
