"""The Procfile is read in order, and one that makes no sense is refused."""

from pathlib import Path

import pytest

from models.errors import SettingsError
from runner import procfile
from runner.procfile import Entry
from tests import ROOT


def test_entries_keep_their_order_and_comments_are_skipped(tmp_path: Path) -> None:
    (tmp_path / "Procfile").write_text("# first\nweb: serve --port ${PORT}\n\n  bulk-2:  work  \n")
    entries = procfile.read(tmp_path / "Procfile")
    assert entries == (Entry("web", "serve --port ${PORT}"), Entry("bulk-2", "work"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("web\n", "expected `name: command`, not 'web'"),
        ("web:\n", "expected `name: command`, not 'web:'"),
        ("web: a\nweb: b\n", "the name 'web' appears twice"),
    ],
)
def test_a_procfile_that_makes_no_sense_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "Procfile").write_text(text)
    with pytest.raises(SettingsError, match=reason):
        procfile.read(tmp_path / "Procfile")


def test_a_missing_procfile_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nowhere: No such file"):
        procfile.read(tmp_path / "nowhere")


def test_the_broker_starts_first_and_flower_last() -> None:
    names = [entry.name for entry in procfile.read(ROOT / "Procfile")]
    assert names == ["broker", "web", "bulk", "interactive", "callers", "beat", "flower"]
