"""What operators type to give tables partitions."""

from pathlib import Path

import pytest
from click.testing import Result

from tests.fixtures.databases import new_migrated_url
from tests.fixtures.processes import process_environment
from tests.shared_app import shared_app


def partition(kind: str, folder: Path, request: pytest.FixtureRequest, *words: str) -> Result:
    url = new_migrated_url(kind, folder, request)
    with process_environment({"DATA_DIR": str(folder), "DATABASE_URL": url}):
        return shared_app().test_cli_runner().invoke(args=["partition", *words])


def test_sqlite_has_no_partitions(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    done = partition("sqlite", tmp_path, request, "items")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "SQLite has no partitions" in done.stderr


@pytest.mark.parametrize("kind", ["postgresql"])
def test_tables_get_partitions(tmp_path: Path, request: pytest.FixtureRequest, kind: str) -> None:
    done = partition(kind, tmp_path, request, "items", "links", "--days", "1", "--count", "2")
    assert done.exit_code == 0, done.stderr
    names = [line.split()[0] for line in done.stdout.splitlines()[4:]]
    assert (names[0], names[2:]) == ("items_before", ["items_other", "links_00", "links_01"])


@pytest.mark.parametrize("kind", ["postgresql"])
def test_without_a_table_nothing_changes(tmp_path: Path, request: pytest.FixtureRequest, kind: str) -> None:
    done = partition(kind, tmp_path, request)
    assert partition(kind, tmp_path, request, "--cancel").stdout.startswith("There is nothing to cancel.\n")
    assert (done.exit_code, done.stdout) == (0, "items is one table.\nlinks is one table.\n")
