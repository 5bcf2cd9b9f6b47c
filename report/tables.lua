-- HTML tables that a screen reader can announce and a phone can show: scope for headers, the
-- first column as row header, a label in each cell for the stacked layout, and a box that
-- scrolls by itself, so that a wide table never makes the page scroll sideways. Links of the
-- caption stand below the box: a table may hold rows, and no links beside them.

local text = pandoc.utils.stringify

-- Roles are stated because the stacked layout makes browsers forget them.
local function mark(row, labels, heads)
  row.attributes.role = 'row'
  for i, cell in ipairs(row.cells) do
    if heads >= i then
      cell.attributes.scope = labels and 'row' or 'col'
      cell.attributes.role = labels and 'rowheader' or 'columnheader'
    else
      cell.attributes.role = 'cell'
      cell.attributes['data-label'] = labels and labels[i]
    end
  end
  return row
end

-- A name that stands once for several rows is heard in each of them.
local function repeat_name(row, name)
  local head = row.cells[1]
  local own = text(head.contents)
  if own ~= '' or name == '' then return own end
  head.contents = { pandoc.Plain { pandoc.Span(name, pandoc.Attr('', { 'heard' })) } }
  return name
end

-- Takes the links out of a caption, and what stands between them. Returns links and words.
local function without_links(caption)
  local links, words = pandoc.Inlines {}, pandoc.Inlines {}
  for _, inline in ipairs(pandoc.utils.blocks_to_inlines(caption)) do
    if inline.t == 'Link' then
      links:extend(#links > 0 and { pandoc.Str ' · ', inline } or { inline })
    elseif #links == 0 then
      words:insert(inline)
    end
  end
  return links, words
end

function Table(element)
  local labels = {}
  for _, row in ipairs(element.head.rows) do
    for i, cell in ipairs(row.cells) do labels[i] = text(cell.contents) end
    mark(row, nil, #row.cells)
  end
  for _, body in ipairs(element.bodies) do
    body.row_head_columns = math.max(body.row_head_columns, 1)
    local name = ''
    for _, row in ipairs(body.body) do
      mark(row, labels, body.row_head_columns)
      name = repeat_name(row, name)
    end
  end
  element.attributes.role = 'table'
  local links, words = without_links(element.caption.long)
  -- The caption's own box stays in sight when the table is scrolled.
  element.caption.long = #words > 0 and { pandoc.Plain { pandoc.Span(words) } } or {}
  -- A list, not a table of keys: Lua visits keys in another order on every run.
  local box = {
    { 'role', 'region' },
    { 'tabindex', '0' },
    { 'aria-label', #words > 0 and text(words):match '^(.-)%s*$' or 'Table' },
  }
  local blocks = pandoc.Blocks { pandoc.Div({ element }, pandoc.Attr('', { 'scroll' }, box)) }
  if #links > 0 then
    blocks:insert(pandoc.Div({ pandoc.Plain(links) }, pandoc.Attr('', { 'links' })))
  end
  return blocks
end
