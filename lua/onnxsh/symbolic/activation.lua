-- Activations.

symbolic("aten::relu", function(g, self)
  if g:opset() < 14 and not sym.is_float(self) and sym.dtype(self) then return sym.clip(g, self, 0) end
  return g:op("Relu", self)
end)

symbolic("aten::relu6", function(g, self) return sym.clip(g, self, 0, 6) end)

symbolic("aten::sigmoid", function(g, self) return g:op("Sigmoid", sym.to_float(g, self)) end)

symbolic("aten::tanh", function(g, self) return g:op("Tanh", sym.to_float(g, self)) end)

symbolic("aten::silu", function(g, self) return g:op("Mul", self, g:op("Sigmoid", self)) end)

symbolic("aten::hardsigmoid", function(g, self) return g:op("HardSigmoid", self, {alpha_f = 1 / 6}) end)

symbolic("aten::hardswish", function(g, self)
  if g:opset() >= 14 then return g:op("HardSwish", self) end
  return g:op("Mul", self, g:op("HardSigmoid", self, {alpha_f = 1 / 6}))
end)

symbolic("aten::hardtanh", function(g, self, min_val, max_val) return sym.clip(g, self, min_val, max_val) end)

symbolic("aten::elu", function(g, self, alpha)
  return g:op("Elu", self, {alpha_f = sym.scalar(alpha)})
end)

symbolic("aten::celu", function(g, self, alpha)
  alpha = sym.scalar(alpha)
  if g:opset() >= 12 and sym.dtype(self) == "float32" then return g:op("Celu", self, {alpha_f = alpha}) end
  return g:op("Mul", g:op("Elu", g:op("Div", self, alpha + 0.0), {alpha_f = 1.0}), alpha + 0.0)
end)

symbolic("aten::selu", function(g, self) return g:op("Selu", self) end)

symbolic("aten::leaky_relu", function(g, self, negative_slope)
  return g:op("LeakyRelu", self, {alpha_f = sym.scalar(negative_slope)})
end)

-- The slope belongs to dim 1; ONNX aligns it with the last one.
symbolic("aten::prelu", function(g, self, weight)
  local rank = sym.need_rank(g, self)
  local axes = {}
  for i = 1, rank - 2 do axes[i] = i end
  if sym.dim_size(weight, 0) ~= 1 and #axes > 0 then weight = sym.unsqueeze(g, weight, axes) end
  return g:op("PRelu", self, weight)
end)

symbolic("aten::glu", function(g, self, dim)
  local size = sym.dim_size(self, dim)
  local a, b
  if size then
    local parts = sym.split(g, self, {size // 2, size // 2}, sym.axis(g, self, dim))
    a, b = parts[1], parts[2]
  else
    local attrs = {axis_i = sym.axis(g, self, dim), outputs = 2}
    if g:opset() >= 18 then attrs.num_outputs_i = 2 end
    a, b = g:op("Split", self, attrs)
  end
  return g:op("Mul", a, g:op("Sigmoid", b))
end)

-- Above the threshold the curve is the line to within float precision at PyTorch's default of 20; a lower one is visible.
symbolic("aten::softplus", function(g, self, beta, threshold)
  beta, threshold = sym.scalar(beta) + 0.0, sym.scalar(threshold) + 0.0
  local x = beta == 1 and self or g:op("Mul", self, beta)
  local y = g:op("Softplus", x)
  if beta ~= 1 then y = g:op("Div", y, beta) end
  if threshold >= 20 then return y end
  return g:op("Where", g:op("Greater", x, threshold), self, y)
end)

symbolic("aten::threshold", function(g, self, threshold, value)
  local d = sym.dtype(self)
  local t, v = sym.promote(g, d, threshold, value)
  return g:op("Where", g:op("Greater", self, t), self, sym.cast_like(g, v, self))
end)

symbolic("aten::gelu", function(g, self, approximate) return sym.gelu(g, self, approximate) end)

symbolic("aten::mish", function(g, self)
  if g:opset() >= 18 then return g:op("Mish", self) end
  return g:op("Mul", self, g:op("Tanh", g:op("Softplus", self)))
end)

symbolic("aten::log_sigmoid", function(g, self) return g:op("Neg", g:op("Softplus", g:op("Neg", self))) end)

-- In evaluation the slope is the middle of the bounds.
symbolic("aten::rrelu", {ignore = {"generator"}}, function(g, self, lower, upper, training)
  if training then return g:unsupported("rrelu was traced in training mode: call model.eval() first") end
  return g:op("LeakyRelu", self, {alpha_f = (sym.scalar(lower) + sym.scalar(upper)) / 2})
end)

symbolic("aten::logit", function(g, self, eps)
  local x = eps and sym.clip(g, self, eps, 1 - eps) or self
  return g:op("Log", g:op("Div", x, g:op("Sub", 1.0, x)))
end)

symbolic("aten::hardshrink", function(g, self, lambd)
  lambd = sym.scalar(lambd) + 0.0
  return g:op("Shrink", self, {bias_f = 0.0, lambd_f = lambd})
end)

symbolic("aten::softshrink", function(g, self, lambd)
  lambd = sym.scalar(lambd) + 0.0
  return g:op("Shrink", self, {bias_f = lambd, lambd_f = lambd})
end)

local function softmax(log)
  return function(g, self, dim, dtype)
    if dtype then self = sym.cast(g, self, dtype) end
    return sym.softmax(g, sym.to_float(g, self), dim, log)
  end
end

symbolic("aten::softmax", softmax(false))
symbolic("aten::log_softmax", softmax(true))

local function softmax_to_float(log)
  return function(g, self, dim, half_to_float)
    if half_to_float then self = sym.cast(g, self, "float32") end
    return sym.softmax(g, self, dim, log)
  end
end

symbolic("aten::_softmax", softmax_to_float(false))
symbolic("aten::_log_softmax", softmax_to_float(true))
