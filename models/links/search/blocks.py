"""Blocks: the links of a workspace in the order of its list, a thousand at a time, each with a filter of its texts."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, delete, insert, literal, select

from models import ids, store
from models.cursors import MICROSECOND
from models.links.search import ngrams, unindexed
from models.links.search.unindexed import Note
from models.store import rows
from models.tables import links, search_blocks
from models.tables.columns import StoredTime

BLOCK_LINKS = 1024
STEP_LINKS = 8 * BLOCK_LINKS
BEGINNING = datetime(1, 1, 1, tzinfo=UTC)


class Block(NamedTuple):
    """A span of moments, both ends included, and how many links were created in it."""

    id: int
    first_at: datetime
    last_at: datetime
    links: int


class _Gap(NamedTuple):
    """A part of the list that lacks blocks, or that has some to be built again."""

    floor: datetime
    """The moment before it."""
    last_at: datetime
    blocks: list[Block]
    notes: list[Note]


class _Text(NamedTuple):
    created_at: datetime
    slug: str
    url: str
    title: str | None


def step(db: Connection, workspace_id: int) -> bool:
    """Build some blocks, for the newest links first; return whether the workspace has notes left. One at a time."""
    store.dialect().lock(db, f"search {workspace_id}")
    # The notes are read before the links: what is written later has a note of its own.
    notes = unindexed.newest(db, workspace_id)
    if not notes:
        return False
    gap = _newest_gap(db, workspace_id, notes)
    texts, floor = _read_newest(db, workspace_id, gap)
    _delete(db, workspace_id, gap.blocks)
    for block in _cut(texts):
        _write(db, workspace_id, block)
    unindexed.replace(db, workspace_id, gap.notes, _rest(gap, floor))
    return len(gap.notes) < len(notes) or floor > gap.floor


def _newest_gap(db: Connection, workspace_id: int, notes: Sequence[Note]) -> _Gap:
    """Widen the newest note to whole blocks, and to all notes before the block that precedes them.

    A preceding block that is small is built again: links that come one by one would have a block each.
    """
    newest = notes[0]
    own = search_blocks.c.workspace_id == workspace_id
    query = select(*rows.columns(search_blocks, Block)).where(own)
    meeting = query.where(search_blocks.c.first_at.between(newest.first_at, newest.last_at))
    blocks = rows.many(db, Block, meeting)
    floor = BEGINNING
    for block in rows.many(db, Block, _preceding(query, newest.first_at)):
        floor = block.last_at
        if block.last_at >= newest.first_at or block.links < BLOCK_LINKS // 2:
            blocks.append(block)
            floor = block.first_at - MICROSECOND
    met_notes = [note for note in notes if note.last_at > floor]
    last_at = max([newest.last_at, *(block.last_at for block in blocks)])
    return _Gap(floor, last_at, blocks, met_notes)


def _preceding(query: Select[Any], moment: datetime) -> Select[Any]:
    """The last block that begins before a moment. Blocks do not overlap, so no other one can reach it."""
    return query.where(search_blocks.c.first_at < moment).order_by(search_blocks.c.first_at.desc()).limit(1)


def _read_newest(db: Connection, workspace_id: int, gap: _Gap) -> tuple[list[_Text], datetime]:
    """Read the newest links of a gap, and return the moment before them. All links of one moment are read together."""
    query = select(*rows.columns(links, _Text)).where(links.c.workspace_id == workspace_id)
    is_in_gap = and_(links.c.created_at > _spelled(gap.floor), links.c.created_at <= _spelled(gap.last_at))
    ordered = query.where(is_in_gap).order_by(links.c.created_at.desc())
    texts = rows.many(db, _Text, ordered.limit(STEP_LINKS + 1))
    if len(texts) <= STEP_LINKS:
        return texts, gap.floor
    oldest = texts[-1].created_at
    newer = [text for text in texts if text.created_at > oldest]
    if newer:
        return newer, oldest
    return rows.many(db, _Text, query.where(links.c.created_at == _spelled(oldest))), oldest - MICROSECOND


def _spelled(moment: datetime) -> Any:
    return literal(moment, StoredTime)  # SQLite compares moments as text


def _cut(texts: Iterable[_Text]) -> Iterator[list[_Text]]:
    """Cut links into blocks. Those of one moment stay together."""
    block: list[_Text] = []
    for text in texts:
        if len(block) >= BLOCK_LINKS and text.created_at != block[-1].created_at:
            yield block
            block = []
        block.append(text)
    if block:
        yield block


def _write(db: Connection, workspace_id: int, newest_first: Sequence[_Text]) -> None:
    texts: list[str] = []
    for text in newest_first:
        texts += (text.slug, text.url, text.title or "")
    values = {
        "workspace_id": workspace_id,
        "id": ids.new_id(),
        "first_at": newest_first[-1].created_at,
        "last_at": newest_first[0].created_at,
        "links": len(newest_first),
        "bits": ngrams.bits_of(texts),
    }
    db.execute(insert(search_blocks), values)


def _delete(db: Connection, workspace_id: int, blocks: Sequence[Block]) -> None:
    if blocks:
        is_one = store.dialect().is_one_of(search_blocks.c.id, [block.id for block in blocks])
        db.execute(delete(search_blocks).where(search_blocks.c.workspace_id == workspace_id, is_one))


def _rest(gap: _Gap, floor: datetime) -> tuple[datetime, datetime] | None:
    """What is left of the blocks and notes of a gap when links are indexed down to a floor."""
    first_at = min([block.first_at for block in gap.blocks] + [note.first_at for note in gap.notes])
    return (first_at, floor) if first_at <= floor else None
