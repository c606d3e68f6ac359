"""Moves an installation: copies it to another database, writes a backup, and restores one."""

import shutil
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Engine

from models import disk, settings, store
from models.accounts import domains
from models.errors import Conflict
from models.jobs import retention
from models.links import slugs
from models.moving import databases
from producer.moving import uploads

DATABASE = "linkmill.db"
UPLOADS = "uploads"
SKIPPED_SLUGS = 100_000_000

Report = Callable[[str], None]


def copy(database_url: str, uploads_url: str, report: Report) -> None:
    """Copy this installation to another database, and its uploads to another store unless they stay where they are."""
    target = store.connect_to(database_url)
    try:
        _copy_database(store.engine(), target, report)
        if uploads_url:
            report(uploads.copy(_upload_names(), settings.get().uploads_url, uploads_url))
    finally:
        target.dispose()


def back_up(folder: Path, report: Report) -> None:
    """Write the database, whatever store it is in, and the uploads into a new folder."""
    if (folder / DATABASE).exists():
        raise Conflict(f"{folder} has a backup already. Name a new folder.")
    disk.create_folder(folder, mode=0o700)
    unfinished = folder / "unfinished"  # SQLite keeps more files beside its database while it writes
    shutil.rmtree(unfinished, ignore_errors=True)
    disk.create_folder(unfinished, mode=0o700)
    copy(f"sqlite:///{unfinished / DATABASE}", str(folder / UPLOADS), report)
    (unfinished / DATABASE).rename(folder / DATABASE)
    shutil.rmtree(unfinished)


def restore(folder: Path, report: Report, skipped_slugs: int = SKIPPED_SLUGS) -> None:
    """Copy a backup into this installation's database, which must be empty, and its uploads into their store.

    Slugs that were handed out after the backup lead nowhere now. They must not be handed out again for other URLs.
    """
    if not (folder / DATABASE).is_file():
        raise Conflict(f"{folder} has no {DATABASE}.")
    disk.create_folder(settings.get().data_dir)
    source = store.connect_to(f"sqlite:///{folder / DATABASE}")
    try:
        _copy_database(source, store.engine(), report)
    finally:
        source.dispose()
    report(uploads.copy(_upload_names(), str(folder / UPLOADS), settings.get().uploads_url))
    skip_slugs(skipped_slugs)


def skip_slugs(count: int) -> None:
    """Leave out the next automatic slugs of every domain."""
    with store.write() as db:
        for domain in domains.every(db):
            slugs.skip(db, domain.id, count, slugs.alphabet_of(domain.case_sensitive))


def _copy_database(source: Engine, target: Engine, report: Report) -> None:
    databases.copy(
        source, target, lambda done: report(f"{done.table:18} {done.rows:>12,} rows, {done.written:,} written")
    )


def _upload_names() -> list[str]:
    with store.read() as db:
        return retention.kept_uploads(db)
