"""A job of the build counts as done only if it ended well and what it left is still there.

Snakemake (9.27) puts the old outputs of a failed job back with the present time, and records
the new code and inputs as if it had succeeded: the old outputs count as new. It takes every
file that exists for whole, and does not miss what no target names. So a failed job keeps the
mark 'incomplete' that it got when it began, and a build begins by looking at receipts: a job
runs whose receipt or outputs are not what they should be.

Nodes of a cluster load the Snakefile too, and with it this.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Any

_FAILED: ContextVar[bool] = ContextVar("the job that is wrapped up has failed", default=False)


def only_if_well(variants: Sequence[str] | None = None) -> None:
    """Have Snakemake, in this process, take for done what is done.

    variants: those that are built. tests/test_done.py holds every Snakemake of `make
    test-snakemakes` to what is relied on here.
    """
    from snakemake import dag, jobs, persistence

    # The first Snakemake 9 knew one kind of persistence.
    records = getattr(persistence, "PersistenceBase", None) or persistence.Persistence
    _believe_what_is_there(jobs.Job)
    _keep_marks(jobs.Job, records)
    _look_at_receipts(dag.DAG, variants)


def _believe_what_is_there(job: type) -> None:
    prepare, wrap_up = job.prepare, job.postprocess
    before: dict[Any, tuple] = {}
    doubted = set()

    async def prepared(self: Any, *args: Any, **kwargs: Any) -> None:
        if receipt := _receipt(self):
            before[self] = _seen(receipt)
        await prepare(self, *args, **kwargs)

    async def postprocess(self: Any, *args: Any, error: bool = False, **kwargs: Any) -> None:
        receipt, workflow = _receipt(self), self.dag.workflow
        # What went to a node is looked at there; files may be seen here a while later. Where
        # Snakemake asks for no outputs, it only sets their times (--touch).
        here = workflow.local_exec or self.is_local
        if receipt and here and not error and kwargs.get("ignore_missing_output") is not True:
            if lacks := _lacks(self, receipt, before.get(self, ())):
                doubted.add(self)
                raise _not_done(receipt, lacks)
        elif error and self in doubted:
            # Snakemake says so of those alone whose command fails.
            doubted.remove(self)
            self.log_error()
        await wrap_up(self, *args, error=error, **kwargs)

    job.prepare, job.postprocess = prepared, postprocess


def _receipt(job: Any) -> str | None:
    return next((str(path) for path in job.output if "/receipts/" in path), None)


def _seen(path: str) -> tuple:
    """What tells a file from the one that takes its place; empty where there is none."""
    try:
        at = Path(path).stat()
    except OSError:
        return ()
    return at.st_dev, at.st_ino, at.st_mtime_ns, at.st_ctime_ns


def _lacks(job: Any, receipt: str, before: tuple) -> str:
    """What keeps a job from being done: no new receipt, or outputs that are not as it says."""
    from nbtrail.base import files
    from nbtrail.base.errors import AuditError
    from nbtrail.record import receipts

    if _seen(receipt) in ((), before):
        return "no receipt of this run"
    try:
        left = receipts.read(receipt)
        if other := receipts.changed(left):
            return f"its receipt is of another {other}"
        made = left["outputs"]
        for path in job.output:
            if str(path) != receipt and made.get(files.name(path)) != receipts.sha256(path):
                return f"{path} is not as the receipt says"
    except (OSError, AuditError) as error:
        return str(error)
    return ""


def _not_done(receipt: str, lacks: str) -> Exception:
    from snakemake.exceptions import WorkflowError

    from nbtrail.base.errors import AuditError

    class NotDone(WorkflowError):
        # Snakemake would show where in here it was raised.
        __traceback__ = None

    return NotDone(
        str(
            AuditError(
                "the job says that it is done, and is not.",
                file=receipt,
                found=lacks,
                mend="`snakemake` runs it again; with `--config execution=plain` each job runs "
                "by itself (docs/warm.md).",
            )
        )
    )


def _keep_marks(job: type, records: type) -> None:
    wrap_up, finished, cleanup = job.postprocess, records.finished, records.cleanup

    async def postprocess(self: Any, *args: Any, error: bool = False, **kwargs: Any) -> None:
        token = _FAILED.set(error)
        try:
            await wrap_up(self, *args, error=error, **kwargs)
        finally:
            _FAILED.reset(token)

    async def finished_well(self: Any, job: Any) -> None:
        if not _FAILED.get():
            await finished(self, job)

    def forgotten(self: Any, job: Any) -> None:
        # Called where wrapping up itself went wrong: the mark must outlive that too.
        if self.dag.is_draft_notebook_job(job):
            cleanup(self, job)

    job.postprocess, records.finished, records.cleanup = postprocess, finished_well, forgotten


def _look_at_receipts(dag: type, variants: Sequence[str] | None) -> None:
    """Force what is not done, whatever flag says to ignore it; nodes do as they are told."""
    check = dag.check_incomplete

    async def check_incomplete(self: Any) -> None:
        if not self.workflow.is_main_process:
            await check(self)
            return
        from nbtrail.record import freshness

        self.forcefiles.update(await self.incomplete_files())
        now = freshness.Now(variants)
        for job in self.jobs:
            if (receipt := _receipt(job)) and now.why_stale(receipt, map(str, job.output)):
                self.forcefiles.update(job.output)
        now.hashes.keep()

    dag.check_incomplete = check_incomplete
