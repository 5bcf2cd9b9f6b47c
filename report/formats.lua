-- What the two formats of the report do differently: figures, verdicts, second lines in
-- table cells. Everything else is pandoc's own.

local typst = FORMAT == 'typst'

local function raw(text)
  return pandoc.RawInline('typst', text)
end

-- A string in typst's syntax.
local function quoted(text)
  return '"' .. text:gsub('[\\"]', '\\%0') .. '"'
end

-- What would reach one of the formats alone, or lead elsewhere, is for its author to mend.
local function refuse(what)
  error(what .. '\nWrite it in Markdown. Links begin with https://, or lead to a place of the '
    .. 'report or a file of the project; pictures are files of the project.')
end

local function inert(document)
  return dofile 'report/inert.lua'(document, refuse)
end

-- A place in a long key or path where a line may break. As a character it would be copied with
-- the key, which then names nothing.
local function breaks(element)
  if not element.text:find('\u{200B}', 1, true) then return nil end
  local out = pandoc.Inlines {}
  for part in (element.text .. '\u{200B}'):gmatch('(.-)\u{200B}') do
    if #out > 0 then
      out:insert(typst and raw('#box(width: 0pt);') or pandoc.RawInline('html', '<wbr>'))
    end
    out:insert(pandoc.Str(part))
  end
  return out
end

-- A figure arrives as a Div: the picture, then the blocks of its caption.
local function plate(div)
  local picture = div.content[1].content[1]
  local caption = pandoc.Blocks { table.unpack(div.content, 2) }
  if not typst then
    local attr = pandoc.Attr(div.identifier, div.classes)
    local box = { { 'role', 'group' }, { 'tabindex', '0' }, { 'aria-label', 'Picture' } }
    local shown = pandoc.Div(pandoc.Plain { picture }, pandoc.Attr('', { 'picture' }, box))
    return pandoc.Figure({ shown }, { long = caption }, attr)
  end
  -- Paths that begin with a slash start at the repository's root.
  local open = ('#plate(%s, alt: %s)['):format(
    quoted('/' .. picture.src), quoted(picture.attributes.alt or ''))
  caption:insert(1, pandoc.RawBlock('typst', open))
  caption:insert(pandoc.RawBlock('typst', ('] <%s>'):format(div.identifier)))
  return caption
end

-- The classes below are functions in template.typ.

-- What a verdict rests on folds out on the page; paper shows the reason only.
local function evidence(element)
  if typst then return {} end
  local out = pandoc.Inlines { pandoc.RawInline('html',
    '<details class="evidence"><summary>Evidence</summary><ul>') }
  for _, line in ipairs(element.content) do
    out:insert(pandoc.RawInline('html', '<li>'))
    out:extend(line.content)
    out:insert(pandoc.RawInline('html', '</li>'))
  end
  out:insert(pandoc.RawInline('html', '</ul></details>'))
  return out
end

local function span(element)
  if element.classes:includes 'evidence' then return evidence(element) end
  if not typst then return nil end
  local open
  if element.classes:includes 'number' then
    -- A link like all others would colour every number of the text.
    local link = element.content[1]
    local content = link.content:clone()
    content:insert(1, raw(('#number(<%s>)['):format(link.target:sub(2))))
    content:insert(raw(']'))
    return content
  elseif element.classes:includes 'verdict' then
    open = ('#verdict("%s")['):format(element.classes[2])
  elseif element.classes:includes 'symbol' then
    open = '#symbol['
  elseif element.classes:includes 'below' then
    open = '#below['
  else
    return nil
  end
  local content = element.content:clone()
  content:insert(1, raw(open))
  content:insert(raw(']'))
  return content
end

local function div(element)
  if element.classes:includes 'plate' then return plate(element) end
  if not typst then return nil end
  for _, class in ipairs { 'source', 'links', 'claims', 'numbers' } do
    if element.classes:includes(class) then
      local content = element.content:clone()
      content:insert(1, pandoc.RawBlock('typst', '#' .. class .. '['))
      content:insert(pandoc.RawBlock('typst', ']'))
      return content
    end
  end
end

return {
  { Pandoc = inert },
  { Span = span, Div = div, Str = breaks },
}
