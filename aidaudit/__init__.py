"""An executable audit of a 2025 article on NATO's support for Ukraine.

Notebooks tell the story; this package does the work. Import arrows run one way:
sources, schema → money, donors → aggregate → claims → figures → report.
`notebooks` (running and canonicalising) stands apart and knows nothing of aid.
"""

import sys

# With it jsonschema, which nbformat and frictionless import, compiles some forty grammars in
# every process, more than a second, for a check of IRIs that nothing here asks for.
sys.modules.setdefault("rfc3987_syntax", None)
