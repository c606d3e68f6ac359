"""Links of a workspace: list them, show, change and delete one."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from unicodedata import normalize
from urllib.parse import urlsplit

from models import cursors, settings, store
from models.accounts import domains
from models.accounts.keys import Owner
from models.clicks import click_counts
from models.cursors import LinkPosition, ListPosition
from models.errors import DuplicateKey, NotFound
from models.link_key import LinkKey, parse_link_id
from models.links import click_lists, labels, links, listing, tagging, title_queue
from models.links.listing import LinkFilter, LinkView
from models.links.positions import LinkOrder
from models.store import Connection
from producer import link_filters
from producer.documents import link_csv, qr_zip
from producer.documents.link_document import link_documents, link_stats_document
from producer.fields import wide_slugs
from producer.link_changes import LinkChange, link_change
from producer.resources.pages import Page
from producer.rules import item_errors
from producer.rules.judging import JudgingContext
from producer.signals import written
from producer.unit_of_work import unit_of_work

MOST_COUNTED = 10_000


def list_links(
    owner: Owner,
    query: Mapping[str, Any],
    after: ListPosition | None,
    limit: int,
    order: LinkOrder = LinkOrder.NEWEST,
) -> Page:
    """List the links that match the parameters of a LinksQuery."""
    with written.read_list(owner.workspace_id) as db:
        link_filter = link_filters.from_query(db, owner.workspace_id, query)
        if order == LinkOrder.CLICKS:
            rows = click_lists.page(db, owner.workspace_id, link_filter, after, limit + 1)
        else:
            rows = listing.page(db, owner.workspace_id, link_filter, after, limit + 1, order=order)
        documents = link_documents(db, rows[:limit])
    if len(rows) <= limit:
        return Page(documents, None)
    return Page(documents, cursors.encode_position(rows[limit - 1].list_position))


def list_from(owner: Owner, query: Mapping[str, Any], offset: int, limit: int) -> list[dict[str, Any]]:
    """List the links that match, from the one with this number on. Deep pages are slow: prefer `list_links`."""
    with written.read_list(owner.workspace_id) as db:
        link_filter = link_filters.from_query(db, owner.workspace_id, query)
        return link_documents(db, listing.page(db, owner.workspace_id, link_filter, None, limit, offset))


def count_links(owner: Owner, query: Mapping[str, Any], limit: int | None = None) -> int:
    """Count the links that match, up to a limit: to count a million takes seconds."""
    with written.read_list(owner.workspace_id) as db:
        return listing.count(db, owner.workspace_id, link_filters.from_query(db, owner.workspace_id, query), limit)


def draw_codes(owner: Owner, query: Mapping[str, Any], limit: int, **style: Any) -> Iterator[bytes]:
    """Draw the QR codes of the newest links that match, as a zip."""
    with store.read() as db:
        link_filter = link_filters.from_query(db, owner.workspace_id, query)
    return qr_zip.stream_links(owner.workspace_id, link_filter, limit, "svg", **style)


def export_links(owner: Owner, query: Mapping[str, Any]) -> Iterator[bytes]:
    """Write all links that match the parameters of a LinksQuery as CSV."""
    with store.read() as db:
        link_filter = link_filters.from_query(db, owner.workspace_id, query)
    return link_csv.stream(owner.workspace_id, link_filter)


def show_link(owner: Owner, link_id: str) -> dict[str, Any]:
    with store.read() as db:
        return link_documents(db, [_find(db, owner, link_id)])[0]


def show_links(owner: Owner, keys: Sequence[LinkKey]) -> dict[LinkKey, dict[str, Any]]:
    """Show those of some links that are still there."""
    with store.read() as db:
        views = listing.page(db, owner.workspace_id, LinkFilter(keys=keys), None, len(keys))
        return {view.key: document for view, document in zip(views, link_documents(db, views), strict=True)}


def position_of(owner: Owner, link_id: str) -> LinkPosition:
    """Where a link stands in the list: behind it the next page begins."""
    with store.read() as db:
        return _find(db, owner, link_id).position


def show_link_of_slug(owner: Owner, domain: str | None, slug: str) -> dict[str, Any]:
    """Show the link that a slug has on a domain, which is named by id or hostname; None is the default one."""
    with store.read() as db:
        row = domains.find(db, owner.workspace_id, domain)
        if row is None:
            raise _unknown()
        spelling = wide_slugs.spell(normalize("NFC", slug), row.case_sensitive)
        link = listing.find_by_slug(db, owner.workspace_id, row.id, spelling)
        if link is None:
            raise _unknown()
        return link_documents(db, [link])[0]


def show_link_of_external_id(owner: Owner, external_id: str) -> dict[str, Any]:
    with store.read() as db:
        ref = links.by_external_id(db, owner.workspace_id, [external_id]).get(external_id)
        link = listing.find_by_slug(db, owner.workspace_id, ref.domain_id, ref.slug) if ref else None
        if link is None:
            raise _unknown()
        return link_documents(db, [link])[0]


def link_stats(owner: Owner, link_id: str, since: date = date.min) -> dict[str, Any]:
    """Count the clicks of a link; by referrer, device and country those from one day on."""
    with store.read() as db:
        link = _find(db, owner, link_id)
        return link_stats_document(click_counts.of_link(db, link.key, since), link.opening_clicks or 0)


def short_url(owner: Owner, link_id: str) -> str:
    with store.read() as db:
        link = _find(db, owner, link_id)
    return domains.short_url(domains.base_url(link.hostname, link.is_default), link.slug)


def change_link(owner: Owner, link_id: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Change the fields that are named, by the rules of items; None removes a value."""
    with store.read() as db:
        link = _find(db, owner, link_id)
        groups = labels.group_ids(db, link.workspace_id)
    own_hosts = frozenset((settings.get().authority, link.hostname))
    # The password is hashed here, before the transaction: that takes 30 ms.
    change = link_change(link, fields, JudgingContext(own_hosts, groups, datetime.now(UTC)))
    try:
        with unit_of_work() as unit:
            _apply(unit.db, link, change)
            unit.announce_change([link.key.name])
            document = link_documents(unit.db, [_find(unit.db, owner, link_id)])[0]
    except DuplicateKey:
        message = "Another link of this workspace has this external_id."
        raise item_errors.conflict("external_id", "EXTERNAL_ID_TAKEN", message) from None
    return document


def remove_link(owner: Owner, link_id: str) -> None:
    """Delete a link and its click counts. Its slug and external_id are free again."""
    with unit_of_work() as unit:
        link = _find(unit.db, owner, link_id)
        if not links.remove(unit.db, link):
            raise _unknown()
        unit.announce_change([link.key.name])


def _apply(db: Connection, link: LinkView, change: LinkChange) -> None:
    if not links.change(db, link, change.values):
        raise _unknown()
    if change.tags is not None:
        tagging.replace(db, link.workspace_id, link.key, change.tags)
    if "title" in change.values:
        title_queue.remove(db, link.key)
    elif "url" in change.values:
        url = change.values["url"]
        title_queue.change_url(db, link.key, url, urlsplit(url).hostname or "")


def _find(db: Connection, owner: Owner, link_id: str) -> LinkView:
    key = parse_link_id(link_id)
    link = listing.find(db, owner.workspace_id, key) if key else None
    if link is None:
        raise _unknown()
    return link


def _unknown() -> NotFound:
    return NotFound("There is no such link.")
