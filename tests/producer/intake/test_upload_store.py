import os
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import create_autospec

import pytest

from models import settings
from models.errors import EmptyUpload, TooLarge, Unreadable
from producer.intake import upload_store


@pytest.fixture(params=["file://", "memory://"], autouse=True)
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("UPLOADS_URL", f"{request.param}{tmp_path}/uploads")
    settings.get.cache_clear()
    upload_store._store.cache_clear()
    yield
    settings.get.cache_clear()
    upload_store._store.cache_clear()


def stored_files() -> list[str]:
    fs, root = upload_store._store()
    return list(fs.ls(root, detail=False))


def test_a_saved_upload_is_read_back_in_parts() -> None:
    name, size = upload_store.save([b"abc", b"", b"defg"], 7)
    assert size == 7
    assert [upload_store.read(name, *part) for part in ((0, 7), (2, 3), (5, 100), (7, 1))] == [
        b"abcdefg",
        b"cde",
        b"fg",
        b"",
    ]


def test_a_deleted_upload_is_gone_and_may_be_deleted_again() -> None:
    name, _ = upload_store.save([b"abc"], 10)
    upload_store.delete(name)
    upload_store.delete(name)
    assert stored_files() == []
    with pytest.raises(Unreadable):
        upload_store.read(name, 0, 1)


def test_an_upload_that_is_too_large_leaves_nothing_behind() -> None:
    with pytest.raises(TooLarge):
        upload_store.save(iter([b"abc", b"def"]), 5)
    assert stored_files() == []


def test_only_a_folder_needs_to_be_told_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    fs, _ = upload_store._store()
    fsync = create_autospec(os.fsync)
    monkeypatch.setattr(os, "fsync", fsync)
    upload_store.save([b"abc"], 10)
    assert fsync.call_count == (2 if "file" in fs.protocol else 0)


def test_an_empty_upload_is_refused() -> None:
    for chunks in ([], [b""]):
        with pytest.raises(EmptyUpload):
            upload_store.save(chunks, 5)
    assert stored_files() == []


def test_a_client_that_disconnects_leaves_nothing_behind() -> None:
    def breaking() -> Iterator[bytes]:
        yield b"abc"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        upload_store.save(breaking(), 100)
    assert stored_files() == []
