"""Copies uploads between folders and object stores."""

import shutil
from collections.abc import Iterable
from typing import Any

import fsspec

from producer.intake import object_store


def copy(names: Iterable[str], source_url: str, target_url: str) -> str:
    """Copy these uploads from one store to another, and return what was done in a line."""
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
    return f"{'uploads':18} {present:>12,} files, {missing:,} missing"


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
