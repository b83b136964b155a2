-- Resizing images. From opset 11 on Resize says where a pixel's centre is; before, the interpolation is a product with
-- constant matrices (linear) or a choice of rows (nearest), which need known sizes.

-- What is asked for: sizes (a list) or scales (a list of numbers), along the n spatial dims.
local function target(g, x, n, output_size, scales)
  local t = {n = n, sizes = output_size}
  local complete = true
  for i = 1, n do complete = complete and scales and scales[i] and true or false end
  if complete then
    t.scales = {}
    for i = 1, n do t.scales[i] = sym.scalar(scales[i]) + 0.0 end
  end
  if not t.sizes and not t.scales then return g:unsupported("neither a size nor scales are given") end
  t.known = {}
  for i = 1, n do
    local size = sym.dim_size(x, i - n - 1)
    local out = t.sizes and sym.maybe_scalar(t.sizes[i]) or (t.scales and size and math.tointeger(size * t.scales[i] // 1))
    t.known[i] = size and out and {size = size, out = out, scale = t.scales and 1 / t.scales[i]} or nil
    t.all_known = (i == 1 or t.all_known) and t.known[i] ~= nil
  end
  return t
end

local function resize(g, x, t, attrs)
  if t.scales then
    local scales = {1.0, 1.0}
    for i = 1, t.n do scales[2 + i] = t.scales[i] end
    -- The scales say the size only up to rounding; where it would differ, the size decides.
    local same = true
    for i = 1, t.n do
      local k = t.known[i]
      same = same and (not k or k.size * t.scales[i] // 1 == k.out)
    end
    if same then
      local roi = g:opset() < 13 and g:constant({}, "float32", {0}) or nil
      return g:op("Resize", x, roi, g:constant(scales, "float32"), attrs)
    end
  end
  local sizes = sym.size_list(g, x, 0, 1)
  for i = 1, t.n do sizes[2 + i] = t.sizes and t.sizes[i] or t.known[i].out end
  sizes.n = t.n + 2
  local none = g:opset() < 13 and g:constant({}, "float32", {0}) or nil
  return g:op("Resize", x, none, none, sym.shape(g, sizes), attrs)
end

-- ---- before opset 11 ----

-- Where the centre of output pixel o lies in the input.
local function source_of(o, k, align_corners)
  if align_corners then return k.out > 1 and o * (k.size - 1) / (k.out - 1) or 0.0 end
  return math.max((o + 0.5) * (k.scale or k.size / k.out) - 0.5, 0.0)
end

local function linear_matrix(g, x, k, align_corners)
  local m = {}
  for i = 1, k.size * k.out do m[i] = 0.0 end
  for o = 0, k.out - 1 do
    local at = source_of(o, k, align_corners)
    local low = math.min(math.tointeger(at // 1), k.size - 1)
    local high, w = math.min(low + 1, k.size - 1), at - low
    m[low * k.out + o + 1] = m[low * k.out + o + 1] + (1 - w)
    m[high * k.out + o + 1] = m[high * k.out + o + 1] + w
  end
  return g:constant(m, sym.dtype(x) or "float32", {k.size, k.out})
end

local function linear_exact(g, x, t, align_corners)
  for i = 1, t.n do
    local axis, k = i - t.n - 1, t.known[i]
    local y = axis == -1 and x or sym.swap(g, x, axis, -1)
    y = g:op("MatMul", y, linear_matrix(g, x, k, align_corners))
    x = axis == -1 and y or sym.swap(g, y, axis, -1)
  end
  return x
end

local function nearest_exact(g, x, t)
  for i = 1, t.n do
    local k, rows = t.known[i], {}
    for o = 0, k.out - 1 do rows[o + 1] = math.min(math.tointeger(o * (k.scale or k.size / k.out) // 1), k.size - 1) end
    x = g:op("Gather", x, g:constant(rows, "int64"), {axis_i = i + 1})
  end
  return x
end

-- ---- the operators ----

local function nearest(g, x, n, output_size, scales)
  local t = target(g, x, n, output_size, scales)
  if g:opset() >= 11 then
    return resize(g, x, t, {mode_s = "nearest", coordinate_transformation_mode_s = "asymmetric", nearest_mode_s = "floor"})
  end
  if not t.all_known then return g:unsupported("resizing to computed sizes needs opset 11") end
  return nearest_exact(g, x, t)
end

local function linear(g, x, n, output_size, align_corners, scales)
  local t = target(g, x, n, output_size, scales)
  if g:opset() >= 11 then
    local mode = align_corners and "align_corners" or "half_pixel"
    return resize(g, x, t, {mode_s = "linear", coordinate_transformation_mode_s = mode})
  end
  if not t.all_known then return g:unsupported("linear interpolation before opset 11 needs known sizes") end
  return linear_exact(g, x, t, align_corners)
end

local function cubic(g, x, output_size, align_corners, scales)
  if g:opset() < 11 then return g:unsupported("cubic interpolation needs opset 11") end
  local t = target(g, x, 2, output_size, scales)
  return resize(g, x, t, {
    mode_s = "cubic", cubic_coeff_a_f = -0.75,
    coordinate_transformation_mode_s = align_corners and "align_corners" or "half_pixel",
  })
end

symbolic("aten::upsample_nearest1d", function(g, self, output_size, scales)
  return nearest(g, self, 1, output_size, {scales})
end)
symbolic("aten::upsample_nearest2d", function(g, self, output_size, scales_h, scales_w)
  return nearest(g, self, 2, output_size, {scales_h, scales_w})
end)
symbolic("aten::upsample_nearest3d", function(g, self, output_size, scales_d, scales_h, scales_w)
  return nearest(g, self, 3, output_size, {scales_d, scales_h, scales_w})
end)
symbolic("aten::upsample_nearest1d.vec", function(g, input, output_size, scale_factors)
  return nearest(g, input, 1, output_size, scale_factors)
end)
symbolic("aten::upsample_nearest2d.vec", function(g, input, output_size, scale_factors)
  return nearest(g, input, 2, output_size, scale_factors)
end)
symbolic("aten::upsample_nearest3d.vec", function(g, input, output_size, scale_factors)
  return nearest(g, input, 3, output_size, scale_factors)
end)

symbolic("aten::upsample_linear1d", function(g, self, output_size, align_corners, scales)
  return linear(g, self, 1, output_size, align_corners, {scales})
end)
symbolic("aten::upsample_bilinear2d", function(g, self, output_size, align_corners, scales_h, scales_w)
  return linear(g, self, 2, output_size, align_corners, {scales_h, scales_w})
end)
symbolic("aten::upsample_trilinear3d", function(g, self, output_size, align_corners, scales_d, scales_h, scales_w)
  return linear(g, self, 3, output_size, align_corners, {scales_d, scales_h, scales_w})
end)
symbolic("aten::upsample_linear1d.vec", function(g, input, output_size, align_corners, scale_factors)
  return linear(g, input, 1, output_size, align_corners, scale_factors)
end)
symbolic("aten::upsample_bilinear2d.vec", function(g, input, output_size, align_corners, scale_factors)
  return linear(g, input, 2, output_size, align_corners, scale_factors)
end)
symbolic("aten::upsample_trilinear3d.vec", function(g, input, output_size, align_corners, scale_factors)
  return linear(g, input, 3, output_size, align_corners, scale_factors)
end)

symbolic("aten::upsample_bicubic2d", function(g, self, output_size, align_corners, scales_h, scales_w)
  return cubic(g, self, output_size, align_corners, {scales_h, scales_w})
end)
symbolic("aten::upsample_bicubic2d.vec", function(g, input, output_size, align_corners, scale_factors)
  return cubic(g, input, output_size, align_corners, scale_factors)
end)
