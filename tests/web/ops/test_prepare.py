"""What is prepared before the first request."""

from models import store
from models.accounts.keys import Owner
from models.links import reserved_words
from web import create_app
from web.ops.prepare import first_segments, prepare


def test_no_slug_can_hide_behind_a_route(owner: Owner) -> None:
    app = create_app()
    prepare(app)
    segments = first_segments(app)
    assert {"api", "healthz", "readyz"} <= segments
    with store.read() as db:
        assert segments <= reserved_words.load(db)
