#!/usr/bin/env python3
"""External data where something else already lies in its place: nothing is written over, through a link, or outside of the
model's directory, and nothing of others is removed."""
import os
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.environ["ONNXSH_ROOT"], "tests", "app"))
from support import ROOT, Case  # noqa: E402

MODEL = os.path.join(ROOT, "tests/robust/data/weights.onnx")


class DataFiles(Case):
    def setUp(self):
        super().setUp()
        os.mkdir(self.path("m"))
        os.mkdir(self.path("outside"))
        shutil.copy(MODEL, self.path("m/in.onnx"))
        self.secret = self.write("outside/secret", b"SECRET!!")

    def read(self, name):
        with open(self.path(name), "rb") as f:
            return f.read()

    def save(self, *more, status=0):
        return self.run_it("-q", "save", "m/in.onnx", "m/out.onnx", "--external-data", "always", *more, status=status)

    def check_saved(self, path="m/out.onnx"):
        self.run_it("-q", "check", path)
        whole, _ = self.run_it("weights", MODEL, "--stats")
        saved, _ = self.run_it("weights", path, "--stats")
        self.assertEqual([line.split()[0:4] for line in whole.splitlines()], [line.split()[0:4] for line in saved.splitlines()])
        self.assertEqual(self.read("outside/secret"), b"SECRET!!")
        self.assertEqual(os.listdir(self.path("outside")), ["secret"])

    def in_the_way(self, make):
        make(self.path("m/out.onnx.data"))
        before = os.lstat(self.path("m/out.onnx.data"))
        self.save()
        after = os.lstat(self.path("m/out.onnx.data"))
        self.assertEqual((before.st_ino, before.st_mode, before.st_size), (after.st_ino, after.st_mode, after.st_size))
        self.check_saved()

    def test_symbolic_link(self):
        self.in_the_way(lambda p: os.symlink("../outside/secret", p))

    def test_dangling_link(self):
        self.in_the_way(lambda p: os.symlink("../outside/new", p))

    def test_hard_link(self):
        self.in_the_way(lambda p: os.link(self.secret, p))

    def test_directory(self):
        self.in_the_way(os.mkdir)

    def test_fifo(self):
        self.in_the_way(os.mkfifo)

    def test_file_of_somebody(self):
        self.in_the_way(lambda p: shutil.copy(self.secret, p))

    def test_many_files_in_the_way(self):
        for i in range(1, 50):
            os.symlink("../outside/secret", self.path("m/out.onnx-%d.data" % i))
        self.in_the_way(lambda p: os.symlink("../outside/secret", p))

    def test_save_over_leaves_what_is_not_ours(self):
        """The model that is replaced names a data file: ours goes with it, one of another name stays."""
        self.save()
        os.rename(self.path("m/out.onnx.data"), self.path("m/shared.bin"))
        with open(self.path("m/out.onnx"), "rb") as f:
            data = f.read()
        self.assertIn(b"\x0d" + b"out.onnx.data", data)
        with open(self.path("m/other.onnx"), "wb") as f:
            f.write(data)
        self.run_it("-q", "save", "m/in.onnx", "m/out.onnx", "--external-data", "never")
        self.assertTrue(os.path.exists(self.path("m/shared.bin")))

    def test_own_data_goes_with_the_model(self):
        self.save()
        self.assertTrue(os.path.exists(self.path("m/out.onnx.data")))
        self.run_it("-q", "save", "m/in.onnx", "m/out.onnx", "--external-data", "never")
        self.assertEqual(sorted(os.listdir(self.path("m"))), ["in.onnx", "out.onnx"])
        self.assertEqual(self.read("m/out.onnx"), self.read("m/in.onnx"))

    def test_linked_target(self):
        """A target that is a link: the file behind it is replaced, the link stays."""
        os.symlink("m/real.onnx", self.path("link.onnx"))
        shutil.copy(MODEL, self.path("m/real.onnx"))
        self.run_it("-q", "lua", "--model", "link.onnx", "--in-place", "model:graph():nodes()[1]:set_name('x')")
        self.assertTrue(os.path.islink(self.path("link.onnx")))
        self.assertIn(b"x", self.read("m/real.onnx"))
        self.run_it("-q", "check", "link.onnx")

    def test_links_are_followed_when_told(self):
        self.save()
        os.rename(self.path("m/out.onnx.data"), self.path("outside/blob"))
        os.symlink("../outside/blob", self.path("m/out.onnx.data"))
        _, err = self.run_it("check", "m/out.onnx", status=1)
        self.assertIn("--follow-links", err)
        self.run_it("-q", "--follow-links", "check", "m/out.onnx")
        self.run_it("-q", "--follow-links", "save", "m/out.onnx", "m/taken_in.onnx", "--external-data", "never")
        self.assertEqual(self.read("m/taken_in.onnx").count(b"location"), 0)
        self.run_it("-q", "check", "m/taken_in.onnx")

    def test_no_room(self):
        """A full disk while data is written: the old model, its data, and nothing else."""
        self.save()
        before = {n: self.read("m/" + n) for n in os.listdir(self.path("m"))}
        self.env["ONNXSH_FAIL_SYS"] = "12:ENOSPC+"
        _, err = self.run_it("-q", "save", "m/in.onnx", "m/out.onnx", "--external-data", "always", status=3)
        self.assertIn("disk is full", err)
        self.assertEqual(before, {n: self.read("m/" + n) for n in os.listdir(self.path("m"))})


if __name__ == "__main__":
    unittest.main()
