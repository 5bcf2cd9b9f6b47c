"""What reaches a terminal or a log: text that cannot steer it, reorder it or hide in it.

Names of files, cells, keys and titles are other people's. A terminal obeys some of their
characters, turns the order of others around and shows some not at all. `guard` puts one place
in front of standard output and error, where such characters are shown by their codes.

Every command starts with this module, so it imports nothing but what Python has loaded.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

# Spaces of any width are what they seem.
_SPACES = "\u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_KEPT = frozenset("\n\t" + _SPACES)
# Letters and marks to Unicode of which nothing is seen: joiners, fillers, variation selectors.
_UNSEEN = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)


def visible(text: str) -> str:
    """Text with every character that is obeyed or unseen as its code, `\\x1b` or `\\u202e`.

    Line ends and tabs stay. Codes from `\\u007f` on are those of JSON, which stays the same.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_shown, text))


def line(text: object) -> str:
    """What is to stand in one line, such as the name of a file: line ends as codes too."""
    return visible(str(text)).translate({10: "\\n", 9: "\\t"})


def lines(texts: Iterable[object]) -> str:
    """Lines that are to stay as many as they are, joined."""
    return "\n".join(map(line, texts))


def _shown(letter: str) -> str:
    if letter in _KEPT or (letter.isprintable() and letter not in _UNSEEN):
        return letter
    code = ord(letter)
    if code < 0x7F:
        return f"\\x{code:02x}"
    units = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


class Guarded:
    """A text stream that shows what it is given; in everything else the stream behind it."""

    def __init__(self, stream: Any) -> None:
        """stream: what takes the text."""
        self.behind = stream

    def write(self, text: str) -> int:
        """Write text as `visible` shows it."""
        if not isinstance(text, str):
            raise TypeError(f"text is written here, not {type(text).__name__}")
        self.behind.write(visible(text))
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Write lines likewise."""
        for one in lines:
            self.write(one)

    def __iter__(self) -> Any:
        """Lines of the stream, for those who take every stream for one that is read."""
        return iter(self.behind)

    def __getattr__(self, name: str) -> Any:
        """Whatever else is asked of a stream."""
        return getattr(self.behind, name)


def guard() -> None:
    """Have standard output and error show all that is printed from here on."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        # None, where a process has been started without.
        if stream is not None and not isinstance(stream, Guarded):
            setattr(sys, name, Guarded(stream))
