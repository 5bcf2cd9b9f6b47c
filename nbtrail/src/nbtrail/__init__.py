"""Runs, records, compares and publishes the notebooks of a project."""

import sys

# With it jsonschema, which nbformat and frictionless import, compiles some forty grammars in
# every process, more than a second, for a check of IRIs that nothing here asks for.
sys.modules.setdefault("rfc3987_syntax", None)
