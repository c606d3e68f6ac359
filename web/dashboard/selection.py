"""Links that somebody has selected on the list, as they travel from page to page: some ids, or the list's filter."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from flask import url_for
from marshmallow import ValidationError

from models.errors import Invalid
from producer import link_filters
from producer.documents import schemas
from producer.resources.link_jobs import LinkSelection
from web.dashboard.frame import forms, phrases

FILTER_FIELDS = ("search", "tag", "group", "job", "status", "domain", "created_after", "created_before")
DAY_LENGTH = len("2026-12-31")
MOST_SELECTED = 50


class ListFilter(NamedTuple):
    """The filter of a list, or what is wrong with it."""

    query: dict[str, Any]
    fault: str = ""
    texts: Mapping[str, str] = MappingProxyType({})
    """As it is in the address."""


class Selection(NamedTuple):
    """The selected links of a list."""

    link_ids: list[str]
    query: str
    """The filter of the list, as it is in its address."""
    is_whole: bool
    """Whether all links that match the filter are selected, and not those with these ids."""

    @property
    def is_empty(self) -> bool:
        return not self.link_ids and not self.is_whole

    @property
    def links(self) -> LinkSelection:
        if self.is_whole:
            return LinkSelection(where=link_filters.for_storage(self.filter))
        return LinkSelection(self.link_ids)

    @property
    def filter(self) -> dict[str, Any]:
        """What the list shows. For single links it is those."""
        if not self.is_whole:
            return {"links": self.link_ids}
        return _read_query(self.query).query

    @property
    def fields(self) -> dict[str, str]:
        """The hidden fields and parameters that carry the selection to the next page."""
        fields = {"query": self.query}
        if self.is_whole:
            return fields | {"whole": "1"}
        return fields | {"links": " ".join(self.link_ids)}

    @property
    def list_url(self) -> str:
        """The list with the filter that it had."""
        address = url_for("app.links.list_links")
        return f"{address}?{self.query}" if self.query else address


def read_selection(values: Mapping[str, Any], selected: list[str]) -> Selection:
    """Read what a page carries; `selected`: the ids in a list's own fields."""
    query = values.get("query", "")
    if not query.isascii() or not query.isprintable() or _read_query(query).fault:
        # An empty filter in its place would select all links.
        raise Invalid(phrases.UNREADABLE_FILTER)
    link_ids = [*selected, *values.get("links", "").split()]
    is_whole = values.get("whole") == "1"
    return Selection(list(dict.fromkeys(link_ids))[:MOST_SELECTED], query, is_whole)


def read_filter(values: Mapping[str, str]) -> ListFilter:
    """Read the filter in the address of a list."""
    texts = {name: values[name].strip() for name in FILTER_FIELDS if values.get(name, "").strip()}
    moments = {name: _as_moment(texts[name]) for name in link_filters.MOMENTS if name in texts}
    try:
        query = schemas.LinksQuerySchema().load(texts | moments)
    except ValidationError as error:
        faults = forms.schema_faults_by_field(error)
        return ListFilter({}, "; ".join(f"{name}: {message}" for name, message in faults.items()), texts)
    query.pop("limit")
    return ListFilter(query, "", texts)


def _as_moment(text: str) -> str:
    """The beginning of a day, which is what people choose."""
    return f"{text}T00:00:00Z" if len(text) == DAY_LENGTH else text


def _read_query(query: str) -> ListFilter:
    return read_filter({name: values[0] for name, values in parse_qs(query).items()})
