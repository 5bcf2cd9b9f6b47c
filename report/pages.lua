-- Executed notebooks as pages, all in one run: pandoc takes longer to start than to write one.
-- Run by `pandoc lua`. Each line of input is a notebook's path; each line of output is JSON,
-- its page or what is wrong with it.

local filters = { 'report/notebook.lua', 'report/tables.lua' }

local function contents(path)
  local file = assert(io.open(path, 'rb'))
  local text = file:read 'a'
  file:close()
  return text
end

local options = pandoc.WriterOptions {
  template = pandoc.template.compile(contents 'report/template.html'),
  -- Bold and italic: pandoc's colours are too pale to read, and do not turn dark.
  highlight_method = pandoc.json.decode(contents 'report/code.theme', false),
  wrap_text = 'none',
  variables = { notebook = 'yes', style = contents 'report/style.css' },
}

-- Of the forms in which a cell shows one thing, the best: a picture, or else the first, which
-- the filters have made of HTML or Markdown. Plain text comes last.
local function best(div)
  if not div.classes:includes 'output' then return nil end
  local chosen = div.content[1]
  for _, block in ipairs(div.content) do
    if block.t == 'Para' and #block.content == 1 and block.content[1].t == 'Image' then
      chosen = block
      break
    end
  end
  div.content = { chosen }
  return div
end

-- Pictures of outputs and attachments, as addresses of their own bytes. What these are is looked
-- at when the page is written, as is every file that it names.
local function embedding(image)
  local mime, data = pandoc.mediabag.lookup(image.src)
  if not mime then return nil end
  image.src = pandoc.mediabag.make_data_uri(mime, data)
  return image
end

local function page(path)
  -- One notebook's pictures are not the next one's.
  pandoc.mediabag.empty()
  local document = pandoc.read(contents(path), 'ipynb')
  -- For a notebook that begins without a title.
  document.meta.pagetitle = pandoc.path.split_extension(pandoc.path.filename(path))
  for _, filter in ipairs(filters) do
    document = pandoc.utils.run_lua_filter(document, filter)
  end
  document = document:walk({ Div = best })
  document = document:walk { Image = embedding }
  return pandoc.write(document, 'html5', options) .. '\n'
end

for path in io.lines() do
  local done, result = pcall(page, path)
  io.write(pandoc.json.encode { [done and 'page' or 'error'] = tostring(result) }, '\n')
end
