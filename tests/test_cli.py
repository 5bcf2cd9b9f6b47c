"""The command line: help with an example for every command, and what the Tab key offers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

from nbtrail import cli

ROOT = Path(__file__).parents[1]


def commands(command, path=()):
    """Every command below one, as words."""
    if not hasattr(command, "commands"):
        yield path
        return
    for name, one in command.commands.items():
        yield from commands(one, (*path, name))


COMMANDS = sorted(commands(typer.main.get_command(cli.app)))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(words):
    told = CliRunner().invoke(cli.app, [*words, "--help"], terminal_width=100)
    assert told.exit_code == 0
    assert f"Example: aidaudit {' '.join(words)}" in told.output


def completed(*words: str) -> list[str]:
    """What bash is offered for the last word."""
    done = subprocess.run(
        [Path(sys.executable).parent / "aidaudit"],
        cwd=ROOT,
        env={
            **os.environ,
            "_AIDAUDIT_COMPLETE": "complete_bash",
            "COMP_WORDS": " ".join(("aidaudit", *words)),
            "COMP_CWORD": str(len(words)),
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("ver",), ["verify"]),
        (("edit", "F1"), ["F10", "F11", "F16"]),
        (("run", "latest/F1"), ["latest/F16"]),
        (("edit", "F16", "--variant", "l"), ["literal", "latest"]),
        (("edit", "--fai"), ["--failed"]),
    ],
)
def test_the_tab_key_offers_commands_ids_and_variants(words, offered):
    found = completed(*words)
    assert set(offered) <= set(found)
    assert all(word.startswith(words[-1]) for word in found)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_a_full_disk_is_told_without_a_traceback(monkeypatch, capsys):
    def full() -> None:
        with Path("/dev/full").open("w") as stream:
            stream.write("x")

    monkeypatch.setattr(cli, "app", full)
    with pytest.raises(SystemExit) as left:
        cli.main()
    told = capsys.readouterr().err
    assert left.value.code == 1
    assert "cannot be written: No space left on device" in told
    assert "make room" in told


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (
            "article:\u200bat_\u200barticle_\u200bdate.\u200bnato",
            "article:at_article_date.nato",
        ),
        ("F01\u00ad-\u2060literal\ufeff", "F01-literal"),
        ("\u00a0F01 ", "F01"),
        ("release\u00a021", "release 21"),
        ("MIL-2a", "MIL-2a"),
    ],
)
def test_what_was_copied_from_a_page_is_taken_as_it_was_meant(given, meant):
    assert cli.copied(given) == meant


def test_a_file_that_is_really_called_so_keeps_its_name(tmp_path):
    odd = tmp_path / "a\u00a0figure.png"
    odd.touch()
    assert cli.copied(str(odd)) == str(odd)


def test_a_key_copied_with_unseen_letters_is_found(monkeypatch, capsys):
    whole = {"items": {"F01-article": {"kind": "figure", "title": "t", "files": []}}}
    seen = []
    monkeypatch.setattr("nbtrail.record.manifest.read", lambda: whole)
    monkeypatch.setattr(
        "nbtrail.record.provenance.way_back", lambda _, name: seen.append(name) or ["way"]
    )
    monkeypatch.setattr(sys, "argv", ["aidaudit", "trace", "F01\u200b-\u200barticle"])
    with pytest.raises(SystemExit):
        cli.main()
    assert seen == ["F01-article"]
    assert capsys.readouterr().out == "way\n"
