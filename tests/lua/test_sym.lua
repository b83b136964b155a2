-- The sym helpers: what they write at each opset.

-- Converts a graph whose only node is acme::f(x, y) by body(g, x, y) at an opset; the result becomes the current model.
local function convert(opset, body, x, y)
  command(("trace graph(%%x : %s,\n      %%y : %s):\n  %%z : Tensor = acme::f(%%x, %%y), scope: __main__.Net:: # net.py:1:0\n" ..
           "  return (%%z)\n"):format(x or "Float(2, 3, 4)", y or "Float(2, 3, 4)"))
  symbolic("acme::f", function(g, x, y) return body(g, x, y) end)
  command("export " .. opset)
  return graph:outputs()[1]:node()
end

local function refuses(opset, why, body, x, y)
  local ok = pcall(convert, opset, body, x, y)
  assert(not ok, "not refused: " .. why)
end

local function check(got, want, what)
  assert(got == want, ("%s: %s, not %s"):format(what, tostring(got), tostring(want)))
end

local function list(t)
  if not t then return nil end
  if type(t) == "userdata" then t = t:totable() end
  local out = {}
  for i = 1, t.n do out[i] = tostring(t[i]) end
  return table.concat(out, " ")
end

-- True if the result is the input itself, which a graph returns by way of an Identity.
local function is_input(n) return not n or n:op() == "onnx::Identity" and n:input(1):is_input() end

-- 0, 1, ... of a length that is known, or not
for _, opset in ipairs{9, 10, 11, 17} do
  local n = convert(opset, function(g, x) return sym.count(g, sym.size(g, x, 0)) end)
  check(list(graph:outputs()[1]:tensor()), "0 1", "count of a known length")
  n = convert(opset, function(g, x) return sym.count(g, sym.size(g, x, 0)) end, "Float(*, 3)")
  check(n:op(), opset < 11 and "onnx::Reshape" or "onnx::Range", "count at " .. opset)
end

-- axes that became inputs in opset 13
for _, opset in ipairs{9, 11, 12, 13, 17, 18} do
  local n = convert(opset, function(g, x) return sym.unsqueeze(g, x, {0, -1}) end)
  check(n:op(), "onnx::Unsqueeze", "op")
  check(list(n:output():type():sizes()), "1 2 3 4 1", "unsqueeze at " .. opset)
  if opset >= 13 then check(list(n:input(2):tensor()), "0 -1", "axes") else
    check(list(n:attr("axes")), opset < 11 and "0 4" or "0 -1", "axes")
  end
  n = convert(opset, function(g, x) return sym.squeeze(g, x, -2) end, "Float(2, 1, 4)")
  check(list(n:output():type():sizes()), "2 4", "squeeze at " .. opset)
  if opset < 11 then check(list(n:attr("axes")), "1", "axes") end
  n = convert(opset, function(g, x) return sym.reduce(g, "ReduceSum", x, {-1}, true) end)
  check(n:attr("axes") == nil, opset >= 13, "ReduceSum at " .. opset)
  check(list(n:output():type():sizes()), "2 3 1", "reduced")
  n = convert(opset, function(g, x) return sym.reduce(g, "ReduceMean", x, {-1, 0}) end)
  check(n:attr("axes") == nil, opset >= 18, "ReduceMean at " .. opset)
  check(list(n:output():type():sizes()), "3", "reduced")
  n = convert(opset, function(g, x) return sym.reduce(g, "ReduceMax", x) end)
  check(n:output():type():rank(), 0, "all reduced")
  n = convert(opset, function(g, x) return sym.slice(g, x, {-1}, {1}, {3}) end)
  check(n:attr("axes") == nil, opset >= 10, "Slice at " .. opset)
  check(list(n:output():type():sizes()), "2 3 2", "sliced")
  n = convert(opset, function(g, x) return sym.split(g, x, {1, 2}, 1)[2] end)
  check(n:attr("split") == nil, opset >= 13, "Split at " .. opset)
  n = convert(opset, function(g, x) return sym.clip(g, x, 0, 6.5) end)
  check(n:attr("max"), opset < 11 and 6.5 or nil, "Clip at " .. opset)
  if opset >= 11 then check(n:input(3):tensor()[1], 6.5, "max") end
  n = convert(opset, function(g, x) return sym.pad(g, x, {0, 0, 1, 0, 0, 2}, "constant", 5) end)
  check(list(n:output():type():sizes()), "2 3 7", "padded")
  check(opset < 11 and n:attr("value") or n:input(3):tensor()[1], 5.0, "Pad at " .. opset)
  n = convert(opset, function(g, x) return sym.softmax(g, x, 1) end)
  check(n:op(), opset >= 13 and "onnx::Softmax" or "onnx::Transpose", "softmax of a middle dim at " .. opset)
  check(list(n:output():type():sizes()), "2 3 4", "softmax")
  n = convert(opset, function(g, x, y) return sym.equal(g, x, y) end)
  check(n:op(), opset >= 11 and "onnx::Equal" or "onnx::Not", "equal at " .. opset)
  n = convert(opset, function(g, x, y) return sym.equal(g, x, y) end, "Long(2)", "Long(2)")
  check(n:op(), "onnx::Equal", "equal of integers")
  n = convert(opset, function(g, x, y) return sym.arith(g, "Add", x, y) end, "Byte(2)", "Byte(2)")
  check(n:op(), opset >= 14 and "onnx::Add" or "onnx::Cast", "narrow integers at " .. opset)
  check(n:output():type():dtype(), "uint8", "their type")
end

-- clip of integers before opset 12 compares
check(convert(11, function(g, x) return sym.clip(g, x, 1, 5) end, "Long(3)"):op(), "onnx::Where", "clip of integers")
check(convert(12, function(g, x) return sym.clip(g, x, 1, 5) end, "Long(3)"):op(), "onnx::Clip", "clip of integers")

-- shapes
do
  local n = convert(17, function(g, x) return sym.reshape(g, x, {2, -1}) end)
  check(list(n:input(2):tensor()), "2 -1", "a constant shape")
  n = convert(17, function(g, x) return sym.reshape(g, x, {sym.size(g, x, 0), -1, n = 2}) end)
  check(list(n:input(2):tensor()), "2 -1", "a known size is a number")
  n = convert(17, function(g, x) return sym.reshape(g, x, {sym.size(g, x, 0), -1, n = 2}) end, "Float(*, 3)")
  check(n:input(2):node():op(), "onnx::Concat", "a computed size")
  n = convert(17, function(g, x) return sym.reshape(g, x, {0, 4}) end, "Float(0, 8)")
  check(n:attr("allowzero"), 1, "a size of 0")
  refuses(13, "a size of 0 before opset 14", function(g, x) return sym.reshape(g, x, {0, 4}) end, "Float(0, 8)")
  n = convert(17, function(g, x) return sym.expand(g, x, {2, -1, 4}) end)
  check(is_input(n), true, "an expand that changes nothing is the value itself")
  n = convert(17, function(g, x) return sym.expand(g, x, {5, 2, -1, 4}) end)
  check(list(n:output():type():sizes()), "5 2 3 4", "expand")
  n = convert(17, function(g, x) return sym.transpose(g, x, {0, 1, 2}) end)
  check(is_input(n), true, "a transpose that changes nothing")
  n = convert(17, function(g, x) return sym.swap(g, x, 0, -1) end)
  check(list(n:attr("perm")), "2 1 0", "swap")
  n = convert(17, function(g, x) return sym.fill(g, {2, 3}, 7, "int32") end)
  check(n:op() == "onnx::ConstantOfShape" or n:op() == "onnx::Constant", true, "fill")
  check(n:output():type():dtype(), "int32", "fill")
end

-- types
do
  local n = convert(17, function(g, x, y) return sym.cast_like(g, x, y) end, "Float(2)", "Half(2)")
  check(n:op() .. " " .. n:output():type():dtype(), "onnx::Cast float16", "cast_like")
  n = convert(17, function(g, x, y) return sym.cast_like(g, x, g:op("my::Odd", y)) end, "Float(2)")
  check(n:op(), "onnx::CastLike", "an unknown type")
  refuses(14, "an unknown type before opset 15", function(g, x, y) return sym.cast_like(g, x, g:op("my::Odd", y)) end, "Float(2)")
  n = convert(17, function(g, x) return sym.cast(g, x, "float32") end)
  check(is_input(n), true, "a cast to its own type")
  n = convert(17, function(g, x) return sym.to_float(g, x) end, "Long(2)")
  check(n:output():type():dtype(), "float32", "to_float")
  n = convert(17, function(g, x, y) return sym.arith(g, "Mul", x, y) end, "Long(2)", "Float(2)")
  check(n:output():type():dtype(), "float32", "arith promotes")
end

-- what needs no graph
check(sym.dtype(1), "int64", "dtype") check(sym.dtype(1.0), "float32", "dtype") check(sym.dtype(true), "bool", "dtype")
check(sym.dtype("x"), nil, "dtype") check(sym.onnx_dtype("bfloat16"), 16, "onnx_dtype")
check(pcall(sym.onnx_dtype, "float99"), false, "onnx_dtype")
check(sym.scalar(3), 3, "scalar") check(sym.maybe_scalar({}), nil, "scalar")
check(list(sym.ints(4)), "4", "ints") check(list(sym.ints({1, 2, n = 2})), "1 2", "ints") check(sym.ints({1.5, n = 1}), nil, "ints")
check(list(sym.tuple(3, 2)), "3 3", "tuple") check(list(sym.tuple({1, 2, n = 2}, 2)), "1 2", "tuple")
check(pcall(sym.tuple, {1, 2, 3, n = 3}, 2), false, "tuple")
check(sym.is_float_type("float16"), true, "float type") check(sym.is_integer_type("bool"), false, "integer type")
