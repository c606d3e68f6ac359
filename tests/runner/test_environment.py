"""What the processes find in their environment."""

from pathlib import Path

from models import settings
from runner.environment import flower_auth, shared_environment
from tests.runner.processes import StartRunner, answering, is_ready, living_processes, stop
from tests.waiting import wait_until


def test_only_flower_receives_its_password_which_survives_restarts(
    start_runner: StartRunner, folder: Path, data_dir: Path
) -> None:
    passwords = []
    for _ in range(2):
        runner = start_runner(answering(folder))
        wait_until(lambda: is_ready(folder))
        values = [process.environ().get("FLOWER_BASIC_AUTH") for process in living_processes(data_dir)]
        passwords.append([value for value in values if value])
        stop(runner)
    assert passwords == [[(data_dir / "flower-auth").read_text().strip()]] * 2


def test_a_process_receives_the_settings_but_neither_secrets_nor_an_empty_broker(tmp_path: Path) -> None:
    env = {"FLOWER_BASIC_AUTH": "ops:secret", "REDIS_URL": "", "DATA_DIR": str(tmp_path), "PORT": "8123", "PATH": "/x"}
    environment = shared_environment(settings.load(env), env, "7 /data")
    assert environment["PORT"] == "8123"
    assert environment["LINKMILL_RUN"] == "7 /data"
    assert environment["PATH"].endswith(":/x")
    assert not {"FLOWER_BASIC_AUTH", "REDIS_URL"} & environment.keys()


def test_a_broker_of_the_users_own_is_passed_on(tmp_path: Path) -> None:
    env = {"REDIS_URL": "redis://host/1", "DATA_DIR": str(tmp_path)}
    assert shared_environment(settings.load(env), env, "")["REDIS_URL"] == "redis://host/1"


def test_a_password_from_the_settings_is_not_stored(tmp_path: Path) -> None:
    env = {"FLOWER_BASIC_AUTH": "ops:secret", "DATA_DIR": str(tmp_path)}
    assert flower_auth(settings.load(env)) == "ops:secret"
    assert not (tmp_path / "flower-auth").exists()


def test_half_a_stored_password_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "flower-auth").write_text("")
    password = flower_auth(settings.load({"DATA_DIR": str(tmp_path)}))
    assert password.startswith("linkmill:")
    assert (tmp_path / "flower-auth").read_text() == password + "\n"
    assert (tmp_path / "flower-auth").stat().st_mode & 0o777 == 0o600
