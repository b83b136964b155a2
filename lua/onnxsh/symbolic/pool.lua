-- Pooling. PyTorch's ceil_mode drops a window that would begin in the padding behind the input; runtimes differ there, so
-- where the sizes are known the padding that makes the windows come out is computed here, and ceil_mode is not used.

-- The output size along one dim, and whether ceil_mode made a difference.
local function output_size(size, k, stride, pad, dilation, ceil_mode)
  local span = size + 2 * pad - dilation * (k - 1) - 1
  local floor = span // stride + 1
  if not ceil_mode then return floor end
  local ceil = -(-span // stride) + 1
  if (ceil - 1) * stride >= size + pad then ceil = ceil - 1 end
  return ceil, ceil ~= floor
end

-- The arguments of a window operator as lists, with the padding at the end that ceil_mode needs. `known` says whether the
-- sizes were; `ceil` whether ceil_mode has to be asked for.
local function window(g, x, n, kernel_size, stride, padding, dilation, ceil_mode)
  local w = {n = n, kernel = sym.tuple(kernel_size, n), pad = sym.tuple(padding, n), dilation = sym.tuple(dilation, n)}
  if not w.kernel then return g:unsupported("a computed kernel: a window as large as the image is adaptive pooling to 1") end
  local given = sym.ints(stride)
  w.stride = given and (given.n == 0 and w.kernel or sym.tuple(stride, n))
  if not (w.stride and w.pad and w.dilation) then return g:unsupported("a computed stride, padding or dilation") end
  w.pads, w.out, w.ceil, w.extended = {}, {}, false, false
  for i = 1, n do
    local size = sym.dim_size(x, i - n - 1)
    w.pads[i], w.pads[n + i] = w.pad[i], w.pad[i]
    if ceil_mode and not size then w.ceil = true end
    if size then
      local out, differs = output_size(size, w.kernel[i], w.stride[i], w.pad[i], w.dilation[i], ceil_mode)
      w.out[i] = out
      if differs then
        w.pads[n + i] = (out - 1) * w.stride[i] + w.dilation[i] * (w.kernel[i] - 1) + 1 - size - w.pad[i]
        w.extended = true
      end
    end
  end
  if w.ceil and g:opset() < 10 then return g:unsupported("ceil_mode with unknown sizes needs opset 10") end
  return w
end

-- Runs fn on x with a batch; PyTorch takes one image alone.
local function batched(g, x, n, fn)
  local rank = sym.rank(x)
  if rank ~= n + 1 then return fn(x) end
  local y, z = fn(sym.unsqueeze(g, x, 0))
  return sym.squeeze(g, y, 0), z and sym.squeeze(g, z, 0)
end

local function dilated(list)
  for i = 1, list.n or #list do
    if list[i] ~= 1 then return list end
  end
end

-- ---- max ----

local function max_attrs(g, w)
  local attrs = {kernel_shape_i = w.kernel, strides_i = w.stride, pads_i = w.pads, dilations_i = dilated(w.dilation)}
  if attrs.dilations_i and g:opset() < 10 then return g:unsupported("max pooling with dilation needs opset 10") end
  if w.ceil then attrs.ceil_mode_i = 1 end
  return attrs
end

local function max_pool(n)
  return function(g, self, kernel_size, stride, padding, dilation, ceil_mode)
    return (batched(g, self, n, function(x)
      local w = window(g, x, n, kernel_size, stride, padding, dilation, ceil_mode)
      return g:op("MaxPool", x, max_attrs(g, w))
    end))
  end
end

symbolic("aten::max_pool1d", max_pool(1))
symbolic("aten::max_pool2d", max_pool(2))
symbolic("aten::max_pool3d", max_pool(3))

-- ONNX counts the indices through the whole tensor, PyTorch within one channel's plane.
local function with_indices(g, x, n, attrs)
  attrs.outputs = 2
  local y, index = g:op("MaxPool", x, attrs)
  local plane = 1
  for i = 1, n do
    local size = sym.dim_size(x, -i)
    if not size then return y, nil end
    plane = plane * size
  end
  local channel = g:op("Mul", g:op("Div", index, plane), plane)
  return y, g:op("Sub", index, channel)
end

local function max_pool_with_indices(n)
  return function(g, self, kernel_size, stride, padding, dilation, ceil_mode)
    return batched(g, self, n, function(x)
      local w = window(g, x, n, kernel_size, stride, padding, dilation, ceil_mode)
      return with_indices(g, x, n, max_attrs(g, w))
    end)
  end
end

symbolic("aten::max_pool1d_with_indices", max_pool_with_indices(1))
symbolic("aten::max_pool2d_with_indices", max_pool_with_indices(2))
symbolic("aten::max_pool3d_with_indices", max_pool_with_indices(3))

-- ---- average ----

local function zeros_around(n, from, to)
  local pads = {0, 0}
  for i = 1, n do pads[2 + i] = from[i] end
  pads[n + 3], pads[n + 4] = 0, 0
  for i = 1, n do pads[n + 4 + i] = to[n + i] end
  return pads
end

-- What AveragePool's result over zero padding must be multiplied with to become PyTorch's: kernel size by divisor. Along
-- each dim a window counts what it covers of the input and, with count_include_pad, of the padding that was asked for.
local function corrections(g, x, w, count_include_pad, divisor)
  local n, area, dims, out = w.n, 1, {1, 1}, {}
  for i = 1, n do area = area * w.kernel[i] end
  local covered = {}
  for i = 1, n do
    local size = sym.dim_size(x, i - n - 1)
    covered[i], dims[2 + i] = {}, w.out[i]
    for o = 0, w.out[i] - 1 do
      local from = o * w.stride[i] - w.pad[i]
      local to = math.min(from + w.kernel[i], size + w.pad[i])
      if not count_include_pad then from, to = math.max(from, 0), math.min(to, size) end
      covered[i][o + 1] = to - from
    end
  end
  local function fill(i, product)
    if i > n then
      out[#out + 1] = area / (divisor or product)
      return
    end
    for _, c in ipairs(covered[i]) do fill(i + 1, product * c) end
  end
  fill(1, 1)
  return g:constant(out, sym.dtype(x) or "float32", dims)
end

-- Windows that end beyond the padding, or a divisor of its own: the sum over explicit zeros, divided by what PyTorch counts.
local function average_exact(g, x, w, count_include_pad, divisor)
  for i = 1, w.n do
    if not w.out[i] then return g:unsupported("this pooling needs known sizes") end
  end
  local padded = sym.pad(g, x, zeros_around(w.n, w.pad, w.pads))
  local y = g:op("AveragePool", padded, {kernel_shape_i = w.kernel, strides_i = w.stride})
  return g:op("Mul", y, corrections(g, x, w, count_include_pad, divisor))
end

local function average(g, x, w, count_include_pad, divisor)
  if w.extended or divisor then return average_exact(g, x, w, count_include_pad, divisor) end
  local attrs = {kernel_shape_i = w.kernel, strides_i = w.stride, pads_i = w.pads}
  attrs.count_include_pad_i = count_include_pad and 1 or 0
  if w.ceil then attrs.ceil_mode_i = 1 end
  return g:op("AveragePool", x, attrs)
end

local function avg_pool(n)
  return function(g, self, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
    return (batched(g, self, n, function(x)
      local w = window(g, x, n, kernel_size, stride, padding, 1, ceil_mode)
      return average(g, x, w, count_include_pad, divisor_override and sym.scalar(divisor_override))
    end))
  end
end

symbolic("aten::avg_pool1d", function(g, self, kernel_size, stride, padding, ceil_mode, count_include_pad)
  return avg_pool(1)(g, self, kernel_size, stride, padding, ceil_mode, count_include_pad)
end)
symbolic("aten::avg_pool2d", avg_pool(2))
symbolic("aten::avg_pool3d", avg_pool(3))

-- ---- adaptive ----

-- The window of each output of adaptive pooling: from floor(o * in / out) to ceil((o + 1) * in / out).
local function adaptive_span(o, size, out)
  return o * size // out, -(-(o + 1) * size // out)
end

-- Averages the last dim of x from `size` to `out` places: a product with a constant matrix.
local function average_last(g, x, size, out)
  local m = {}
  for i = 1, size * out do m[i] = 0.0 end
  for o = 0, out - 1 do
    local from, to = adaptive_span(o, size, out)
    for i = from, to - 1 do m[i * out + o + 1] = 1 / (to - from) end
  end
  return g:op("MatMul", x, g:constant(m, sym.dtype(x) or "float32", {size, out}))
end

-- Kernel, and 1 as its own stride, where the input divides evenly.
local function even_kernel(sizes, out, n)
  local kernel = {}
  for i = 1, n do
    if sizes[i] % out[i] ~= 0 then return nil end
    kernel[i] = sizes[i] // out[i]
  end
  return kernel
end

local function all_are(list, n, x)
  for i = 1, n do
    if list[i] ~= x then return false end
  end
  return true
end

-- The last n dims of x, or a refusal.
local function need_sizes(g, x, n)
  local sizes = {}
  for i = 1, n do
    sizes[i] = sym.dim_size(x, i - n - 1) or g:unsupported("adaptive pooling to more than 1 needs known input sizes")
  end
  return sizes
end

local function adaptive_out(g, x, n, output_size)
  local list = type(output_size) == "table" and output_size or {output_size, n = 1}
  local out = {}
  for i = 1, n do
    local o = list[list.n == 1 and 1 or i]
    out[i] = (o == false or o == nil) and sym.dim_size(x, i - n - 1) or sym.maybe_scalar(o)
    if not out[i] then return g:unsupported("adaptive pooling to a computed size") end
  end
  return out
end

local function adaptive_avg_pool(n)
  return function(g, self, output_size)
    return (batched(g, self, n, function(x)
      local out = adaptive_out(g, x, n, output_size)
      if all_are(out, n, 1) then return g:op("GlobalAveragePool", x) end
      local sizes = need_sizes(g, x, n)
      local kernel = even_kernel(sizes, out, n)
      if kernel and all_are(kernel, n, 1) then return x end
      if kernel then return g:op("AveragePool", x, {kernel_shape_i = kernel, strides_i = kernel}) end
      for i = 1, n do
        if sizes[i] ~= out[i] then
          local axis = i - n - 1
          local y = axis == -1 and x or sym.swap(g, x, axis, -1)
          y = average_last(g, y, sizes[i], out[i])
          x = axis == -1 and y or sym.swap(g, y, axis, -1)
        end
      end
      return x
    end))
  end
end

symbolic("aten::adaptive_avg_pool1d", adaptive_avg_pool(1))
symbolic("aten::adaptive_avg_pool2d", adaptive_avg_pool(2))
symbolic("aten::adaptive_avg_pool3d", adaptive_avg_pool(3))
symbolic("aten::_adaptive_avg_pool2d", adaptive_avg_pool(2))
symbolic("aten::_adaptive_avg_pool3d", adaptive_avg_pool(3))

local function adaptive_max_pool(n)
  return function(g, self, output_size)
    return batched(g, self, n, function(x)
      local out = adaptive_out(g, x, n, output_size)
      local sizes = sym.dim_size(x, -1) and need_sizes(g, x, n)
      if all_are(out, n, 1) and not sizes then return g:op("GlobalMaxPool", x), nil end
      sizes = sizes or need_sizes(g, x, n)
      local kernel = even_kernel(sizes, out, n) or
        g:unsupported("adaptive max pooling of sizes that the output does not divide")
      return with_indices(g, x, n, {kernel_shape_i = kernel, strides_i = kernel})
    end)
  end
end

symbolic("aten::adaptive_max_pool1d", adaptive_max_pool(1))
symbolic("aten::adaptive_max_pool2d", adaptive_max_pool(2))
symbolic("aten::adaptive_max_pool3d", adaptive_max_pool(3))
