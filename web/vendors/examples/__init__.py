"""Requests and answers from the vendors' own documentation, a file a vendor."""

import json
from pathlib import Path

from web.vendors.vendor import Examples

FOLDER = Path(__file__).parent


def load(vendor: str) -> dict[str, Examples]:
    """Return a vendor's examples by path."""
    examples: dict[str, Examples] = json.loads((FOLDER / f"{vendor}.json").read_text())
    return examples
