-- Arithmetic, comparisons and logic of two operands. Types follow PyTorch: the trace says what it computed with, else the
-- rules of promotion do.

-- The element type to compute with: what the trace saw, if it is at least what the operands need.
local function compute_type(g, ...) return sym.traced_dtype(g) or sym.result_type(...) end

-- alpha times other, where alpha is not 1.
local function scaled(g, other, alpha, dtype)
  local k = sym.maybe_scalar(alpha)
  if k == 1 or k == true then return other end
  if type(other) == "number" and k then return other * k end
  return sym.arith(g, "Mul", other, k or alpha, dtype)
end

symbolic("aten::add", function(g, self, other, alpha)
  local d = compute_type(g, self, other, alpha)
  if d == "bool" then return g:op("Or", sym.cast(g, self, d), sym.cast(g, other, d)) end
  return sym.arith(g, "Add", self, scaled(g, other, alpha, d), d)
end)

local function subtract(g, self, other, alpha)
  local d = compute_type(g, self, other, alpha)
  return sym.arith(g, "Sub", self, scaled(g, other, alpha, d), d)
end

symbolic("aten::sub", subtract)
symbolic("aten::subtract", subtract)

symbolic("aten::rsub", function(g, self, other, alpha)
  local d = compute_type(g, self, other, alpha)
  return sym.arith(g, "Sub", other, scaled(g, self, alpha, d), d)
end)

local function multiply(g, self, other)
  local d = compute_type(g, self, other)
  if d == "bool" then return g:op("And", sym.cast(g, self, d), sym.cast(g, other, d)) end
  return sym.arith(g, "Mul", self, other, d)
end

symbolic("aten::mul", multiply)
symbolic("aten::multiply", multiply)

-- a and b as values of one element type.
local function pair(g, d, a, b)
  a, b = sym.promote(g, d, a, b)
  if type(a) ~= "userdata" then a = sym.value(g, a, d) end
  return a, b
end

-- The remainder of floats with the sign of the divisor. It is exact, as fmod is: what is left by a quotient that was
-- rounded is not. k is the divisor if it is a constant.
local function real_remainder(g, a, b, k, d)
  local zero, r = sym.value(g, 0, d), g:op("Mod", a, b, {fmod_i = 1})
  local wrong = k and g:op(k < 0 and "Greater" or "Less", r, zero)
      or g:op("Less", g:op("Mul", g:op("Sign", r), g:op("Sign", b)), zero)
  return g:op("Where", wrong, g:op("Add", r, b), r)
end

-- 1 // 0.1 is 9, though 1 / 0.1 is rounded to 10; quotients by powers of two are not rounded.
local function real_floor_divide(g, self, other, d)
  local k, q = sym.maybe_scalar(other), sym.arith(g, "Div", self, other, d)
  local exact = k and k ~= 0 and math.log(math.abs(k), 2) % 1 == 0
  if not d or exact or k == 0 or g:opset() < 11 then return g:op("Floor", q) end
  local a, b = pair(g, d, self, other)
  local whole = g:op("Round", g:op("Div", g:op("Sub", a, real_remainder(g, a, b, k, d)), b))
  return k and whole or g:op("Where", g:op("Equal", b, sym.value(g, 0, d)), q, whole)
end

local function floor_divide(g, self, other, d)
  if not d or sym.is_float_type(d) then return real_floor_divide(g, self, other, d) end
  if g:opset() < 10 then
    local q = sym.arith(g, "Div", sym.cast(g, self, "float64"), sym.cast(g, other, "float64"), "float64")
    return sym.cast(g, g:op("Floor", sym.cast(g, q, "float32")), d)
  end
  -- Integer Div rounds toward zero; the remainder by Mod has the sign of the divisor, so that taking it off first is exact.
  local a, b = pair(g, d, self, other)
  return g:op("Div", g:op("Sub", a, g:op("Mod", a, b)), b)
end

local function truncate(g, x)
  return g:op("Mul", g:op("Sign", x), g:op("Floor", g:op("Abs", x)))
end

local function divide(g, self, other)
  local d = sym.result_type(self, other)
  if d and not sym.is_float_type(d) then d = "float32" end
  return sym.arith(g, "Div", self, other, sym.traced_dtype(g) or d)
end

symbolic("aten::div", divide)
symbolic("aten::divide", divide)
symbolic("aten::true_divide", divide)

local function div_mode(g, self, other, rounding_mode)
  local d = compute_type(g, self, other)
  if not rounding_mode then
    if d and not sym.is_float_type(d) then d = "float32" end
    return sym.arith(g, "Div", self, other, d)
  end
  if rounding_mode == "floor" then return floor_divide(g, self, other, d) end
  local q = sym.arith(g, "Div", self, other, d)
  if d and not sym.is_float_type(d) then return q end
  return truncate(g, q)
end

symbolic("aten::div.Tensor_mode", div_mode)
symbolic("aten::div.Scalar_mode", div_mode)
symbolic("aten::divide.Tensor_mode", div_mode)
symbolic("aten::divide.Scalar_mode", div_mode)

symbolic("aten::floor_divide", function(g, self, other)
  return floor_divide(g, self, other, compute_type(g, self, other))
end)

symbolic("aten::floordiv", function(g, a, b) return floor_divide(g, a, b, sym.result_type(a, b)) end)

-- The remainder with the sign of the divisor.
symbolic("aten::remainder", function(g, self, other)
  local d = compute_type(g, self, other)
  local a, b = pair(g, d, self, other)
  if d and not sym.is_float_type(d) and g:opset() >= 10 then return g:op("Mod", a, b) end
  if d and g:opset() >= 10 then return real_remainder(g, a, b, sym.maybe_scalar(other), d) end
  return g:op("Sub", a, g:op("Mul", floor_divide(g, a, b, d), b))
end)

-- The remainder with the sign of the dividend.
symbolic("aten::fmod", function(g, self, other)
  local d = compute_type(g, self, other)
  local a, b = pair(g, d, self, other)
  if g:opset() >= 10 then return g:op("Mod", a, b, {fmod_i = 1}) end
  local q = g:op("Div", a, b)
  if not d or sym.is_float_type(d) then q = truncate(g, q) end
  return g:op("Sub", a, g:op("Mul", q, b))
end)

symbolic("aten::pow", function(g, self, exponent)
  local d = compute_type(g, self, exponent)
  local as = d
  if g:opset() < 12 and d and not sym.is_float_type(d) then as = "float32" end
  local a, b = pair(g, as, self, exponent)
  local y = g:op("Pow", a, b)
  return as ~= d and sym.cast(g, y, d) or y
end)

symbolic("aten::atan2", function(g, self, other)
  local d = compute_type(g, self, other)
  local y, x = pair(g, d, self, other)
  x = sym.value(g, x, d)
  local pi = 3.141592653589793
  local base = g:op("Atan", g:op("Div", y, x))
  local shift = g:op("Where", g:op("Less", y, 0.0), sym.cast_like(g, -pi, x), sym.cast_like(g, pi, x))
  local left = g:op("Where", g:op("Less", x, 0.0), g:op("Add", base, shift), base)
  local both = g:op("And", sym.equal(g, x, 0.0), sym.equal(g, y, 0.0))
  return g:op("Where", both, sym.cast_like(g, 0.0, x), left)
end)

-- ---- comparisons ----

-- Operands of one type that the operator takes: bool is compared as int32 where order matters.
local function comparands(g, self, other, order)
  local d = sym.result_type(self, other)
  if order and d == "bool" then d = "int32" end
  return pair(g, d, self, other)
end

symbolic("aten::eq", function(g, self, other)
  return sym.equal(g, comparands(g, self, other))
end)

local function not_equal(g, self, other)
  return g:op("Not", sym.equal(g, comparands(g, self, other)))
end

symbolic("aten::ne", not_equal)
symbolic("aten::not_equal", not_equal)

-- Lists of numbers are equal as wholes.
local function lists_equal(g, a, b)
  a, b = sym.vector(g, a), sym.vector(g, b)
  local n = sym.dim_size(a, 0) or g:unsupported("lists whose lengths are not known")
  local k = sym.dim_size(b, 0) or g:unsupported("lists whose lengths are not known")
  if n ~= k then return g:constant(false, "bool") end
  if n == 0 then return g:constant(true, "bool") end
  local same = sym.cast(g, sym.equal(g, comparands(g, a, b)), "int32")
  return g:op("Greater", sym.reduce(g, "ReduceMin", same, {0}, false), g:constant(0, "int32"))
end

for _, overload in ipairs({"int_list", "float_list", "bool_list"}) do
  symbolic("aten::eq." .. overload, lists_equal)
  symbolic("aten::ne." .. overload, function(g, a, b) return g:op("Not", lists_equal(g, a, b)) end)
end

for _, overload in ipairs({"str_list", "Tensor_list"}) do
  local function refuse(g, _, _) return g:unsupported("lists of texts or tensors that are compared") end
  symbolic("aten::eq." .. overload, {params = {"a", "b"}}, refuse)
  symbolic("aten::ne." .. overload, {params = {"a", "b"}}, refuse)
end

local function less(g, self, other)
  return g:op("Less", comparands(g, self, other, true))
end

symbolic("aten::lt", less)
symbolic("aten::less", less)

local function greater(g, self, other)
  return g:op("Greater", comparands(g, self, other, true))
end

symbolic("aten::gt", greater)
symbolic("aten::greater", greater)

local function or_equal(op)
  return function(g, self, other)
    local a, b = comparands(g, self, other, true)
    if g:opset() >= 12 then return g:op(op .. "OrEqual", a, b) end
    return g:op("Or", g:op(op, a, b), sym.equal(g, a, b))
  end
end

symbolic("aten::le", or_equal("Less"))
symbolic("aten::ge", or_equal("Greater"))
symbolic("aten::less_equal", or_equal("Less"))
symbolic("aten::greater_equal", or_equal("Greater"))

-- ---- logic ----

local function logical(op)
  return function(g, self, other)
    return g:op(op, sym.cast(g, self, "bool"), sym.cast(g, other, "bool"))
  end
end

symbolic("aten::logical_and", logical("And"))
symbolic("aten::logical_or", logical("Or"))
symbolic("aten::logical_xor", logical("Xor"))

local function bitwise(op)
  return function(g, self, other)
    local d = compute_type(g, self, other)
    if d == "bool" then return g:op(op, sym.cast(g, self, d), sym.cast(g, other, d)) end
    if g:opset() < 18 then return g:unsupported("bits of integers need opset 18") end
    local a, b = pair(g, d, self, other)
    return g:op("Bitwise" .. op, a, b)
  end
end

symbolic("aten::bitwise_and", bitwise("And"))
symbolic("aten::bitwise_or", bitwise("Or"))
symbolic("aten::bitwise_xor", bitwise("Xor"))
symbolic("aten::__and__", bitwise("And"))
symbolic("aten::__or__", bitwise("Or"))
symbolic("aten::__xor__", bitwise("Xor"))

-- Integers are multiplied by a power of two, or divided and rounded down: what shifts of signed numbers are.
local function shift(left)
  return function(g, self, other)
    local d, k = compute_type(g, self, other), sym.maybe_scalar(other)
    if not d or sym.is_float_type(d) or d == "bool" then return g:unsupported("a shift of numbers that are not integers") end
    if not k or k < 0 or k > 62 then return g:unsupported("a shift by a number that is not known, or not from 0 to 62") end
    if left then return sym.arith(g, "Mul", self, 1 << math.tointeger(k), d) end
    return floor_divide(g, self, 1 << math.tointeger(k), d)
  end
end

symbolic("aten::__lshift__", shift(true))
symbolic("aten::__rshift__", shift(false))
symbolic("aten::bitwise_left_shift", shift(true))
symbolic("aten::bitwise_right_shift", shift(false))

-- ---- where ----

for _, overload in ipairs({"self", "ScalarSelf", "ScalarOther", "Scalar"}) do
  symbolic("aten::where." .. overload, function(g, condition, self, other)
    local d = compute_type(g, self, other)
    local c = sym.cast(g, condition, "bool")
    return g:op("Where", c, sym.cast_to(g, self, d), sym.cast_to(g, other, d))
  end)
end

symbolic("aten::where", function(g, condition) return sym.nonzero_list(g, condition) end)

symbolic("aten::masked_fill", function(g, self, mask, value)
  return g:op("Where", sym.cast(g, mask, "bool"), sym.cast_like(g, value, self), self)
end)

symbolic("aten::addcmul", function(g, self, tensor1, tensor2, value)
  local d = compute_type(g, self, tensor1, tensor2)
  return sym.arith(g, "Add", self, scaled(g, sym.arith(g, "Mul", tensor1, tensor2, d), value, d), d)
end)

symbolic("aten::addcdiv", function(g, self, tensor1, tensor2, value)
  local d = compute_type(g, self, tensor1, tensor2)
  return sym.arith(g, "Add", self, scaled(g, sym.arith(g, "Div", tensor1, tensor2, d), value, d), d)
end)

symbolic("aten::lerp", function(g, self, end_, weight)
  local d = compute_type(g, self, end_)
  return sym.arith(g, "Add", self, sym.arith(g, "Mul", sym.arith(g, "Sub", end_, self, d), weight, d), d)
end)

symbolic("aten::logaddexp", function(g, self, other)
  local d = compute_type(g, self, other)
  local a, b = pair(g, d, self, other)
  local top = g:op("Max", a, b)
  return g:op("Add", top, g:op("Log", g:op("Add", g:op("Exp", g:op("Sub", a, top)), g:op("Exp", g:op("Sub", b, top)))))
end)
