"""The name under which Snakemake looks for the project's way of showing progress."""

from aidaudit.progress import LogHandler

__all__ = ["LogHandler"]
