#!/usr/bin/env python3
"""The story of 2018 told through a terminal (tests/app/tui/test_story.c): what the prompt and the full screen exported is
computed by ONNX Runtime, and held against what PyTorch computed."""
import os
import subprocess
import sys
import tempfile

import suite

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    import numpy
    import onnx
    import onnxruntime
    a = suite.options()
    root = os.path.dirname(os.path.dirname(HERE))
    env = dict(os.environ, ONNXSH=a.onnxsh, ONNXSH_ROOT=root)
    data = numpy.load(os.path.join(root, "examples/elu_2018/elu_net_io.npz"))
    alike = suite.Tally("models exported in a terminal, with a function written there, compute in ONNX Runtime what PyTorch computed")
    with tempfile.TemporaryDirectory() as kept:
        told = subprocess.run([os.path.join(a.build, "tests/test_tui_story"), kept], env=env, capture_output=True, text=True,
                              timeout=300)
        if told.returncode != 0:
            print(told.stdout + told.stderr)
            return 1
        for name in ("prompt.onnx", "screen.onnx"):
            path = os.path.join(kept, name)
            onnx.checker.check_model(path, full_check=True)
            session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
            got = session.run(["output"], {"input": data["input"]})[0]
            alike.add(numpy.allclose(got, data["output"], rtol=1e-4, atol=1e-6), name)
    return 0 if alike.close() else 1


sys.exit(main())
