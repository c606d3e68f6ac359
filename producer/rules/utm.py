"""UTM fields: they become parameters of the URL."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus

from producer.fields.item_fields import UTM


def merge_utm(columns: dict[str, list[Any]]) -> None:
    utm_columns = {name: columns.pop(name) for name in UTM if name in columns}
    if not utm_columns:
        return
    urls = columns["url"]
    special_places = _find_special(urls)
    parameters: dict[tuple[Any, ...], dict[str, str]] = {}  # by values: those of a campaign's rows are the same
    joined: dict[tuple[Any, ...], str] = {}
    for place, (url, values) in enumerate(zip(urls, zip(*utm_columns.values(), strict=True), strict=True)):
        if values not in joined:
            pairs = zip(utm_columns, values, strict=True)
            parameters[values] = {name: _parameter(name, value) for name, value in pairs if value}
            joined[values] = "&".join(parameters[values].values())
        addition = joined[values]
        if not url or not addition:
            continue
        if place in special_places:
            urls[place] = _add_parameters(url, parameters[values])
        elif "?" in url:
            urls[place] = f"{url}&{addition}"
        else:
            urls[place] = f"{url}?{addition}"


def _find_special(urls: list[Any]) -> set[int]:
    """The places of URLs that cannot just get parameters at their ends."""
    text = "\n".join(filter(None, urls)) + "\n"
    if "#" not in text and UTM_BEGINNING not in text and "?\n" not in text:
        return set()
    return {place for place, url in enumerate(urls) if url and ("#" in url or UTM_BEGINNING in url or url[-1] == "?")}


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
