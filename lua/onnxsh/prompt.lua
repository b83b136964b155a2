-- The prompt's own: how values are shown, and help. Loaded on first use with {sanitize =, docs =, source =} from C.
local host = ...
local M = {}

local MAX_DEPTH, MAX_ITEMS = 4, 50

local show

local function show_table(t, depth)
  local parts, n = {}, #t
  for i = 1, math.min(n, MAX_ITEMS) do parts[i] = show(t[i], depth + 1) end
  if n > MAX_ITEMS then parts[#parts + 1] = "..." end
  local keys = {}
  for k in pairs(t) do
    if math.type(k) ~= "integer" or k < 1 or k > n then keys[#keys + 1] = k end
  end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for i, k in ipairs(keys) do
    if i > MAX_ITEMS then parts[#parts + 1] = "..." break end
    local name = type(k) == "string" and k:match("^[%a_][%w_]*$") or "[" .. show(k, depth + 1) .. "]"
    parts[#parts + 1] = name .. " = " .. show(t[k], depth + 1)
  end
  return "{" .. table.concat(parts, ", ") .. "}"
end

function show(v, depth)
  if type(v) == "string" then return '"' .. host.sanitize(v) .. '"' end
  if type(v) == "table" and not (getmetatable(v) and getmetatable(v).__tostring) then
    return depth < MAX_DEPTH and show_table(v, depth) or "{...}"
  end
  return tostring(v)
end

-- A list of things is shown one a line; a single string as it is, since it is mostly text to be read.
local function show_top(v)
  if type(v) == "string" then return host.sanitize(v) end
  if type(v) == "table" and type(v[1]) == "userdata" then
    local lines = {}
    for i = 1, math.min(#v, 1000) do lines[i] = show(v[i], 1) end
    if #v > 1000 then lines[#lines + 1] = ("... (%d in all)"):format(#v) end
    return table.concat(lines, "\n")
  end
  return show(v, 0)
end

function M.echo(...)
  local n, parts = select("#", ...), {}
  for i = 1, n do parts[i] = show_top((select(i, ...))) end
  return table.concat(parts, "\t") .. "\n"
end

-- One value on one line, as a debugger lists them.
function M.shown(v) return show(v, 1) end

-- Helpers of torch.onnx from 2018 on, by what they became.
local old_names = {
  _scalar = "sym.scalar", _get_const = "sym.scalar", _maybe_get_const = "sym.scalar", _maybe_get_scalar = "sym.scalar",
  _parse_arg = "symbolic", parse_args = "symbolic", quantized_args = "symbolic",
  _if_scalar_type_as = "sym.cast_like", _unsqueeze_helper = "sym.unsqueeze", _squeeze_helper = "sym.squeeze",
  _slice_helper = "sym.slice", _reshape_helper = "sym.reshape", _reducesum_helper = "sym.reduce",
  _size_helper = "sym.size", _unimplemented = "g:unsupported", _onnx_unsupported = "g:unsupported",
  _onnx_opset_unsupported = "g:unsupported", _onnx_opset_unsupported_detailed = "g:unsupported",
  _get_tensor_rank = "type:rank", _get_tensor_sizes = "type:sizes", _get_tensor_dim_size = "type:dim",
  _try_get_scalar_type = "type:dtype", _is_fp = "sym.is_float", _is_bool = "type:dtype", _is_none = "symbolic",
  _is_value = "value:is_constant", _unpack_list = "symbolic", _is_packed_list = "symbolic",
  register_custom_op_symbolic = "symbolic", is_in_onnx_export = "g:opset", opset_version = "g:opset", GLOBALS = "g:opset",
}

local function row_text(row) return row.usage .. "\n    " .. row.doc .. "\n" end

local function find(rows, name)
  for _, row in ipairs(rows) do
    if row.name == name then return row end
  end
end

-- The name under which a function is documented.
local function name_of(fn, rows)
  for _, row in ipairs(rows) do
    local owner, key = row.name:match("^(%w+)%.([%w_]+)$")
    local holder = owner and _G[owner] or _G
    if type(holder) == "table" and rawget(holder, key or row.name) == fn then return row.name end
  end
end

local function list(rows)
  local lines = {}
  for _, row in ipairs(rows) do lines[#lines + 1] = row.usage end
  return table.concat(lines, "\n") .. "\nhelp(\"NAME\") tells more: help(\"g:op\"), help(\"aten::elu\")\n"
end

function M.help(x)
  local rows = host.docs()
  if x == nil then return list(rows) end
  local name = type(x) == "function" and name_of(x, rows) or x
  if type(name) ~= "string" then return "no help for " .. tostring(x) .. "\n" end
  local row = find(rows, name)
  if row then return row_text(row) end
  local bare = name:gsub("^torch%.onnx%.", ""):gsub("^symbolic_helper%.", ""):gsub("^sym_help%.", "")
  if old_names[bare] then
    return ("%s of torch.onnx is %s here:\n"):format(bare, old_names[bare]) .. row_text(find(rows, old_names[bare]))
  end
  if name:find("::") or name:find("^^") then
    local text, where = host.source(name)
    if text then return where .. "\n" .. text end
    return "no symbolic function of " .. name .. "\n"
  end
  local alike = {}
  for _, r in ipairs(rows) do
    if r.name:find(name, 1, true) then alike[#alike + 1] = r.usage end
  end
  if #alike > 0 then return table.concat(alike, "\n") .. "\n" end
  return "no help for " .. name .. "\n"
end

M.old_names = old_names
return M
