"""What a person sees while the build runs."""

import logging
import sys
from collections import Counter
from types import SimpleNamespace

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

from nbtrail.run import progress
from nbtrail.run.progress import Progress


def test_a_line_tells_which_of_how_many_since_when_and_how_long_yet():
    build = Progress(Counter(clean=10, figure=2), begun=100.0)
    for job in range(5):
        build.started(job, "clean", f"Clean table {job}.", 100.0 + 2 * job)
        words, took = build.finished(job, 102.0 + 2 * job)
    line = build.line(words, took, 110.0)
    # One at a time at 2 s each: five more of the rule, and two of which nothing is known.
    assert line == "[ 5/12] Clean table 4: 2.0 s; 0:10 so far, about 0:14 left"


def test_two_at_a_time_take_half_as_long():
    build = Progress(Counter(clean=8), begun=0.0)
    for job in (0, 2, 4):
        for one in (job, job + 1):
            build.started(one, "clean", "Clean.", 2.0 * job)
        for one in (job, job + 1):
            build.finished(one, 2.0 * job + 4)
    assert build.left(12.0) == pytest.approx(2 * 4 / 2)


def test_what_earlier_builds_took_counts_where_this_one_knows_nothing():
    build = Progress(Counter(clean=5, render=1), {"render": 30.0, "clean": 99.0})
    for job in range(5):
        build.started(job, "clean", "Clean.", 2.0 * job)
        build.finished(job, 2.0 * job + 2)
    assert build.left(10.0) == pytest.approx(30.0)
    build.started(9, "render", "Render.", 10.0)
    assert build.left(20.0) == pytest.approx(20.0)
    assert build.left(60.0) == 0.0
    assert build.seconds() == {"clean": 2.0, "render": 30.0}


def test_nothing_is_estimated_from_too_little():
    build = Progress(Counter(clean=100))
    build.started(0, "clean", "Clean.", 0.0)
    words, took = build.finished(0, 2.0)
    assert build.line(words, took, 2.0) == "[  1/100] Clean: 2.0 s; 0:02 so far"


def test_the_last_line_names_all_that_runs():
    build = Progress(Counter(figure=2))
    build.started(0, "figure", "Draw F01.", 0.0)
    build.started(1, "figure", "Draw F02.", 1.0)
    assert build.status(75.4) == "0/2, 1:15 so far: Draw F01; Draw F02"


@pytest.fixture
def handler(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".snakemake").mkdir()
    settings = SimpleNamespace(
        stdout=False, nocolor=False, quiet=set(), show_failed_logs=False,
        debug_dag=False, verbose=False, dryrun=False, printshellcmds=False,
    )  # fmt: skip

    def make(**changes):
        for key, value in changes.items():
            setattr(settings, key, value)
        return progress.LogHandler(settings, None), lambda: capsys.readouterr().err

    return make


def told(handler, message="", *, now=0.0, level=logging.INFO, **about):
    record = logging.LogRecord("snakemake", level, "", 0, message, None, None)
    record.created = now
    record.__dict__.update(about)
    handler.handle(record)


def job(handler, number, now):
    told(
        handler, now=now, event=LogEvent.JOB_INFO, jobid=number, rule_name="figure",
        rule_msg=f"Draw F0{number} (notebooks/figures/F0{number}.ipynb).",
    )  # fmt: skip


def test_without_a_terminal_each_job_is_one_plain_line(handler):
    plugin, shown = handler()
    told(plugin, "Building DAG of jobs...")
    told(plugin, "stats", event=LogEvent.RUN_INFO, stats={"figure": 2, "total": 2})
    for number in (1, 2):
        job(plugin, number, now=number)
        told(plugin, now=number + 3, event=LogEvent.JOB_FINISHED, job_id=number)
        told(plugin, None, event=LogEvent.PROGRESS, done=number, total=2)
    plugin.close()
    assert shown().splitlines() == [
        "2 jobs to do.",
        "[1/2] Draw F01 (notebooks/figures/F01.ipynb): 3.0 s; 0:04 so far",
        "[2/2] Draw F02 (notebooks/figures/F02.ipynb): 3.0 s; 0:05 so far",
    ]


def test_errors_and_warnings_are_never_hidden(handler):
    plugin, shown = handler()
    told(plugin, "stats", event=LogEvent.RUN_INFO, stats={"figure": 1})
    told(plugin, "[bold]disk[/bold] is nearly full", level=logging.WARNING)
    job(plugin, 1, now=1)
    told(plugin, event=LogEvent.JOB_ERROR, jobid=1, level=logging.ERROR)
    told(plugin, "WorkflowError: at least one job failed", level=logging.ERROR)
    text = shown()
    assert "[bold]disk[/bold] is nearly full" in text
    assert "FAILED: Draw F01 (notebooks/figures/F01.ipynb)" in text
    assert "WorkflowError: at least one job failed" in text


def test_no_message_steers_the_terminal_or_the_log_file(handler, tmp_path):
    hostile = "a\x1b]0;t\x07\u202e\u200b\x9b31m"
    shown_so = "a\\x1b]0;t\\x07\\u202e\\u200b\\u009b31m"
    plugin, shown = handler()
    logger = logging.getLogger("snakemake.logging")
    kept = [*logger.handlers]
    log = logging.FileHandler(tmp_path / "a.log", encoding="utf-8")
    logger.handlers, logger.level = [plugin, log], logging.INFO
    try:
        logger.info("stats", extra={"event": LogEvent.RUN_INFO, "stats": {"figure": 1}})
        about = {"event": LogEvent.JOB_INFO, "jobid": 1, "rule_name": "figure"}
        logger.info(hostile, extra={**about, "rule_msg": hostile})
        logger.error(None, extra={"event": LogEvent.JOB_ERROR, "jobid": 1})
        logger.error("%s of %s", hostile, 3)
        logger.error(ValueError(hostile))
        print(hostile, file=sys.stderr)
    finally:
        logger.handlers = kept
        logger.removeFilter(progress._shown)
        log.close()
    text = shown()
    assert text.count(shown_so) == 4
    assert hostile not in text + (tmp_path / "a.log").read_text("utf-8")
    assert f"{shown_so} of 3" in (tmp_path / "a.log").read_text("utf-8")


def test_a_dry_run_is_shown_as_snakemake_shows_it(handler):
    plugin, shown = handler(dryrun=True)
    told(plugin, "Job stats:\nfigure 1", event=LogEvent.RUN_INFO, stats={"figure": 1})
    told(plugin, "This was a dry-run")
    assert shown() == "Job stats:\nfigure 1\nThis was a dry-run\n"


def test_speeds_are_kept_for_the_next_estimate_and_broken_ones_ignored(handler, tmp_path):
    plugin, _ = handler()
    told(plugin, "stats", event=LogEvent.RUN_INFO, stats={"figure": 1})
    job(plugin, 1, now=0)
    told(plugin, now=4, event=LogEvent.JOB_FINISHED, job_id=1)
    plugin.close()
    assert progress._speeds() == {"figure": 4.0}
    for broken in ("[1]", "{", '{"figure": null}'):
        (tmp_path / progress.SPEEDS).write_text(broken)
        assert progress._speeds() == {}
