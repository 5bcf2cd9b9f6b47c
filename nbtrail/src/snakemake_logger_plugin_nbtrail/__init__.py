"""The name under which Snakemake looks for the project's way of showing progress."""

from nbtrail.run.progress import LogHandler

__all__ = ["LogHandler"]
