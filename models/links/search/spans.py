"""Spans: the parts of a workspace's list in which links may contain a text."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from heapq import merge
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, func, literal, or_, select, true

from models import store
from models.cursors import MICROSECOND
from models.links.search import ngrams, unindexed
from models.tables import links, search_blocks
from models.tables.columns import StoredTime

FIRST_BLOCKS = 32  # enough for a text that many links contain
GROWTH = 8
BLOCKS_A_PAGE = 8192


class Span(NamedTuple):
    """Moments between which links were created, both included."""

    first_at: datetime
    last_at: datetime

    @property
    def condition(self) -> ColumnElement[bool]:
        first_at, last_at = (literal(moment, StoredTime) for moment in self)  # SQLite compares moments as text
        return and_(links.c.created_at >= first_at, links.c.created_at <= last_at)


def contains(text: str) -> ColumnElement[bool]:
    """Match links whose URL, slug or title contains a text, in any case."""
    columns = (links.c.url, links.c.slug, links.c.title)
    return or_(*(column.icontains(spelling, autoescape=True) for column in columns for spelling in _spellings(text)))


def read(db: Connection, query: Select[Any], limit: int, parts: Iterable[ColumnElement[bool]]) -> list[Any]:
    """Read the first rows of a sorted query, part by part."""
    rows: list[Any] = []
    for part in parts:
        rows += db.execute(query.where(part).limit(limit - len(rows))).all()
        if len(rows) >= limit:
            break
    return rows


def count(db: Connection, query: Select[Any], limit: int | None, parts: Iterable[ColumnElement[bool]]) -> int:
    """Count the rows of a query, part by part, up to a limit."""
    total = 0
    for part in parts:
        rest = None if limit is None else limit - total
        rows = query.where(part).limit(rest).subquery()
        total += db.execute(select(func.count()).select_from(rows)).scalar_one()
        if total == limit:
            break
    return total


def parts(
    db: Connection, workspace_id: int, text: str | None, before: datetime | None = None, oldest: bool = False
) -> Iterable[ColumnElement[bool]]:
    """The parts of a list to read, one after the other: those in which links may contain a text, or all of it.

    The newest come first, and begin at the moment `before`. `oldest`: the oldest come first, and all of them.
    """
    if not text:
        return [true()]
    if not oldest:
        return (span.condition for span in _find(db, workspace_id, text, before))
    return [span.condition for span in reversed(list(_find(db, workspace_id, text, None)))]


def _spellings(text: str) -> set[str]:
    spellings = {text}
    if not text.isascii():  # SQLite folds the case of ASCII letters only, so the usual spellings are tried
        spellings |= {text.lower(), text.upper(), text.title()}
    return spellings


def _find(db: Connection, workspace_id: int, text: str, before: datetime | None) -> Iterator[Span]:
    """Find the spans whose links may contain a text, the newest first. No link of another one does."""
    # The notes first: a block that is built meanwhile is read in the place of its note.
    notes = [Span(*ends) for ends in unindexed.spans(db, workspace_id)]
    notes.sort(key=_last_at, reverse=True)
    return _unite(merge(notes, _blocks(db, workspace_id, text, before), key=_last_at, reverse=True))


def _last_at(span: Span) -> datetime:
    return span.last_at


def _unite(spans: Iterable[Span]) -> Iterator[Span]:
    """Unite spans that overlap, so that no link is read twice."""
    current: Span | None = None
    for span in spans:
        if current is None:
            current = span
        elif span.last_at >= current.first_at:
            current = Span(min(span.first_at, current.first_at), current.last_at)
        else:
            yield current
            current = span
    if current:
        yield current


def _blocks(db: Connection, workspace_id: int, text: str, before: datetime | None) -> Iterator[Span]:
    """The blocks that may contain a text. Those that follow one another are one span."""
    query = select(search_blocks.c.first_at, search_blocks.c.last_at, _may_contain(text))
    query = query.where(search_blocks.c.workspace_id == workspace_id).order_by(search_blocks.c.first_at.desc())
    page_size = FIRST_BLOCKS
    while True:
        page_query = query if before is None else query.where(search_blocks.c.first_at <= before)
        blocks = db.execute(page_query.limit(page_size)).all()
        current: Span | None = None
        for first_at, last_at, may_contain in blocks:
            if may_contain:
                current = Span(first_at, current.last_at if current else last_at)
            elif current:
                yield current
                current = None
        if current:
            yield current
        if len(blocks) < page_size:
            return
        before = blocks[-1].first_at - MICROSECOND
        page_size = min(page_size * GROWTH, BLOCKS_A_PAGE)


def _may_contain(text: str) -> ColumnElement[bool]:
    pieces = {tuple(ngrams.numbers_of(spelling)) for spelling in _spellings(text)}
    has_bit = store.dialect().has_bit
    return or_(*(and_(*(has_bit(search_blocks.c.bits, number) for number in some)) for some in pieces))
