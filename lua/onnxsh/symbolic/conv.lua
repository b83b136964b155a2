-- Convolutions.

-- The bias of a convolution or nil; the kernel's dims as an attribute, if the weight's are known.
local function kernel_of(weight)
  local s = sym.sizes(weight)
  return s and table.move(s, 3, s.n, 1, {}) or nil
end

local function convolve(g, x, weight, bias, c)
  local n = c.n
  local stride, dilation = sym.tuple(c.stride, n), sym.tuple(c.dilation, n)
  local padding = sym.tuple(c.padding, n)
  if not stride or not dilation or not padding then return g:unsupported("stride, padding or dilation is computed") end
  local ends = c.padding_end or padding
  local pads = {}
  for i = 1, n do pads[i], pads[n + i] = padding[i], ends[i] end
  local attrs = {kernel_shape_i = nil, strides_i = stride, pads_i = pads, dilations_i = dilation, group_i = c.groups}
  attrs.kernel_shape_i = kernel_of(weight)
  local op = "Conv"
  if c.transposed then
    op = "ConvTranspose"
    local extra = sym.tuple(c.output_padding, n)
    for i = 1, n do
      if extra[i] ~= 0 then attrs.output_padding_i = extra end
    end
  end
  -- PyTorch takes an image without its batch.
  local rank = sym.rank(x)
  if rank == n + 1 then return sym.squeeze(g, g:op(op, sym.unsqueeze(g, x, 0), weight, bias, attrs), 0) end
  return g:op(op, x, weight, bias, attrs)
end

local function spatial(g, weight, what)
  local rank = sym.rank(weight)
  if not rank then return g:unsupported("the weight of " .. what .. " has an unknown rank") end
  return rank - 2
end

symbolic("aten::_convolution", function(g, input, weight, bias, stride, padding, dilation, transposed, output_padding, groups)
  return convolve(g, input, weight, bias, {
    n = spatial(g, weight, "the convolution"), stride = stride, padding = padding, dilation = dilation,
    transposed = transposed, output_padding = output_padding, groups = groups,
  })
end)

symbolic("aten::convolution", function(g, input, weight, bias, stride, padding, dilation, transposed, output_padding, groups)
  return convolve(g, input, weight, bias, {
    n = spatial(g, weight, "the convolution"), stride = stride, padding = padding, dilation = dilation,
    transposed = transposed, output_padding = output_padding, groups = groups,
  })
end)

-- padding = "same" keeps the size, the odd one of the padding at the end; "valid" is none.
local function string_padding(g, weight, dilation, n, padding)
  if padding == "valid" then return {0}, nil end
  local kernel = kernel_of(weight) or g:unsupported("padding='same' needs a weight of known shape")
  local d = sym.tuple(dilation, n)
  local from, to = {n = n}, {n = n}
  for i = 1, n do
    local total = d[i] * (kernel[i] - 1)
    from[i] = total // 2
    to[i] = total - from[i]
  end
  return from, to
end

local function conv(n)
  return function(g, input, weight, bias, stride, padding, dilation, groups)
    local ends
    if type(padding) == "string" then padding, ends = string_padding(g, weight, dilation, n, padding) end
    return convolve(g, input, weight, bias,
                    {n = n, stride = stride, padding = padding, padding_end = ends, dilation = dilation, groups = groups})
  end
end

symbolic("aten::_convolution_mode", function(g, input, weight, bias, stride, padding, dilation, groups)
  return conv(spatial(g, weight, "the convolution"))(g, input, weight, bias, stride, padding, dilation, groups)
end)
symbolic("aten::conv1d", conv(1))
symbolic("aten::conv2d", conv(2))
symbolic("aten::conv3d", conv(3))

local function conv_transpose(n)
  return function(g, input, weight, bias, stride, padding, output_padding, groups, dilation)
    return convolve(g, input, weight, bias, {
      n = n, stride = stride, padding = padding, dilation = dilation, groups = groups, transposed = true,
      output_padding = output_padding,
    })
  end
end

symbolic("aten::conv_transpose1d", conv_transpose(1))
symbolic("aten::conv_transpose2d", conv_transpose(2))
symbolic("aten::conv_transpose3d", conv_transpose(3))
