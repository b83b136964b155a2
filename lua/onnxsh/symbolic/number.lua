-- Numbers that are computed: ints, floats and bools of a script are tensors without dims.

symbolic("aten::__not__", function(g, self) return g:op("Not", sym.cast(g, self, "bool")) end)

symbolic("prim::abs", function(g, x) return g:op("Abs", sym.value(g, x)) end)

local function extreme(op)
  return function(g, a, b)
    local d = sym.result_type(a, b)
    a, b = sym.cast_to(g, a, d), sym.cast_to(g, b, d)
    if g:opset() >= 12 or d == "float32" then return g:op(op, a, b) end
    local less = g:op("Less", a, b)
    return op == "Min" and g:op("Where", less, a, b) or g:op("Where", less, b, a)
  end
end

symbolic("prim::min", extreme("Min"))
symbolic("prim::max", extreme("Max"))

local function of_list(op)
  return function(g, self) return sym.reduce(g, op, sym.vector(g, self), {0}, false) end
end

symbolic("prim::min.self_int", of_list("ReduceMin"))
symbolic("prim::min.self_float", of_list("ReduceMin"))
symbolic("prim::max.self_int", of_list("ReduceMax"))
symbolic("prim::max.self_float", of_list("ReduceMax"))

-- lo, lo + step, ... below hi: how many there are, and the one of number i.
symbolic("aten::__range_length", function(g, lo, hi, step)
  local span = sym.arith(g, "Sub", hi, lo, "int64")
  local k = sym.maybe_scalar(step) or g:unsupported("a range with a step that is computed")
  if k < 0 then span, k = g:op("Neg", span), -k end
  local n = g:op("Div", g:op("Add", span, g:constant(k - 1, "int64")), g:constant(k, "int64"))
  local none = g:op("Less", span, g:constant(1, "int64"))
  return g:op("Where", none, g:constant(0, "int64"), n)
end)

symbolic("aten::__derive_index", function(g, index, start, step)
  return sym.arith(g, "Add", start, sym.arith(g, "Mul", index, step, "int64"), "int64")
end)
