"""The runner, with real processes under toy Procfiles."""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from redis import Redis, RedisError

from models.errors import SettingsError
from models.settings import socket_path
from runner import broker, procfile
from runner.preflight import masked

ROOT = Path(__file__).parents[2]
OURS = ("DATA_DIR", "DATABASE_URL", "REDIS_URL", "HOST", "PORT", "BASE_URL", "FLOWER_BASIC_AUTH", "LINKMILL_RUN")
PATIENCE = 30

ANSWERING = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Ok(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

HTTPServer(("127.0.0.1", int(sys.argv[1])), Ok).serve_forever()
"""

STUBBORN = """
import signal, subprocess, sys, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
    signal.signal(number, signal.SIG_IGN)
subprocess.Popen(["sleep", "1000"])
subprocess.Popen(["sleep", "1000"], start_new_session=True)
print("settled")
time.sleep(1000)
"""

StartRunner = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "var"


@pytest.fixture
def toys(tmp_path: Path) -> Path:
    (tmp_path / "answering.py").write_text(ANSWERING)
    (tmp_path / "stubborn.py").write_text(STUBBORN)
    return tmp_path


@pytest.fixture
def start_runner(tmp_path: Path, data_dir: Path) -> Iterator[StartRunner]:
    """Starts the runner on a Procfile; its output lies in the files `out` and `err`. Nothing outlives the test."""
    started: list[subprocess.Popen[str]] = []
    ports = {"PORT": str(_free_port()), "FLOWER_PORT": str(_free_port())}

    def start(text: str, unread: bool = False, **env: str) -> subprocess.Popen[str]:
        (tmp_path / "Procfile").write_text(text)
        clean = {name: value for name, value in os.environ.items() if name not in OURS}
        with (tmp_path / "out").open("w") as out, (tmp_path / "err").open("w") as err:
            runner = subprocess.Popen(
                [sys.executable, "-m", "runner", str(tmp_path / "Procfile")],
                cwd=ROOT,
                env={**clean, **ports, "DATA_DIR": str(data_dir), **env},
                stdout=out,
                stderr=subprocess.PIPE if unread else err,
                text=True,
            )
        started.append(runner)
        return runner

    yield start
    for runner in started:
        runner.kill()
        runner.communicate()
    for process in _living(data_dir):
        process.kill()


def test_a_ready_system_says_so_once_and_where_the_key_lies_but_never_a_secret(
    start_runner: StartRunner, toys: Path, data_dir: Path
) -> None:
    runner = start_runner(_answering(toys))
    _until(lambda: "first key" in _out(toys))
    address, flower = psutil.Process(runner.pid).environ()["PORT"], psutil.Process(runner.pid).environ()["FLOWER_PORT"]
    ready, key = _out(toys).splitlines()
    assert ready == f"ready  http://localhost:{address}/app  http://127.0.0.1:{flower}"
    assert key.endswith(str(data_dir / "first-key.json"))
    password = (data_dir / "flower-auth").read_text().strip().split(":")[1]
    assert (data_dir / "flower-auth").stat().st_mode & 0o777 == 0o600
    assert password not in _out(toys) + _err(toys)
    assert not [process for process in _living(data_dir) if password in " ".join(process.cmdline())]


def test_only_flower_gets_its_password_and_keeps_it_over_restarts(
    start_runner: StartRunner, toys: Path, data_dir: Path
) -> None:
    given = []
    for _ in range(2):
        runner = start_runner(_answering(toys))
        _until(lambda: "first key" in _out(toys))
        found = [process.environ().get("FLOWER_BASIC_AUTH") for process in _living(data_dir)]
        given.append([value for value in found if value])
        _stop(runner)
    assert given == [[(data_dir / "flower-auth").read_text().strip()]] * 2


def test_a_dead_process_starts_again_after_growing_pauses(start_runner: StartRunner, toys: Path) -> None:
    start_runner("short: sh -c 'echo here; exit 3'\nlong: sleep 1000\n")
    _until(lambda: _err(toys).count("here") >= 3)
    lines = [line for line in _err(toys).splitlines() if "starts again" in line]
    assert lines[:2] == [f"up    | short ended with code 3, starts again in {pause} s" for pause in ("0.5", "1")]
    assert "short | here" in _err(toys).splitlines()


def test_a_killed_process_takes_its_children_with_it_and_starts_again(
    start_runner: StartRunner, toys: Path, data_dir: Path
) -> None:
    start_runner(f"toy: sh -c 'sleep 1001 & exec {_python(toys / 'answering.py')} ${{PORT}}'\n")
    _until(lambda: len(_living(data_dir)) == 2)
    before = _living(data_dir)
    next(process for process in before if "answering" in " ".join(process.cmdline())).kill()
    _until(lambda: not any(process.is_running() for process in before))
    _until(lambda: len(_living(data_dir)) == 2)
    assert "toy was killed by SIGKILL, starts again in 0.5 s" in _err(toys)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_in_reverse_and_leaves_nothing(
    start_runner: StartRunner, toys: Path, data_dir: Path, number: signal.Signals
) -> None:
    runner = start_runner(_says_goodbye("first") + _says_goodbye("second"))
    _until(lambda: _err(toys).count("hello") == 2)
    runner.send_signal(number)
    assert runner.wait(PATIENCE) == 0
    assert _err(toys).count("goodbye") == 2
    assert _living(data_dir) == []


def test_what_does_not_listen_is_killed_with_its_children_whatever_session_they_hide_in(
    start_runner: StartRunner, toys: Path, data_dir: Path
) -> None:
    runner = start_runner(f"stubborn: {_python(toys / 'stubborn.py')}\n")
    _until(lambda: "settled" in _err(toys) and len(_living(data_dir)) == 3)
    runner.terminate()
    _until(lambda: "stopping" in _err(toys))
    runner.terminate()
    runner.send_signal(signal.SIGINT)
    assert runner.wait(PATIENCE) == 0
    assert _living(data_dir) == []


def test_a_signal_while_processes_die_and_start_stops_it_too(
    start_runner: StartRunner, toys: Path, data_dir: Path
) -> None:
    runner = start_runner("".join(f"dying-{number}: sh -c 'exit 1'\n" for number in range(5)))
    _until(lambda: "starts again" in _err(toys))
    _stop(runner)
    assert _living(data_dir) == []


def test_a_log_that_nobody_reads_holds_nothing_up(start_runner: StartRunner, toys: Path, data_dir: Path) -> None:
    runner = start_runner("chatty: yes 'a line that fills pipes'\n" + _answering(toys), unread=True)
    _until(lambda: "first key" in _out(toys))
    _stop(runner)
    assert _living(data_dir) == []


def test_children_end_when_the_runner_is_killed(start_runner: StartRunner, toys: Path, data_dir: Path) -> None:
    runner = start_runner("broker: python -m runner.broker\ntoy: sleep 1000\n")
    _until(lambda: len(_living(data_dir)) == 2)
    runner.kill()
    runner.wait()
    _until(lambda: _living(data_dir) == [])


def test_a_start_after_a_kill_ends_what_was_left_and_is_ready(
    start_runner: StartRunner, toys: Path, data_dir: Path
) -> None:
    runner = start_runner(_answering(toys) + f"stubborn: {_python(toys / 'stubborn.py')}\n")
    _until(lambda: "first key" in _out(toys) and "settled" in _err(toys))
    before = _living(data_dir)
    runner.kill()
    runner.wait()
    start_runner(_answering(toys))
    _until(lambda: "first key" in _out(toys))
    assert not any(process.is_running() for process in before)


def test_a_data_dir_belongs_to_one_run(start_runner: StartRunner, toys: Path, data_dir: Path) -> None:
    first = start_runner("toy: sleep 1000\n")
    _until(lambda: _living(data_dir) != [])
    before = _living(data_dir)
    _refuses(start_runner("toy: sleep 1000\n"), toys, f"DATA_DIR='{data_dir}': another")
    assert _living(data_dir) == before
    assert first.poll() is None


@pytest.mark.parametrize("name", ["PORT", "FLOWER_PORT"])
def test_a_taken_port_is_named(start_runner: StartRunner, toys: Path, name: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        _refuses(start_runner("toy: sleep 1000\n", **{name: str(port)}), toys, f"{name}={port}: cannot listen")


def test_two_settings_cannot_name_one_port(start_runner: StartRunner, toys: Path) -> None:
    port = str(_free_port())
    _refuses(start_runner("toy: sleep 1000\n", PORT=port, FLOWER_PORT=port), toys, f"FLOWER_PORT={port}: cannot listen")


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ({"PORT": "80x"}, "PORT='80x': expected"),
        ({"HOST": "no such host"}, "HOST='no such host': expected"),
        ({"DATA_DIR": "/proc/none"}, "DATA_DIR='/proc/none': cannot be written"),
        ({"DATABASE_URL": "postgresql://me:secret@127.0.0.1:1/db"}, "DATABASE_URL='postgresql+psycopg://me:***@"),
        ({"DATABASE_URL": "postgresql://me:secret@127.0.0.1:x/db"}, "DATABASE_URL='postgresql+psycopg://me:***@"),
        ({"REDIS_URL": "redis://:secret@127.0.0.1:1/0"}, "REDIS_URL='redis://:***@127.0.0.1:1/0': the broker"),
        ({"REDIS_URL": "redis://:se/cret@127.0.0.1:1/0"}, "REDIS_URL='redis://:***@127.0.0.1:1/0': not"),
    ],
)
def test_a_setting_that_cannot_work_is_one_line(
    start_runner: StartRunner, toys: Path, setting: dict[str, str], expected: str
) -> None:
    _refuses(start_runner("toy: sleep 1000\n", **setting), toys, expected)


def test_the_broker_listens_on_a_private_socket_and_no_port(
    start_runner: StartRunner, toys: Path, data_dir: Path
) -> None:
    start_runner("broker: python -m runner.broker\n")
    client = _client(data_dir)
    _until(lambda: _answers(client))
    assert socket_path(data_dir).parent.stat().st_mode & 0o777 == 0o700
    assert (data_dir / "broker").stat().st_mode & 0o777 == 0o700
    assert socket_path(data_dir).stat().st_mode & 0o077 == 0
    (server,) = _living(data_dir)
    assert server.net_connections("inet") == []


def test_the_broker_keeps_its_data_when_it_is_killed(start_runner: StartRunner, toys: Path, data_dir: Path) -> None:
    runner = start_runner("broker: python -m runner.broker\n")
    client = _client(data_dir)
    _until(lambda: _answers(client))
    client.lpush("queue", *range(200))
    server = _living(data_dir)[0]
    server.kill()
    _until(lambda: server.pid not in [process.pid for process in _living(data_dir)] and _answers(client))
    assert client.llen("queue") == 200
    runner.kill()
    runner.wait()
    start_runner("broker: python -m runner.broker\n")
    _until(lambda: "Ready to accept" in _err(toys) and _answers(client))
    assert client.llen("queue") == 200


def test_a_socket_folder_that_is_not_ours_alone_is_refused(
    start_runner: StartRunner, toys: Path, data_dir: Path
) -> None:
    folder = socket_path(data_dir).parent
    folder.parent.mkdir(parents=True, exist_ok=True)
    (toys / "elsewhere").mkdir()
    folder.symlink_to(toys / "elsewhere")
    try:
        _refuses(start_runner("broker: python -m runner.broker\n"), toys, f"{folder}: expected a folder")
    finally:
        folder.unlink()


def test_a_socket_folder_that_others_may_open_is_closed_to_them(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    broker.private_folder(tmp_path / "open")
    assert (tmp_path / "open").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("text", ["web\n", "web:\n", "web: a\nweb: b\n"])
def test_a_procfile_that_makes_no_sense_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "Procfile").write_text(text)
    with pytest.raises(SettingsError):
        procfile.read(tmp_path / "Procfile")


def test_the_procfile_starts_the_broker_first_and_flower_last() -> None:
    names = [entry.name for entry in procfile.read(ROOT / "Procfile")]
    assert names == ["broker", "web", "bulk", "interactive", "callers", "beat", "flower"]


@pytest.mark.parametrize(
    "url", ["redis://:secret@host/0", "postgresql://me:se:c@ret@host/db", "postgresql://host/db?password=secret&a=b"]
)
def test_a_password_is_masked_wherever_it_stands(url: str) -> None:
    assert not re.search("secret|se:c|ret@", masked(url))
    assert "host" in masked(url)


def _answering(toys: Path) -> str:
    program = _python(toys / "answering.py")
    return f"web: {program} ${{PORT}}\nflower: {program} ${{FLOWER_PORT}}\n"


def _says_goodbye(name: str) -> str:
    return f"""{name}: sh -c 'trap "echo goodbye; exit" TERM; echo hello; while :; do sleep 0.05; done'\n"""


def _python(path: Path) -> str:
    return f"python {shlex.quote(str(path))}"


def _refuses(runner: "subprocess.Popen[str]", toys: Path, reason: str) -> None:
    assert runner.wait(PATIENCE) == 1
    (line,) = _err(toys).splitlines()
    assert line.startswith(reason)
    assert "secret" not in line
    assert "cret" not in line
    assert _out(toys) == ""


def _stop(runner: "subprocess.Popen[str]") -> None:
    runner.terminate()
    assert runner.wait(PATIENCE) == 0


def _living(data_dir: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("LINKMILL_RUN", "").endswith(f" {data_dir}"):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def _client(data_dir: Path) -> Redis:
    return Redis(unix_socket_path=str(socket_path(data_dir)))


def _answers(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except (RedisError, OSError):
        return False


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "this did not come true in time"
        time.sleep(0.02)


def _out(toys: Path) -> str:
    return (toys / "out").read_text()


def _err(toys: Path) -> str:
    return (toys / "err").read_text()


def _free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as found:
        return int(found.getsockname()[1])
