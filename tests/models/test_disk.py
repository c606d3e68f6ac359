"""Folders that outlive a power cut."""

import stat
from pathlib import Path

import pytest

from models import disk


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders whose names were put on disk."""
    folders: list[Path] = []
    monkeypatch.setattr(disk, "sync_folder", folders.append)
    return folders


def test_each_new_folder_is_put_on_disk(synced: list[Path], tmp_path: Path) -> None:
    disk.create_folder(tmp_path / "a" / "b", mode=0o700)
    assert synced == [tmp_path, tmp_path / "a"]
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700


def test_a_folder_that_exists_costs_no_wait_for_the_disk(synced: list[Path], tmp_path: Path) -> None:
    disk.create_folder(tmp_path)
    assert synced == []
