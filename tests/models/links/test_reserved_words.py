"""Reserved words: those that are built in, and the routes that are added to them."""

import pytest

from models import store
from models.accounts.keys import Owner
from models.links import reserved_words


def test_added_words_stay_reserved_beside_those_that_are_built_in(owner: Owner) -> None:
    with store.write() as db:
        reserved_words.add(db, {"brand-new"})
        reserved_words.add(db, {"api"})
        assert {"brand-new", "api", "healthz", "admin"} <= reserved_words.load(db)


@pytest.mark.parametrize(
    "slug", ["api/x", "robots.txt", "favicon.ico", "docs.v2/x", ".well-known/x", "x.php", "x.php/y", "ads.txt"]
)
def test_a_wide_slug_must_not_begin_with_a_word_or_be_a_file_that_clients_look_for(slug: str) -> None:
    assert slug in reserved_words.of_slugs([slug, "free"], reserved_words.WORDS)


@pytest.mark.parametrize(
    "slug", ["x/api", "x/robots.txt", "apis-and-more/x", "x.phpx", "x/y.php", "API", "ap.i", "..."]
)
def test_other_slugs_stay_free(slug: str) -> None:
    assert reserved_words.of_slugs([slug], reserved_words.WORDS) == reserved_words.WORDS


def test_words_that_browsers_proxies_and_later_routes_use_are_reserved(owner: Owner) -> None:
    with store.read() as db:
        words = reserved_words.load(db)
    assert {"me", "bulk", "home", "new", "cdn-cgi", "service-worker", "well-known"} <= words
    assert not {word for word in words if word != word.lower()}
