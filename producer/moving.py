"""Moves an installation: copies it to another database, writes a backup, and restores one."""

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import fsspec
from sqlalchemy import Engine

from models import disk, settings, store
from models.accounts import domains
from models.errors import Conflict
from models.jobs import retention
from models.links import slugs
from models.moving import databases
from producer.intake import object_store

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
            _copy_uploads(_upload_names(), settings.get().uploads_url, uploads_url, report)
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
    _copy_uploads(_upload_names(), str(folder / UPLOADS), settings.get().uploads_url, report)
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


def _copy_uploads(names: Iterable[str], source_url: str, target_url: str, report: Report) -> None:
    source, source_root = _connect(source_url)
    target, target_root = _connect(target_url)
    target.makedirs(target_root, exist_ok=True)
    present = 0
    missing = 0
    for name in names:
        if _copy_file(source, f"{source_root}/{name}", target, f"{target_root}/{name}"):
            present += 1
        else:
            missing += 1
    report(f"{UPLOADS:18} {present:>12,} files, {missing:,} missing")


def _copy_file(source: Any, source_path: str, target: Any, target_path: str) -> bool:
    """Copy a file unless it is there with the same size. Return whether it exists: retention may have deleted it."""
    try:
        size = source.size(source_path)
        if target.exists(target_path) and target.size(target_path) == size:
            return True
        with source.open(source_path, "rb") as reader, target.open(target_path, "wb") as writer:
            shutil.copyfileobj(reader, writer)
    except FileNotFoundError:
        return False
    return True


def _connect(url: str) -> tuple[Any, str]:
    if url.startswith("s3://"):
        return object_store.connect(url)
    return fsspec.core.url_to_fs(url)  # type: ignore[no-any-return]
