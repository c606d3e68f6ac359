"""Reserved words: those that are built in, and the routes that are added to them."""

from models import store
from models.accounts.keys import Owner
from models.links import reserved_words


def test_added_words_stay_reserved_beside_those_that_are_built_in(owner: Owner) -> None:
    with store.write() as db:
        reserved_words.add(db, {"brand-new"})
        reserved_words.add(db, {"api"})
        assert {"brand-new", "api", "healthz", "admin"} <= reserved_words.load(db)
