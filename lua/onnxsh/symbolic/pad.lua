-- Padding. PyTorch lists it from the last dim on, a pair a dim; ONNX all begins, then all ends.

local function onnx_pads(g, x, pad)
  if type(pad) == "userdata" then return g:unsupported("a padding that is one computed tensor") end
  local n, pairs_given = sym.need_rank(g, x), pad.n // 2
  local out = {n = 2 * n}
  for i = 1, 2 * n do out[i] = 0 end
  for i = 1, pairs_given do
    local dim = n - i + 1
    out[dim], out[n + dim] = pad[2 * i - 1], pad[2 * i]
  end
  return out
end

symbolic("aten::constant_pad_nd", function(g, self, pad, value)
  return sym.pad(g, self, onnx_pads(g, self, pad), "constant", value)
end)

local function padder(mode)
  return function(g, self, padding) return sym.pad(g, self, onnx_pads(g, self, padding), mode) end
end

symbolic("aten::reflection_pad1d", padder("reflect"))
symbolic("aten::reflection_pad2d", padder("reflect"))
symbolic("aten::reflection_pad3d", padder("reflect"))
symbolic("aten::replication_pad1d", padder("edge"))
symbolic("aten::replication_pad2d", padder("edge"))
symbolic("aten::replication_pad3d", padder("edge"))

-- Around the other side: slices of x before and behind it.
local function circular(g, x, pad)
  local rank = sym.need_rank(g, x)
  for i = 1, pad.n // 2 do
    local axis, before, after = rank - i, sym.scalar(pad[2 * i - 1]), sym.scalar(pad[2 * i])
    if before < 0 or after < 0 then return g:unsupported("a negative circular padding") end
    local parts = {}
    if before > 0 then parts[1] = sym.slice(g, x, {axis}, {-before}, {math.maxinteger}) end
    parts[#parts + 1] = x
    if after > 0 then parts[#parts + 1] = sym.slice(g, x, {axis}, {0}, {after}) end
    x = sym.concat(g, parts, axis)
  end
  return x
end

symbolic("aten::_pad_circular", function(g, self, pad) return circular(g, self, pad) end)

local onnx_mode = {constant = "constant", reflect = "reflect", replicate = "edge"}

symbolic("aten::pad", function(g, self, pad, mode, value)
  if mode == "circular" then return circular(g, self, pad) end
  local m = onnx_mode[mode] or g:unsupported("pad mode " .. tostring(mode))
  return sym.pad(g, self, onnx_pads(g, self, pad), m, value)
end)
