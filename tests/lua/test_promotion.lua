-- Type promotion against PyTorch's own answers.
local pairs_of, mixed = load_test("promotion.lua")

for _, r in ipairs(pairs_of) do
  local got, back = sym.promote_types(r[1], r[2]), sym.promote_types(r[2], r[1])
  assert(got == r[3] and back == r[3], ("%s with %s: %s, not %s"):format(r[1], r[2], got, r[3]))
end
assert(sym.promote_types(nil, "int8") == "int8" and sym.promote_types("int8", nil) == "int8")

-- One graph with an input of every type, with dims and without.
local types = {}
for _, r in ipairs(pairs_of) do types[r[1]] = true end
local torch_name = {bool = "Bool", uint8 = "Byte", int8 = "Char", int16 = "Short", int32 = "Int", int64 = "Long", float16 = "Half",
                    bfloat16 = "BFloat16", float32 = "Float", float64 = "Double"}
local inputs = {}
for t in pairs(types) do
  inputs[#inputs + 1] = ("%%dims_%s : %s(2, 2)"):format(t, torch_name[t])
  inputs[#inputs + 1] = ("%%scalar_%s : %s()"):format(t, torch_name[t])
end
command("trace graph(" .. table.concat(inputs, ",\n      ") .. "):\n  return (%dims_bool)\n")

local number = {bool = true, int64 = 1, float32 = 1.5}
local function operand(kind, dtype)
  if kind == "number" then return number[dtype] end
  return graph:value(kind .. "_" .. dtype)
end

for _, r in ipairs(mixed) do
  local a, b = operand(r[1], r[2]), operand(r[3], r[4])
  local got, back = sym.result_type(a, b), sym.result_type(b, a)
  assert(got == r[5] and back == r[5], ("%s %s with %s %s: %s, not %s"):format(r[1], r[2], r[3], r[4], got, r[5]))
end
