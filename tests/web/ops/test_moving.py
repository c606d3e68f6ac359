"""What operators type to move and to keep a living system."""

from pathlib import Path

from tests.system import System
from tests.web.commands import flask


def test_a_living_system_is_backed_up(system: System, tmp_path: Path) -> None:
    system.wait_for_job(system.post_csv("url\nhttps://example.com/\n"))
    done = flask(system, "backup", str(tmp_path / "backup"))
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line.split()[1] for line in done.stdout.splitlines()}
    assert int(rows["links"].replace(",", "")) >= 1
    assert int(rows["uploads"].replace(",", "")) >= 1
    assert {path.name for path in (tmp_path / "backup").iterdir()} == {"linkmill.db", "uploads"}


def test_a_system_that_is_used_is_not_overwritten(system: System, tmp_path: Path) -> None:
    assert flask(system, "backup", str(tmp_path / "backup")).returncode == 0
    done = flask(system, "restore", str(tmp_path / "backup"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "belongs to another installation" in done.stderr
    again = flask(system, "backup", str(tmp_path / "backup"))
    assert (again.returncode, "has a backup already" in again.stderr) == (1, True)


def test_a_wrong_address_is_refused(system: System) -> None:
    done = flask(system, "copy", "--to", "mysql://host/name")
    assert done.returncode == 2
    assert "postgresql://user@host:port/name" in done.stderr
