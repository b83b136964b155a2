-- Losses, for models that are exported with theirs.

local reductions = {[0] = "none", "mean", "sum"}

local function reduced(g, x, reduction)
  if reduction == 0 then return x end
  return sym.reduce(g, reduction == 1 and "ReduceMean" or "ReduceSum", x, nil, false)
end

symbolic("aten::mse_loss", function(g, self, target, reduction)
  local d = g:op("Sub", self, target)
  return reduced(g, g:op("Mul", d, d), reduction)
end)

symbolic("aten::l1_loss", function(g, self, target, reduction)
  return reduced(g, g:op("Abs", g:op("Sub", self, target)), reduction)
end)

symbolic("aten::smooth_l1_loss", function(g, self, target, reduction, beta)
  local d = g:op("Abs", g:op("Sub", self, target))
  if beta == 0 then return reduced(g, d, reduction) end
  local inside = g:op("Mul", g:op("Mul", d, d), 0.5 / beta)
  return reduced(g, g:op("Where", g:op("Less", d, beta), inside, g:op("Sub", d, 0.5 * beta)), reduction)
end)

local function log_likelihood(op)
  return function(g, self, target, weight, reduction, ignore_index)
    if g:opset() < 12 then return g:unsupported("this loss needs opset 12") end
    return g:op(op, self, target, weight, {reduction_s = reductions[reduction], ignore_index_i = ignore_index})
  end
end

symbolic("aten::nll_loss_nd", log_likelihood("NegativeLogLikelihoodLoss"))
symbolic("aten::nll_loss", log_likelihood("NegativeLogLikelihoodLoss"))
symbolic("aten::cross_entropy_loss", log_likelihood("SoftmaxCrossEntropyLoss"))

symbolic("aten::kl_div", function(g, self, target, reduction, log_target)
  local t = log_target and g:op("Exp", target) or target
  local log_t = log_target and target or g:op("Log", target)
  local y = g:op("Mul", t, g:op("Sub", log_t, self))
  if not log_target then y = g:op("Where", g:op("Greater", target, 0.0), y, sym.cast_like(g, 0.0, self)) end
  return reduced(g, y, reduction)
end)

-- max(x, 0) - x y + log(1 + exp(-|x|)), which does not overflow.
symbolic("aten::binary_cross_entropy_with_logits", function(g, self, target, weight, pos_weight, reduction)
  local decay = g:op("Softplus", g:op("Neg", g:op("Abs", self)))
  local y
  if pos_weight then
    local log_weight = g:op("Add", g:op("Mul", g:op("Sub", pos_weight, 1.0), target), 1.0)
    local tail = g:op("Add", decay, g:op("Relu", g:op("Neg", self)))
    y = g:op("Add", g:op("Mul", g:op("Sub", 1.0, target), self), g:op("Mul", log_weight, tail))
  else
    y = g:op("Add", g:op("Sub", g:op("Relu", self), g:op("Mul", self, target)), decay)
  end
  if weight then y = g:op("Mul", y, weight) end
  return reduced(g, y, reduction)
end)
