"""Lookup: where a slug leads, the one query of every redirect."""

from collections.abc import Iterable, Set
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Engine, bindparam, select

from models import process_caches, store
from models.link_key import LinkKey, LinkName
from models.partitions import catalog, link_slugs
from models.store import CompiledQuery, rows
from models.store.compiled_query import RawRow
from models.store.joint_reads import Answer, JointReads
from models.tables import links

UNCONDITIONAL = (None, None, None)  # max_clicks, password_hash and disabled_at


class Target(NamedTuple):
    """A link as a redirect needs it. The conditions on its visitors come last, to be compared as one slice."""

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

    @property
    def is_unconditional(self) -> bool:
        """Whether anybody may follow it until it expires."""
        return self[-3:] == UNCONDITIONAL

    @property
    def key(self) -> LinkKey:
        return LinkKey(self.domain_id, self.slug, self.generation)


def find(domain_id: int, slug: str) -> Target | None:
    name = (domain_id, slug)
    return _read({name}).get(name)


def find_later(name: LinkName, answer: Answer[Target]) -> None:
    """Find a link together with those that others look for, and call `answer` with it, maybe in another thread."""
    joint_reads().ask(name, answer)


@process_caches.function
@cache
def joint_reads() -> JointReads[LinkName, Target]:
    return JointReads(_read)


def _read(names: Set[LinkName]) -> dict[LinkName, Target]:
    """Read links on the replica, if there is one, and those that it lacks on the primary."""
    query, values = _ask(names)
    replica = store.replica()
    copies = replica.find_links(query, values) if replica else None
    targets = _by_name(copies or [])
    missing = names - targets.keys()
    if not missing:
        return targets
    return targets | _by_name(store.direct_reader().all(*_ask(missing)))


def _ask(names: Set[LinkName]) -> tuple[CompiledQuery, dict[str, Any]]:
    """The query for some links, and its parameters."""
    dialect = store.dialect()
    if len(names) == 1:
        ((domain_id, slug),) = names
        return question_for_one(store.engine()), {"domain": domain_id, "slug": slug}
    domains, slugs = zip(*names, strict=True)
    values = {"domains": dialect.list_parameter(set(domains)), "slugs": dialect.list_parameter(slugs)}
    return question(store.engine()), values


def _by_name(matches: Iterable[RawRow]) -> dict[LinkName, Target]:
    targets = [Target(*row) for row in matches]
    return {target.key.name: target for target in targets}


@process_caches.function
@cache
def question(engine: Engine) -> CompiledQuery:
    """Compiled once an engine: SQLAlchemy takes longer for this query than the database."""
    dialect = store.dialect()
    is_on_domain = dialect.is_one_of(links.c.domain_id, (), "domains")
    columns = rows.columns(links, Target)
    with engine.connect() as db:
        is_partitioned = catalog.is_partitioned(db, links.name)
    if is_partitioned:
        return CompiledQuery(engine, link_slugs.find_each(columns, is_on_domain, "slugs"))
    has_slug = dialect.is_one_of(links.c.slug, (), "slugs")
    return CompiledQuery(engine, select(*columns).where(is_on_domain, has_slug))


@process_caches.function
@cache
def question_for_one(engine: Engine) -> CompiledQuery:
    """The same for one link, which takes a database half as long as a list of one."""
    is_link = (links.c.domain_id == bindparam("domain"), links.c.slug == bindparam("slug"))
    return CompiledQuery(engine, select(*rows.columns(links, Target)).where(*is_link))
