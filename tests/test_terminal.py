"""What reaches a terminal or a log: nothing that steers it, reorders it or hides in it."""

import json
import sys
import unicodedata
from pathlib import Path

import pandas as pd
import pytest
import typer.main

from nbtrail import cli
from nbtrail.base import terminal
from nbtrail.base.errors import AuditError

ROOT = Path(__file__).parents[1]
# Title and clipboard of a terminal, C1, DEL, bidi, zero width, what varies or fills letters, a
# tag, a lone surrogate, a line separator, and a line that seems to be ours.
HOSTILE = (
    "a\x1b]0;t\x07\x1b]52;c;eA==\x07\x1b[2J\x9b31m\x7f\x08\r\u202eb\u2066\u200b\u200d\ufeff\u00ad"
    "\ufe0f\U000e0041\u3164\udcff\u2028\x85"
)
LINE = f"{HOSTILE}\nunchanged: it belongs to this build"


def steering(text: str) -> set[str]:
    """Characters that a terminal obeys or does not show; by Unicode, not by our own list."""
    return {
        one for one in text
        if (unicodedata.category(one) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
            and one not in "\n\t")
        or one in "\ufe0f\u3164\U000e0100\u2800"
    }  # fmt: skip


def test_all_that_is_obeyed_or_unseen_is_shown_by_its_code():
    places = (*range(0x10000), *range(0x10000, 0x110000, 97), *range(0xE0000, 0xE0200))
    every = "".join(map(chr, places))
    assert steering(terminal.visible(every)) == set()
    assert "\n" not in terminal.line(every)
    assert "\t" not in terminal.line(every)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zażółć 12 %, 1 234, 東京, 🇺🇦 é", "Zażółć 12 %, 1 234, 東京, 🇺🇦 é"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\x9b31m", "\\u009b31m"),
        ("\u202eexe.png", "\\u202eexe.png"),
        ("a\u200bb", "a\\u200bb"),
        ("\udcff", "\\udcff"),
    ],
)
def test_what_can_be_read_stays_and_the_rest_is_a_code(text, shown):
    assert terminal.visible(text) == shown


def test_json_and_tables_that_are_printed_stay_what_they_are():
    # Without C0, which JSON never holds as such.
    words = "".join(map(chr, [*range(32, 0xD800), *range(0xE000, 0x110000, 97)]))
    content = {words: [1.5, None, words]}
    printed = terminal.visible(json.dumps(content, ensure_ascii=False))
    assert steering(printed) == set()
    assert json.loads(printed) == content
    table = pd.DataFrame({"a": [HOSTILE, 'x,"y"\nz'], "b": [1, 2]})
    read = pd.read_csv(pd.io.common.StringIO(terminal.visible(table.to_csv(index=False))))
    assert read.shape == table.shape
    assert read.loc[1].tolist() == ['x,"y"\nz', 2]


def test_a_name_in_a_message_is_one_line():
    error = AuditError("it cannot be read.", file=LINE, column=LINE, found=LINE)
    assert len(str(error).splitlines()) == 2
    assert "\nunchanged" not in str(error)


# ---------------------------------------------------------------- every command


def commands(command, path=()):
    if not hasattr(command, "commands"):
        yield path, command
        return
    for name, one in command.commands.items():
        yield from commands(one, (*path, name))


COMMANDS = dict(commands(typer.main.get_command(cli.app)))


def given(words: tuple[str, ...], hostile: str) -> list[str]:
    """Arguments for a command, a hostile text wherever it takes any."""
    line = list(words)
    for one in COMMANDS[words].params:
        if one.param_type_name == "argument":
            line.append(hostile)
        elif not one.is_flag and one.name not in ("help",):
            line += [one.opts[-1], hostile]
    return line


# These begin what does not end, or write into the checkout; they are asked what they cannot do.
STAYING = {("lab",), ("archive",), ("generate",), ("schemas",), ("setup-git",), ("verify",)}


@pytest.fixture
def outside(tmp_path, monkeypatch):
    """A checkout of nothing, whose own folder has a hostile name."""
    root = tmp_path / LINE.replace("/", "-")
    try:
        root.mkdir()
    except OSError:  # a file system that takes no such names
        root = tmp_path / "checkout"
        root.mkdir()
    (root / "Snakefile").touch()
    monkeypatch.chdir(root)
    monkeypatch.setattr(cli.determinism, "check_package", lambda _: None)
    return root


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_no_command_prints_what_it_is_given_as_it_is(words, outside, monkeypatch, capfd):
    monkeypatch.setattr("nbtrail.author.jupyterlab.start", lambda *_: print(HOSTILE))
    monkeypatch.setattr(sys, "argv", ["aidaudit", *given(words, HOSTILE)])
    # As in a process, where the stream is a file.
    with (
        open(1, "w", closefd=False, errors="surrogateescape", encoding="utf-8") as out,
        open(2, "w", closefd=False, errors="surrogateescape", encoding="utf-8") as err,
    ):
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        try:
            cli.main()
        except SystemExit:
            pass
        except Exception:
            # What is no message of ours is a traceback, which Python prints there too.
            sys.excepthook(*sys.exc_info())
    told = capfd.readouterr()
    assert steering(told.out + told.err) == set()
