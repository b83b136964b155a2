#!/usr/bin/env python3
"""The rules of the tree: floors, circles, owners of foreign headers, top level, file lengths, machine paths.

usage: test_tree.py ROOT
"""
import os
import re
import subprocess
import sys

ROOT = os.path.abspath(sys.argv[1])
FLOOR = {"base": 0, "ir": 1, "schema": 2, "io": 3, "ops": 3, "rewrite": 4, "check": 4, "runtime": 4, "convert": 5,
         "script": 6, "app": 7}
TOP = {"CMakeLists.txt", "CMakePresets.json", "README.md", "LICENSE", "CHANGELOG.md", "SECURITY.md", "src", "lua", "proto",
       "include", "tests", "examples"}
# Foreign headers with one owner each: pattern -> folder below src/.
OWNERS = [(r"\.pb-c\.h$", "io/onnx"), (r"^(lua|lauxlib|lualib)\.h$", "script"), (r"^readline/", "app/repl"),
          (r"^pcre2\.h$", "base"), (r"^n?curses", "app/tui"), (r"^term\.h$", "app/tui")]
# Inside these floors sibling folders meet only in headers of their parent.
SIBLINGS = ("io", "ops", "app")
MAX_LINES = 700
failures = []


def fail(text):
    failures.append(text)


def tracked(*patterns):
    out = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard", *patterns], check=True,
                         capture_output=True, text=True).stdout
    return [p for p in out.splitlines() if os.path.exists(os.path.join(ROOT, p))]


def includes(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as f:
        return re.findall(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', f.read(), re.M)


def folder(path):
    return path.split("/")[1]


def resolve(path, name):
    """The tracked file that "name" means in path, or None for a foreign or generated one."""
    for base in (os.path.join(ROOT, "src"), os.path.join(ROOT, os.path.dirname(path))):
        full = os.path.normpath(os.path.join(base, name))
        if os.path.exists(full):
            return os.path.relpath(full, ROOT)
    return None


def check_floors(path, quote, name):
    own = folder(path)
    if own not in FLOOR:
        return
    if quote == "<" and name.startswith("onnxsh/"):
        return
    target = resolve(path, name) if quote == '"' else None
    if target and target.startswith("src/"):
        other = folder(target)
        if other != own:
            if own == "app":
                fail(f"{path}: the program includes {name}, which is no public header")
            elif FLOOR[other] >= FLOOR[own]:
                fail(f"{path}: floor {own} includes {name} of floor {other}")
        elif own in SIBLINGS:
            a, b = path.split("/")[2:-1], target.split("/")[2:-1]
            if a and b and a[0] != b[0]:
                fail(f"{path}: includes {name} of a sibling folder")
    for pattern, owner in OWNERS:
        if re.search(pattern, name) and not os.path.dirname(path).startswith("src/" + owner):
            fail(f"{path}: includes {name}, which belongs to src/{owner}")


def check_circles(graph):
    state, stack = {}, []

    def visit(p):
        state[p] = 1
        stack.append(p)
        for q in graph.get(p, ()):
            if state.get(q) == 1:
                fail("circle: " + " -> ".join(stack[stack.index(q):] + [q]))
            elif q not in state:
                visit(q)
        stack.pop()
        state[p] = 2

    for p in sorted(graph):
        if p not in state:
            visit(p)


def main():
    sys.setrecursionlimit(10000)
    graph = {}
    sources = tracked("src/*.c", "src/*.h", "include/*.h")
    for path in sources:
        for quote, name in includes(path):
            if path.startswith("src/"):
                check_floors(path, quote, name)
            target = resolve(path, name) if quote == '"' else None
            if quote == "<" and name.startswith("onnxsh/") and name.endswith(".h"):
                target = "include/" + name
            if target and target.endswith(".h"):
                graph.setdefault(path, []).append(target)
    check_circles(graph)
    for path in tracked("*.c", "*.h", "*.lua"):
        if "/tables/" in path:
            continue
        with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as f:
            n = sum(1 for _ in f)
        if n > MAX_LINES:
            fail(f"{path}: {n} lines, more than {MAX_LINES}")
    for path in tracked():
        top = path.split("/")[0]
        if top not in TOP and not top.startswith("."):
            fail(f"{path}: the layout has no such top-level name")
        full = os.path.join(ROOT, path)
        if os.path.getsize(full) > 1 << 20:
            fail(f"{path}: larger than 1 MiB")
        with open(full, "rb") as f:
            text = f.read()
        if re.search(rb"(^|[^A-Za-z0-9_.])/(home|root|work)/[a-z]", text) and not path.endswith(".md"):
            fail(f"{path}: a path of one machine")
        if path.endswith((".c", ".h", ".lua", ".py")) and re.search(rb"\b(TO" rb"DO|FIX" rb"ME)\b", text):
            fail(f"{path}: an open end is left in the code")
    for line in failures:
        print(line)
    print(f"{len(sources)} sources, {len(failures)} failures")
    return 1 if failures or not sources else 0


sys.exit(main())
