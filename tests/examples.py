"""How many examples a property test tries."""

import os

SHARE = float(os.environ.get("EXAMPLES", "1"))
"""`make quick` tries a tenth of them."""
FEWEST = 10


def examples(count: int) -> int:
    return max(FEWEST, int(count * SHARE))
