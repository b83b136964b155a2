-- Operators that leave the numbers as they are: copies, layouts, devices, gradients; and changes of type.

local function itself(g, self) return sym.identity(g, sym.value(g, self, sym.traced_dtype(g))) end

symbolic("aten::contiguous", {ignore = {"memory_format"}}, itself)
symbolic("aten::clone", {ignore = {"memory_format"}}, itself)
symbolic("aten::detach", itself)
symbolic("aten::alias", itself)
symbolic("aten::lift_fresh", itself)
symbolic("aten::lift_fresh_copy", itself)
symbolic("aten::positive", itself)
symbolic("aten::resolve_conj", itself)
symbolic("aten::resolve_neg", itself)
symbolic("aten::requires_grad_", {ignore = {"requires_grad"}}, itself)
symbolic("aten::cpu", itself)
symbolic("aten::cuda", itself)

-- In evaluation dropout does nothing; a trace that has it on was made in training mode.
local function dropout(g, input, p, train)
  if train and sym.maybe_scalar(p) ~= 0 then
    return g:unsupported("dropout was traced in training mode: call model.eval() first")
  end
  return sym.identity(g, input)
end

symbolic("aten::dropout", dropout)
symbolic("aten::feature_dropout", dropout)
symbolic("aten::alpha_dropout", dropout)
symbolic("aten::feature_alpha_dropout", dropout)
symbolic("aten::native_dropout", function(g, input, p, train)
  if train and sym.maybe_scalar(p) ~= 0 then
    return g:unsupported("dropout was traced in training mode: call model.eval() first")
  end
  return input, nil
end)

local where_it_lies = {"device", "layout", "pin_memory", "non_blocking", "copy", "memory_format"}

local function to_dtype(g, self, dtype) return sym.cast_to(g, self, dtype) end

symbolic("aten::to.dtype", {ignore = where_it_lies}, to_dtype)
symbolic("aten::to.dtype_layout", {ignore = where_it_lies}, to_dtype)
symbolic("aten::to.device", {ignore = where_it_lies}, to_dtype)
symbolic("aten::to.prim_Device", {ignore = where_it_lies}, to_dtype)
symbolic("aten::to.prim_dtype", {ignore = where_it_lies}, to_dtype)
symbolic("aten::_to_copy", {ignore = where_it_lies}, to_dtype)
symbolic("aten::to.prim_other", {ignore = where_it_lies}, itself)
symbolic("aten::to.other", {ignore = where_it_lies}, function(g, self, other) return sym.cast_like(g, self, other) end)

symbolic("aten::type_as", function(g, self, other) return sym.cast_like(g, self, other) end)

local function cast(dtype)
  return function(g, self) return sym.cast(g, self, dtype) end
end

symbolic("aten::_cast_Byte", {ignore = {"non_blocking"}}, cast("uint8"))
symbolic("aten::_cast_Char", {ignore = {"non_blocking"}}, cast("int8"))
symbolic("aten::_cast_Short", {ignore = {"non_blocking"}}, cast("int16"))
symbolic("aten::_cast_Int", {ignore = {"non_blocking"}}, cast("int32"))
symbolic("aten::_cast_Long", {ignore = {"non_blocking"}}, cast("int64"))
symbolic("aten::_cast_Half", {ignore = {"non_blocking"}}, cast("float16"))
symbolic("aten::_cast_Float", {ignore = {"non_blocking"}}, cast("float32"))
symbolic("aten::_cast_Double", {ignore = {"non_blocking"}}, cast("float64"))
