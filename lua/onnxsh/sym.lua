-- sym: helpers that hide what changed between opsets, and PyTorch's rules of types. Written with g:op alone; a helper that
-- adds nodes takes g first. Axes and dims count from 0 and may be negative, as in PyTorch and ONNX.
local sym = sym

-- ---- what a thing is ----

local function is_value(x) return type(x) == "userdata" end

local category = {
  bool = 0, uint8 = 1, int8 = 1, int16 = 1, int32 = 1, int64 = 1, uint16 = 1, uint32 = 1, uint64 = 1,
  float16 = 2, bfloat16 = 2, float32 = 2, float64 = 2, complex64 = 3, complex128 = 3,
}

local onnx_number = {
  float32 = 1, uint8 = 2, int8 = 3, uint16 = 4, int16 = 5, int32 = 6, int64 = 7, string = 8, bool = 9, float16 = 10,
  float64 = 11, uint32 = 12, uint64 = 13, complex64 = 14, complex128 = 15, bfloat16 = 16,
}

--- sym.dtype(x) -> string or nil
--- The element type of a value or of a number ("int64", "float32", "bool"); nil if it is not known.
function sym.dtype(x)
  if is_value(x) then return x:type():dtype() end
  if type(x) == "boolean" then return "bool" end
  return math.type(x) == "integer" and "int64" or math.type(x) == "float" and "float32" or nil
end

--- sym.onnx_dtype(dtype) -> integer
--- ONNX's number of an element type, for attributes such as to_i.
function sym.onnx_dtype(dtype)
  return onnx_number[dtype] or error("no ONNX number for dtype " .. tostring(dtype), 2)
end

--- sym.is_float(x) -> boolean or nil
--- True if the element type of x is a floating point one; nil if it is not known.
function sym.is_float(x)
  local d = sym.dtype(x)
  if not d then return nil end
  return category[d] == 2
end

--- sym.is_float_type(dtype) -> boolean
--- True for "float32" and the other floating point types.
function sym.is_float_type(dtype) return category[dtype] == 2 end

--- sym.is_integer_type(dtype) -> boolean
--- True for "int64" and the other integer types; bool is none.
function sym.is_integer_type(dtype) return category[dtype] == 1 end

--- sym.rank(x) -> integer or nil
--- How many dims a value has; nil if it is not known.
function sym.rank(x)
  if is_value(x) then return x:type():rank() end
  return 0
end

--- sym.need_rank(g, x, [what]) -> integer
--- How many dims a value has; refuses the node if it is not known.
function sym.need_rank(g, x, what)
  return sym.rank(x) or g:unsupported((what or "the input") .. " has an unknown rank")
end

--- sym.axis(g, x, dim) -> integer
--- dim counted from the front. A negative one needs the rank of x before opset 11, where ONNX has no negative axes.
function sym.axis(g, x, dim)
  if dim >= 0 then return dim end
  local rank = sym.rank(x)
  if rank then return rank == 0 and 0 or dim + rank end
  if g:opset() >= 11 then return dim end
  return g:unsupported("a negative dim and an unknown rank before opset 11")
end

--- sym.sizes(x) -> list or nil
--- The dims of a value if all of them are known integers.
function sym.sizes(x)
  local s = x:type():sizes()
  for i = 1, s and s.n or 0 do
    if math.type(s[i]) ~= "integer" then return nil end
  end
  return s
end

--- sym.dim_size(x, dim) -> integer or nil
--- One dim of a value if it is a known integer.
function sym.dim_size(x, dim)
  local rank = sym.rank(x)
  if not rank or rank == 0 then return nil end
  local d = x:type():dim(dim < 0 and dim or dim + 1)
  return math.type(d) == "integer" and d or nil
end

--- sym.scalar(x) -> number or boolean
--- The number that x is: a number itself, or a constant of one element. Raises an error if it is not constant.
function sym.scalar(x)
  local v = sym.maybe_scalar(x)
  if v == nil then error("a constant expected, got " .. (is_value(x) and "a value that is computed" or type(x)), 2) end
  return v
end

--- sym.maybe_scalar(x) -> number, boolean or nil
--- As sym.scalar, but nil if x is not constant.
function sym.maybe_scalar(x)
  if type(x) == "number" or type(x) == "boolean" then return x end
  if not is_value(x) then return nil end
  local t = x:tensor()
  if t and #t == 1 then return t[1] end
end

--- sym.ints(x) -> list or nil
--- The integers of x: a list of them, one integer, or a constant tensor of rank 1; nil if some are computed.
function sym.ints(x)
  if math.type(x) == "integer" then return {x, n = 1} end
  if is_value(x) then
    local t = x:tensor()
    if not t or t:rank() > 1 then return nil end
    x = t:totable()
  end
  if type(x) ~= "table" then return nil end
  local out = {n = x.n or #x}
  for i = 1, out.n do
    local v = sym.maybe_scalar(x[i])
    out[i] = v and math.tointeger(v)
    if not out[i] then return nil end
  end
  return out
end

--- sym.tuple(x, n) -> list
--- A list of n integers: one integer, or a list of one, serves n times, as in PyTorch's int[2].
function sym.tuple(x, n)
  local list = sym.ints(x)
  if not list then return nil end
  if list.n == n then return list end
  if list.n ~= 1 then error(("%d integers expected, got %d"):format(n, list.n), 2) end
  local out = {n = n}
  for i = 1, n do out[i] = list[1] end
  return out
end

-- ---- constants and types ----

--- sym.constant(g, data, [dtype], [dims]) -> value
--- Adds a constant: a number, nested tables, or a flat table with dims; see sym.tensor.
function sym.constant(g, data, dtype, dims) return g:constant(data, dtype, dims) end

--- sym.value(g, x, [dtype]) -> value
--- x itself if it is a value, else a constant of it.
function sym.value(g, x, dtype)
  if is_value(x) then return x end
  return g:constant(x, dtype)
end

--- sym.cast(g, x, dtype) -> value
--- x as that element type; x itself if it is that already. A number becomes a constant of it.
function sym.cast(g, x, dtype)
  if not is_value(x) then
    if category[dtype] == 1 and math.type(x) == "float" then x = x >= 0 and math.floor(x) or math.ceil(x) end
    if dtype == "bool" then x = x ~= 0 and x ~= false end
    if category[dtype] ~= 0 and type(x) == "boolean" then x = x and 1 or 0 end
    return g:constant(x, dtype)
  end
  if sym.dtype(x) == dtype then return x end
  return g:op("Cast", x, {to_i = sym.onnx_dtype(dtype)})
end

--- sym.cast_to(g, x, dtype) -> value
--- As sym.cast, but x stays as it is (a number becomes a constant) if dtype is nil.
function sym.cast_to(g, x, dtype)
  if dtype then return sym.cast(g, x, dtype) end
  return sym.value(g, x)
end

--- sym.to_float(g, x) -> value
--- x itself if its type is a floating point one or unknown, else x as float32: what PyTorch's functions of real numbers do.
function sym.to_float(g, x)
  if sym.is_float(x) == false then return sym.cast(g, x, "float32") end
  return sym.value(g, x)
end

--- sym.cast_like(g, x, like) -> value
--- x (a value or a number) as the element type of the value like.
function sym.cast_like(g, x, like)
  local d = sym.dtype(like)
  if d then return sym.cast(g, x, d) end
  if g:opset() < 15 then return g:unsupported("the dtype to cast to is not known (CastLike needs opset 15)") end
  return g:op("CastLike", sym.value(g, x), like)
end

local rank_of = {uint8 = 1, int8 = 1, int16 = 2, int32 = 3, int64 = 4, float16 = 1, bfloat16 = 1, float32 = 2, float64 = 3,
                 uint16 = 2, uint32 = 3, uint64 = 4, complex64 = 1, complex128 = 2, bool = 0}

--- sym.promote_types(a, b) -> dtype
--- The smallest element type that both convert to, by PyTorch's table; either may be nil.
function sym.promote_types(a, b)
  if not a or not b or a == b then return a or b end
  local ca, cb = category[a], category[b]
  if ca ~= cb then return ca > cb and a or b end
  if ca == 2 and rank_of[a] == 1 and rank_of[b] == 1 then return "float32" end
  if a == "uint8" and b ~= "uint8" then return b == "int8" and "int16" or b end
  if b == "uint8" and a ~= "uint8" then return a == "int8" and "int16" or a end
  return rank_of[a] >= rank_of[b] and a or b
end

--- sym.result_type(...) -> dtype or nil
--- The element type that PyTorch computes with, given values and numbers: dims count more than scalars, and scalars more
--- than numbers, unless a higher kind (bool, integer, float, complex) is among the lesser. nil if a value's is unknown.
function sym.result_type(...)
  local by = {}
  for i = 1, select("#", ...) do
    local x = select(i, ...)
    local d = sym.dtype(x)
    if not d then return nil end
    local level = not is_value(x) and 3 or sym.rank(x) == 0 and 2 or 1
    by[level] = sym.promote_types(by[level], d)
  end
  local out = by[1]
  for level = 2, 3 do
    local d = by[level]
    if d and not out then
      out = d
    elseif d and category[d] > category[out] then
      out = sym.promote_types(out, d)
    end
  end
  return out
end

--- sym.traced_dtype(g, [i]) -> dtype or nil
--- The element type that the trace saw for the i-th output (the first by default) of the node being converted.
function sym.traced_dtype(g, i)
  local t = g:traced_type(i)
  return t and t:dtype()
end

--- sym.promote(g, dtype, ...) -> values and numbers
--- Each as that element type: values are cast, numbers stay numbers. With dtype nil they stay as they are.
function sym.promote(g, dtype, ...)
  local out = {...}
  for i = 1, select("#", ...) do
    local x = out[i]
    if dtype and is_value(x) then
      out[i] = sym.cast(g, x, dtype)
    elseif dtype and x ~= nil then
      local c = category[dtype]
      if type(x) == "boolean" and c > 0 then x = x and 1 or 0 end
      if c == 2 then x = x + 0.0 end
      if c == 1 and math.type(x) == "float" then x = math.tointeger(x) or x end
      out[i] = x
    end
  end
  return table.unpack(out, 1, select("#", ...))
end

-- ---- shapes ----

--- sym.index(g, x) -> value
--- An integer (a number, or a value of any integer type) as an int64 of rank 1 with one element.
function sym.index(g, x)
  if not is_value(x) then return g:constant({x}, "int64") end
  x = sym.cast(g, x, "int64")
  if sym.rank(x) == 1 then return x end
  return sym.reshape(g, x, {1})
end

--- sym.shape(g, list) -> value
--- A list of integers and values as one int64 of rank 1, as Reshape and Expand take it. A value of rank 1 stays.
function sym.shape(g, list)
  if is_value(list) then return sym.cast(g, list, "int64") end
  if type(list) == "number" then list = {list, n = 1} end
  local ints = sym.ints(list)
  if ints then return g:constant(ints, "int64", {ints.n}) end
  local parts, run = {}, {}
  local function flush()
    if #run > 0 then parts[#parts + 1] = g:constant(run, "int64") end
    run = {}
  end
  for i = 1, list.n or #list do
    local v = sym.maybe_scalar(list[i])
    if v then
      run[#run + 1] = math.tointeger(v)
    else
      flush()
      parts[#parts + 1] = sym.index(g, list[i])
    end
  end
  flush()
  if #parts == 1 then return parts[1] end
  return g:op("Concat", parts, {axis_i = 0})
end

--- sym.shape_of(g, x) -> value
--- The shape of x as an int64 of rank 1: a constant if all dims are known.
function sym.shape_of(g, x)
  local s = sym.sizes(x)
  if s then return g:constant(s, "int64", {s.n}) end
  return g:op("Shape", x)
end

--- sym.size(g, x, dim) -> integer or value
--- One dim of x: an integer if it is known, else an int64 of rank 0.
function sym.size(g, x, dim)
  local known = sym.dim_size(x, dim)
  if known then return known end
  local shape = g:op("Shape", x)
  if dim < 0 and g:opset() < 11 then dim = dim + sym.need_rank(g, x) end
  return g:op("Gather", shape, g:constant(dim, "int64"), {axis_i = 0})
end

--- sym.size_list(g, x, [from], [to]) -> list
--- Dims from..to of x (all by default) as integers where they are known and values where not. Needs the rank.
function sym.size_list(g, x, from, to)
  local rank = sym.need_rank(g, x)
  from, to = from or 0, to or rank - 1
  local out = {n = math.max(to - from + 1, 0)}
  for d = from, to do out[d - from + 1] = sym.size(g, x, d) end
  return out
end

--- sym.count(g, n) -> value
--- 0, 1, ... n - 1 as an int64 of rank 1; n is an integer or a value of one element. A constant if it is short.
function sym.count(g, n)
  local known = sym.maybe_scalar(n)
  if known and known <= 65536 then
    local list = {}
    for i = 1, known do list[i] = i - 1 end
    return g:constant(list, "int64", {known})
  end
  if g:opset() < 11 then -- the places of what is not zero
    local ones = g:op("ConstantOfShape", sym.shape(g, {n}), {value_t = sym.tensor({1}, "int64")})
    return sym.reshape(g, g:op("NonZero", ones), {-1})
  end
  local stop = sym.value(g, n, "int64")
  if sym.rank(stop) ~= 0 then stop = sym.reshape(g, stop, {n = 0}) end
  return g:op("Range", g:constant(0, "int64"), stop, g:constant(1, "int64"))
end

--- sym.reshape(g, x, list) -> value
--- Reshape to a list of integers and values (-1: the rest). A 0 is a size of 0, as in PyTorch, not ONNX's "as it was".
function sym.reshape(g, x, list)
  local ints = sym.ints(list)
  local attrs
  for i = 1, ints and ints.n or 0 do
    if ints[i] == 0 then
      if g:opset() < 14 then return g:unsupported("a size of 0 in Reshape needs opset 14") end
      attrs = {allowzero_i = 1}
    end
  end
  return g:op("Reshape", x, sym.shape(g, list), attrs)
end

--- sym.keep_reshape(g, x, list) -> value
--- Reshape where 0 means "as it was", as in ONNX.
function sym.keep_reshape(g, x, list) return g:op("Reshape", x, sym.shape(g, list)) end

local function as_list(axes)
  if type(axes) == "number" then return {axes} end
  return axes
end

--- sym.unsqueeze(g, x, axes) -> value
--- Inserts dims of size 1 (an axis or a list; positions in the result). Axes became an input in opset 13.
function sym.unsqueeze(g, x, axes)
  axes = as_list(axes)
  if g:opset() >= 13 then return g:op("Unsqueeze", x, g:constant(axes, "int64", {#axes})) end
  local out = {}
  for i, a in ipairs(axes) do
    out[i] = (a < 0 and g:opset() < 11) and a + sym.need_rank(g, x) + #axes or a
  end
  return g:op("Unsqueeze", x, {axes_i = out})
end

--- sym.squeeze(g, x, [axes]) -> value
--- Removes dims of size 1, all of them without axes. Axes became an input in opset 13.
function sym.squeeze(g, x, axes)
  if not axes then return g:op("Squeeze", x) end
  axes = as_list(axes)
  if g:opset() >= 13 then return g:op("Squeeze", x, g:constant(axes, "int64", {#axes})) end
  local out = {}
  for i, a in ipairs(axes) do out[i] = sym.axis(g, x, a) end
  return g:op("Squeeze", x, {axes_i = out})
end

--- sym.slice(g, x, axes, starts, ends, [steps]) -> value
--- A slice along axes; starts, ends and steps are lists of integers and values. They became inputs in opset 10.
function sym.slice(g, x, axes, starts, ends, steps)
  axes, starts, ends, steps = as_list(axes), as_list(starts), as_list(ends), as_list(steps)
  local plain = true
  for i = 1, steps and #steps or 0 do plain = plain and steps[i] == 1 end
  if g:opset() >= 10 then
    return g:op("Slice", x, sym.shape(g, starts), sym.shape(g, ends), g:constant(axes, "int64", {#axes}),
                not plain and sym.shape(g, steps) or nil)
  end
  local s, e = sym.ints(starts), sym.ints(ends)
  if not s or not e then return g:unsupported("a slice with computed bounds needs opset 10") end
  if not plain then return g:unsupported("a slice with steps needs opset 10") end
  s.n, e.n = nil, nil
  local positive = {}
  for i, a in ipairs(axes) do positive[i] = sym.axis(g, x, a) end
  return g:op("Slice", x, {axes_i = positive, starts_i = s, ends_i = e})
end

--- sym.transpose(g, x, perm) -> value
--- Transpose; x itself if perm changes nothing.
function sym.transpose(g, x, perm)
  local same = true
  for i, p in ipairs(perm) do same = same and p == i - 1 end
  if same then return x end
  return g:op("Transpose", x, {perm_i = perm})
end

--- sym.swap(g, x, a, b) -> value
--- Exchanges two dims. Needs the rank.
function sym.swap(g, x, a, b)
  local rank = sym.need_rank(g, x)
  if rank == 0 then return x end
  a, b = sym.axis(g, x, a), sym.axis(g, x, b)
  local perm = {}
  for i = 1, rank do perm[i] = i - 1 end
  perm[a + 1], perm[b + 1] = b, a
  return sym.transpose(g, x, perm)
end

--- sym.expand(g, x, list) -> value
--- Expand to a list of integers and values; -1 keeps a dim. x itself if its shape is known to be that already.
function sym.expand(g, x, list)
  local ints, own = sym.ints(list), sym.sizes(x)
  if ints and own and ints.n == own.n then
    local same = true
    for i = 1, own.n do same = same and (ints[i] == -1 or ints[i] == own[i]) end
    if same then return x end
  end
  if is_value(list) then return g:op("Expand", x, sym.cast(g, list, "int64")) end
  local out = {n = list.n or #list}
  for i = 1, out.n do out[i] = sym.maybe_scalar(list[i]) == -1 and 1 or list[i] end
  return g:op("Expand", x, sym.shape(g, out))
end

--- sym.concat(g, list, axis) -> value
--- Concat of a list of values; the value itself if there is one.
function sym.concat(g, list, axis)
  if (list.n or #list) == 1 then return list[1] end
  return g:op("Concat", list, {axis_i = axis})
end

--- sym.split(g, x, sizes, axis) -> list of values
--- Splits along an axis into parts of known sizes. The sizes became an input in opset 13.
function sym.split(g, x, sizes, axis)
  local n = sizes.n or #sizes
  if n == 1 then return {x, n = 1} end
  local out
  if g:opset() >= 13 then
    out = {g:op("Split", x, g:constant(sizes, "int64", {n}), {axis_i = axis, outputs = n})}
  else
    out = {g:op("Split", x, {axis_i = axis, split_i = sizes, outputs = n})}
  end
  out.n = n
  return out
end

-- ---- computing ----

--- sym.reduce(g, op, x, [axes], [keepdims]) -> value
--- A reduction ("ReduceMean", ...) over axes, all of them without. Axes became an input in opset 13 for ReduceSum, 18 for
--- the others.
function sym.reduce(g, op, x, axes, keepdims)
  axes = axes and as_list(axes)
  if axes and #axes == 0 then axes = nil end
  local keep = (keepdims == true or keepdims == 1) and 1 or 0
  if g:opset() >= (op == "ReduceSum" and 13 or 18) then
    return g:op(op, x, axes and g:constant(axes, "int64", {#axes}), {keepdims_i = keep})
  end
  local out
  if axes then
    out = {}
    for i, a in ipairs(axes) do out[i] = sym.axis(g, x, a) end
  end
  return g:op(op, x, {axes_i = out, keepdims_i = keep})
end

--- sym.clip(g, x, [min], [max]) -> value
--- x held between numbers or values of rank 0. The bounds became inputs in opset 11; integers before opset 12 are compared.
function sym.clip(g, x, min, max)
  if min == nil and max == nil then return x end
  local opset, d = g:opset(), sym.dtype(x)
  if opset < 12 and d and category[d] ~= 2 then
    if min ~= nil then x = g:op("Where", g:op("Less", x, min), sym.cast(g, min, d), x) end
    if max ~= nil then x = g:op("Where", g:op("Greater", x, max), sym.cast(g, max, d), x) end
    return x
  end
  if opset < 11 then
    local lo, hi = sym.maybe_scalar(min), sym.maybe_scalar(max)
    if (min ~= nil and not lo) or (max ~= nil and not hi) then
      if min ~= nil then x = g:op("Max", x, sym.cast_like(g, min, x)) end
      if max ~= nil then x = g:op("Min", x, sym.cast_like(g, max, x)) end
      return x
    end
    return g:op("Clip", x, {min_f = lo, max_f = hi})
  end
  return g:op("Clip", x, min ~= nil and sym.cast_like(g, min, x) or nil, max ~= nil and sym.cast_like(g, max, x) or nil)
end

--- sym.pad(g, x, pads, [mode], [value]) -> value
--- Pads by ONNX's list (begins, then ends; integers and values). pads became an input in opset 11.
function sym.pad(g, x, pads, mode, value)
  mode = mode or "constant"
  local ints = sym.ints(pads)
  local any = not ints
  for i = 1, ints and ints.n or 0 do any = any or ints[i] ~= 0 end
  if not any then return x end
  if g:opset() >= 11 then
    local v = mode == "constant" and sym.cast_like(g, value or 0, x) or nil
    return g:op("Pad", x, sym.shape(g, pads), v, {mode_s = mode})
  end
  if not ints then return g:unsupported("computed pads need opset 11") end
  return g:op("Pad", x, {mode_s = mode, pads_i = ints, value_f = mode == "constant" and (sym.scalar(value or 0) + 0.0) or nil})
end

--- sym.arith(g, op, a, b, [dtype]) -> value
--- Add, Sub, Mul or Div of values and numbers in one element type. Narrow integers, which these operators take from opset
--- 14 on, are computed as int32 before.
function sym.arith(g, op, a, b, dtype)
  dtype = dtype or sym.result_type(a, b)
  local narrow = dtype and g:opset() < 14 and (category[dtype] == 1 and rank_of[dtype] <= 2)
  a, b = sym.promote(g, narrow and "int32" or dtype, a, b)
  if not is_value(a) and not is_value(b) then a = sym.value(g, a, dtype) end
  local y = g:op(op, a, b)
  return narrow and sym.cast(g, y, dtype) or y
end

--- sym.equal(g, a, b) -> value
--- Equal of two operands of one type. Before opset 11 floats are neither less, greater nor NaN.
function sym.equal(g, a, b)
  local d = sym.dtype(is_value(a) and a or b)
  if g:opset() >= 11 or d == "int32" or d == "int64" or d == "bool" then return g:op("Equal", a, b) end
  if sym.is_integer_type(d) then return g:op("Equal", sym.cast(g, a, "int64"), sym.cast(g, b, "int64")) end
  local differs = g:op("Or", g:op("Less", a, b), g:op("Greater", a, b))
  local nan = is_value(a) and g:op("IsNaN", a)
  if is_value(b) then nan = nan and g:op("Or", nan, g:op("IsNaN", b)) or g:op("IsNaN", b) end
  return g:op("Not", nan and g:op("Or", differs, nan) or differs)
end

--- sym.softmax(g, x, dim, [log]) -> value
--- Softmax (or its logarithm) along one dim. Before opset 13 ONNX's ran over all dims from the axis on.
function sym.softmax(g, x, dim, log)
  local op = log and "LogSoftmax" or "Softmax"
  local rank = sym.rank(x)
  if g:opset() >= 13 then return g:op(op, x, {axis_i = dim}) end
  if rank == 0 then return sym.reshape(g, sym.softmax(g, sym.reshape(g, x, {1}), 0, log), {n = 0}) end
  if rank then
    local axis = sym.axis(g, x, dim)
    if axis == rank - 1 then return g:op(op, x, {axis_i = axis}) end
    return sym.swap(g, g:op(op, sym.swap(g, x, axis, -1), {axis_i = rank - 1}), axis, -1)
  end
  local shifted = g:op("Sub", x, sym.reduce(g, "ReduceMax", x, {dim}, true))
  local sum = sym.reduce(g, "ReduceSum", g:op("Exp", shifted), {dim}, true)
  if log then return g:op("Sub", shifted, g:op("Log", sum)) end
  return g:op("Div", g:op("Exp", shifted), sum)
end

--- sym.standardize(g, x, axes, eps) -> value
--- (x - mean) / sqrt(variance + eps) over axes: what the normalisations have in common.
function sym.standardize(g, x, axes, eps)
  local centred = g:op("Sub", x, sym.reduce(g, "ReduceMean", x, axes, true))
  local variance = sym.reduce(g, "ReduceMean", g:op("Mul", centred, centred), axes, true)
  return g:op("Div", centred, g:op("Sqrt", g:op("Add", variance, eps)))
end

--- sym.layer_norm(g, x, dims, weight, bias, eps) -> value
--- LayerNorm over the last dims, whose sizes are a list of integers and values; weight and bias may be nil. An operator from opset 17 on.
function sym.layer_norm(g, x, dims, weight, bias, eps)
  local n = dims.n or #dims
  if g:opset() >= 17 then
    local scale = weight or sym.ints(dims) and g:constant(1.0, sym.dtype(x) or "float32", dims)
    scale = scale or sym.fill(g, dims, 1.0, sym.dtype(x) or "float32")
    return g:op("LayerNormalization", x, scale, bias, {axis_i = -n, epsilon_f = eps})
  end
  local axes = {}
  for i = 1, n do axes[i] = i - n - 1 end
  local y = sym.standardize(g, x, axes, eps)
  if weight then y = g:op("Mul", y, weight) end
  if bias then y = g:op("Add", y, bias) end
  return y
end

--- sym.linear(g, x, weight, [bias]) -> value
--- x times the transposed weight, plus a bias, as torch.nn.Linear.
function sym.linear(g, x, weight, bias)
  if bias and sym.rank(x) == 2 and sym.rank(weight) == 2 then return g:op("Gemm", x, weight, bias, {transB_i = 1}) end
  local w = sym.rank(weight) == 1 and weight or g:op("Transpose", weight, {perm_i = {1, 0}})
  local y = g:op("MatMul", x, w)
  return bias and g:op("Add", y, bias) or y
end

--- sym.gelu(g, x, [approximate]) -> value
--- Gelu, "none" or "tanh". An operator from opset 20 on.
function sym.gelu(g, x, approximate)
  if g:opset() >= 20 then return g:op("Gelu", x, {approximate_s = approximate or "none"}) end
  if approximate == "tanh" then
    local cubed = g:op("Mul", g:op("Mul", x, x), x)
    local inner = g:op("Mul", g:op("Add", x, g:op("Mul", cubed, 0.044715)), 0.7978845608028654)
    return g:op("Mul", g:op("Mul", x, 0.5), g:op("Add", g:op("Tanh", inner), 1.0))
  end
  local erf = g:op("Erf", g:op("Div", x, 1.4142135623730951))
  return g:op("Mul", g:op("Mul", x, g:op("Add", erf, 1.0)), 0.5)
end

--- sym.nonzero(g, mask) -> list of values
--- Where mask is true: for each of its dims the places along it, int64 of rank 1. Needs the rank, which is not 0.
function sym.nonzero(g, mask)
  local found, out = g:op("NonZero", mask), {n = sym.need_rank(g, mask, "a mask")}
  for i = 1, out.n do out[i] = g:op("Gather", found, g:constant(i - 1, "int64"), {axis_i = 0}) end
  return out
end

--- sym.nonzero_list(g, x) -> list of values, or a sequence
--- What PyTorch's where(x) gives: sym.nonzero, taken apart if the trace takes it apart.
function sym.nonzero_list(g, x)
  local list = sym.nonzero(g, sym.need_rank(g, x) == 0 and sym.reshape(g, x, {1}) or x)
  if g:n_outputs() == list.n then return list end
  return sym.sequence(g, list)
end

--- sym.fill(g, shape, value, dtype) -> value
--- A tensor of that shape (a list, or an int64 of rank 1) whose elements all are one number.
function sym.fill(g, shape, value, dtype)
  local v = sym.maybe_scalar(value)
  if v ~= nil then
    if category[dtype] == 1 and math.type(v) == "float" then v = math.tointeger(v) or v // 1 | 0 end
    if dtype == "bool" then v = v ~= 0 and v ~= false end
    if dtype ~= "bool" and type(v) == "boolean" then v = v and 1 or 0 end
    return g:op("ConstantOfShape", sym.shape(g, shape), {value_t = sym.tensor({v}, dtype)})
  end
  return g:op("Expand", sym.cast(g, value, dtype), sym.shape(g, shape))
end

--- sym.sequence(g, list) -> value
--- A list of values as one value, a sequence. Needs opset 11.
function sym.sequence(g, list)
  if g:opset() < 11 then return g:unsupported("a sequence of tensors needs opset 11") end
  return g:op("SequenceConstruct", list)
end

--- sym.vector(g, list) -> value
--- A list of numbers as one value of rank 1; a value is one already.
function sym.vector(g, list)
  if is_value(list) then return list end
  local dtype = sym.result_type(table.unpack(list, 1, list.n))
  if dtype == "int64" or list.n == 0 then return sym.shape(g, list) end
  local parts = {}
  for i = 1, list.n do parts[i] = sym.reshape(g, sym.value(g, sym.cast_to(g, list[i], dtype)), {1}) end
  return g:op("Concat", parts, {axis_i = 0})
end

--- sym.identity(g, x) -> value
--- x itself: for operators that mean nothing in ONNX.
function sym.identity(_, x) return x end

return sym
