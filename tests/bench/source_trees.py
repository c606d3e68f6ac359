"""The source tree of an earlier commit, which runs with the packages of this checkout."""

import io
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests import ROOT

EARLIER_COMMIT = "676de77"
"""The one before reading, judging and writing work on columns, which docs/performance.md compares with."""


@contextmanager
def earlier_tree(commit: str) -> Iterator[Path]:
    """Write the tree of a commit to a folder of its own."""
    with TemporaryDirectory(prefix="linkmill-before-") as name:
        tree = Path(name)
        with tarfile.open(fileobj=io.BytesIO(_archive(commit))) as archive:
            archive.extractall(tree, filter="data")
        yield tree


def _archive(commit: str) -> bytes:
    command = ["git", "archive", "--format=tar", commit]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if result.returncode:
        reason = result.stderr.decode().strip()
        raise SystemExit(f"commit {commit} cannot be read: {reason}. A shallow clone lacks it: git fetch --unshallow")
    return result.stdout
