-- An executed notebook as a page that cannot act: HTML in cells and outputs is read again as
-- a document, so that scripts, styles, frames and event handlers are not carried along.

local function bare(element)
  element.attr = pandoc.Attr('', element.classes)
  return element
end

local function bare_table(element)
  local function rows(list)
    for _, row in ipairs(list) do
      row.attr = pandoc.Attr()
      for _, cell in ipairs(row.cells) do cell.attr = pandoc.Attr() end
    end
  end
  rows(element.head.rows)
  rows(element.foot.rows)
  for _, body in ipairs(element.bodies) do
    rows(body.head)
    rows(body.body)
  end
  element.attr = pandoc.Attr()
  return element
end

local harmless = {
  Div = bare, Span = bare, Header = bare, Code = bare, CodeBlock = bare, Table = bare_table,
}

-- The empty list of files makes pandoc read without access to the disk or the network.
local formats = { html = 'html', markdown = 'commonmark_x-raw_html' }

local function read(element)
  local format = formats[element.format]
  if not format then return {} end
  return pandoc.read(element.text, format, nil, {}).blocks:walk(harmless)
end

-- One Div, since pandoc keeps a single block of each output.
local function raw_block(element)
  return pandoc.Div(read(element))
end

local function raw_inline(element)
  return pandoc.utils.blocks_to_inlines(read(element))
end

local function link(element)
  if element.target:match '^%s*%a*script:' or element.target:match '^%s*data:' then
    return element.content
  end
  element.attributes = {}
  return element
end

-- A picture from elsewhere would be fetched while building, and differ from day to day.
local function image(element)
  if element.src:match '^%a+://' then
    local name = #element.caption > 0 and element.caption or { pandoc.Str(element.src) }
    return pandoc.Link(name, element.src)
  end
  if #element.caption == 0 and not element.attributes.alt then
    element.attributes = { alt = 'Output of the code above' }
  end
  return element
end

-- Code that is wider than its box can be scrolled with the keyboard too.
local function code(element)
  element.attributes = { tabindex = '0' }
  return element
end

local function title(document)
  for i, block in ipairs(document.blocks) do
    local first = block.t == 'Div' and block.content[1] or block
    if first and first.t == 'Header' and first.level == 1 then
      document.meta.title = pandoc.MetaInlines(first.content)
      document.meta.pagetitle = pandoc.utils.stringify(first.content)
      if block.t == 'Div' then block.content:remove(1) else document.blocks:remove(i) end
      break
    end
  end
  return document
end

return {
  { RawBlock = raw_block, RawInline = raw_inline },
  { Link = link, Image = image, CodeBlock = code },
  { Pandoc = title },
}
