-- HTML tables that a screen reader can announce and a phone can show: scope for headers, the
-- first column as row header, a label in each cell for the stacked layout, and a box that
-- scrolls by itself, so that a wide table never makes the page scroll sideways.

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

function Table(element)
  local labels = {}
  for _, row in ipairs(element.head.rows) do
    for i, cell in ipairs(row.cells) do labels[i] = text(cell.contents) end
    mark(row, nil, #row.cells)
  end
  for _, body in ipairs(element.bodies) do
    body.row_head_columns = math.max(body.row_head_columns, 1)
    for _, row in ipairs(body.body) do mark(row, labels, body.row_head_columns) end
  end
  element.attributes.role = 'table'
  local caption = text(element.caption.long)
  -- A list, not a table of keys: Lua visits keys in another order on every run.
  local box = {
    { 'role', 'region' },
    { 'tabindex', '0' },
    { 'aria-label', caption ~= '' and caption or 'Table' },
  }
  return pandoc.Div({ element }, pandoc.Attr('', { 'scroll' }, box))
end
