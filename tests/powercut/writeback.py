"""Has a kernel write changed files to its disk at random moments, and without a flush, as it may do at any time.

It runs in a process of its own: a process that opens and closes a file of SQLite loses its own locks on that file.
"""

import os
import random
import select
import sys
import time
from contextlib import suppress

LONGEST_PAUSE = 0.3
RECENT_SECONDS = 2.0


def main(folder: str) -> None:
    """Write files back until standard input ends."""
    print("ready", flush=True)
    while not select.select([0], [], [], random.uniform(0, LONGEST_PAUSE))[0]:
        for parent, _, names in os.walk(folder):
            for name in names:
                with suppress(OSError):  # it is gone
                    _consider(os.path.join(parent, name))


def _consider(path: str) -> None:
    if time.time() - os.stat(path).st_mtime > RECENT_SECONDS or random.random() < 0.5:
        return
    descriptor = os.open(path, os.O_RDONLY)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)  # of changed pages: begin to write them
    os.close(descriptor)


if __name__ == "__main__":
    main(*sys.argv[1:])
