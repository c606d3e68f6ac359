"""Where a slug leads: the one question that every redirect asks."""

from datetime import datetime
from functools import cache
from typing import NamedTuple

from sqlalchemy import Engine, bindparam, select

from models import process_caches, store
from models.store import Question
from models.tables import links


class Target(NamedTuple):
    """A link as a visitor meets it. The names are those of the table's columns; what it depends on comes last."""

    domain_id: int
    slug: str
    generation: int
    job_id: int
    url: str
    title: str | None
    expires_at: datetime | None
    max_clicks: int | None
    password_hash: str | None
    disabled_at: datetime | None


def find(domain_id: int, slug: str) -> Target | None:
    row = store.straight().one(question(store.engine()), {"domain": domain_id, "slug": slug})
    return Target(*row) if row else None


@process_caches.function
@cache
def question(engine: Engine) -> Question:
    here = (links.c.domain_id == bindparam("domain"), links.c.slug == bindparam("slug"))
    return Question(engine, select(*(links.c[name] for name in Target._fields)).where(*here))
