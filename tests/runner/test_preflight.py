"""A setting that cannot work ends the start with one line that names it."""

import re
import socket
from contextlib import closing
from pathlib import Path

import pytest

from models import settings
from models.errors import SettingsError
from runner import preflight
from runner.preflight import mask_password
from tests.fixtures.processes import process_environment
from tests.models.store.test_sessions import limited_url
from tests.runner.processes import SLEEPER, StartRunner, answering, assert_refused, free_port


@pytest.mark.parametrize("name", ["PORT", "FLOWER_PORT"])
def test_a_port_in_use_is_named(start_runner: StartRunner, folder: Path, name: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
        assert_refused(start_runner(answering(folder), **{name: str(port)}), folder, f"{name}={port}: cannot listen")


def test_two_settings_cannot_name_one_port(start_runner: StartRunner, folder: Path) -> None:
    port = str(free_port())
    runner = start_runner(answering(folder), PORT=port, FLOWER_PORT=port)
    assert_refused(runner, folder, f"FLOWER_PORT={port}: cannot listen")


def test_an_address_of_another_machine_is_named() -> None:
    with pytest.raises(SettingsError, match=r"HOST='192\.0\.2\.1': expected an address of this machine"):
        preflight._bind("PORT", "192.0.2.1", free_port())


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ({"PORT": "80x"}, "PORT='80x': expected"),
        ({"HOST": "no such host"}, "HOST='no such host': expected"),
        ({"DATA_DIR": "/proc/none"}, "DATA_DIR='/proc/none': cannot be written"),
        ({"DATABASE_URL": "postgresql://me:secret@127.0.0.1:1/db"}, "DATABASE_URL='postgresql://me:***@"),
        ({"DATABASE_URL": "postgresql://me:secret@127.0.0.1:x/db"}, "DATABASE_URL='postgresql://me:***@"),
        ({"REDIS_URL": "redis://:secret@127.0.0.1:1/0"}, "REDIS_URL='redis://:***@127.0.0.1:1/0': the broker"),
        ({"REDIS_URL": "redis://:se/cret@127.0.0.1:1/0"}, "REDIS_URL='redis://:***@127.0.0.1:1/0': this is not a"),
        ({"BROKER_URL": "amqp://me:secret@127.0.0.1:1//"}, "BROKER_URL='amqp://me:***@127.0.0.1:1//': the broker"),
        ({"BROKER_URL": "nosuch://me:secret@host//"}, "BROKER_URL='nosuch://me:***@host//': Celery does not know"),
    ],
)
def test_a_setting_that_cannot_work_is_one_line(
    start_runner: StartRunner, folder: Path, setting: dict[str, str], expected: str
) -> None:
    assert_refused(start_runner(SLEEPER, **setting), folder, expected)


def test_a_start_says_that_the_database_allows_too_few_connections(
    postgresql: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = {"DATABASE_URL": limited_url(postgresql, most=10), "DATA_DIR": str(tmp_path), "DB_CONNECTIONS": "3"}
    with process_environment(few | {"WORKERS": "1"}):
        preflight.check(settings.get(), ["bulk", "interactive"])
        assert capsys.readouterr().err == ""
        preflight.check(settings.get(), ["bulk", "interactive", "callers"])
    assert "may open 11 connections, and the database allows 10" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"[pro]\nlinks_a_day = 5", b"\xff\xfe", b"="])
def test_a_bad_file_of_plans_is_one_line(start_runner: StartRunner, folder: Path, content: bytes) -> None:
    path = folder / "plans.toml"
    path.write_bytes(content)
    runner = start_runner(SLEEPER, PLANS=str(path))
    assert_refused(runner, folder, f"PLANS='{path}': expected a TOML file of plans: ")


@pytest.mark.parametrize(
    "url", ["redis://:secret@host/0", "postgresql://me:se:c@ret@host/db", "postgresql://host/db?password=secret&a=b"]
)
def test_a_password_is_masked_anywhere_in_a_url(url: str) -> None:
    assert not re.search("secret|se:c|ret@", mask_password(url))
    assert "host" in mask_password(url)
