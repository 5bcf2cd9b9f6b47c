-- An executed notebook as a page that cannot act: HTML in cells and outputs is read again as
-- a document, of which inert.lua leaves what is text.

-- Names are for cells; what these show has none.
local function nameless(element)
  element.identifier = ''
  return element
end

local function plain(element)
  element.attr = pandoc.Attr()
  return element
end

local unnamed = {
  Div = nameless, Span = nameless, Header = nameless, Code = nameless, CodeBlock = nameless,
  Table = plain,
}

-- The empty list of files makes pandoc read without access to the disk or the network.
local formats = { html = 'html', markdown = 'commonmark_x-raw_html' }

local function read(element)
  local format = formats[element.format]
  if not format then return {} end
  return pandoc.read(element.text, format, nil, {}).blocks:walk(unnamed)
end

-- One Div, since pandoc keeps a single block of each output.
local function raw_block(element)
  return pandoc.Div(read(element))
end

local function raw_inline(element)
  return pandoc.utils.blocks_to_inlines(read(element))
end

local function inert(document)
  return dofile 'report/inert.lua'(document)
end

local function image(element)
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
  { Pandoc = inert },
  { Image = image, CodeBlock = code },
  { Pandoc = title },
}
