"""UTM fields of a column become the parameters that they become of a single URL."""

from typing import Any

import pytest

from producer.rules.utm import merge_utm, with_utm

URLS = [
    "https://a.b/",
    "https://a.b/?",
    "https://a.b/?x=1",
    "https://a.b/?x=1&",
    "https://a.b/#top",
    "https://a.b/?x=1#top",
    "https://a.b/?utm_source=old&x=1",
    "https://a.b/?utm_medium=old",
    "https://a.b/utm_source/?x",
]


@pytest.mark.parametrize("source", ["mail", "a b&c"])
def test_every_url_of_a_column_gets_its_parameters(source: str) -> None:
    columns: dict[str, list[Any]] = {"url": [*URLS, None], "utm_source": [source] * (len(URLS) + 1)}
    merge_utm(columns)
    assert columns == {"url": [*(with_utm(url, {"utm_source": source}) for url in URLS), None]}
