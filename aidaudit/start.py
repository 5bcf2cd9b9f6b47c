"""Where commands begin, and the warm parent does: light until it is clear what is asked."""

from __future__ import annotations

import sys

from aidaudit import client


def main() -> None:
    """The command line, through the warm parent where there is one."""
    client.main(_commands)


def _commands() -> None:
    from aidaudit import cli

    cli.main()


if __name__ == "__main__":
    from aidaudit import warm

    warm.main(sys.argv[1], _commands)
