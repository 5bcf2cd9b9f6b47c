-- What was read stays text: the one place where data lose what could act. It may come from a
-- section, a table, the bibliography, or a cell and what that shows. Elements keep only the
-- attributes named here, links lead to web pages or to places of the project, pictures have no
-- scheme but that of their own bytes, and nothing raw is left.
--
-- `refuse` is called with what is wrong, where an author can mend it; without it, that is left
-- out, and the words stay.

-- Of the elements as they are read; later filters add their own.
local kept = { 'key', 'title', 'aria-hidden', 'alt' }

local function name(text)
  return text:match '^[%w_.:\128-\255-]+$' and text or ''
end

local function bare(attr)
  -- A list, not a table of keys: Lua visits keys in another order on every run.
  local attributes = {}
  for _, key in ipairs(kept) do
    if attr.attributes[key] then table.insert(attributes, { key, attr.attributes[key] }) end
  end
  local classes = pandoc.List(attr.classes):map(name):filter(function(one) return one ~= '' end)
  return pandoc.Attr(name(attr.identifier), classes, attributes)
end

local function element(one)
  one.attr = bare(one.attr)
  return one
end

-- Browsers take away blanks and control characters before they look for a scheme, and take a
-- backslash for a slash: so an address has neither.
local function leads(target)
  if target:find '[%c%s\\<>"]' then return false end
  local scheme = target:match '^([^/?#]*):'
  if scheme then return target:lower():match '^https?://[%w%[\128-\255]' ~= nil end
  if target:sub(1, 1) == '#' then return name(target:sub(2)) ~= '' end
  return target:sub(1, 1) ~= '/'
end

local function rows(list)
  for _, row in ipairs(list) do
    row.attr = bare(row.attr)
    for _, cell in ipairs(row.cells) do cell.attr = bare(cell.attr) end
  end
end

return function(document, refuse)
  local function raw(one)
    -- Comments reach no reader.
    if refuse and not (one.format:match '^html' and one.text:match '^%s*<!%-%-') then
      refuse((one.format == 'html' and 'HTML' or one.format) .. ' in the text: ' .. one.text)
    end
    return {}
  end

  local function link(one)
    if not leads(one.target) then
      if refuse then refuse('A link that leads to no page: ' .. one.target) end
      return one.content
    end
    return element(one)
  end

  local function image(one)
    if one.src:match '^data:' and not refuse then return element(one) end
    local elsewhere = one.src:match '^[^/?#]*:' or one.src:match '^[/\\]'
    if refuse and (elsewhere or one.src:find '%.%.' or one.src:find '%%') then
      refuse('A picture from elsewhere: ' .. one.src)
    elseif elsewhere then
      local words = #one.caption > 0 and one.caption or { pandoc.Str(one.src) }
      return leads(one.src) and pandoc.Link(words, one.src) or words
    end
    return element(one)
  end

  local function tables(one)
    rows(one.head.rows)
    rows(one.foot.rows)
    for _, body in ipairs(one.bodies) do
      body.attr = bare(body.attr)
      rows(body.head)
      rows(body.body)
    end
    return element(one)
  end

  return document:walk {
    RawBlock = raw, RawInline = raw, Link = link, Image = image, Table = tables,
    Div = element, Span = element, Header = element, Figure = element,
    Code = element, CodeBlock = element,
  }
end
