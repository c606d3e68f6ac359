"""A limit to the time that a spreadsheet may take while somebody waits."""

import time
from collections.abc import Callable

from models.errors import Unreadable

PATIENCE_SECONDS = 5.0


class TooSlow(Unreadable):
    """Reading the spreadsheet takes too long for an answer at once."""

    code = "TOO_SLOW"


def limited() -> Callable[[], None]:
    """Returns a function to call often, which raises TooSlow when the time is over."""
    deadline = time.monotonic() + PATIENCE_SECONDS

    def tick() -> None:
        if time.monotonic() > deadline:
            raise TooSlow("This spreadsheet takes too long for a preview. It is read in full once it is uploaded.")

    return tick
