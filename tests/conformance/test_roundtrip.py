#!/usr/bin/env python3
"""Every model of the corpora opens, prints in every style, and saves byte-identically, untouched and after an undone edit."""
import os
import sys
import tempfile

import suite

STYLES = ("seed", "folded", "torch", "onnx", "printable")
EDIT = "local n = model:graph():nodes()[1]; if n then n:set_name('edited by the suite') end"


def main():
    a = suite.options()
    good = True
    with tempfile.TemporaryDirectory() as place:
        out = os.path.join(place, "out.onnx")
        for corpus, models in suite.corpora().items():
            opens = suite.Tally(f"models of {corpus} open and print in every style")
            same = suite.Tally(f"models of {corpus} save byte-identically")
            undone = suite.Tally(f"models of {corpus} save byte-identically after an edit and its undo")
            for path in models:
                lines = [w for style in STYLES for w in ("-e", f"show --style {style}")]
                p = suite.run(a.onnxsh, *lines, "-e", f"save {out}", path)
                opens.add(p.returncode == 0, path, p.stderr.decode(errors="replace")[:200])
                if p.returncode != 0:
                    continue
                with open(path, "rb") as f:
                    before = f.read()
                with open(out, "rb") as f:
                    same.add(f.read() == before, path, "bytes differ")
                # The node is edited and the edit undone, so each model is written again from records, not copied whole.
                p = suite.run(a.onnxsh, "-e", EDIT, "-e", "undo", "-e", f"save {out}", path)
                if b"nothing" in p.stderr:
                    continue  # a graph without nodes: there was no edit
                with open(out, "rb") as f:
                    undone.add(p.returncode == 0 and f.read() == before, path, p.stderr.decode(errors="replace")[:200])
            good = opens.close() and same.close() and undone.close() and good
    return 0 if good else 1


sys.exit(main())
