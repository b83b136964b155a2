"""Named hostile files and what onnxsh must say to each: the table of verdicts. A verdict is None (the file opens, with the
warning if one is given) or a pattern of the message; `check` is the exit status of the check then, None where it does not
matter. External data that cannot be had, or is behind a link, is missing: the graph can be looked at, and no byte of the
data. Used by test_hostile.py; needs no package."""
import io
import json
import os
import struct
import sys
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "bench"))
from gen_models import (BOOL, FLOAT, INT64, attr_graph, attr_i, attr_ints, node, number, part, tensor, type_of,  # noqa: E402
                        value, varint)

MIB = 1 << 20
# The sanitizers take ten times as long, and memory is not judged under them: less of what opens is enough there.
LESS = 10 if os.environ.get("ONNXSH_SANITIZED") == "1" else 1


class Input:
    def __init__(self, name, make, verdict=None, check=None, weights=False, warning=None):
        self.name, self.make, self.verdict, self.check, self.weights = name, make, verdict, check, weights
        self.warning = warning


INPUTS = []


def add(name, make, verdict=None, check=None, **more):
    """make is bytes, a function of a directory that returns a path, or one of no argument that returns bytes."""
    INPUTS.append(Input(name, make, verdict, check, **more))


# ---- .onnx: the wire format ----

def opset(field, domain, version):
    return part(field, part(1, domain) + number(2, version))


def model(graph, *more, ir=10):
    return number(1, ir) + part(7, graph) + opset(8, "", 17) + b"".join(more)


def graph(nodes, ins=(), outs=(), inits=(), infos=(), more=b""):
    return (b"".join(part(1, n) for n in nodes) + part(2, "g") + b"".join(part(5, t) for t in inits) +
            b"".join(part(11, v) for v in ins) + b"".join(part(12, v) for v in outs) + b"".join(part(13, v) for v in infos) + more)


X, Y = value("x", FLOAT, [2, 3]), value("y", FLOAT, [2, 3])
RELU = node("Relu", ["x"], ["y"])


def nest(levels, fields):
    """Messages inside messages, each with a length that is right."""
    sizes, inner = [0] * levels, 0
    for i in reversed(range(levels)):
        sizes[i] = inner
        inner += 1 + len(varint(inner))
    return b"".join(varint(fields[i % len(fields)] << 3 | 2) + varint(sizes[i]) for i in range(levels))


def nested_graphs(levels):
    g = graph([RELU], [], [Y])
    for _ in range(levels):
        g = graph([node("If", ["c"], ["y"], "", [attr_graph("then_branch", g)])], [], [Y])
    return model(g)


def cut(at):
    whole = model(graph([node("Relu", ["x"], ["y"], "n", [attr_i("a", 1)])], [X], [Y], [tensor("w", FLOAT, [4], bytes(16))]))
    return whole[:len(whole) * at // 10]


add("empty file", b"", "the file is empty")
add("one byte", b"\x08", "inside a number|no format")
add("noise", bytes((i * 7919 >> 3) & 0xFF for i in range(1024)), "field number")
add("number of eleven bytes", number(1, 8) + b"\x10" + b"\xff" * 11, "64 bits")
add("length beyond the file", number(1, 8) + varint(7 << 3 | 2) + varint(1 << 40), "beyond the end")
add("length of 2^64 - 1", number(1, 8) + varint(7 << 3 | 2) + varint((1 << 64) - 1), "beyond the end")
add("length beyond its message", number(1, 8) + part(7, varint(1 << 3 | 2) + varint(9) + b"\x0a\x00") + opset(8, "", 17), "beyond the end")
add("group", number(1, 8) + b"\x3b\x3c", "wire type")
add("field 0", number(1, 8) + b"\x00\x00", "field number")
add("wire type 7", number(1, 8) + b"\x3f", "wire type")
add("no graph", number(1, 8) + opset(8, "", 17), "no graph")
add("graph in two parts", number(1, 8) + part(7, graph([RELU], [X])) + part(7, part(12, Y)) + opset(8, "", 17), None)
add("unknown fields everywhere", model(graph([RELU + part(99, b"?")], [X], [Y], more=number(88, 1)), part(1000, b"?")), None, 0)
add("nested-message bomb", number(1, 8) + part(7, nest(30000, (1, 5, 6))) + opset(8, "", 17), "deeper than 100|no name")
add("nested types", model(graph([RELU], [part(1, "x") + part(2, nest(20000, (4, 1)))], [Y])), "deeper than")
add("graphs 33 deep", nested_graphs(33), "deeper than 100")
add("graphs 31 deep", nested_graphs(31), None)
add("graphs 120 deep", nested_graphs(120), "deeper than 100")
add("5 million empty nodes", lambda: part(7, b"\x0a\x00" * 5000000) + opset(8, "", 17), "64 MiB")
for number_, what, verdict in ((2, "names", None), (5, "initializers", "64 MiB"), (11, "inputs", "64 MiB"), (12, "outputs", "64 MiB"),
                               (13, "value infos", None), (14, "annotations", None), (16, "metadata", None)):
    add("a million empty %s" % what, lambda k=number_, v=verdict: part(7, (varint(k << 3 | 2) + b"\0") * (1000000 // (LESS if v is None else 1))) + opset(8, "", 17), verdict)
add("a million empty attributes", lambda: model(graph([RELU + b"\x2a\x00" * 1000000])), "no name")
add("a million integers in an attribute", lambda: model(graph([node("Op", ["x"], ["y"], "", [attr_ints("a", range(1000000 // LESS))])], [X], [Y])), None)
add("a million packed integers", lambda: model(graph([node("Op", ["x"], ["y"], "", [part(1, "a") + part(8, b"\x01" * (1000000 // LESS)) + number(20, 7)])])), None)
add("a million strings in an attribute", lambda: model(graph([node("Op", ["x"], ["y"], "", [part(1, "a") + b"\x4a\x00" * (1000000 // LESS) + number(20, 8)])])), None)
add("a million empty opset imports", lambda: model(graph([RELU])) + b"\x42\x00" * (1000000 // LESS), None)
add("300,000 opset imports", lambda: model(graph([RELU], [X], [Y]), *[opset(8, "d%d" % i, 1) for i in range(300000 // LESS)]), None)
add("300,000 metadata pairs", lambda: model(graph([RELU], [X], [Y]), *[part(14, part(1, "k%d" % i) + part(2, "v")) for i in range(300000 // LESS)]), None)
add("300,000 metadata pairs of a node", lambda: model(graph([RELU + b"".join(part(9, part(1, "k%d" % i) + part(2, "v")) for i in range(300000 // LESS))], [X], [Y])), None)
add("300,000 attributes of a node", lambda: model(graph([node("Op", ["x"], ["y"], "", [attr_i("a%d" % i, 1) for i in range(300000 // LESS)])], [X], [Y])), None)
add("300,000 functions", lambda: model(graph([RELU], [X], [Y]), *[part(25, part(1, "f%d" % i) + part(10, "d")) for i in range(300000)]), "64 MiB")
add("300,000 outputs", lambda: model(graph([RELU], [X], [Y] * (300000 // LESS))), None)
add("300,000 inputs", lambda: model(graph([RELU], [value("x%d" % i, FLOAT, [1]) for i in range(300000 // LESS)], [Y])), None)
add("100,000 nodes of one name", lambda: model(graph([node("Relu", ["x"], ["y"], "n")] * (100000 // LESS), [X], [Y])), None, 1)
add("a million empty functions", lambda: model(graph([RELU])) + b"\xca\x01\x00" * 1000000, "64 MiB")
add("a node of 300,000 inputs", lambda: model(graph([node("Sum", ["x"] * (300000 // LESS), ["y"])], [X], [Y])), None)
add("a node of 300,000 outputs", lambda: model(graph([node("Split", ["x"], ["o%d" % i for i in range(300000 // LESS)])], [X], [])), None)
add("a name of 1 MB", lambda: model(graph([node("Relu", ["x" * MIB], ["y" * MIB], "n" * MIB)], [], [value("y" * MIB, FLOAT, [1])])), None)
add("a shape of 2 million dims", lambda: model(graph([RELU], [part(1, "x") + part(2, part(1, number(1, 1) + part(2, b"\x0a\x00" * 2000000)))])), "too large|1024")
add("a shape of 1,025 dims", lambda: model(graph([RELU], [value("x", FLOAT, [1] * 1025)], [Y])), "1024")
for tenth in range(1, 10):
    add("cut at %d/10" % tenth, cut(tenth), "the file is cut")

# ---- .onnx: structure ----

add("cycle", model(graph([node("Add", ["b", "x"], ["a"]), node("Relu", ["a"], ["b"])], [X], [value("b", FLOAT, [2, 3])])), None, 1)
add("node that takes its own output", model(graph([node("Relu", ["y"], ["y"])], [], [Y])), None, 1)
add("duplicate names of values", model(graph([RELU, node("Abs", ["x"], ["y"])], [X, X], [Y])), None, 1)
add("duplicate names of nodes", model(graph([node("Relu", ["x"], ["a"], "n"), node("Relu", ["a"], ["y"], "n")], [X], [Y])), None, 0)
add("duplicate initializers", model(graph([RELU], [], [Y], [tensor("x", FLOAT, [1], bytes(4))] * 2)), None, 1)
add("undefined input", model(graph([node("Relu", ["nowhere"], ["y"])], [], [Y])), None, 1)
add("output that nothing makes", model(graph([RELU], [X], [Y, value("z", FLOAT, [1])])), None, 1)
add("function that calls itself", model(graph([node("F", ["x"], ["y"]) + part(7, "d")], [X], [Y]), opset(8, "d", 1),
    part(25, part(1, "F") + part(4, "i") + part(5, "o") + part(7, node("F", ["i"], ["o"]) + part(7, "d")) + opset(9, "d", 1) + part(10, "d"))), None, 1)
add("functions that call each other", model(graph([node("F", ["x"], ["y"]) + part(7, "d")], [X], [Y]), opset(8, "d", 1),
    *[part(25, part(1, a) + part(4, "i") + part(5, "o") + part(7, node(b, ["i"], ["o"]) + part(7, "d")) + opset(9, "d", 1) + part(10, "d")) for a, b in ("FG", "GF")]), None, 1)
add("IR version 10^18", model(graph([RELU], [X], [Y]), ir=10 ** 18), None, 1)
add("opset -1", model(graph([RELU], [X], [Y]), opset(8, "d", -1)), None, None)


def weight(dims, raw=b"", elem=FLOAT, field=9):
    t = b"".join(number(1, d) for d in dims) + number(2, elem) + part(8, "w")
    return model(graph([node("Relu", ["w"], ["y"])], [], [Y], [t + (part(field, raw) if raw is not None else b"")]))


add("dims overflow", weight([1 << 40] * 4), r"2\^63|overflow|elements")
add("dims overflow to 0", weight([1 << 32, 1 << 32]), r"2\^63|overflow|elements")
add("negative dim", weight([-3], bytes(12)), "is -3")
add("more dims than data", weight([1 << 20], bytes(4)), "bytes")
add("less dims than data", weight([1], bytes(400)), "bytes")
add("dtype 99", weight([1], bytes(4), 99), None, 1)
add("raw strings", weight([1], bytes(4), 8), "strings has raw data")
add("strings that are too few", weight([5], b"a", 8, 6), "its shape needs 5")
add("integers that are too few", weight([5], b"\1", INT64, 7), "its shape needs 5")
add("rank 100,000", lambda: weight([1] * 100000, bytes(4)), "1024|dim")

# ---- external data ----


def external(**entries):
    t = number(1, 2) + number(2, 1) + part(8, "w") + b"".join(part(13, part(1, k) + part(2, v)) for k, v in entries.items()) + number(14, 1)
    return model(graph([node("Relu", ["w"], ["y"])], [], [Y], [t]))


def beside(setup, **entries):
    """A model in a directory m of its own, with a secret outside of it."""
    def make(d):
        with open(os.path.join(d, "secret"), "wb") as f:
            f.write(b"SECRET!!")
        m = os.path.join(d, "m")
        os.makedirs(m)
        if setup:
            setup(m)
        path = os.path.join(m, "model.onnx")
        with open(path, "wb") as f:
            f.write(external(**entries))
        return path
    return make


def put(name, data=b"\0\0\x80\x3f" * 2):
    def setup(m):
        with open(os.path.join(m, name), "wb") as f:
            f.write(data)
    return setup


def linked_parent(m):
    os.symlink("..", os.path.join(m, "sub"))


add("data: good", beside(put("w"), location="w"), None, 0)
add("data: absolute path", beside(None, location="/etc/passwd"), "absolute")
add("data: ..", beside(None, location="../secret"), r"`\.\.`")
add("data: a/../..", beside(lambda m: os.mkdir(m + "/a"), location="a/../../secret"), r"`\.\.`")
add("data: .", beside(put("w"), location="./w"), r"`\.`")
add("data: empty part", beside(put("w"), location="a//w"), "empty part")
add("data: backslash", beside(put("w"), location="..\\secret"), "backslash")
add("data: drive letter", beside(put("w"), location="C:w"), "drive")
add("data: NUL", beside(put("w"), location="w\0.bin"), "NUL")
add("data: no location", beside(None, offset="0"), "no location")
add("data: empty location", beside(None, location=""), "empty|no location")
add("data: 5,000 bytes of path", beside(None, location="a/" * 2500 + "w"), "5001 bytes|long")
add("data: symbolic link", beside(lambda m: os.symlink("../secret", m + "/w"), location="w"), None, 1, warning="symbolic link")
add("data: symbolic link to itself", beside(lambda m: os.symlink("w", m + "/w"), location="w"), None, 1, warning="symbolic link")
add("data: link to a device", beside(lambda m: os.symlink("/dev/zero", m + "/w"), location="w"), None, 1, warning="symbolic link")
add("data: linked directory", beside(linked_parent, location="sub/secret"), None, 1, warning="symbolic link")
add("data: hard link", beside(lambda m: os.link(m + "/../secret", m + "/w"), location="w"), None, 1, warning="hard link")
add("data: fifo", beside(lambda m: os.mkfifo(m + "/w"), location="w"), None, 1, warning="regular file")
add("data: directory", beside(lambda m: os.mkdir(m + "/w"), location="w"), None, 1, warning="regular file")
add("data: not there", beside(None, location="w"), None, 1, warning="no data")
add("data: too short", beside(put("w", b"1234567"), location="w"), None, 1, warning="no data")
add("data: begins past the end", beside(put("w"), location="w", offset="9"), None, 1, warning="no data")
add("data: negative offset", beside(put("w"), location="w", offset="-8"), "offset")
add("data: offset of 2^64", beside(put("w"), location="w", offset="18446744073709551616"), "offset")
add("data: offset + length wrap around", beside(put("w"), location="w", offset="18446744073709551608", length="8"), "beyond what a file can hold")
add("data: length of 2^63", beside(put("w"), location="w", length="9223372036854775808"), "the shape needs 8")
add("data: length that is no number", beside(put("w"), location="w", length="8x"), "length")
add("data: unknown key", beside(put("w"), location="w", other="/etc"), "unknown key")
add("data: base path", beside(put("w"), location="w", basepath="/etc"), None, 0)
add("data: key of a Python object", beside(put("w"), location="w", __class__="x"), "unknown key")
add("data: the model itself", beside(None, location="model.onnx", length="8"), None, 0)

# ---- text ----

RETURN = "  return (%x)\n"


def deep(n, before, inside, after):
    return (before * n + inside + after * n).encode()


def nested_blocks(n):
    lines = ["graph(%c : bool, %x : Tensor):"]
    for i in range(n):
        lines.append("  " * (2 * i + 1) + "%%y%d : Tensor = prim::If(%%c)" % i)
        lines.append("  " * (2 * i + 2) + "block0():")
    for i in reversed(range(n)):
        lines.append("  " * (2 * i + 3) + "-> (%x)")
    return "\n".join(lines + ["  return (%y0)\n"]).encode()


add("text: 100 MB line of noise", lambda: b"graph(x " * (100 * MIB // 8), "no graph|no format")
add("text: 100 MB in one string", lambda: b"graph(%x : int):\n  %s : str = prim::Constant[value=\"" + b"a" * (100 * MIB // LESS) + b"\"]()\n  return (%s)\n", None)
add("text: 100 MB of a name", lambda: b"graph(%" + b"x" * (100 * MIB // LESS) + b" : int):\n  return (%x)\n", "used but not defined")
add("text: only a head", b"graph(", "no format|no graph|end")
add("text: no return", b"graph(%x : Tensor):\n  %y : Tensor = aten::relu(%x)\n", "ends inside the graph")
add("text: blocks 100,000 deep", lambda: nested_blocks(2000), "deep|nest")
add("text: blocks 30 deep", nested_blocks(30), None)
add("text: types 100,000 deep", deep(100000, "List[", "Tensor", "]").join([b"graph(%x : ", b"):\n" + RETURN.encode()]), None)
add("text: lists 100,000 deep", deep(100000, "[", "1", "]").join([b"graph(%x : Tensor):\n  %y : int[] = prim::Constant[value=", b"]()\n" + RETURN.encode()]), None)
add("text: scopes 10,000 deep", ("graph(%x : Tensor):\n  %y : Tensor = aten::relu(%x), scope: " + "/".join(["A[b]"] * 10000) + "\n  return (%y)\n").encode(), None)
add("text: duplicate names", b"graph(%x : Tensor, %x : Tensor):\n  %x : Tensor = aten::relu(%x)\n  return (%x)\n", "defined twice")
add("text: value that nothing makes", b"graph(%x : Tensor):\n  %y : Tensor = aten::relu(%nowhere)\n  return (%y)\n", "nowhere")
add("text: value that takes itself", b"graph(%x : Tensor):\n  %y : Tensor = aten::relu(%y)\n  return (%y)\n", "not defined before")
add("text: numbers beyond 64 bits", b"graph(%x : Float(99999999999999999999)):\n  %i : int = prim::Constant[value=123456789012345678901234567890]()\n  %f : float = prim::Constant[value=1e999999]()\n" + RETURN.encode(), None)
add("text: tensor of a dim of 2^62", b"graph(%x : Float(4611686018427387904, 4611686018427387904, 16)):\n" + RETURN.encode(), None)
add("text: NUL bytes", b"graph(%x\0 : Tensor):\n  %y : Tensor = aten::relu(%x\0)\n  return (%y)\n", None)
add("text: UTF-16", "graph(%x : Tensor):\n  return (%x)\n".encode("utf-16"), "neither a text")
add("text: CRLF", b"graph(%x : Tensor):\r\n  %y : Tensor = aten::relu(%x)\r\n  return (%y)\r\n", None)
add("text: 20,000 graphs", b"graph(%x : Tensor):\n  return (%x)\n\n" * 20000, None)
add("text: 100,000 heads", b"graph(%x : Tensor,\n" * 100000, "ends inside the graph")
add("text: 300,000 inputs of a node", lambda: ("graph(%x : Tensor):\n  %y : Tensor[] = prim::ListConstruct(" + ", ".join(["%x"] * (300000 // LESS)) + ")\n  return (%y)\n").encode(), None)
add("text: tensor cut in the middle", b"graph(%x : Tensor):\n  %y : Float(2, 2) = prim::Constant[value= 1  2\n 3", "does not end")
add("text: string that does not end", b"graph(%x : Tensor):\n  %y : str = prim::Constant[value=\"abc]()\n  return (%y)\n", "does not end")
for tenth in range(1, 10):
    add("text: cut at %d/10" % tenth, lambda t=tenth: (lambda b: b[:len(b) * t // 10])(open(os.path.join(HERE, "data", "small_net.txt"), "rb").read()),
        "ends inside the graph|cannot tell where|expected an operator")

# ---- things that are no file ----


def made(kind):
    def make(d):
        path = os.path.join(d, "thing.onnx")
        kind(path)
        return path
    return make


add("directory", made(os.mkdir), "directory|regular")
add("socket", made(lambda p: __import__("socket").socket(1).bind(p)), "regular|No such device|cannot open")
add("link to itself", made(lambda p: os.symlink("thing.onnx", p)), "symbolic links")
add("nothing there", made(lambda p: None), "No such file")
add("null device", made(lambda p: os.symlink("/dev/null", p)), "the file is empty")

# ---- weights ----


def npy(descr, shape, data, fortran=False):
    head = ("{'descr': %s, 'fortran_order': %s, 'shape': (%s), }" % (descr, fortran, "".join("%d, " % d for d in shape))).encode()
    head += b" " * (-(len(head) + 11) % 16) + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(head)) + head + data


def npz(*rows, method=zipfile.ZIP_STORED):
    b = io.BytesIO()
    with zipfile.ZipFile(b, "w", method) as z:
        for name, data in rows:
            z.writestr(zipfile.ZipInfo(name), data, method)
    return b.getvalue()


def safetensors(head, data=b""):
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    return struct.pack("<Q", len(text)) + text + data


W = npy("'<f4'", (4, 3, 3, 3), bytes(432))


def weights(name, make, verdict):
    add("weights: " + name, make, verdict, weights=True)


weights("npz that is good", npz(("w.npy", W)), None)
weights("npz with a wrong checksum", npz(("w.npy", W)).replace(struct.pack("<I", __import__("zlib").crc32(W)), b"\1\2\3\4"), "CRC|checksum")
weights("npz of another shape", npz(("w.npy", npy("'<f4'", (1 << 40,), b""))), "make 4398046511104 bytes")
weights("npz with a Python object", npz(("w.npy", npy("'|O'", (1,), b"cos\nsystem\n(S'false'\ntR."))), "object")
weights("npz bomb, 200 MB of zeros", lambda: npz(("w.npy", npy("'<f4'", (50 * MIB,), bytes(200 * MIB))), method=zipfile.ZIP_DEFLATED), "shape|dtype|mismatch|fit")
weights("npz, local and central header differ", npz(("w.npy", W)).replace(b"w.npy", b"v.npy", 1), "disagree")
weights("npz cut", npz(("w.npy", W))[:-30], "end of the zip archive is missing")
weights("npz of 60,000 entries", lambda: npz(*[("%d.npy" % i, b"") for i in range(60000)]), "no NumPy array")
weights("safetensors, header of 2^63", struct.pack("<Q", 1 << 63) + b"{}", "no format")
weights("safetensors, overlapping", safetensors({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "v": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}}, bytes(12)), "overlap|gap|begin")
weights("safetensors, 100,000 brackets", safetensors(b'{"w":' + b"[" * 100000), "not valid")
weights("safetensors, a name twice", safetensors(b'{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', b"\0"), "twice|two|same name")
weights("pickle that would run a command", b"\x80\x02cposix\nsystem\nX\x05\0\0\0false\x85R.", "not one that torch.save wrote")
weights("directory", made(os.mkdir), "directory|regular")


# ---- files of PyTorch ----
TOUCH = b"X\x0b\0\0\0touch owned"


def pt(pickle, *records, method=zipfile.ZIP_STORED):
    b = io.BytesIO()
    with zipfile.ZipFile(b, "w") as z:
        z.writestr(zipfile.ZipInfo("a/data.pkl"), pickle if pickle[:1] == b"\x80" else b"\x80\2" + pickle + b".", method)
        for name, data in records:
            z.writestr(zipfile.ZipInfo(name), data)
    return b.getvalue()


def text(s):
    return b"X" + struct.pack("<I", len(s)) + s


def floats(numel=4, offset=0, dims=b"K\4", strides=b"K\1"):
    return (b"ctorch._utils\n_rebuild_tensor_v2\n((" + text(b"storage") + b"ctorch\nFloatStorage\n" + text(b"0") + text(b"cpu") +
            b"J" + struct.pack("<i", numel) + b"tQK" + bytes([offset]) + b"(" + dims + b"t(" + strides + b"t\x89NtR")


def called(module, name, args=TOUCH + b"\x85"):
    add(f"torch: calls {module}.{name}", pt(b"c%s\n%s\n%sR" % (module.encode(), name.encode(), args)), f"{module}.{name}, which is not known")


FLOATS = ("a/data/0", bytes(16))
add("torch: state dict that is good", pt(b"}" + text(b"w") + floats() + b"s", FLOATS))
for callee in ("os.system", "posix.system", "nt.system", "subprocess.Popen", "builtins.eval", "builtins.exec", "__builtin__.eval",
               "builtins.__import__", "importlib.import_module", "runpy.run_path", "pty.spawn", "webbrowser.open",
               "operator.attrgetter", "functools.partial", "torch.load", "torch.hub.load", "torch.storage._load_from_bytes",
               "numpy.core.multiarray._reconstruct", "copy_reg._reconstructor"):
    called(*callee.rsplit(".", 1))
add("torch: call by a name on the stack", pt(text(b"os") + text(b"system") + b"\x93" + TOUCH + b"\x85R"), "os.system")
add("torch: call by INST", pt(b"(" + TOUCH + b"ios\nsystem\n"), "INST")
add("torch: call by OBJ", pt(b"(cos\nsystem\n" + TOUCH + b"o"), "os.system")
add("torch: object with a state that runs", pt(b"cos\n_wrap_close\n)\x81}" + text(b"x") + b"Nsb"), "os._wrap_close")
add("torch: legacy, calls os.system", b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.\x80\x02cos\nsystem\n" + TOUCH + b"\x85R.", "os.system")
add("torch: a name that leads out", pt(b"}", ("a/../../x", b"")), "leads out of it")
add("torch: a list in itself", pt(b"]q\0h\0a"), "contains itself")
add("torch: 10,000 lists in lists", pt(b"]" * 10000 + b"a" * 9999), "nested deeper")
add("torch: 1,000,000 tuples in tuples", lambda: pt(b"N" + b"\x85" * MIB), "nested deeper")
add("torch: doubled forty times", pt(b"N" + b"2\x86" * 40), "unfolds to more")
add("torch: a text that claims 4 GB", pt(b"X\xff\xff\xff\xffx"), "cut short")
add("torch: number 2^31 of the memo", pt(b"Nr\xff\xff\xff\x7f"), "numbers something")
add("torch: 10 MB of lists", lambda: pt(b"](" + b"]" * (10 * MIB // LESS) + b"e"), "MiB" if LESS == 1 else None)
add("torch: 10 MB of marks", lambda: pt(b"(" * (10 * MIB // LESS) + b"N"), "left on its stack")
add("torch: a megabyte copied 1,000 times", lambda: pt(b"](c_codecs\nencode\nq\0(" + text(b"a" * MIB) + text(b"latin1") + b"tq\1R" + b"h\0h\1R" * 1000 + b"e"), "MiB")
add("torch: 100 MB of zeros, deflated", lambda: pt(b"\x80\2" + b"N" * (100 * MIB // LESS), method=zipfile.ZIP_DEFLATED), "unpacks to|unfolds to more|left on its stack|cut short")
add("torch: a storage smaller than its tensor", pt(floats(4, 1), FLOATS), "beyond its storage")
add("torch: a storage smaller than it claims", pt(floats(5), FLOATS), "too few")
add("torch: strides beyond 64 bits", pt(floats(4, 0, b"K\2K\2", b"\x8a\x08" + b"\xff" * 7 + b"\x7fK\1"), FLOATS), "beyond its storage")
add("torch: one element 2^34 times", pt(floats(4, 0, b"J\0\0\0\x40K\xffK\4", b"K\0K\0K\1"), FLOATS), "16 GiB")
add("torch: one element 2^28 times", pt(floats(4, 0, b"J\0\0\0\4K\x0fK\4", b"K\0K\0K\1"), FLOATS), "repeats its elements")
add("torch: a missing storage", pt(floats()), "is missing")
add("torch: two records of one name", pt(floats(), FLOATS, ("a/data/1", b"x")).replace(b"data/1", b"data/0"), "two entries")
add("torch: cut", pt(floats(), FLOATS)[:-40], "end of the zip archive is missing")
add("torch: of TorchScript 1.0", npz(("a/model.json", b"{}")), "1.0 to 1.3")
add("torch: program of torch.export", npz(("a/archive_format", b"pt2")), "torch.export")
add("torch: for mobile devices", b"\x18\0\0\0PTMF" + bytes(64), "mobile")


# A scripted network of the fixtures, changed.
SCRIPT = os.path.join(HERE, "..", "fixtures/torch/script_213.pt")
with open(SCRIPT, "rb") as f:
    GOOD = f.read()
CODE = "net/code/__torch__/net.py"


def with_code(source):
    """The archive with other code of its outermost class."""
    b = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(GOOD)) as old, zipfile.ZipFile(b, "w") as z:
        for i in old.infolist():
            if i.filename != CODE + ".debug_pkl":
                z.writestr(zipfile.ZipInfo(i.filename), source() if i.filename == CODE else old.read(i))
    return b.getvalue()


def forward(*lines):
    """A class of the archive's name whose forward has these lines."""
    with zipfile.ZipFile(io.BytesIO(GOOD)) as z:
        head = z.read(CODE).decode().split("  def forward")[0]
    return lambda: (head + "  def forward(self: __torch__.net.Scripted,\n    x: Tensor) -> Tensor:\n" +
                    "".join(f"    {line}\n" for line in lines)).encode()


def central(record, field, value):
    """The archive with a field of a record's entry in the central directory changed: (offset, format)."""
    at = GOOD.index(b"PK\1\2")
    while GOOD[at + 46:at + 46 + struct.unpack_from("<H", GOOD, at + 28)[0]] != record.encode():
        at = GOOD.index(b"PK\1\2", at + 4)
    offset, form = field
    out = bytearray(GOOD)
    struct.pack_into(form, out, at + offset, value)
    return bytes(out)


SIZES, STORED, PLACE, FLAGS = (24, "<I"), (20, "<I"), (42, "<I"), (8, "<H")
with zipfile.ZipFile(io.BytesIO(GOOD)) as z:
    for i in z.infolist():
        add(f"torch: cut inside of {i.filename[4:]}", GOOD[:i.header_offset + 30 + len(i.filename) + i.compress_size // 2],
            "end of the zip archive is missing")
add("torch: a record that claims 4 GB", central("net/data/1", SIZES, 2 ** 32 - 2), "sizes differ")
add("torch: a stored record that claims to be longer", central("net/data.pkl", STORED, 10 ** 6), "data.pkl|disagree|beyond")
add("torch: two records at one place", central("net/data/1", PLACE, 0), "disagree|overlap")
add("torch: a record behind the end", central("net/data/1", PLACE, 10 ** 9), "data/1|beyond|behind|outside")
add("torch: an encrypted record", central("net/data.pkl", FLAGS, 1), "encrypted")
add("torch: code that calls itself", lambda: with_code(forward("return (self).forward(x, )")), "calls itself")
add("torch: code nested 10,000 deep", lambda: with_code(forward("return " + "(" * 10000 + "x" + ")" * 10000)), "nested|deep")
add("torch: a list nested 10,000 deep", lambda: with_code(forward("y = " + "[" * 10000 + "x" + "]" * 10000, "return x")), "nested|deep")
add("torch: ifs nested 3,000 deep", lambda: with_code(forward(*["  " * k + "if True:" for k in range(3000)], "  " * 3000 + "y = x", "return x")),
    "nested|deep")
for what, code, warning in (("an infix operator", forward("return x + x"), "the graph cannot be read: expected the end of the line"),
                            ("an unknown name", forward("return y"), "the graph cannot be read: the name y is not defined"),
                            ("a call of nothing", forward("return __torch__.a.b(x, )"), "no code for __torch__.a.b"),
                            ("no class", lambda: b"", "no code for its class"), ("no code at all", lambda: b"\0\xff\x7fELF", "cannot be read")):
    add("torch: code with " + what, lambda c=code: with_code(c), None, 3, warning=warning)
add("torch: code without an end", lambda: with_code(forward("return torch.add(x, ")), "expected|end")


def write(item, directory):
    """Makes the file of an Input in the directory; its path."""
    data = item.make
    if not isinstance(data, bytes):
        data = data(directory) if data.__code__.co_argcount - len(data.__defaults__ or ()) else data()
    if isinstance(data, str):
        return data
    path = os.path.join(directory, "input.txt" if item.name.startswith("text") else "input.onnx")
    if item.name.startswith("torch"):
        path = os.path.join(directory, "input.pt")
    if item.weights:
        path = os.path.join(directory, "input.npz")
    with open(path, "wb") as f:
        f.write(data)
    return path
