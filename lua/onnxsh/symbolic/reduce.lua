-- Reductions.

-- The element type to reduce in: the one asked for, the traced one, or what PyTorch takes for integers.
local function reduce_type(g, x, dtype, widen)
  local d = dtype or sym.traced_dtype(g) or sym.dtype(x)
  if not dtype and widen and d and not sym.is_float_type(d) then d = "int64" end
  return d
end

local function reducer(op, widen)
  return function(g, self, dtype)
    return sym.reduce(g, op, sym.cast_to(g, self, reduce_type(g, self, dtype, widen)), nil, false)
  end, function(g, self, dim, keepdim, dtype)
    local axes = dim and (sym.ints(dim) or g:unsupported("computed dims"))
    if sym.rank(self) == 0 then axes = nil end
    if axes then axes.n = nil end
    return sym.reduce(g, op, sym.cast_to(g, self, reduce_type(g, self, dtype, widen)), axes, keepdim)
  end
end

local mean, mean_dim = reducer("ReduceMean", false)
local sum, sum_dim = reducer("ReduceSum", true)
local prod, prod_dim = reducer("ReduceProd", true)

symbolic("aten::mean", mean)
symbolic("aten::mean.dim", mean_dim)
symbolic("aten::sum", sum)
symbolic("aten::sum.dim_IntList", sum_dim)
symbolic("aten::prod", prod)
symbolic("aten::prod.dim_int", prod_dim)

-- ---- extremes ----

-- Before opset 12 only these types have an order in ONNX's reductions.
local function ordered(g, x)
  local d = sym.dtype(x)
  if d == "bool" then return sym.cast(g, x, "int32"), d end
  if g:opset() < 12 and sym.is_integer_type(d) and d ~= "int32" and d ~= "int64" then return sym.cast(g, x, "int32"), d end
  return x, nil
end

local function extreme(reduce, arg)
  return function(g, self)
    local x, back = ordered(g, self)
    return sym.cast_to(g, sym.reduce(g, reduce, x, nil, false), back)
  end, function(g, self, dim, keepdim)
    if sym.rank(self) == 0 then return self, g:constant(0, "int64") end
    local x, back = ordered(g, self)
    local keep = keepdim and 1 or 0
    local index = g:op(arg, x, {axis_i = sym.axis(g, x, dim), keepdims_i = keep})
    return sym.cast_to(g, sym.reduce(g, reduce, x, {dim}, keepdim), back), index
  end
end

local max, max_dim = extreme("ReduceMax", "ArgMax")
local min, min_dim = extreme("ReduceMin", "ArgMin")

symbolic("aten::max", max)
symbolic("aten::max.dim", max_dim)
symbolic("aten::min", min)
symbolic("aten::min.dim", min_dim)

-- Of two tensors, element by element.
local function extreme_pair(op, compare)
  return function(g, self, other)
    local d = sym.traced_dtype(g) or sym.result_type(self, other)
    local a, b = sym.promote(g, d, self, other)
    a, b = sym.value(g, a, d), sym.value(g, b, d)
    if g:opset() >= 12 or not d or sym.is_float_type(d) then return g:op(op, a, b) end
    return g:op("Where", g:op(compare, a, b), a, b)
  end
end

symbolic("aten::max.other", extreme_pair("Max", "Greater"))
symbolic("aten::min.other", extreme_pair("Min", "Less"))
symbolic("aten::maximum", extreme_pair("Max", "Greater"))
symbolic("aten::minimum", extreme_pair("Min", "Less"))

local function amax(reduce)
  return function(g, self, dim, keepdim)
    local x, back = ordered(g, self)
    local axes = sym.ints(dim) or g:unsupported("computed dims")
    axes.n = nil
    return sym.cast_to(g, sym.reduce(g, reduce, x, axes, keepdim), back)
  end
end

symbolic("aten::amax", amax("ReduceMax"))
symbolic("aten::amin", amax("ReduceMin"))

symbolic("aten::aminmax", function(g, self, dim, keepdim)
  local x, back = ordered(g, self)
  local axes = dim and {dim} or nil
  return sym.cast_to(g, sym.reduce(g, "ReduceMin", x, axes, keepdim), back),
         sym.cast_to(g, sym.reduce(g, "ReduceMax", x, axes, keepdim), back)
end)

local function arg(op)
  return function(g, self, dim, keepdim)
    local x = ordered(g, self)
    if dim then return g:op(op, x, {axis_i = sym.axis(g, x, dim), keepdims_i = keepdim and 1 or 0}) end
    local index = g:op(op, sym.reshape(g, x, {-1}), {axis_i = 0, keepdims_i = 0})
    if not keepdim then return index end
    local ones = {}
    for i = 1, sym.need_rank(g, self) do ones[i] = 1 end
    return sym.reshape(g, index, ones)
  end
end

symbolic("aten::argmax", arg("ArgMax"))
symbolic("aten::argmin", arg("ArgMin"))

local function quantifier(op)
  local function over(g, x, axes, keepdim)
    local n = sym.reduce(g, op, sym.cast(g, sym.cast(g, x, "bool"), "int32"), axes, keepdim)
    return g:op("Cast", n, {to_i = sym.onnx_dtype("bool")})
  end
  return function(g, self) return over(g, self, nil, false) end,
         function(g, self, dim, keepdim) return over(g, self, {dim}, keepdim) end
end

local all, all_dim = quantifier("ReduceMin")
local any, any_dim = quantifier("ReduceMax")

symbolic("aten::all", all)
symbolic("aten::all.dim", all_dim)
symbolic("aten::any", any)
symbolic("aten::any.dim", any_dim)

-- ---- order ----

-- A vector of any length in order by counting what comes before each element: for opset 9, whose TopK has a constant k.
local function sort_vector(g, x, largest)
  local at = sym.count(g, sym.size(g, x, 0))
  local a, b = sym.unsqueeze(g, x, 1), sym.unsqueeze(g, x, 0)
  local less, more = g:op("Less", a, b), g:op("Less", b, a)
  local equal = g:op("Not", g:op("Or", less, more))
  local earlier = g:op("Less", sym.unsqueeze(g, at, 0), sym.unsqueeze(g, at, 1))
  local before = g:op("Or", largest and less or more, g:op("And", equal, earlier))
  local place = sym.reduce(g, "ReduceSum", sym.cast(g, before, "int64"), {1}, false)
  local there = g:op("Equal", sym.unsqueeze(g, place, 0), sym.unsqueeze(g, at, 1))
  local index = g:op("ArgMax", sym.cast(g, there, "int32"), {axis_i = 1, keepdims_i = 0})
  return g:op("Gather", x, index, {axis_i = 0}), index
end

local function topk(g, x, k, dim, largest, in_order)
  local axis, d = sym.axis(g, x, dim), sym.dtype(x)
  if g:opset() < 11 and d and sym.is_integer_type(d) then -- TopK took no integers; a double holds those up to 2^53
    local values, index = topk(g, sym.cast(g, x, "float64"), k, dim, largest, in_order)
    return sym.cast(g, values, d), index
  end
  local n = sym.maybe_scalar(k)
  if g:opset() >= 11 then
    return g:op("TopK", x, sym.index(g, k), {axis_i = axis, largest_i = largest, sorted_i = in_order, outputs = 2})
  end
  local y = largest and x or g:op("Neg", x)
  local values, index
  if g:opset() >= 10 then
    values, index = g:op("TopK", y, sym.index(g, k), {axis_i = axis, outputs = 2})
  else
    if not n then return g:unsupported("a computed k needs opset 10") end
    values, index = g:op("TopK", y, {axis_i = axis, k_i = n, outputs = 2})
  end
  return largest and values or g:op("Neg", values), index
end

symbolic("aten::topk", function(g, self, k, dim, largest, sorted)
  return topk(g, self, k, dim, largest, sorted)
end)

local function sorted(g, x, dim, descending)
  local n = sym.size(g, x, dim)
  if g:opset() < 10 and sym.rank(x) == 1 and not sym.maybe_scalar(n) then return sort_vector(g, x, descending) end
  return topk(g, x, n, dim, descending, true)
end

symbolic("aten::sort", function(g, self, dim, descending) return sorted(g, self, dim, descending) end)

symbolic("aten::argsort", function(g, self, dim, descending)
  local _, index = sorted(g, self, dim, descending)
  return index
end)

symbolic("aten::cumsum", function(g, self, dim, dtype)
  if g:opset() < 11 then return g:unsupported("cumsum needs opset 11") end
  local x = sym.cast_to(g, self, reduce_type(g, self, dtype, true))
  return g:op("CumSum", x, g:constant(dim, "int64"))
end)

-- ---- norms ----

local function norm(g, x, p, axes, keepdim)
  p = p == nil and 2 or p
  if p == 1 then return sym.reduce(g, "ReduceL1", x, axes, keepdim) end
  if p == 2 then return sym.reduce(g, "ReduceL2", x, axes, keepdim) end
  local size = g:op("Abs", x)
  if p == math.huge then return sym.reduce(g, "ReduceMax", size, axes, keepdim) end
  if p == -math.huge then return sym.reduce(g, "ReduceMin", size, axes, keepdim) end
  if p == 0 then
    local nonzero = g:op("Not", sym.equal(g, x, 0.0))
    return sym.reduce(g, "ReduceSum", sym.cast_like(g, nonzero, x), axes, keepdim)
  end
  local sum = sym.reduce(g, "ReduceSum", g:op("Pow", size, p + 0.0), axes, keepdim)
  return g:op("Pow", sum, 1 / p)
end

local function axes_of(g, x, dim)
  if dim == nil or sym.rank(x) == 0 then return nil end
  local axes = sym.ints(dim) or g:unsupported("computed dims")
  axes.n = nil
  return axes
end

local function norm_dim(g, self, p, dim, keepdim, dtype)
  local x = dtype and sym.cast(g, self, dtype) or sym.to_float(g, self)
  return norm(g, x, p and sym.scalar(p), axes_of(g, self, dim), keepdim)
end

symbolic("aten::norm.Scalar", function(g, self, p) return norm_dim(g, self, p, nil, false) end)
symbolic("aten::norm.ScalarOpt_dim", function(g, self, p, dim, keepdim) return norm_dim(g, self, p, dim, keepdim) end)
symbolic("aten::norm.ScalarOpt_dtype", function(g, self, p, dtype) return norm_dim(g, self, p, nil, false, dtype) end)
symbolic("aten::norm.ScalarOpt_dim_dtype", function(g, self, p, dim, keepdim, dtype)
  return norm_dim(g, self, p, dim, keepdim, dtype)
end)
symbolic("aten::linalg_vector_norm", function(g, self, ord, dim, keepdim, dtype)
  if dim == nil and not keepdim then return norm_dim(g, sym.reshape(g, self, {-1}), ord, nil, false, dtype) end
  return norm_dim(g, self, ord, dim, keepdim, dtype)
end)
symbolic("aten::frobenius_norm.dim", function(g, self, dim, keepdim) return norm_dim(g, self, 2, dim, keepdim) end)

-- ---- variance ----

-- How many elements a reduction over axes joins: a number if the sizes are known, else a value of x's type.
local function count(g, x, axes)
  local n = 1
  local rank = sym.need_rank(g, x)
  if not axes then
    axes = {}
    for i = 1, rank do axes[i] = i - 1 end
  end
  for _, a in ipairs(axes) do
    local size = sym.dim_size(x, a)
    if not size then
      local shape = g:op("Gather", g:op("Shape", x), g:constant(axes, "int64", {#axes}), {axis_i = 0})
      return sym.cast_like(g, sym.reduce(g, "ReduceProd", shape, nil, false), x)
    end
    n = n * size
  end
  return n + 0.0
end

local function variance(g, x, axes, correction, keepdim)
  correction = correction == nil and 1 or correction
  local centred = g:op("Sub", x, sym.reduce(g, "ReduceMean", x, axes, true))
  local mean = sym.reduce(g, "ReduceMean", g:op("Mul", centred, centred), axes, keepdim)
  if correction == 0 then return mean end
  local n = count(g, x, axes)
  if type(n) == "number" then return g:op("Mul", mean, n / (n - correction)) end
  return g:op("Div", g:op("Mul", mean, n), g:op("Sub", n, correction + 0.0))
end

local function var(fn)
  local function plain(g, self, unbiased) return fn(g, variance(g, self, nil, unbiased and 1 or 0, false)) end
  local function dims(g, self, dim, unbiased, keepdim)
    return fn(g, variance(g, self, axes_of(g, self, dim), unbiased and 1 or 0, keepdim))
  end
  local function corrected(g, self, dim, correction, keepdim)
    return fn(g, variance(g, self, axes_of(g, self, dim), correction and sym.scalar(correction), keepdim))
  end
  return plain, dims, corrected
end

local var_plain, var_dims, var_corrected = var(function(_, v) return v end)
local std_plain, std_dims, std_corrected = var(function(g, v) return g:op("Sqrt", v) end)

symbolic("aten::var", var_plain)
symbolic("aten::var.dim", var_dims)
symbolic("aten::var.correction", var_corrected)
symbolic("aten::std", std_plain)
symbolic("aten::std.dim", std_dims)
symbolic("aten::std.correction", std_corrected)

local function with_mean(fn)
  local function both(g, x, dim, correction, keepdim)
    local axes = axes_of(g, x, dim)
    return fn(g, variance(g, x, axes, correction, keepdim)), sym.reduce(g, "ReduceMean", x, axes, keepdim)
  end
  return function(g, self, unbiased) return both(g, self, nil, unbiased and 1 or 0, false) end,
         function(g, self, dim, unbiased, keepdim) return both(g, self, dim, unbiased and 1 or 0, keepdim) end,
         function(g, self, dim, correction, keepdim) return both(g, self, dim, correction and sym.scalar(correction), keepdim) end
end

local var_mean, var_mean_dims, var_mean_corrected = with_mean(function(_, v) return v end)
local std_mean, std_mean_dims, std_mean_corrected = with_mean(function(g, v) return g:op("Sqrt", v) end)

symbolic("aten::var_mean", var_mean)
symbolic("aten::var_mean.dim", var_mean_dims)
symbolic("aten::var_mean.correction", var_mean_corrected)
symbolic("aten::std_mean", std_mean)
symbolic("aten::std_mean.dim", std_mean_dims)
symbolic("aten::std_mean.correction", std_mean_corrected)

local function count_nonzero(g, self, dim)
  local ones = g:op("Cast", sym.cast(g, self, "bool"), {to_i = sym.onnx_dtype("int64")})
  return sym.reduce(g, "ReduceSum", ones, axes_of(g, self, dim), false)
end

symbolic("aten::count_nonzero", function(g, self, dim) return count_nonzero(g, self, dim) end)
symbolic("aten::count_nonzero.dim_IntList", function(g, self, dim) return count_nonzero(g, self, dim) end)

symbolic("aten::linalg_norm", function(g, self, ord, dim, keepdim, dtype)
  if ord ~= nil and (dim == nil and sym.rank(self) ~= 1 or type(dim) == "table" and dim.n == 2) then
    return g:unsupported("a norm of matrices")
  end
  return norm_dim(g, self, ord, dim, keepdim, dtype)
end)

symbolic("aten::logsumexp", function(g, self, dim, keepdim)
  return sym.reduce(g, "ReduceLogSumExp", self, axes_of(g, self, dim), keepdim)
end)
