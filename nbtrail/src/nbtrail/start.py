"""Where commands begin, and the warm parent does: light until it is clear what is asked."""

from __future__ import annotations

import sys

from nbtrail.base.project import late
from nbtrail.run import client

COMMANDS = late("nbtrail.cli:main")


def main() -> None:
    """The command line, through the warm parent where there is one."""
    client.main(COMMANDS)


if __name__ == "__main__":
    from nbtrail.run import warm

    warm.main(sys.argv[1], COMMANDS)
