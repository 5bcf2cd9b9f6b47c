"""What programs that share no code with `aidaudit check` show of a file: its second opinion.

Poppler or Ghostscript draw PDFs; Chromium draws everything else that it can show, many files
on one page. Where a program is missing nobody looks, which is said.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from html import escape
from pathlib import Path

from PIL import Image, ImageChops

# A cell holds a picture of the tests at its own size.
WIDTH, HEIGHT, ACROSS, DOWN = 512, 512, 7, 7
PAGE = 3  # pages and text are drawn so many times as large, and then made smaller
_SUFFIX = {
    "CSV": "txt",
    "JSON": "txt",
    "ipynb": "txt",
    "HTML": "html",
    "PNG": "png",
    "SVG": "svg",
}
# Of 255 steps: so much may one drawing differ from itself, in another row.
_LEAST = {"SVG": 2}
_CHROMIUM = (
    "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--force-device-scale-factor=1", "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip


def missing() -> list[str]:
    """Programs that would be used and are not here."""
    found = [] if _of_pdfs() else ["poppler or Ghostscript"]
    return found if shutil.which("chromium") else [*found, "Chromium"]


def _of_pdfs() -> str | None:
    return next((one for one in ("pdftoppm", "gs") if shutil.which(one)), None)


def pdf(content: bytes) -> list[Image.Image] | None:
    """Its pages as poppler or Ghostscript draw them; none for a file that they refuse."""
    program = _of_pdfs()
    if program is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.pdf"
        file.write_bytes(content)
        command = ["pdftoppm", "-r", "50", "-cropbox", "-png", str(file), f"{folder}/page"]
        if program == "gs":
            command = ["gs", "-q", "-dSAFER", "-dBATCH", "-dNOPAUSE", "-sDEVICE=png16m", "-r50"]
            command += [f"-sOutputFile={folder}/page-%03d.png", str(file)]
        subprocess.run(command, capture_output=True, timeout=60, check=False)
        return [Image.open(page).convert("RGB") for page in sorted(Path(folder).glob("*.png"))]


def differ(one: list[Image.Image], two: list[Image.Image]) -> bool:
    """Whether two lists of pages look different anywhere."""
    return len(one) != len(two) or any(
        left.size != right.size or ImageChops.difference(left, right).getbbox() is not None
        for left, right in zip(one, two, strict=True)
    )


def shown(files: Iterable[tuple[str, bytes, bytes]]) -> list[bool | None]:
    """Whether Chromium shows an altered file otherwise: (format, altered, unaltered) each.

    None where there is no Chromium, or it cannot show such files.
    """
    every = list(files)
    if shutil.which("chromium") is None:
        return [None] * len(every)
    answers: list[bool | None] = [None] * len(every)
    some = ACROSS * (DOWN - 1)
    for format_ in _SUFFIX:
        looked = [number for number, one in enumerate(every) if one[0] == format_]
        for begin in range(0, len(looked), some):
            numbers = looked[begin : begin + some]
            # Edges are smoothed by where in a row they lie: each column has its own model.
            files = [(format_, every[numbers[0]][2])] * ACROSS
            files += [every[number][:2] for number in numbers]
            cells = _sheet([(_suffix(*one), one[1]) for one in files])
            for place, number in enumerate(numbers if cells else ()):
                one, two = cells[ACROSS + place], cells[place % ACROSS]
                steps = ImageChops.difference(one, two).getextrema()
                answers[number] = max(most for _, most in steps) > _LEAST.get(format_, 0)
    return answers


def _suffix(format_: str, content: bytes) -> str:
    return "jpg" if content[:2] == b"\xff\xd8" else _SUFFIX[format_]


def _sheet(files: list[tuple[str, bytes]]) -> list[Image.Image]:
    """What Chromium draws in each cell of a page that holds all these files."""
    with tempfile.TemporaryDirectory() as folder:
        cells = []
        for number, (suffix, content) in enumerate(files):
            name = f"{number}.{suffix}"
            (Path(folder) / name).write_bytes(content)
            left, top = number % ACROSS * WIDTH, number // ACROSS * HEIGHT
            place = f'style="left:{left}px;top:{top}px"'
            what = "img" if suffix in ("png", "jpg", "svg") else "iframe"
            cells.append(f'<{what} {place} src="{escape(name)}"></{what}>')
        sheet = Path(folder) / "sheet.html"
        style = f"position:absolute;border:0;max-width:{WIDTH}px;max-height:{HEIGHT}px"
        sheet.write_text(
            "<!doctype html><style>body{margin:0;background:#ccc}"
            f"img,iframe{{{style}}}iframe{{width:{WIDTH * PAGE}px;height:{HEIGHT * PAGE}px;"
            f"max-width:none;max-height:none;transform:scale({1 / PAGE});transform-origin:0 0}}"
            "</style>" + "".join(cells)
        )
        shot = Path(folder) / "shot.png"
        size = f"--window-size={WIDTH * ACROSS},{HEIGHT * DOWN}"
        subprocess.run(
            ["chromium", *_CHROMIUM, f"--user-data-dir={folder}/user", size,
             "--virtual-time-budget=2000", f"--screenshot={shot}", sheet.as_uri()],
            capture_output=True, timeout=120, check=False,
        )  # fmt: skip
        if not shot.exists():
            return []
        picture = Image.open(shot).convert("RGB")
        return [
            picture.crop((x, y, x + WIDTH, y + HEIGHT))
            for number in range(len(files))
            for x, y in [(number % ACROSS * WIDTH, number // ACROSS * HEIGHT)]
        ]
