"""What docs/scale.md says of a distributed database: which statements name the keys of their tables."""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import psycopg
import pytest
import sqlglot
from sqlglot import exp

from models import store
from models.accounts import keys
from models.accounts.keys import Owner, Scope
from models.tables import metadata
from tests import ROOT
from tests.shared_app import shared_app
from tests.steps import record_steps
from tests.work import work_off

SCALE = (ROOT / "docs" / "scale.md").read_text()
CODE = re.compile(r"`([^`]+)`")
EVERYWHERE = "everywhere"
PLACEHOLDER = re.compile(r"%(\([^)]*\))?[st]")
COPY = re.compile(r"COPY (\w+) \((.*)\) FROM STDIN")
CURSOR_METHODS = ("execute", "executemany", "copy")


class Statement(NamedTuple):
    """A statement that was sent, and the file of models that sent it."""

    file: str
    sql: str


class Crossing(NamedTuple):
    """A statement that may concern every node, as the document lists it."""

    file: str
    table: str


def rows_under(heading: str) -> Iterator[list[str]]:
    """The rows of the table under a heading, without its head."""
    _, _, text = SCALE.partition(f"{heading}\n")
    lines = [line for line in text.partition("\n## ")[0].splitlines() if line.startswith("|")]
    for line in lines[2:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


def distribution_keys() -> dict[str, str]:
    """The column by which each table is distributed, by its name; EVERYWHERE for a table that each node has."""
    found: dict[str, str] = {}
    for key, tables, *_ in rows_under("## Which key each table would have"):
        for entry in CODE.findall(tables):
            table, _, column = entry.partition(".")
            found[table] = EVERYWHERE if key == EVERYWHERE else column or CODE.findall(key)[0]
    return found


def documented_crossings() -> set[Crossing]:
    rows = rows_under("## Which statements ask every node today")
    return {Crossing(CODE.findall(file)[0], CODE.findall(table)[0]) for table, file, *_ in rows}


def test_every_table_has_a_key_that_it_has_a_column_for() -> None:
    columns = distribution_keys()
    assert set(columns) == set(metadata.tables)
    for name, column in columns.items():
        assert column == EVERYWHERE or column in metadata.tables[name].c


@pytest.mark.parametrize("owner", ["postgresql"], indirect=True)
def test_statements_of_creation_and_redirects_name_the_key(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    record_steps(monkeypatch)
    with store.write() as db:
        token = keys.create(db, "default", "enterprise", "test", list(Scope))["token"]
    with recording(monkeypatch) as statements:
        create_and_follow(token)
    tables = {table.name for statement in statements for table in tables_of(statement)}
    assert {"jobs", "shards", "items", "links", "keys", "slug_counters"} <= tables
    assert set(crossings(statements)) == documented_crossings()


def create_and_follow(token: str) -> None:
    client = shared_app().test_client()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/csv"}
    accepted = client.post("/api/jobs", data="url\n" + "https://example.com/\n" * 1200, headers=headers)
    work_off(queue="bulk")
    job = client.get(accepted.location, headers=headers).get_json()
    assert job["outcome"] == "succeeded"
    with store.read() as db:
        (slug,) = db.execute(metadata.tables["links"].select().limit(1)).mappings()
    assert client.get(f"/{slug['slug']}").status_code == 302


@contextmanager
def recording(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Statement]]:
    """Record what models sends to PostgreSQL, whether through SQLAlchemy or not."""
    statements: list[Statement] = []

    def record(method: Callable[..., Any], cursor: Any, query: Any, *arguments: Any, **options: Any) -> Any:
        text = query.decode() if isinstance(query, bytes) else str(query)
        file = sending_file()
        if file:
            statements.append(Statement(file, text))
        return method(cursor, query, *arguments, **options)

    with monkeypatch.context() as patch:
        for name in CURSOR_METHODS:
            method = getattr(psycopg.Cursor, name)
            patch.setattr(psycopg.Cursor, name, Method(partial(record, method)))
        yield statements


class Method:
    """Makes a partial function a method."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __get__(self, instance: Any, owner: Any) -> Callable[..., Any]:
        return partial(self.function, instance)


def sending_file() -> str:
    """The innermost file of models that is not the store."""
    frame = sys._getframe()
    while frame.f_back:
        frame = frame.f_back
        path = frame.f_code.co_filename.removeprefix(f"{ROOT}/")
        if path.startswith("models/") and not path.startswith("models/store/"):
            return path
    return ""


def crossings(statements: list[Statement]) -> Iterator[Crossing]:
    """The tables of statements that do not say with which node they have to do."""
    columns = distribution_keys()
    for statement in set(statements):
        named = names_with_values(statement)
        for table in tables_of(statement):
            column = columns[table.name]
            if column != EVERYWHERE and (table.alias_or_name, column) not in named:
                yield Crossing(statement.file, table.name)


def tables_of(statement: Statement) -> list[exp.Table]:
    """Our tables that a statement names, without those that it defines itself."""
    copy = COPY.match(statement.sql)
    if copy:
        return [exp.to_table(copy[1])]
    if statement.sql.startswith("SET "):
        return []
    return [table for table in parsed(statement).find_all(exp.Table) if table.name in metadata.tables]


def names_with_values(statement: Statement) -> set[tuple[str, str]]:
    """Pairs of a table and a column for which the statement has values, or which equal such a column."""
    copy = COPY.match(statement.sql)
    if copy:
        return {(copy[1], name.strip('" ')) for name in copy[2].split(",")}
    tree = parsed(statement)
    if isinstance(tree, exp.Insert) and isinstance(tree.this, exp.Schema):
        return {(tree.this.this.name, column.name) for column in tree.this.expressions}
    named: set[tuple[str, str]] = set()
    equalities = [comparison for kind in (exp.EQ, exp.In) for comparison in tree.find_all(kind)]
    for _ in range(3):  # an equality with a column counts once that column has a value
        for comparison in equalities:
            named |= set(bound_columns(comparison, named))
    return named


def bound_columns(comparison: Any, named: set[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    left = comparison.this
    right = comparison.args.get("expression") or comparison.args.get("query")
    for this, other in ((left, right), (right, left)):
        if isinstance(this, exp.Column) and has_value(other, named):
            yield this.table, this.name


def has_value(expression: Any, named: set[tuple[str, str]]) -> bool:
    """Whether it is a value, or a column that equals one. A list of values is None here."""
    if isinstance(expression, exp.Column):
        return (expression.table, expression.name) in named
    return expression is None or expression.find(exp.Select) is None


def parsed(statement: Statement) -> exp.Expression:
    tree = sqlglot.parse_one(PLACEHOLDER.sub("1", statement.sql), read="postgres")
    assert isinstance(tree, exp.Expression)
    return tree
