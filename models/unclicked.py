"""Links of a job that nobody has clicked: what an undo deletes."""

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, exists, select

from models.tables import clicks, items, link_tags, links, untitled, urls, uses


def remove(db: Connection, domain_id: int, job_id: int, first: int, rows: int) -> set[str]:
    """Deletes the links that a range of a job made and nobody clicked; the slugs of those that are there still.

    A link with such a slug that another job made since is another link, and none of theirs.
    """
    slugs = select(items.c.slug).where(
        items.c.job_id == job_id, items.c.index >= first, items.c.index < first + rows, items.c.status == "created"
    )
    ours = and_(links.c.domain_id == domain_id, links.c.slug.in_(slugs), links.c.job_id == job_id)
    clicked = exists().where(*_same(clicks), clicks.c.bot.is_(False))
    db.execute(delete(links).where(ours, ~clicked, ~exists().where(*_same(uses))))
    for table in (link_tags, untitled, clicks, urls):
        left = (table.c.domain_id == domain_id, table.c.slug.in_(slugs), ~exists().where(*_same(table)))
        db.execute(delete(table).where(*left))
    return set(db.execute(select(links.c.slug).where(ours)).scalars())


def _same(table: Table) -> tuple[ColumnElement[bool], ...]:
    return tuple(table.c[name] == links.c[name] for name in ("domain_id", "slug", "generation"))
