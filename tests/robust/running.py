"""Named models that mean harm when they run or are inferred, and what `run` must say: the table of verdicts. A verdict is
None (it runs) or a pattern of the message. Used by test_running.py; needs no package."""
import struct

from hostile import graph, opset
from gen_models import BOOL, FLOAT, INT64, attr_graph, attr_i, attr_ints, node, number, part, tensor, value

HUGE, LEAST, MOST = 1 << 62, -(1 << 63), (1 << 63) - 1
TOO_LARGE = "too large|cannot be held|memory|limit|are allowed"
INPUTS = []


def add(name, data, verdict):
    INPUTS.append((name, data, verdict))


def ints(name, *v):
    return tensor(name, INT64, [len(v)], struct.pack(f"<{len(v)}q", *v))


def scalar(name, v):
    return tensor(name, INT64, [], struct.pack("<q", v))


def floats(name, *v):
    return tensor(name, FLOAT, [len(v)], struct.pack(f"<{len(v)}f", *v))


def truth(name, v=True):
    return tensor(name, BOOL, [], bytes([v]))


def attr_s(name, s):
    return part(1, name) + part(4, s) + number(20, 3)


def attr_ref(name, ref, kind):
    return part(1, name) + part(21, ref) + number(20, kind)


def in_domain(n, domain="d"):
    return n + part(7, domain)


def function(name, ins, outs, nodes, domain="d"):
    return part(25, part(1, name) + b"".join(part(4, i) for i in ins) + b"".join(part(5, o) for o in outs) +
                b"".join(part(7, n) for n in nodes) + part(9, part(1, "") + number(2, 17)) + part(9, part(1, domain) + number(2, 1)) +
                part(10, domain))


X = value("x", FLOAT, [2, 3])
Y = part(1, "y")


def one(op, inputs, attrs=(), inits=(), ins=(X,), opset_=17):
    """One node that makes y."""
    return number(1, 8) + part(7, graph([node(op, inputs, ["y"], "", attrs)], ins, [Y], inits)) + opset(8, "", opset_)


# ---- shape bombs ----
for what, dims in (("2^62 elements", (1 << 31, 1 << 31)), ("2^124 elements", (HUGE, HUGE)), ("2^40 elements", (1 << 40,))):
    add(f"ConstantOfShape of {what}", one("ConstantOfShape", ["s"], inits=[ints("s", *dims)], ins=()), TOO_LARGE)
    add(f"Expand to {what}", one("Expand", ["x", "s"], inits=[ints("s", *dims, 1, 1)]), TOO_LARGE)
    add(f"RandomNormal of {what}", one("RandomNormal", [], [attr_ints("shape", dims)], ins=()), TOO_LARGE)
    add(f"Reshape to {what}", one("Reshape", ["x", "s"], inits=[ints("s", *dims)]), "elements|fit|reshape|shape")
add("ConstantOfShape of -1", one("ConstantOfShape", ["s"], inits=[ints("s", -1)], ins=()), "-1|negative|large")
add("Expand to -2^63", one("Expand", ["x", "s"], inits=[ints("s", LEAST, 1, 1)]), "large|negative|cannot|broadcast")
add("Tile 2^62 times", one("Tile", ["x", "r"], inits=[ints("r", HUGE, HUGE)]), "repeats|" + TOO_LARGE)
add("Tile -1 times", one("Tile", ["x", "r"], inits=[ints("r", -1, 1)]), "repeats|negative")
add("Range to 2^62", one("Range", ["a", "b", "c"], inits=[scalar("a", 0), scalar("b", HUGE), scalar("c", 1)], ins=()), TOO_LARGE + "|Range|out of range")
add("Range from -2^63 to 2^63 - 1", one("Range", ["a", "b", "c"], inits=[scalar("a", LEAST), scalar("b", MOST), scalar("c", 1)], ins=()), TOO_LARGE + "|Range|out of range")
add("Range by 0", one("Range", ["a", "b", "c"], inits=[scalar("a", 0), scalar("b", 5), scalar("c", 0)], ins=()), "0|zero|Range")
add("Pad by 2^62", one("Pad", ["x", "p"], inits=[ints("p", HUGE, HUGE, HUGE, HUGE)]), TOO_LARGE + "|pad")
add("Pad by -2^63", one("Pad", ["x", "p"], inits=[ints("p", LEAST, 0, LEAST, 0)]), "pad|negative|large|Pad")
add("Pad: 2^63 - 1 on both sides", one("Pad", ["x", "p"], inits=[ints("p", MOST, 0, MOST, 0)]), TOO_LARGE + "|pad")
add("OneHot of depth 2^62", one("OneHot", ["i", "d", "v"], inits=[ints("i", 1, 2), scalar("d", HUGE), floats("v", 0, 1)], ins=()), TOO_LARGE)
add("OneHot of depth -1", one("OneHot", ["i", "d", "v"], inits=[ints("i", 1, 2), scalar("d", -1), floats("v", 0, 1)], ins=()), "depth|-1")
X4 = value("x", FLOAT, [1, 1, 4, 4])
W4 = tensor("w", FLOAT, [1, 1, 3, 3], bytes(36))
add("Resize to 2^62", one("Resize", ["x", "", "", "s"], inits=[ints("s", 1, 1, HUGE, HUGE)], ins=[X4]), TOO_LARGE)
for what, scale in (("10^30", 1e30), ("infinity", float("inf")), ("NaN", float("nan")), ("-1", -1.0), ("0", 0.0)):
    add(f"Resize by {what}", one("Resize", ["x", "", "s"], inits=[floats("s", 1, 1, scale, scale)], ins=[X4]), TOO_LARGE + "|scale|size|dim")
add("Upsample by 10^30", one("Upsample", ["x", "s"], inits=[floats("s", 1, 1, 1e30, 1e30)], ins=[X4], opset_=9), TOO_LARGE + "|scale")
for attr, v, verdict in (("strides", (0, 0), "stride"), ("strides", (HUGE, HUGE), "strides"), ("dilations", (HUGE, HUGE), "dilation|kernel|window|negative|large|fit"),
                         ("dilations", (0, 0), "dilation"), ("pads", (HUGE,) * 4, TOO_LARGE + "|pad"), ("pads", (-5,) * 4, "pad|negative|window|kernel"),
                         ("kernel_shape", (HUGE, HUGE), "kernel"), ("kernel_shape", (3,), "kernel|dims"), ("strides", (-1, -1), "stride")):
    add(f"Conv with {attr} {v}", one("Conv", ["x", "w"], [attr_ints(attr, v)], [W4], [X4]), verdict)
for g in (0, -1, HUGE, LEAST):
    add(f"Conv of {g} groups", one("Conv", ["x", "w"], [attr_i("group", g)], [W4], [X4]), "group|channels")
add("ConvTranspose to 2^62", one("ConvTranspose", ["x", "w"], [attr_ints("output_shape", (HUGE, HUGE))], [W4], [X4]), TOO_LARGE + "|output_shape|pads|cannot be computed")
add("ConvTranspose with strides of 2^62", one("ConvTranspose", ["x", "w"], [attr_ints("strides", (HUGE, HUGE))], [W4], [X4]), TOO_LARGE + "|stride|cannot be computed")
for op in ("MaxPool", "AveragePool", "LpPool"):
    add(f"{op} of a kernel of 2^62", one(op, ["x"], [attr_ints("kernel_shape", (HUGE, HUGE))], ins=[X4]), "kernel|window|negative|large|fit")
    add(f"{op} of strides 0", one(op, ["x"], [attr_ints("kernel_shape", (2, 2)), attr_ints("strides", (0, 0))], ins=[X4]), "stride")
    add(f"{op} of pads of 2^62", one(op, ["x"], [attr_ints("kernel_shape", (2, 2)), attr_ints("pads", (HUGE,) * 4)], ins=[X4]), TOO_LARGE + "|pad")
add("TopK of 2^62", one("TopK", ["x", "k"], inits=[ints("k", HUGE)]), "k |large|TopK")
add("DepthToSpace of blocks of 2^31", one("DepthToSpace", ["x"], [attr_i("blocksize", 1 << 31)], ins=[X4]), "block")
add("DepthToSpace of blocks of 0", one("DepthToSpace", ["x"], [attr_i("blocksize", 0)], ins=[X4]), "block")
add("Split in 2^63 - 1 and 2^63 - 1", one("Split", ["x", "s"], inits=[ints("s", MOST, MOST)]), "split|Split|output")
add("Slice by -2^63", one("Slice", ["x", "a", "b", "c", "d"], inits=[ints("a", MOST), ints("b", LEAST), ints("c", 0), ints("d", LEAST)]), "a step of")
add("Slice by 0", one("Slice", ["x", "a", "b", "c", "d"], inits=[ints("a", 0), ints("b", 1), ints("c", 0), ints("d", 0)]), "step|0")
add("Gather of -2^63", one("Gather", ["x", "i"], inits=[ints("i", LEAST)]), "outside|index|indices")
add("Gather along axis 2^62", one("Gather", ["x", "i"], [attr_i("axis", HUGE)], [ints("i", 0)]), "axis")
add("CumSum along 2^62", one("CumSum", ["x", "a"], inits=[scalar("a", HUGE)]), "axis")
add("Unsqueeze by 10^5 axes", one("Unsqueeze", ["x", "a"], inits=[ints("a", *range(100000))]), "axes|rank|dims|axis")
add("HannWindow of 2^62", one("HannWindow", ["n"], inits=[scalar("n", HUGE)], ins=()), TOO_LARGE)
add("HannWindow of -1", one("HannWindow", ["n"], inits=[scalar("n", -1)], ins=()), "-1|negative|size|large")
add("Einsum of 10^5 letters", one("Einsum", ["x"], [attr_s("equation", "a" * 100000 + "->a")]), "equation|Einsum|dims")
add("QuantizeLinear of nothing", one("QuantizeLinear", ["e", "s", "z"], inits=[tensor("e", FLOAT, [0], b""), tensor("s", FLOAT, [], struct.pack("<f", 0)), tensor("z", 2, [], b"\0")], ins=()), None)

# ---- what is absent, or of the wrong kind ----
for op in ("Add", "Conv", "MatMul", "Gather", "Concat", "Reshape", "Where", "Loop", "If", "Scan", "LSTM", "Resize", "TreeEnsembleRegressor"):
    add(f"{op} without inputs", one(op, []), "absent|input|missing|cannot be computed|condition|num_scan|no ")
    add(f"{op} whose inputs are absent", one(op, ["", "", ""]), "absent|input|missing|cannot be computed|condition|num_scan|no |branch")
add("axis that is a string", one("Softmax", ["x"], [attr_s("axis", "x")]), None)
add("kernel_shape that is one number", one("MaxPool", ["x"], [attr_i("kernel_shape", 2)], ins=[X4]), "kernel")
add("block that is a number", one("If", ["c"], [attr_i("then_branch", 1), attr_i("else_branch", 1)], [truth("c")]), "then_branch|branch")
add("Constant of nothing", one("Constant", [], ins=()), "Constant|value")
add("Cast to 99", one("Cast", ["x"], [attr_i("to", 99)]), "to|99|type")
add("Cast to nothing", one("Cast", ["x"]), "to|type")
add("value that nothing makes", one("Relu", ["nowhere"]), "before anything makes it")
add("node that takes its own result", one("Relu", ["y"]), "before anything makes it")
E0 = tensor("e", FLOAT, [0, 3], b"")
for op in ("Relu", "Softmax", "ReduceSum", "ReduceMean", "Transpose", "Shape", "Size", "Flatten", "NonZero"):
    add(f"{op} of zero elements", one(op, ["e"], inits=[E0], ins=()), None)
for op in ("ReduceMax", "ArgMax"):
    add(f"{op} of zero elements along an axis of 0", one(op, ["e"], [attr_ints("axes", [0]) if op == "ReduceMax" else attr_i("axis", 0)], [E0], ()), None if op == "ReduceMax" else "nothing to choose")
add("MatMul over a dim of 0", one("MatMul", ["a", "e"], inits=[tensor("a", FLOAT, [2, 0], b""), E0], ins=()), None)
add("Conv of no channels", one("Conv", ["a", "w"], inits=[tensor("a", FLOAT, [1, 0, 4, 4], b""), W4], ins=()), "channel|group")
add("Conv of an empty batch", one("Conv", ["a", "w"], inits=[tensor("a", FLOAT, [0, 1, 4, 4], b""), W4], ins=()), None)
add("Concat of empty and full", one("Concat", ["e", "x"], [attr_i("axis", 0)], [E0]), None)
add("input of a dim of -5", one("Relu", ["x"], ins=[value("x", FLOAT, [-5])]), None)
add("input of 2^62 elements", one("Relu", ["x"], ins=[value("x", FLOAT, [1 << 31, 1 << 31])]), TOO_LARGE)

# ---- loops ----
COUNT, COND = value("i", INT64, []), value("c", BOOL, [])


def loop(trip, body_nodes, carried=("v",), scans=(), inits=(), cond="t", opset_=17):
    """A Loop over x that carries v and collects scans."""
    body = graph([node("Identity", ["c"], ["go"]), *body_nodes], [COUNT, COND, *(part(1, v) for v in carried)],
                 [part(1, "go"), *(part(1, v + "_next") for v in carried), *(part(1, s) for s in scans)])
    outs = ["y"] + ["z%d" % k for k in range(len(carried) + len(scans) - 1)]
    return number(1, 8) + part(7, graph([node("Loop", [trip, cond, *["x"] * len(carried)], outs, "", [attr_graph("body", body)])], [X], [Y],
                                        [scalar("n", HUGE), truth("t"), *inits])) + opset(8, "", opset_)


add("Loop of 2^62 turns", loop("n", [node("Relu", ["v"], ["v_next"])]), "stopped after")
add("Loop without end", loop("", [node("Relu", ["v"], ["v_next"])]), "stopped after")
TEXT = number(2, 8) + part(6, "a" * (1 << 20)) + part(8, "s")  # a string of 1 MiB
add("Loop that keeps long strings", loop("n", [node("Relu", ["v"], ["v_next"]), node("StringConcat", ["s", "s"], ["kept"])], scans=("kept",), inits=[TEXT], opset_=20), "memory|bytes|large|limit")
add("Loop that keeps every result", loop("n", [node("Relu", ["v"], ["v_next"]), node("Expand", ["v", "s"], ["kept"])], scans=("kept",), inits=[ints("s", 1000, 2, 3)]), "memory|bytes|large|limit")
add("Loop that doubles its value", loop("n", [node("Concat", ["v", "v"], ["v_next"], "", [attr_i("axis", 0)])]), "memory|bytes|large|limit")
add("Loop whose condition is a float", loop("n", [node("Relu", ["v"], ["v_next"])], cond="x"), "condition")
add("Loop whose body has another number of values", loop("n", [node("Relu", ["v"], ["v_next"])], carried=("v", "w")), "before anything|does not fit|nothing makes")


def loops_inside(levels):
    """Loops inside Loops, each of 1,000 turns."""
    inner = [node("Relu", ["v"], ["v_next"])]
    for k in range(levels):
        g = graph([node("Identity", ["c"], ["go"]), *inner], [COUNT, COND, part(1, "v")], [part(1, "go"), part(1, "v_next")])
        inner = [node("Loop", ["thousand", "t", "v" if k < levels - 1 else "x"], ["v_next" if k < levels - 1 else "y"], "", [attr_graph("body", g)])]
    return number(1, 8) + part(7, graph(inner, [X], [Y], [scalar("thousand", 1000), truth("t")])) + opset(8, "", 17)


add("Loops 20 deep of 1,000 turns each", loops_inside(20), "stopped after")


def keeping(levels):
    """Loops inside Loops: each keeps 12 MB a turn while the next one runs."""
    inner = [node("Expand", ["x", "big"], ["k"])]
    for _ in range(levels):
        body = graph([*inner, node("Identity", ["c"], ["go"])], [COUNT, COND], [part(1, "go"), part(1, "k")])
        inner = [node("Loop", ["three", "t"], ["kk"], "", [attr_graph("body", body)]), node("Expand", ["x", "big"], ["k"])]
    return number(1, 8) + part(7, graph(inner[:1], [X], [part(1, "kk")], [scalar("three", 3), truth("t"), ints("big", 500000, 2, 3)])) + opset(8, "", 17)


def scan(length, body_nodes, outs):
    body = graph(body_nodes, [part(1, "s")], [part(1, o) for o in outs])
    return number(1, 8) + part(7, graph([node("ConstantOfShape", ["l"], ["a"]),
        node("Scan", ["a"], ["y"] + ["z%d" % k for k in range(len(outs) - 1)], "", [attr_graph("body", body), attr_i("num_scan_inputs", 1)])],
        [], [Y], [ints("l", length, 1), ints("big", 1 << 20)])) + opset(8, "", 17)


add("Scan of a million turns", scan(1000000, [node("Relu", ["s"], ["o"])], ["o"]), "stopped after")
add("Loops inside a Loop that all keep results", keeping(4), "memory|bytes|large|limit")
add("Scan that grows a megabyte a turn", scan(10000, [node("Expand", ["s", "big"], ["o"])], ["o"]), "memory|bytes|large|limit")
add("Scan of no turn", scan(0, [node("Relu", ["s"], ["o"])], ["o"]), "is not declared")
add("Scan of -1 inputs", one("Scan", ["x"], [attr_graph("body", graph([node("Relu", ["s"], ["o"])], [part(1, "s")], [part(1, "o")])), attr_i("num_scan_inputs", -1)]), "num_scan_inputs")
MAPPED = graph([node("Expand", ["s", "big"], ["o"])], [part(1, "s")], [part(1, "o")])
add("SequenceMap that makes gigabytes", number(1, 8) + part(7, graph([
    node("ConstantOfShape", ["l"], ["a"]), node("SplitToSequence", ["a"], ["q"], "", [attr_i("axis", 0)]),
    node("SequenceMap", ["q"], ["y"], "", [attr_graph("body", MAPPED)])], [], [Y], [ints("l", 10000, 1), ints("big", 1, 1 << 20)])) + opset(8, "", 17), "memory|bytes|large|limit")
add("sequence that doubles", loop("n", [node("SequenceConstruct", ["v"] * 64, ["q"]), node("ConcatFromSequence", ["q"], ["v_next"], "", [attr_i("axis", 0)])]), "memory|bytes|large|limit")

# ---- functions ----
CALL = in_domain(node("F", ["x"], ["y"]))


def with_functions(*functions, call=CALL):
    return number(1, 8) + part(7, graph([call], [X], [Y])) + opset(8, "", 17) + opset(8, "d", 1) + b"".join(functions)


add("function that calls itself", with_functions(function("F", ["i"], ["o"], [in_domain(node("F", ["i"], ["o"]))])), "calls itself|deeper")
add("functions that call each other", with_functions(function("F", ["i"], ["o"], [in_domain(node("G", ["i"], ["o"]))]),
                                                     function("G", ["i"], ["o"], [in_domain(node("F", ["i"], ["o"]))])), "calls itself|deeper")
add("function that calls itself in a block", with_functions(function("F", ["i"], ["o"], [node("If", ["c"], ["o"], "", [
    attr_graph(b, graph([in_domain(node("F", ["i"], [b]))], [], [part(1, b)])) for b in ("then_branch", "else_branch")])])), "calls itself|deeper|before anything")
add("functions that call the next one twice, 64 of them", with_functions(
    *[function("F%d" % k, ["i"], ["o"], [in_domain(node("F%d" % (k + 1), ["i"], ["a"])), in_domain(node("F%d" % (k + 1), ["a"], ["o"]))]) for k in range(64)],
    function("F64", ["i"], ["o"], [node("Relu", ["i"], ["o"])]), call=in_domain(node("F0", ["x"], ["y"]))), "stopped after")
add("functions 200 deep", with_functions(
    *[function("F%d" % k, ["i"], ["o"], [in_domain(node("F%d" % (k + 1), ["i"], ["o"]))]) for k in range(200)],
    function("F200", ["i"], ["o"], [node("Relu", ["i"], ["o"])]), call=in_domain(node("F0", ["x"], ["y"]))), "deeper than 100")
add("function of too many inputs", with_functions(function("F", ["i"], ["o"], [node("Relu", ["i"], ["o"])]), call=in_domain(node("F", ["x", "x", "x"], ["y"]))), "inputs")
add("function whose output nothing makes", with_functions(function("F", ["i"], ["o"], [node("Relu", ["i"], ["z"])])), "before anything")
add("function whose attribute refers to nothing", with_functions(function("F", ["i"], ["o"], [node("Softmax", ["i"], ["o"], "", [attr_ref("axis", "nothing", 2)])])), None)
add("attribute of the main graph that is a reference", one("Softmax", ["x"], [attr_ref("axis", "axis", 2)]), None)
add("reference to itself", with_functions(function("F", ["i"], ["o"], [node("Softmax", ["i"], ["o"], "", [attr_ref("axis", "axis", 2)])]), call=in_domain(node("F", ["x"], ["y"], "", [attr_ref("axis", "axis", 2)]))), None)
add("reference to a block that is none", with_functions(function("F", ["i"], ["o"], [node("If", ["i"], ["o"], "", [attr_ref("then_branch", "a", 5), attr_ref("else_branch", "a", 5)])])), "condition|then_branch|branch")


# ---- blocks ----
def ifs(levels):
    g = graph([node("Relu", ["x"], ["y0"])], [], [part(1, "y0")])
    for k in range(1, levels + 1):
        g = graph([node("If", ["c"], ["y%d" % k], "", [attr_graph("then_branch", g), attr_graph("else_branch", graph([node("Identity", ["x"], ["e%d" % k])], [], [part(1, "e%d" % k)]))])],
                  [X] if k == levels else [], [part(1, "y%d" % k)], [truth("c")] if k == levels else [])
    return number(1, 8) + part(7, g) + opset(8, "", 17)


add("Ifs 30 deep", ifs(30), None)
add("Ifs 10,000 deep", ifs(10000), "deeper than 100")
add("10,000 Ifs that share a name", number(1, 8) + part(7, graph(
    [node("If", ["c"], ["v%d" % k], "", [attr_graph(b, graph([node("Identity", ["x"], ["o"])], [], [part(1, "o")])) for b in ("then_branch", "else_branch")])
     for k in range(10000)], [X], [part(1, "v9999")], [truth("c")])) + opset(8, "", 17), None)

# ---- initializers whose bytes are not what their dims say ----
add("initializer with less bytes", one("Relu", ["w"], inits=[tensor("w", FLOAT, [4], bytes(12))], ins=()), "bytes")
add("initializer with more bytes", one("Relu", ["w"], inits=[tensor("w", FLOAT, [4], bytes(20))], ins=()), "bytes")
add("initializer of 2^62 elements", one("Relu", ["w"], inits=[tensor("w", FLOAT, [1 << 31, 1 << 31], bytes(16))], ins=()), "bytes|elements|large")
add("initializer of -1 elements", one("Relu", ["w"], inits=[tensor("w", FLOAT, [-1], bytes(4))], ins=()), "-1")
add("sparse initializer with an index beyond", number(1, 8) + part(7, graph([node("Relu", ["w"], ["y"])], [], [Y]) + part(15,
    part(1, tensor("w", FLOAT, [1], struct.pack("<f", 1))) + part(2, tensor("", INT64, [1], struct.pack("<q", HUGE))) + number(3, 8))) + opset(8, "", 17), "index|outside|indices")
add("sparse initializer of 2^62", number(1, 8) + part(7, graph([node("Relu", ["w"], ["y"])], [], [Y]) + part(15,
    part(1, tensor("w", FLOAT, [1], struct.pack("<f", 1))) + part(2, tensor("", INT64, [1], struct.pack("<q", 0))) + number(3, 1 << 31) + number(3, 1 << 31))) + opset(8, "", 17), TOO_LARGE)
