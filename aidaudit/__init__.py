"""An executable audit of a 2025 article on NATO's support for Ukraine.

Notebooks tell the story; this package does the work. Import arrows run one way:
sources, schema → money, donors → aggregate → claims → figures → report.
`notebooks` (running and canonicalising) stands apart and knows nothing of aid.
"""

# First: what it spares every process must be said before others import jsonschema.
from nbtrail import base  # noqa: F401
