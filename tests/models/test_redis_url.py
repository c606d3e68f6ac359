"""URLs of Redis, with and without sentinels."""

import pytest

from models import redis_url
from models.redis_url import Sentinels


@pytest.mark.parametrize(
    ("url", "sentinels"),
    [
        ("sentinel://a", Sentinels((("a", 26379),), "mymaster", "", "", 0)),
        (
            "sentinel://:se:cret@a:1,b.example:2/3?master=links",
            Sentinels((("a", 1), ("b.example", 2)), "links", "", "se:cret", 3),
        ),
        ("sentinel://me:secret@a/", Sentinels((("a", 26379),), "mymaster", "me", "secret", 0)),
    ],
)
def test_a_url_names_sentinels_and_their_master(url: str, sentinels: Sentinels) -> None:
    assert redis_url.check(url) == url
    assert redis_url.parse_sentinel(url) == sentinels


@pytest.mark.parametrize(
    "url", ["sentinel://", "sentinel://a;b", "sentinel://a:x", "sentinel://a/0?master=", "tcp://a"]
)
def test_another_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="sentinel://host:26379"):
        redis_url.check(url)


def test_celery_has_a_url_for_each_sentinel() -> None:
    url = redis_url.parse_sentinel("sentinel://me:secret@a:1,b:2/3").celery_url()
    assert url == "sentinel://me:secret@a:1/3;sentinel://me:secret@b:2/3"
