-- Functions of one operand, element by element.

-- Those that PyTorch computes in floating point whatever comes.
local function float_unary(op)
  return function(g, self) return g:op(op, sym.to_float(g, self)) end
end

symbolic("aten::exp", float_unary("Exp"))
symbolic("aten::log", float_unary("Log"))
symbolic("aten::sqrt", float_unary("Sqrt"))
symbolic("aten::reciprocal", float_unary("Reciprocal"))
symbolic("aten::sin", float_unary("Sin"))
symbolic("aten::cos", float_unary("Cos"))
symbolic("aten::tan", float_unary("Tan"))
symbolic("aten::asin", float_unary("Asin"))
symbolic("aten::acos", float_unary("Acos"))
symbolic("aten::atan", float_unary("Atan"))
symbolic("aten::sinh", float_unary("Sinh"))
symbolic("aten::cosh", float_unary("Cosh"))
symbolic("aten::asinh", float_unary("Asinh"))
symbolic("aten::acosh", float_unary("Acosh"))
symbolic("aten::atanh", float_unary("Atanh"))
symbolic("aten::erf", float_unary("Erf"))

symbolic("aten::rsqrt", function(g, self) return g:op("Reciprocal", g:op("Sqrt", sym.to_float(g, self))) end)

symbolic("aten::log2", function(g, self) return g:op("Div", g:op("Log", sym.to_float(g, self)), 0.6931471805599453) end)

symbolic("aten::log10", function(g, self) return g:op("Div", g:op("Log", sym.to_float(g, self)), 2.302585092994046) end)

symbolic("aten::log1p", function(g, self) return g:op("Log", g:op("Add", sym.to_float(g, self), 1.0)) end)

symbolic("aten::expm1", function(g, self) return g:op("Sub", g:op("Exp", sym.to_float(g, self)), 1.0) end)

symbolic("aten::square", function(g, self) return sym.arith(g, "Mul", self, self, sym.dtype(self)) end)

-- Those that are the identity on integers.
local function rounding(op)
  return function(g, self)
    if sym.is_float(self) == false then return self end
    return g:op(op, self)
  end
end

symbolic("aten::ceil", rounding("Ceil"))
symbolic("aten::floor", rounding("Floor"))

-- Of a number, as Python's: the result is an integer.
symbolic("aten::ceil.float", function(g, a) return sym.cast(g, g:op("Ceil", sym.value(g, a)), "int64") end)
symbolic("aten::floor.float", function(g, a) return sym.cast(g, g:op("Floor", sym.value(g, a)), "int64") end)

symbolic("aten::trunc", function(g, self)
  if sym.is_float(self) == false then return self end
  return g:op("Mul", g:op("Sign", self), g:op("Floor", g:op("Abs", self)))
end)

-- Halves go to the even neighbour, as Round does; before opset 11 floor(x + 0.5) less 1 where that is odd and x is a half.
symbolic("aten::round", function(g, self)
  if sym.is_float(self) == false then return self end
  if g:opset() >= 11 then return g:op("Round", self) end
  local up = g:op("Floor", g:op("Add", self, 0.5))
  local half = sym.equal(g, g:op("Sub", up, self), 0.5)
  local down = g:op("Mul", g:op("Floor", g:op("Div", up, 2.0)), 2.0)
  return g:op("Where", half, down, up)
end)

symbolic("aten::abs", function(g, self) return g:op("Abs", self) end)

symbolic("aten::neg", function(g, self) return g:op("Neg", self) end)

symbolic("aten::sign", function(g, self) return g:op("Sign", self) end)

symbolic("aten::logical_not", function(g, self) return g:op("Not", sym.cast(g, self, "bool")) end)

symbolic("aten::bitwise_not", function(g, self)
  if sym.dtype(self) == "bool" then return g:op("Not", self) end
  if g:opset() >= 18 then return g:op("BitwiseNot", self) end
  return g:op("Sub", g:op("Neg", self), 1) -- two's complement
end)

symbolic("aten::isnan", function(g, self)
  if sym.is_float(self) == false then return sym.fill(g, sym.shape_of(g, self), false, "bool") end
  return g:op("IsNaN", self)
end)

symbolic("aten::isinf", function(g, self)
  if sym.is_float(self) == false then return sym.fill(g, sym.shape_of(g, self), false, "bool") end
  if g:opset() >= 10 then return g:op("IsInf", self) end
  return sym.equal(g, g:op("Abs", self), math.huge)
end)

symbolic("aten::isfinite", function(g, self)
  if sym.is_float(self) == false then return sym.fill(g, sym.shape_of(g, self), true, "bool") end
  -- Neither infinite nor NaN: x - x is 0 for those alone.
  return sym.equal(g, g:op("Sub", self, self), 0.0)
end)

local largest = {float16 = 65504.0, float32 = 3.4028234663852886e+38, float64 = 1.7976931348623157e+308}

symbolic("aten::nan_to_num", function(g, self, nan, posinf, neginf)
  if sym.is_float(self) == false then return self end
  local max = largest[sym.dtype(self) or "float32"] or g:unsupported("nan_to_num of an unknown type")
  local x = g:op("Where", g:op("IsNaN", self), sym.cast_like(g, nan or 0.0, self), self)
  x = g:op("Where", sym.equal(g, self, math.huge), sym.cast_like(g, posinf or max, self), x)
  return g:op("Where", sym.equal(g, self, -math.huge), sym.cast_like(g, neginf or -max, self), x)
end)

symbolic("aten::frac", function(g, self)
  return g:op("Sub", self, g:op("Mul", g:op("Sign", self), g:op("Floor", g:op("Abs", self))))
end)

symbolic("aten::clamp", function(g, self, min, max)
  local d = sym.traced_dtype(g)
  local x = d and sym.cast(g, self, d) or self
  local plain = (not min or sym.rank(min) == 0) and (not max or sym.rank(max) == 0)
  if plain then return sym.clip(g, x, min, max) end
  if min then x = g:op("Max", x, sym.cast_like(g, min, x)) end
  if max then x = g:op("Min", x, sym.cast_like(g, max, x)) end
  return x
end)

symbolic("aten::clamp_min", function(g, self, min)
  if sym.rank(min) ~= 0 then return g:op("Max", self, sym.cast_like(g, min, self)) end
  return sym.clip(g, self, min)
end)

symbolic("aten::clamp_max", function(g, self, max)
  if sym.rank(max) ~= 0 then return g:op("Min", self, sym.cast_like(g, max, self)) end
  return sym.clip(g, self, nil, max)
end)

-- ---- other names ----

symbolic("aten::absolute", function(g, self) return g:op("Abs", self) end)
symbolic("aten::negative", function(g, self) return g:op("Neg", self) end)
symbolic("aten::arccos", float_unary("Acos"))
symbolic("aten::arcsin", float_unary("Asin"))
symbolic("aten::arctan", float_unary("Atan"))
symbolic("aten::arccosh", float_unary("Acosh"))
symbolic("aten::arcsinh", float_unary("Asinh"))
symbolic("aten::arctanh", float_unary("Atanh"))
symbolic("aten::fix", function(g, self)
  if sym.is_float(self) == false then return self end
  return g:op("Mul", g:op("Sign", self), g:op("Floor", g:op("Abs", self)))
end)
symbolic("aten::special_expit", float_unary("Sigmoid"))
symbolic("aten::special_erf", float_unary("Erf"))
