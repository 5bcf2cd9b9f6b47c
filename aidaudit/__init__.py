"""An executable audit of a 2025 article on NATO's support for Ukraine.

Notebooks tell the story; this package does the work, and `nbtrail` runs, records, compares and
publishes it. docs/architecture.md says where things are.
"""

# First: what it spares every process must be said before others import jsonschema.
from nbtrail import base  # noqa: F401
