"""UTM fields: they become parameters of the URL."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus

from producer.fields.item_fields import UTM


def merge_utm(columns: dict[str, list[Any]]) -> None:
    utm_columns = {name: columns.pop(name) for name in UTM if name in columns}
    urls = columns["url"]
    known: dict[tuple[Any, ...], dict[str, str]] = {}  # by values: those of a campaign's rows are the same
    joined: dict[tuple[Any, ...], str] = {}
    for place, values in enumerate(zip(*utm_columns.values(), strict=True)):
        url = urls[place]
        if not url or not any(values):
            continue
        if values not in known:
            pairs = zip(utm_columns, values, strict=True)
            known[values] = {name: _parameter(name, value) for name, value in pairs if value}
            joined[values] = "&".join(known[values].values())
        if "#" in url or UTM_BEGINNING in url or url.endswith("?"):
            urls[place] = _add_parameters(url, known[values])
        else:
            urls[place] = f"{url}{'&' if '?' in url else '?'}{joined[values]}"


def with_utm(url: str, values: Mapping[str, str | None]) -> str:
    """The URL with these parameters in place of its own of the same names. Everything else stays to the letter.

    None removes a parameter.
    """
    return _add_parameters(url, {name: _parameter(name, value) for name, value in values.items()})


def _parameter(name: str, value: str | None) -> str:
    return f"{name}={quote_plus(value)}" if value else ""


def _add_parameters(url: str, parameters: Mapping[str, str]) -> str:
    rest, mark, fragment = url.partition("#")
    base, _, query = rest.partition("?")
    parts = query.split("&") if query else []
    if UTM_BEGINNING in query:
        parts = [part for part in parts if part.partition("=")[0] not in parameters]
    parts.extend(filter(None, parameters.values()))
    query_mark = "?" if parts else ""
    return f"{base}{query_mark}{'&'.join(parts)}{mark}{fragment}"


UTM_BEGINNING = "utm_"
