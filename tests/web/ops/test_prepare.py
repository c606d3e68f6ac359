"""What is prepared before the first request: reserved words and a first key."""

import json
import stat

from models import settings, store
from models.accounts import keys
from models.accounts.keys import Owner
from web import create_app
from web.ops import prepare


def test_a_first_key_is_created_only_where_no_key_exists(owner: Owner) -> None:
    path = settings.get().data_dir / prepare.FIRST_KEY
    prepare.create_first_key(path)
    assert not path.exists()


def test_the_first_key_is_readable_by_its_owner_only(owner: Owner) -> None:
    path = settings.get().data_dir / prepare.FIRST_KEY
    path.write_text("an old file that anyone can read")
    prepare.write_private(path, "{}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text()) == {}


def test_preparing_twice_changes_nothing(owner: Owner) -> None:
    app = create_app()
    prepare.prepare(app)
    prepare.prepare(app)
    with store.read() as db:
        assert keys.any_exists(db)
