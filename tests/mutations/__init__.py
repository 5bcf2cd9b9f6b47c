"""Good files, mutated; see run.py."""
