"""What a person sees while the build runs: what runs, how far it is, and for how long yet.

A logger plugin of Snakemake (`logger: nbtrail` in the profile). Each finished job is one line;
in a terminal a last line says what is running. Everything else that Snakemake has to say, and
all of a dry run, is shown as Snakemake shows it, so that nothing is hidden that matters.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.text import Text
from snakemake.logging import ColorizingTextHandler, DefaultFilter, DefaultFormatter
from snakemake.settings.enums import Quietness
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from nbtrail.base import terminal

# Seconds of a job by rule, as the last builds here took; what is first shown as an estimate.
SPEEDS = Path(".snakemake/nbtrail-seconds.json")
# What the lines of jobs say already, and what tells a reader nothing.
SILENT = ("Select jobs to execute", "Execute ", "Using shell:", "Conda environments:",
          "Rules claiming", "Assuming unrestricted", "Provided cores:", "Building DAG",
          "Complete log", "Elapsed time", "Restored previous version",
          "RuleException:\nCalledProcessError")  # fmt: skip
_SAID = (LogEvent.PROGRESS, LogEvent.SHELLCMD, LogEvent.JOB_STARTED, LogEvent.RESOURCES_INFO)


@dataclass
class Progress:
    """Which jobs are done, run and wait. Times are seconds since any one moment.

    waiting: rule → jobs not yet finished. known: rule → seconds of one job, from earlier.
    """

    waiting: Counter[str]
    known: Mapping[str, float] = field(default_factory=dict)
    begun: float = 0.0
    running: dict[int, tuple[str, str, float]] = field(default_factory=dict)
    took: dict[str, list[float]] = field(default_factory=dict)
    done: int = 0

    @property
    def total(self) -> int:
        """All jobs, finished or not."""
        return self.done + self.waiting.total()

    def started(self, job: int, rule: str, words: str, now: float) -> None:
        """A job began; words say which."""
        self.running[job] = rule, words, now

    def finished(self, job: int, now: float) -> tuple[str, float]:
        """A job ended; returns its words and seconds."""
        rule, words, begun = self.running.pop(job)
        self.took.setdefault(rule, []).append(now - begun)
        self.waiting[rule] -= 1
        self.done += 1
        return words, now - begun

    def failed(self, job: int) -> str:
        """A job stopped with an error; returns its words."""
        return self.running.pop(job, ("", "a job", 0.0))[1]

    def seconds(self) -> dict[str, float]:
        """Seconds of one job by rule: of this build, or else of earlier ones."""
        own = {rule: sum(took) / len(took) for rule, took in self.took.items()}
        return {**self.known, **own}

    def left(self, now: float) -> float | None:
        """Seconds until the end, an estimate; None while there is too little to go by.

        The work that waits at the speed of each rule, as many at a time as there were so far.
        """
        each = self.seconds()
        spent = sum(map(sum, self.took.values()))
        spent += sum(now - begun for _, _, begun in self.running.values())
        if not each or now <= self.begun or self.done < min(5, self.total):
            return None
        typical = sum(each.values()) / len(each)
        work = sum(number * each.get(rule, typical) for rule, number in self.waiting.items())
        work -= sum(
            min(now - begun, each.get(rule, typical))
            for rule, _, begun in self.running.values()
        )
        return max(work, 0.0) / max(spent / (now - self.begun), 1.0)

    def line(self, words: str, took: float, now: float) -> str:
        """One line for a job that is done."""
        width = len(str(self.total))
        left = self.left(now)
        rest = (
            f", about {clock(left)} left" if left is not None and self.waiting.total() else ""
        )
        return (
            f"[{self.done:>{width}}/{self.total}] {words.removesuffix('.')}: "
            f"{took:.1f} s; {clock(now - self.begun)} so far{rest}"
        )

    def status(self, now: float) -> str:
        """What runs at the moment, for the last line of a terminal."""
        names = "; ".join(words.removesuffix(".") for _, words, _ in self.running.values())
        return f"{self.done}/{self.total}, {self._times(now)}: {names}"

    def _times(self, now: float) -> str:
        left = self.left(now) if self.waiting.total() else None
        rest = f", about {clock(left)} left" if left is not None else ""
        return f"{clock(now - self.begun)} so far{rest}"


def clock(seconds: float) -> str:
    """Minutes and seconds: 0:07, 12:30."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


class LogHandler(LogHandlerBase):
    """Shows a build's progress; what Snakemake loads as the plugin."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def __post_init__(self) -> None:
        """Open the terminal, and take Snakemake's own way of writing for the rest."""
        common = self.common_settings
        stream = sys.stdout if common.stdout else sys.stderr
        self.console = Console(file=stream, no_color=common.nocolor or None, highlight=False)
        self.rest = ColorizingTextHandler(common.nocolor, stream)
        self.rest.setFormatter(DefaultFormatter(common.quiet, common.show_failed_logs))
        self.rest.addFilter(
            DefaultFilter(
                common.quiet,
                common.debug_dag,
                common.verbose,
                common.dryrun,
                common.printshellcmds,
            )
        )
        quiet = set(common.quiet or ())
        self.plain = common.dryrun or common.verbose or bool(
            quiet & {Quietness.ALL, Quietness.PROGRESS, Quietness.RULES}
        )  # fmt: skip
        logging.getLogger("snakemake.logging").addFilter(_shown)
        # For what workflow and libraries print besides; handlers have the stream itself.
        terminal.guard()
        self.live = self.console.status(self) if self.console.is_terminal else None
        self.progress: Progress | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Show one message."""
        if (self.plain or not self._own(record)) and self.rest.filter(record):
            self._pause()
            self.rest.emit(record)

    def _own(self, record: logging.LogRecord) -> bool:
        """Whether the message was one about jobs, and is dealt with."""
        event, now = getattr(record, "event", None), record.created
        if event == LogEvent.RUN_INFO:
            stats = {rule: n for rule, n in record.stats.items() if rule != "total"}
            self.progress = Progress(Counter(stats), _speeds(), now)
            self._say(f"{self.progress.total} jobs to do.")
            return True
        if event in _SAID or str(record.msg).startswith(SILENT):
            return True
        if self.progress is None:
            return False
        if event == LogEvent.JOB_INFO:
            words = record.rule_msg or record.rule_name
            self.progress.started(record.jobid, record.rule_name, words, now)
            self._resume()
        elif event == LogEvent.JOB_FINISHED and record.job_id in self.progress.running:
            words, took = self.progress.finished(record.job_id, now)
            self._say(self.progress.line(words, took, now))
            self._resume()
        elif event == LogEvent.JOB_ERROR:
            words = self.progress.failed(record.jobid)
            self._say(f"FAILED: {words.removesuffix('.')}. Why stands above, and at the end.")
        else:
            return False
        return True

    def _say(self, line: str) -> None:
        self.console.print(line, markup=False, soft_wrap=True)

    def _resume(self) -> None:
        """Show the last line as long as something runs."""
        if self.live is not None and self.progress is not None and self.progress.running:
            self.live.start()
            # It has put a stream of its own in the place of the guarded one.
            terminal.guard()

    def __rich__(self) -> Text:
        """The last line, as it stands at the moment."""
        told = self.progress.status(time.time()) if self.progress is not None else ""
        return Text(told, no_wrap=True, overflow="ellipsis")

    def _pause(self) -> None:
        """Take the last line away before something else is written."""
        if self.live is not None:
            self.live.stop()

    def close(self) -> None:
        """Leave the terminal as it was, and remember how long jobs take."""
        self._pause()
        if self.progress is not None and self.progress.took:
            # Without it there is only no estimate at first.
            with suppress(OSError):
                SPEEDS.write_text(json.dumps(self.progress.seconds(), indent=1), "utf-8")
        super().close()


def _shown(record: logging.LogRecord) -> bool:
    """Have a message, and all that it is about, shown as `terminal.visible` shows it.

    Here it is on its way to every handler, so the log file has it like this too.
    """
    record.msg, record.args = _visible(record.getMessage() if record.args else record.msg), None
    for name, value in record.__dict__.items():
        record.__dict__[name] = _visible(value)
    return True


def _visible(value: object) -> object:
    match value:
        case str():
            shown = terminal.visible(value)
            # A name of a file says more to Snakemake than its letters.
            return value if shown == value else shown
        case list() | tuple():
            return type(value)(map(_visible, value)) if type(value) in (list, tuple) else value
        case dict():
            return {name: _visible(one) for name, one in value.items()}
        case Exception():
            shown = terminal.visible(str(value))
            return value if shown == str(value) else shown
    return value


def _speeds() -> dict[str, float]:
    """Seconds by rule from earlier builds; empty where nothing sound is kept."""
    try:
        kept = json.loads(SPEEDS.read_text("utf-8"))
        return {str(rule): float(seconds) for rule, seconds in kept.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}
