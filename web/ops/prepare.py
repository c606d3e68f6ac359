"""What must exist before the first request: tables, reserved words, and a first key."""

import json
import os
from pathlib import Path

from flask import Flask

from models import disk, migrate, settings, store
from models.accounts import keys, quotas, workspaces
from models.links import reserved_words
from web.visitors.paths import first_segments

FIRST_KEY = "first-key.json"
FIRST_PLAN = "enterprise"


def prepare(app: Flask, renames: bool = True) -> None:
    """Migrate the database, reserve the words of our routes, and create a first key unless there is one.

    Several hosts may do it at the same time. `renames`: whether the short URLs follow BASE_URL.
    """
    data_dir = settings.get().data_dir
    disk.create_folder(data_dir)
    with migrate.alone():
        migrate.upgrade(renames)
        with store.write() as db:
            reserved_words.add(db, first_segments(app.url_map))
            quotas.reset_totals(db)
        create_first_key(data_dir / FIRST_KEY)


def create_first_key(path: Path) -> None:
    with store.write() as db:
        if keys.any_exists(db):
            return
        key = keys.create(db, workspaces.DEFAULT, FIRST_PLAN, "first key", list(keys.Scope))
        write_private(path, json.dumps(key, indent=2) + "\n")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read. It is on disk before the key that it holds is in the database."""
    path.unlink(missing_ok=True)
    with open(path, "w", opener=_open_private) as file:
        file.write(text)
        disk.sync_file(file)


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_EXCL, 0o600)
