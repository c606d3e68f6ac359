"""What an operator types, for the tests of web."""

import json
import subprocess
import sys
from typing import Any

import httpx
from flask import Flask

from tests import ROOT
from tests.fixtures.processes import process_environment
from tests.system import System
from web.ops import commands

OF_COMMANDS = ("DATA_DIR", "DATABASE_URL", "PLANS", "PORT")


def flask(system: System, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "flask", "--app", "web", *arguments]
    return subprocess.run(command, cwd=ROOT, env=system.environment, capture_output=True, text=True, timeout=60)


def typed_key(system: System, *arguments: str) -> dict[str, Any]:
    done = flask(system, "keys", "create", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def new_key(system: System, *arguments: str) -> dict[str, Any]:
    """By the same command, in this process: that takes a hundredth of the time."""
    asked = {name: system.environment[name] for name in OF_COMMANDS if name in system.environment}
    with process_environment(asked):
        done = Flask("commands").test_cli_runner().invoke(commands.keys, ["create", "--json", *arguments])
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def client(system: System, key: dict[str, Any]) -> httpx.Client:
    return httpx.Client(base_url=system.url, headers={"Authorization": f"Bearer {key['token']}"}, timeout=60)
