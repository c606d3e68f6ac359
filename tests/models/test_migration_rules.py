"""Rules for migrations that come after 0012: they hold no writer up, and the version before works on their tables."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ROOT

FIRST = 13
VERSIONS = sorted((ROOT / "models/migrations/versions").glob("[0-9]*.py"))
LATER = [path for path in VERSIONS if int(path.name[:4]) >= FIRST]
REMOVALS = {"drop_column", "drop_table", "drop_constraint", "rename_table"}
CONTRACTS = "CONTRACTS = True"
LOCKING = re.compile(r"\b(CREATE|DROP)\s+(UNIQUE\s+)?INDEX\s+(?!CONCURRENTLY)", re.IGNORECASE)


@pytest.mark.parametrize("path", LATER, ids=lambda path: path.stem)
def test_a_migration_builds_indexes_beside_writers(path: Path) -> None:
    assert indexes_that_lock(path.read_text()) == []


@pytest.mark.parametrize("path", LATER, ids=lambda path: path.stem)
def test_a_migration_removes_nothing_that_the_version_before_uses(path: Path) -> None:
    text = path.read_text()
    assert removals(text) == [] or CONTRACTS in text


def test_a_migration_that_breaks_a_rule_is_noticed() -> None:
    assert indexes_that_lock(BAD) == ["create_index of links", "CREATE INDEX in SQL"]
    assert removals(BAD) == ["drop_column"]


BAD = """
def upgrade():
    op.create_table("notes")
    op.create_index("notes_idx", "notes", ["text"])
    op.create_index("links_idx", "links", ["url"])
    op.execute("CREATE INDEX links_idx ON links (url)")
    op.drop_column("links", "url")


def downgrade():
    op.drop_column("links", "text")
"""


def indexes_that_lock(text: str) -> list[str]:
    """Describe what locks a table that is not new; an index of a new table costs nothing."""
    new_tables = {argument(call, 0) for call in calls(text, {"create_table"})}
    found = []
    for call in calls(text, {"create_index", "drop_index"}):
        table = argument(call, 1)
        if table not in new_tables:
            found.append(f"{name_of(call)} of {table}")
    for call in calls(text, {"execute"}):
        if LOCKING.search(argument(call, 0)):
            found.append("CREATE INDEX in SQL")
    return found


def removals(text: str) -> list[str]:
    return [name_of(call) for call in calls(text, REMOVALS)]


def calls(text: str, names: set[str]) -> Iterator[ast.Call]:
    """Find the calls of some operations in what is not the way back."""
    for part in ast.parse(text).body:
        if isinstance(part, ast.FunctionDef) and part.name == "downgrade":
            continue
        for node in ast.walk(part):
            if isinstance(node, ast.Call) and name_of(node) in names:
                yield node


def name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def argument(call: ast.Call, position: int) -> str:
    node = call.args[position] if len(call.args) > position else ast.Constant("")
    return str(node.value) if isinstance(node, ast.Constant) else ast.unparse(node)
