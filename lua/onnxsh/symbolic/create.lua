-- Making tensors. Where a dtype is left out, the trace says which it was.

local function full(g, size, value, dtype)
  return sym.fill(g, size, value, dtype or sym.traced_dtype(g) or "float32")
end

symbolic("aten::zeros", function(g, size, dtype) return full(g, size, 0, dtype) end)
symbolic("aten::ones", function(g, size, dtype) return full(g, size, 1, dtype) end)
symbolic("aten::full", function(g, size, fill_value, dtype)
  local v = sym.maybe_scalar(fill_value)
  return full(g, size, fill_value, dtype or sym.traced_dtype(g) or sym.dtype(v ~= nil and v or fill_value))
end)
-- What is in memory is not for a graph to say: zeros are as good as any.
symbolic("aten::empty.memory_format", function(g, size, dtype) return full(g, size, 0, dtype) end)

-- Filled with value; where no dtype is given, of that of self, known or not.
local function of_dtype(g, self, size, value, dtype)
  local d = dtype or sym.traced_dtype(g) or sym.dtype(self)
  if d then return sym.fill(g, size, value, d) end
  return sym.cast_like(g, sym.fill(g, size, value, "float32"), self)
end

local function like(g, self, value, dtype) return of_dtype(g, self, sym.shape_of(g, self), value, dtype) end

symbolic("aten::zeros_like", function(g, self, dtype) return like(g, self, 0, dtype) end)
symbolic("aten::ones_like", function(g, self, dtype) return like(g, self, 1, dtype) end)
symbolic("aten::empty_like", function(g, self, dtype) return like(g, self, 0, dtype) end)
symbolic("aten::full_like", function(g, self, fill_value, dtype) return like(g, self, fill_value, dtype) end)

symbolic("aten::new_zeros", function(g, self, size, dtype) return of_dtype(g, self, size, 0, dtype) end)
symbolic("aten::new_ones", function(g, self, size, dtype) return of_dtype(g, self, size, 1, dtype) end)
symbolic("aten::new_empty", function(g, self, size, dtype) return of_dtype(g, self, size, 0, dtype) end)
symbolic("aten::new_full", function(g, self, size, fill_value, dtype) return of_dtype(g, self, size, fill_value, dtype) end)

symbolic("aten::fill", function(g, self, value) return like(g, self, value, sym.dtype(self)) end)
symbolic("aten::zero", function(g, self) return like(g, self, 0, sym.dtype(self)) end)

symbolic("aten::scalar_tensor", function(g, s, dtype)
  return sym.cast(g, s, dtype or sym.traced_dtype(g) or sym.dtype(s))
end)

local function tensor_of(g, data, dtype)
  local d = dtype or sym.traced_dtype(g)
  if type(data) ~= "table" then return sym.cast_to(g, data, d) end
  local constant = true
  for i = 1, data.n do constant = constant and type(data[i]) ~= "userdata" and type(data[i]) ~= "table" end
  if constant then return g:constant(data, d, {data.n}) end
  local parts = {}
  for i = 1, data.n do parts[i] = sym.unsqueeze(g, sym.cast_to(g, data[i], d), 0) end
  return sym.concat(g, parts, 0)
end

symbolic("aten::tensor", tensor_of)
symbolic("aten::as_tensor", function(g, data, dtype)
  if type(data) == "userdata" then return dtype and sym.cast(g, data, dtype) or data end
  return tensor_of(g, data, dtype)
end)

-- torch.tensor(1): what TorchScript writes for it.
local function of_number(g, t, dtype) return sym.cast_to(g, t, dtype or sym.traced_dtype(g) or sym.dtype(t)) end

symbolic("aten::tensor.int", of_number)
symbolic("aten::tensor.float", of_number)
symbolic("aten::tensor.bool", of_number)

-- ---- ranges ----

-- The numbers of a range whose ends are constants, as one constant.
local function constant_range(g, start, stop, step, dtype)
  local out, n = {}, math.ceil((stop - start) / step)
  if n > 1000000 then return nil end
  for i = 0, n - 1 do out[i + 1] = start + i * step end
  return g:constant(out, dtype, {math.max(n, 0)})
end

-- Down, counted up: of a Range that goes down and is what a Gather reads, ONNX Runtime makes a Slice, which takes an end of
-- -1 for the last place.
local function range_down(g, start, stop, step)
  local first = sym.index(g, start)
  local n = g:op("Sub", first, sym.index(g, stop))
  if step ~= -1 then n = g:op("Div", g:op("Add", n, sym.index(g, -step - 1)), sym.index(g, -step)) end
  local count = sym.count(g, n)
  if step ~= -1 then count = g:op("Mul", count, sym.index(g, -step)) end
  return g:op("Sub", first, count)
end

local function range(g, start, stop, step, dtype)
  local a, b, c = sym.maybe_scalar(start), sym.maybe_scalar(stop), sym.maybe_scalar(step)
  local d = dtype or sym.traced_dtype(g) or sym.result_type(start, stop, step) or "int64"
  local y = a and b and c and constant_range(g, a, b, c, d)
  if y then return y end
  if a == 0 and c == 1 and sym.dtype(stop) == "int64" then return sym.cast(g, sym.count(g, stop), d) end
  if d == "int64" and math.type(c) == "integer" and c < 0 then return range_down(g, start, stop, c) end
  if g:opset() < 11 then return g:unsupported("a range with computed ends needs opset 11") end
  local function scalar(x)
    x = sym.cast(g, x, d)
    return sym.rank(x) == 0 and x or sym.reshape(g, x, {n = 0})
  end
  return g:op("Range", scalar(start), scalar(stop), scalar(step))
end

-- "end" is a word of Lua.
symbolic("aten::arange", function(g, end_, dtype) return range(g, 0, end_, 1, dtype) end)
symbolic("aten::arange.start", function(g, start, end_, dtype) return range(g, start, end_, 1, dtype) end)
symbolic("aten::arange.start_step", function(g, start, end_, step, dtype) return range(g, start, end_, step, dtype) end)

-- Numbers at equal distances, as constants; what makes integers of them cuts them off.
local function spaced(g, start, end_, steps, dtype, of)
  local a, b, n = sym.maybe_scalar(start), sym.maybe_scalar(end_), sym.maybe_scalar(steps)
  if not (a and b and n) then return g:unsupported("computed ends or steps") end
  if n > 1000000 then return g:unsupported("more than a million steps") end
  local d, out = dtype or sym.traced_dtype(g) or "float32", {}
  for i = 0, n - 1 do
    local x = of(n == 1 and a or i < n / 2 and a + (b - a) / (n - 1) * i or b - (b - a) / (n - 1) * (n - 1 - i))
    out[i + 1] = sym.is_float_type(d) and x or math.tointeger(x < 0 and math.ceil(x) or math.floor(x))
  end
  return g:constant(out, d, {n})
end

-- From each end to the middle, as PyTorch counts.
local function computed_steps(g, a, b, steps, d)
  local function const(x) return g:constant(x + 0.0, d) end
  local count = sym.cast(g, sym.count(g, steps), d)
  local n = sym.cast(g, sym.index(g, steps), d)
  local last = g:op("Sub", n, const(1))
  local gap = g:op("Div", const(b - a), g:op("Max", last, const(1)))
  local up = g:op("Add", const(a), g:op("Mul", gap, count))
  local down = g:op("Sub", const(b), g:op("Mul", gap, g:op("Sub", last, count)))
  return g:op("Where", g:op("Less", count, g:op("Div", n, const(2))), up, down)
end

symbolic("aten::linspace", function(g, start, end_, steps, dtype)
  local a, b, d = sym.maybe_scalar(start), sym.maybe_scalar(end_), dtype or sym.traced_dtype(g) or "float32"
  if a and b and not sym.maybe_scalar(steps) and (d == "float32" or d == "float64") then
    return computed_steps(g, a, b, steps, d)
  end
  return spaced(g, start, end_, steps, dtype, function(x) return x end)
end)

symbolic("aten::logspace", function(g, start, end_, steps, base, dtype)
  return spaced(g, start, end_, steps, dtype, function(x) return base ^ x end)
end)

-- ---- grids ----

local function meshgrid(g, tensors, xy)
  local n, out = tensors.n, {n = tensors.n}
  local shape = {n = n}
  local function axis_of(i) return (xy and i <= 2 and n >= 2) and 3 - i or i end
  for i = 1, n do shape[axis_of(i)] = sym.rank(tensors[i]) == 0 and 1 or sym.size(g, tensors[i], 0) end
  for i = 1, n do
    local ones = {n = n}
    for k = 1, n do ones[k] = 1 end
    ones[axis_of(i)] = -1
    out[i] = sym.expand(g, sym.reshape(g, tensors[i], ones), shape)
  end
  return out
end

symbolic("aten::meshgrid", function(g, tensors) return meshgrid(g, tensors, false) end)
symbolic("aten::meshgrid.indexing", function(g, tensors, indexing) return meshgrid(g, tensors, indexing == "xy") end)

symbolic("aten::broadcast_tensors", function(g, tensors)
  -- The shape of a sum of zeros of each.
  local sum
  for i = 1, tensors.n do
    local zeros = sym.fill(g, sym.shape_of(g, tensors[i]), 0, "float32")
    sum = sum and g:op("Add", sum, zeros) or zeros
  end
  local shape, out = sym.shape_of(g, sum), {n = tensors.n}
  for i = 1, tensors.n do out[i] = sym.expand(g, tensors[i], shape) end
  return out
end)

-- ---- random numbers: other ones at each run, as in PyTorch ----

local function need_ints(g, size)
  local list = sym.ints(size) or g:unsupported("random numbers of a computed shape")
  list.n = nil
  return list
end

local function random(op)
  return function(g, size, dtype)
    local d = dtype or sym.traced_dtype(g) or "float32"
    return g:op(op, {dtype_i = sym.onnx_dtype(d), shape_i = need_ints(g, size)})
  end
end

symbolic("aten::rand", random("RandomUniform"))
symbolic("aten::randn", random("RandomNormal"))

-- Without a dtype the operators take that of the input.
local function random_like(op)
  return function(g, self, dtype)
    local d = dtype or sym.traced_dtype(g) or sym.dtype(self)
    return g:op(op, self, {dtype_i = d and sym.onnx_dtype(d)})
  end
end

symbolic("aten::rand_like", random_like("RandomUniformLike"))
symbolic("aten::randn_like", random_like("RandomNormalLike"))

local function eye(g, n, m, dtype)
  local d = dtype or sym.traced_dtype(g) or "float32"
  return g:op("EyeLike", sym.fill(g, {n, m, n = 2}, 0, d), {dtype_i = sym.onnx_dtype(d)})
end

symbolic("aten::eye", function(g, n, dtype) return eye(g, n, n, dtype) end)
symbolic("aten::eye.m", function(g, n, m, dtype) return eye(g, n, m, dtype) end)
