-- Normalisations.

-- A tensor of n equal numbers, for a scale or bias that PyTorch leaves out.
local function filled(g, n, value, dtype)
  return g:constant(value, dtype or "float32", {n})
end

-- How many channels a normalisation has, from whatever is known of it.
local function channels(g, x, ...)
  for i = 1, select("#", ...) do
    local v = select(i, ...)
    local n = v and sym.dim_size(v, 0)
    if n then return n end
  end
  return sym.dim_size(x, 1) or g:unsupported("the number of channels is not known")
end

-- scale and bias of dim 1, aligned with x.
local function affine(g, y, rank, weight, bias)
  local axes = {}
  for i = 1, rank - 2 do axes[i] = i end
  local function aligned(v) return #axes > 0 and sym.unsqueeze(g, v, axes) or v end
  if weight then y = g:op("Mul", y, aligned(weight)) end
  if bias then y = g:op("Add", y, aligned(bias)) end
  return y
end

local function batch_norm(g, input, weight, bias, running_mean, running_var, training, eps)
  if training and running_mean then g:unsupported("batch_norm was traced in training mode: call model.eval() first") end
  if not running_mean or not running_var then
    local rank = sym.need_rank(g, input)
    local axes = {0}
    for i = 2, rank - 1 do axes[i] = i end
    return affine(g, sym.standardize(g, input, axes, eps), rank, weight, bias)
  end
  local n = (weight and bias) and 0 or channels(g, input, weight, bias, running_mean)
  weight = weight or filled(g, n, 1.0, sym.dtype(running_mean))
  bias = bias or filled(g, n, 0.0, sym.dtype(running_mean))
  return g:op("BatchNormalization", input, weight, bias, running_mean, running_var, {epsilon_f = eps})
end

-- momentum moves the running statistics, which an inference graph does not.
symbolic("aten::batch_norm", {ignore = {"momentum"}}, function(g, input, weight, bias, running_mean, running_var, training, eps)
  return batch_norm(g, input, weight, bias, running_mean, running_var, training, eps)
end)

symbolic("aten::instance_norm", {ignore = {"momentum"}},
         function(g, input, weight, bias, running_mean, running_var, use_input_stats, eps)
  if not use_input_stats then return batch_norm(g, input, weight, bias, running_mean, running_var, false, eps) end
  local n = (weight and bias) and 0 or channels(g, input, weight, bias)
  weight = weight or filled(g, n, 1.0, sym.dtype(input))
  bias = bias or filled(g, n, 0.0, sym.dtype(input))
  return g:op("InstanceNormalization", input, weight, bias, {epsilon_f = eps})
end)

symbolic("aten::layer_norm", function(g, input, normalized_shape, weight, bias, eps)
  local dims = sym.ints(normalized_shape) or type(normalized_shape) == "table" and normalized_shape
  if not dims then return g:unsupported("a normalized_shape of which not even the length is known") end
  return sym.layer_norm(g, input, dims, weight, bias, eps)
end)

-- Each group is one channel of an instance normalisation.
symbolic("aten::group_norm", function(g, input, num_groups, weight, bias, eps)
  local rank = sym.need_rank(g, input)
  local grouped = sym.keep_reshape(g, input, {0, num_groups, -1})
  local d = sym.dtype(input)
  local y = g:op("InstanceNormalization", grouped, filled(g, num_groups, 1.0, d), filled(g, num_groups, 0.0, d),
                 {epsilon_f = eps})
  return affine(g, g:op("Reshape", y, sym.shape_of(g, input)), rank, weight, bias)
end)

symbolic("aten::native_layer_norm", function(g, input, normalized_shape, weight, bias, eps)
  local dims = sym.ints(normalized_shape) or g:unsupported("a computed normalized_shape")
  local axes = {}
  for i = 1, dims.n do axes[i] = i - dims.n - 1 end
  local mean = sym.reduce(g, "ReduceMean", input, axes, true)
  local centred = g:op("Sub", input, mean)
  local variance = sym.reduce(g, "ReduceMean", g:op("Mul", centred, centred), axes, true)
  local rstd = g:op("Reciprocal", g:op("Sqrt", g:op("Add", variance, eps)))
  local y = g:op("Mul", centred, rstd)
  if weight then y = g:op("Mul", y, weight) end
  if bias then y = g:op("Add", y, bias) end
  return y, mean, rstd
end)
