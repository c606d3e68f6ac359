"""The version before works on the tables of this one, so that hosts can be upgraded one after the other."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT
from tests.bench.source_trees import earlier_tree
from tests.fixtures.databases import STORES, new_migrated_url

VERSIONS = "models/migrations/versions"
SECONDS = 120


@pytest.mark.slow
@pytest.mark.parametrize("kind", STORES)
def test_the_earlier_code_takes_an_upload_on_the_newest_tables(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    commit = commit_before_newest_migration()
    if commit is None:
        pytest.skip("this clone is too shallow to have the commit before the newest migration")
    url = new_migrated_url(kind, tmp_path, request)
    with earlier_tree(commit) as tree:
        outcome = run_one_upload(tree, url, tmp_path)
    assert outcome == {"status": "completed", "created": 2, "failed": 1, "redirect": 302, "listed": 2, "deleted": 204}


def commit_before_newest_migration() -> str | None:
    newest = max(path.name for path in (ROOT / VERSIONS).glob("[0-9]*.py"))
    added = git("log", "--diff-filter=A", "--format=%H", "-1", "--", f"{VERSIONS}/{newest}")
    if not added:
        return "HEAD"  # it is not committed yet
    return git("rev-parse", "--verify", "--quiet", f"{added}^") or None


def git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def run_one_upload(tree: Path, url: str, data_dir: Path) -> object:
    environment = os.environ | {"PYTHONPATH": str(tree), "DATABASE_URL": url, "DATA_DIR": str(data_dir)}
    command = [sys.executable, "-P", str(ROOT / "tests" / "one_upload.py")]
    done = subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])
