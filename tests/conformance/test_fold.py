#!/usr/bin/env python3
"""Holds the evaluation of constants (what constant folding computes) against the data of the onnx node tests.

The inputs of each node test become initializers; where onnxsh then knows the outputs, they must be those of the test,
within its own tolerances (expected values are written down with four digits in some).
"""
import collections
import os
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import onnx
from onnx import numpy_helper

import suite


def cases():
    from onnx.backend.test.case.node import collect_testcases
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for case in collect_testcases(None):
            inputs, outputs = case.data_sets[0]
            if all(isinstance(x, (np.ndarray, np.generic)) for x in list(inputs) + list(outputs)):
                yield case, inputs, outputs


def constant(model, inputs):
    """The model with its inputs as initializers."""
    m = onnx.ModelProto.FromString(model.SerializeToString())
    if len(m.graph.input) != len(inputs):
        return None
    for v, x in zip(m.graph.input, inputs):
        if v.type.tensor_type.elem_type > 16:
            return None
        m.graph.initializer.append(numpy_helper.from_array(np.asarray(x), v.name))
    del m.graph.input[:]
    m.ir_version = max(m.ir_version, 4)
    return m


def main():
    a = suite.options()
    wanted, tolerances, paths = {}, {}, []
    with tempfile.TemporaryDirectory() as place:
        for case, inputs, outputs in cases():
            try:
                m = constant(case.model, inputs)
            except Exception:
                continue
            if m is None:
                continue
            path = os.path.join(place, case.name + ".onnx")
            with open(path, "wb") as f:
                f.write(m.SerializeToString())
            tolerances[path] = case.rtol, max(case.atol, 1e-6)
            wanted[path] = {o.name: np.asarray(x) for o, x in zip(m.graph.output, outputs)}
            paths.append(path)
        p = subprocess.run([a.build + "/tests/ops_infer", "values"], input="\n".join(paths) + "\n", capture_output=True,
                           text=True, errors="replace")
    if p.returncode != 0:
        sys.exit(p.stderr[-2000:])
    bad, ops, path = 0, collections.Counter(), None
    for line in p.stdout.splitlines():
        if not line.startswith("\t"):
            path = line.split("\t", 1)[0]
            continue
        parts = line.split("\t")
        if len(parts) != 5 or parts[1] not in wanted[path]:
            continue
        x = wanted[path][parts[1]]
        if x.dtype.kind not in "fiub" or x.size > 4096:  # more are not printed
            continue
        ops[parts[2]] += 1
        y = np.array([float(v) for v in parts[4].split()]).reshape(-1)
        rtol, atol = tolerances[path]
        if x.dtype == np.float16:
            rtol = 1e-2
        if y.size != x.size or not np.allclose(y, x.reshape(-1).astype(np.float64), rtol=rtol, atol=atol, equal_nan=True):
            print("FAIL %s: %s\n  is     %s\n  should %s" % (os.path.basename(path), parts[2], y[:8], x.reshape(-1)[:8]))
            bad += 1
    print("figure: %d of %d evaluated outputs of node tests as expected, %d operators" %
          (sum(ops.values()) - bad, sum(ops.values()), len(ops)))
    return 1 if bad or not ops else 0


if __name__ == "__main__":
    sys.exit(main())
