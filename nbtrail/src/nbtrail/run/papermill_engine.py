"""The engine by which papermill runs notebooks here ('nbtrail', pyproject.toml).

papermill imports this module itself; imported before papermill, the two would go in a circle.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, NotebookExecutionManager

from nbtrail.run.guard import TooMuchOutput


class Client(PapermillNotebookClient):
    """Counts what cells show: all of it is kept in memory, and in the executed notebook."""

    left = float("inf")  # bytes
    ended: asyncio.Future | None = None

    def execute_cell(self, *args: Any, **kwargs: Any) -> NotebookNode:
        """Run a cell. Raises TooMuchOutput, and what papermill's client raises."""
        try:
            cell = super().execute_cell(*args, **kwargs)
        except DeadKernelError:
            if self.ended is None:
                raise
        if self.ended is not None:
            raise TooMuchOutput("its cells show more than they may")
        return cell

    def output(
        self, outs: list, msg: dict, display_id: str | None, cell_index: int
    ) -> NotebookNode | None:
        """Take an output in; of what is too much nothing more is kept, and the kernel ends."""
        content = msg["content"]
        shown = [content.get("text", ""), *content.get("data", {}).values()]
        self.left -= sum(len(one) for one in shown if isinstance(one, str))
        if self.left >= 0:
            return super().output(outs, msg, display_id, cell_index)
        # An error raised here would end what listens to the kernel, not what waits for it.
        if self.ended is None:
            self.ended = asyncio.ensure_future(self.km.provisioner.kill())
        return None


class Engine(NBClientEngine):
    """Holds a notebook to its limits of time and output, and writes it once, however it ends.

    papermill's engine writes it around each cell, and knows a limit of time for a cell only.
    """

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        *,
        minutes: float,
        output_mb: float,
        **kwargs: Any,
    ) -> None:
        """Run the cells. Raises what papermill's engine raises, and TooMuchOutput."""
        end = time.monotonic() + minutes * 60
        path, nb_man.output_path = nb_man.output_path, None
        client = Client(
            nb_man,
            kernel_name=kernel_name,
            config=kwargs["config"],
            # Nothing, as nbclient takes it, would be no limit.
            timeout_func=lambda cell: max(end - time.monotonic(), 0.001),
            startup_timeout=kwargs["start_timeout"],
        )
        client.left = output_mb * 1e6
        try:
            client.execute()
        finally:
            nb_man.output_path = path
            nb_man.save()
