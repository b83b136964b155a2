#!/usr/bin/env python3
"""Files that change while they are open: cut short, grown, rewritten, replaced, deleted, before each command that reads them.
It is an error that says so, or the answer is the one of before; never a signal, never other bytes."""
import os
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.environ["ONNXSH_ROOT"], "tests", "app"))
import hostile  # noqa: E402
from support import ONNXSH, ROOT, Case  # noqa: E402

DATA = os.path.join(ROOT, "tests/robust/data")
# What happens to FILE, as a shell would do it; OTHER is another file of the same size.
CHANGES = {
    "cut to nothing": "truncate -s 0 FILE",
    "cut in the middle": "truncate -s 1500 FILE",
    "cut by one byte": "truncate -s -1 FILE",
    "grown": "truncate -s +4096 FILE",
    "rewritten in place": "cat OTHER >FILE",
    "replaced": "cp OTHER new && mv new FILE",
    "deleted": "rm FILE",
    "made a directory": "rm FILE && mkdir FILE",
}
COMMANDS = ["show", "weights", "weights --stats", "value %w0", "check", "save copy.onnx", "save", "save --external-data always copy.onnx",
            "find op:Mul", "model:graph():nodes()[1]:set_name('x')", "export out.onnx"]


class Changed(Case):
    options = []

    def run_lines(self, path, *lines):
        p = subprocess.run([ONNXSH, "-q", *self.options, *[w for line in lines for w in ("-e", line)], path], cwd=self.dir, env=self.env,
                           capture_output=True, timeout=120, stdin=subprocess.DEVNULL)
        return p.returncode, p.stdout, p.stderr.decode(errors="replace")

    def fresh(self, make):
        for name in os.listdir(self.dir):
            p = self.path(name)
            shutil.rmtree(p) if os.path.isdir(p) and not os.path.islink(p) else os.remove(p)
        return make()

    def results(self):
        out = {}
        for name in ("copy.onnx", "out.onnx"):
            if os.path.exists(self.path(name)):
                with open(self.path(name), "rb") as f:
                    out[name] = f.read()
        return out

    def against(self, make, commands):
        """make writes the files afresh and returns (the file to open, the file that changes)."""
        errors = runs = 0
        for command in commands:
            opened, changed = self.fresh(make)
            before = self.run_lines(opened, command), self.results()
            self.assertEqual(before[0][0], 0, f"{command}: {before[0]}")
            for name, change in CHANGES.items():
                opened, changed = self.fresh(make)
                with open(self.path(changed), "rb") as f:
                    data = f.read()
                self.write("OTHER", bytes(len(data)))
                shell = change.replace("FILE", changed)
                status, out, err = self.run_lines(opened, "os.execute([[%s]])" % shell, command)
                what = f"{command}, {name}: {status} {err}"
                self.assertIn(status, (0, 3), what)
                runs += 1
                self.assertFalse([n for n in os.listdir(self.dir) if n.startswith(".onnxsh-")], what)
                if status == 0:
                    self.assertEqual((out.replace(b"true\texit\t0\n", b""), self.results()), (before[0][1], before[1]), what)
                    continue
                errors += 1
                self.assertEqual(self.results(), {}, what)
                self.assertRegex(err, "changed|shorter|removed|replaced|is another|no longer|directory|No such file|not a regular file", what)
        print(f"{runs} runs, {errors} errors, the others as before")
        self.assertTrue(errors)

    def test_model(self):
        def make():
            shutil.copy(os.path.join(DATA, "weights.onnx"), self.path("m.onnx"))
            return "m.onnx", "m.onnx"
        self.against(make, COMMANDS)

    def test_external_data(self):
        def make():
            shutil.copy(os.path.join(DATA, "weights.onnx"), self.path("m.onnx"))
            self.run_it("save", "m.onnx", "e.onnx", "--external-data", "always")
            return "e.onnx", "e.onnx.data"
        self.against(make, [c for c in COMMANDS if c != "save"])

    def test_bound_weights(self):
        def make():
            shutil.copy(os.path.join(DATA, "small_net.txt"), self.path("t.txt"))
            self.write("w.npz", hostile.npz(("w.npy", hostile.npy("'<f4'", (4, 3, 3, 3), bytes(range(108)) * 4))))
            return "t.txt", "w.npz"
        self.options = ["--weights", "w.npz"]
        self.against(make, ["show", "weights --stats", "value %w", "export out.onnx"])

    def test_trace(self):
        def make():
            shutil.copy(os.path.join(DATA, "small_net.txt"), self.path("t.txt"))
            return "t.txt", "t.txt"
        for command in ("show", "export out.onnx", "save copy.txt"):  # text is copied when it is read: nothing is lost
            self.fresh(make)
            for change in CHANGES.values():
                self.fresh(make)
                self.write("OTHER", b"x" * 100)
                status, _, err = self.run_lines("t.txt", "os.execute([[%s]])" % change.replace("FILE", "t.txt"), command)
                self.assertEqual(status, 0, f"{command} {change}: {err}")


if __name__ == "__main__":
    unittest.main()
