-- The custom operator of this network: hard_mish(x) = x * clamp(x + 2, 0, 2) / 2.
-- ONNX has none of that name, so it is written with operators that ONNX has. The parameters after g are the operator's
-- arguments; a Lua number takes the element type of the tensor beside it; sym.clip knows how each opset spells Clip.

symbolic("acme::hard_mish", function(g, x)
  local shifted = g:op("Add", x, 2.0)
  local gate = sym.clip(g, shifted, 0.0, 2.0)
  return g:op("Mul", x, g:op("Div", gate, 2.0))
end)
