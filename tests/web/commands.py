"""What an operator types, for the tests of web."""

import json
import subprocess
import sys
from typing import Any

import httpx

from tests import ROOT
from tests.fixtures.processes import process_environment
from tests.shared_app import shared_app
from tests.system import System

OF_COMMANDS = ("DATA_DIR", "DATABASE_URL", "PLANS", "PORT")


def flask(system: System, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command in this process: the start of another one takes a second."""
    variables = {name: system.environment[name] for name in OF_COMMANDS if name in system.environment}
    with process_environment(variables):
        result = shared_app().test_cli_runner().invoke(args=arguments)
    return subprocess.CompletedProcess(arguments, result.exit_code, result.stdout, result.stderr)


def flask_process(system: System, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command as an operator types it."""
    command = [sys.executable, "-m", "flask", "--app", "web", *arguments]
    return subprocess.run(command, cwd=ROOT, env=system.environment, capture_output=True, text=True, timeout=60)


def new_key(system: System, *arguments: str) -> dict[str, Any]:
    done = flask(system, "keys", "create", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    key: dict[str, Any] = json.loads(done.stdout)
    return key


def client(system: System, key: dict[str, Any]) -> httpx.Client:
    return httpx.Client(base_url=system.url, headers={"Authorization": f"Bearer {key['token']}"}, timeout=60)
