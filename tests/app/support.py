"""What the tests of the program share: running it one-shot, and through a real pseudo-terminal."""
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import time
import unittest

ONNXSH = os.environ["ONNXSH"]
ROOT = os.environ["ONNXSH_ROOT"]
TRACE = os.path.join(ROOT, "examples/custom_op/hardmish_net.txt")
WEIGHTS = os.path.join(ROOT, "examples/custom_op/hardmish_net.npz")
LUA = os.path.join(ROOT, "examples/custom_op/hard_mish.lua")


class Case(unittest.TestCase):
    """A test with a directory of its own that is also its home, so that nothing of the user's is read or written."""

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="onnxsh-test-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.env = dict(os.environ, HOME=self.dir, XDG_CONFIG_HOME=self.dir + "/config", XDG_STATE_HOME=self.dir + "/state",
                        XDG_DATA_HOME=self.dir + "/data", TERM="xterm", LC_ALL="C.UTF-8", PAGER="cat")
        self.env.pop("NO_COLOR", None)

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        with open(self.path(name), "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
        return self.path(name)

    def run_it(self, *args, stdin=b"", status=0, cwd=None):
        """Runs the program; returns (stdout, stderr) as text; checks the exit status."""
        p = subprocess.run([ONNXSH, *args], input=stdin, capture_output=True, env=self.env, cwd=cwd or self.dir, timeout=120)
        out, err = p.stdout.decode(errors="replace"), p.stderr.decode(errors="replace")
        self.assertEqual(p.returncode, status, f"onnxsh {' '.join(args)}\nstdout: {out}\nstderr: {err}")
        return out, err


class Terminal:
    """The program behind a pseudo-terminal of a given size."""

    def __init__(self, case, *args, rows=24, cols=80, env=None):
        self.seen = ""
        pid, fd = pty.fork()
        if pid == 0:
            os.chdir(case.dir)
            os.execve(ONNXSH, [ONNXSH, *args], env or case.env)
        self.pid, self.fd = pid, fd
        self.resize(rows, cols)
        case.addCleanup(self.kill)

    def resize(self, rows, cols):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def kill(self):
        try:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
        try:
            os.close(self.fd)
        except OSError:
            pass

    def send(self, text):
        os.write(self.fd, text.encode())

    def _read(self, seconds):
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.seen += data.decode(errors="replace")
        return bool(data)

    def expect(self, pattern, seconds=15):
        """Reads until the pattern appears; returns and drops the text up to its end."""
        end = time.monotonic() + seconds
        while True:
            m = re.search(pattern, self.seen)
            if m:
                text, self.seen = self.seen[: m.end()], self.seen[m.end():]
                return text
            if time.monotonic() > end:
                raise AssertionError(f"{pattern!r} did not appear in {self.seen!r}")
            if not self._read(0.2) and not re.search(pattern, self.seen):
                raise AssertionError(f"the program ended before {pattern!r} in {self.seen!r}")

    def wait(self, seconds=15):
        """Reads to the end; returns the exit status (negative: a signal)."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self._read(0.2):
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
        while time.monotonic() < end:  # the terminal is closed: what is left is the exit itself
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.01)
        raise AssertionError(f"the program did not end; the last that it said: {self.seen!r}")
