#!/usr/bin/env python3
"""The stories of examples/: each story.onnxsh as its first comment says to run it, and the steps of quickstart.sh
without what installs and builds."""
import glob
import os
import re
import shutil
import subprocess
import unittest

from support import ONNXSH, ROOT, Case

STORIES = sorted(glob.glob(os.path.join(ROOT, "examples/*/story.onnxsh")))


class Examples(Case):
    def copy(self, folder):
        """The story's files in a directory of their own, for a story writes where it stands."""
        here = self.path("story")
        shutil.copytree(folder, here)
        return here

    def tell(self, script):
        with open(script) as f:
            command = re.search(r"^#   onnxsh (.*)$", f.read(), re.M)
        self.assertTrue(command, "the story does not say how to run it")
        here = self.copy(os.path.dirname(script))
        return self.run_it("--no-init", *command[1].split(), cwd=here), here

    def test_stories_run(self):
        self.assertTrue(STORIES)
        for script in STORIES:
            with self.subTest(script):
                self.tell(script)
                shutil.rmtree(self.path("story"))

    def test_elu_of_2018(self):
        (out, err), here = self.tell(os.path.join(ROOT, "examples/elu_2018/story.onnxsh"))
        refused, rest = err.split("not exported: 2 failures")
        self.assertEqual(rest.strip(), "")
        for word in ("aten::elu", "EluNet/Sequential[features]/ELU[1]", "EluNet/ELU[act]", "functional.py:1548",
                     "self : Float(2, 4, 8, 8) = %input.3", "alpha = 1.0", "alpha = 0.5", "scale = 1", "input_scale = 1",
                     "hint: ", 'symbolic("aten::elu"'):
            self.assertIn(word, refused)
        self.assertRegex(out, r"aten::elu +2 ")
        self.assertIn("wrote elu_net.onnx: opset 17", out)
        self.assertIn("aten::elu #61 of the trace", out)
        self.assertIn("onnx::Elu[alpha=0.5]", out)
        self.assertIn("0 errors, 0 warnings", out)
        self.assertTrue(os.path.exists(os.path.join(here, "elu_net.onnx")))

    def test_the_flip_of_each_argument(self):
        """An argument that the function does not name must be at its default, whichever it is."""
        with open(os.path.join(ROOT, "examples/elu_2018/elu_net.txt")) as f:
            text = f.read()
        lua = 'symbolic("aten::elu", function(g, %s) return g:op("Elu", self, {}) end)'
        self.write("all.lua", lua % "scale, self, input_scale, alpha")
        self.write("self.lua", lua % "self")
        line = next(n for n in text.split("\n") if "aten::elu(%input," in n)
        ids = re.search(r"aten::elu\(%input, %(\d+), %(\d+), %(\d+)\)", line).groups()
        for value, name in zip(ids, ("alpha", "scale", "input_scale")):
            for default in (True, False):
                number = "1" if default else "2"
                flipped = text
                for v in ids:
                    flipped = re.sub(r"%%%s : \w+ = prim::Constant\[value=[^]]*\]" % v,
                                     "%%%s : int = prim::Constant[value=%s]" % (v, number if v == value else "1"), flipped)
                self.write("flip.txt", flipped)
                self.run_it("-l", "all.lua", "export", "flip.txt", "--dry-run")
                _, err = self.run_it("-l", "self.lua", "export", "flip.txt", "--dry-run", status=0 if default else 1)
                if not default:
                    self.assertIn(f"{name}=2 is not handled by the symbolic function of aten::elu", err)

    def test_quickstart(self):
        """What the script does after it has built."""
        with open(os.path.join(ROOT, "examples/quickstart.sh")) as f:
            head, steps = f.read().split("onnxsh=$build/src/onnxsh\n")
        self.assertIn("cmake --build", head)
        script = f"set -euo pipefail\nhere={ROOT}\nbuild=unused\nstory=$here/examples/custom_op\nout={self.dir}\n" + \
            f"onnxsh={ONNXSH}\n" + steps
        p = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=self.env, timeout=120)
        self.assertEqual(p.returncode, 0, p.stdout + p.stderr)
        for word in ("acme::hard_mish", "(exit status 1)", "wrote", "0 errors"):
            self.assertIn(word, p.stdout)
        self.assertIn("not exported", p.stderr)


if __name__ == "__main__":
    unittest.main()
