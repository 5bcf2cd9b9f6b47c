"""The engine by which papermill runs notebooks here ('aidaudit', pyproject.toml).

papermill imports this module itself; imported before papermill, the two would go in a circle.
"""

from __future__ import annotations

from typing import Any

from papermill.engines import NBClientEngine, NotebookExecutionManager


class Engine(NBClientEngine):
    """Writes the executed notebook once, however it ends; papermill's does around each cell."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: NotebookExecutionManager, kernel_name: str, **kwargs: Any
    ) -> None:
        """Run the cells. Raises what papermill's engine raises."""
        path, nb_man.output_path = nb_man.output_path, None
        try:
            super().execute_managed_notebook(nb_man, kernel_name, **kwargs)
        finally:
            nb_man.output_path = path
            nb_man.save()
