"""The files for containers: what a container would do, done in an empty folder; and the names in them exist."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from models import settings
from runner import procfile
from tests import ROOT
from tests.deploy import dockerfile
from tests.system import free_port
from tests.waiting import wait_until

COMPOSE = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
MANIFESTS = ROOT / "deploy" / "kubernetes"
START_SECONDS = 60
OURS = "linkmill"
OF_THE_STORE = re.compile(r"AWS_\w+")


def manifests() -> list[dict[str, Any]]:
    (names,) = [yaml.safe_load((MANIFESTS / "kustomization.yaml").read_text())["resources"]]
    found: list[dict[str, Any]] = []
    for name in names:
        found += yaml.safe_load_all((MANIFESTS / name).read_text())
    return found


def of_kind(kind: str) -> list[dict[str, Any]]:
    return [manifest for manifest in manifests() if manifest["kind"] == kind]


def pods() -> Iterator[dict[str, Any]]:
    for manifest in (*of_kind("Deployment"), *of_kind("Job")):
        yield manifest["spec"]["template"]


def our_services() -> dict[str, dict[str, Any]]:
    return {name: service for name, service in COMPOSE["services"].items() if service["image"] == OURS}


@pytest.mark.slow
def test_what_the_image_has_is_enough_to_run(tmp_path: Path) -> None:
    """Copy what the Dockerfile copies, run its commands, start its entry point, and ask its health check."""
    folder = tmp_path / "app"
    folder.mkdir()
    dockerfile.copy_into(folder)
    subprocess.run(dockerfile.run_command(), cwd=folder, check=True, timeout=60)
    programs = str(Path(sys.executable).parent)
    environment = dockerfile.environment() | {"PATH": f"{programs}:{os.environ['PATH']}", "LANG": "C.UTF-8"}
    environment |= {"HOST": "127.0.0.1", "PORT": str(free_port()), "DATA_DIR": str(tmp_path / "data")}
    command = [*dockerfile.only("ENTRYPOINT").command, "--only", "broker,web"]
    log = (tmp_path / "log").open("w+")
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        wait_until(lambda: "\nready" in (tmp_path / "log").read_text(), START_SECONDS, (tmp_path / "log").read_text)
        health_check = dockerfile.only("HEALTHCHECK").command
        assert subprocess.run(health_check, cwd=folder, env=environment, timeout=30).returncode == 0
        environment["PORT"] = str(free_port())
        assert subprocess.run(health_check, cwd=folder, env=environment, capture_output=True, timeout=30).returncode
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_the_image_gets_every_file_that_it_copies() -> None:
    ignored = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text().splitlines()
    allowed = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    assert allowed == {"requirements.txt", *dockerfile.copied_names()}
    assert all((ROOT / name).exists() for name in allowed)


def test_every_process_has_a_container() -> None:
    names = {entry.name for entry in procfile.read(ROOT / "Procfile")} - {procfile.BROKER, procfile.FLOWER}
    commands = [service["command"] for service in our_services().values() if "command" in service]
    arguments = [container["args"] for pod in pods() for container in pod["spec"]["containers"] if "args" in container]
    assert processes_of(commands) == processes_of(arguments) == names


def processes_of(commands: list[list[str]]) -> set[str]:
    names: set[str] = set()
    for option, value in commands:
        assert option == "--only"
        names |= set(value.split(","))
    return names


def test_the_settings_of_compose_are_valid() -> None:
    for service in our_services().values():
        check_settings({name: fill_in(value) for name, value in service["environment"].items()})


def fill_in(value: str) -> str:
    """Use the default of a variable, or its name where it has none."""
    value = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)
    return re.sub(r"\$\{(\w+):\?[^}]*\}", r"\1", value)


def test_the_settings_of_kubernetes_are_valid() -> None:
    (config_map,) = of_kind("ConfigMap")
    check_settings(config_map["data"])
    documented = (ROOT / "docs" / "deploy.md").read_text()
    check_settings(dict(re.findall(r"--from-literal=(\w+)=(\S+)", documented)))
    for pod in pods():
        for container in pod["spec"]["containers"]:
            assert container["envFrom"] == [{"configMapRef": {"name": OURS}}, {"secretRef": {"name": OURS}}]


def test_the_settings_in_the_documents_are_valid() -> None:
    blocks = re.findall(r"```sh /etc/linkmill/linkmill.env\n(.*?)```", (ROOT / "docs" / "deploy.md").read_text(), re.S)
    assert len(blocks) == 3
    for block in blocks:
        check_settings(dict(line.split("=", 1) for line in block.splitlines()))


def check_settings(values: dict[str, str]) -> None:
    """Every name is a setting or one of the object store's, and Linkmill takes every value."""
    ours = {name: value for name, value in values.items() if not OF_THE_STORE.fullmatch(name)}
    assert {name.lower() for name in ours} <= set(settings.Settings.__dataclass_fields__)
    settings.load(ours)


def test_pods_run_as_the_user_of_the_image_and_keep_nothing_in_it() -> None:
    user = int(dockerfile.only("USER").text)
    data = dockerfile.only("VOLUME").text
    assert dockerfile.environment()["DATA_DIR"] == data
    for pod in pods():
        assert pod["spec"]["securityContext"]["runAsUser"] == user
        (container,) = pod["spec"]["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert {mount["mountPath"] for mount in container["volumeMounts"]} == {data, "/tmp"}


def test_probes_ask_for_a_route_that_exists_on_the_port_of_the_image() -> None:
    (web,) = [pod["spec"]["containers"][0] for pod in pods() if pod["spec"]["containers"][0]["name"] == "web"]
    assert web["ports"] == [{"name": "http", "containerPort": int(dockerfile.only("EXPOSE").text)}]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert web[probe]["httpGet"] == {"path": "/healthz", "port": "http"}


def test_selectors_find_their_pods() -> None:
    labels = [pod["metadata"]["labels"] for pod in pods()]
    selectors = [each["spec"]["selector"]["matchLabels"] for each in (*of_kind("Deployment"), *budgets())]
    selectors += [each["spec"]["selector"] for each in of_kind("Service")]
    for selector in selectors:
        assert labels.count(selector) == 1


def budgets() -> list[dict[str, Any]]:
    return of_kind("PodDisruptionBudget")


def test_there_are_more_pods_than_a_disruption_may_take() -> None:
    replicas = {each["metadata"]["name"]: each["spec"].get("replicas") for each in of_kind("Deployment")}
    for budget in budgets():
        assert replicas[budget["metadata"]["name"]] > budget["spec"]["minAvailable"]


def test_the_autoscaler_reads_a_metric_that_exists() -> None:
    (scaler,) = of_kind("HorizontalPodAutoscaler")
    (metric,) = [each["external"]["metric"] for each in scaler["spec"]["metrics"]]
    (row,) = [line for line in (ROOT / "docs" / "operate.md").read_text().splitlines() if f"`{metric['name']}`" in line]
    assert all(f"`{word}`" in row for pair in metric["selector"]["matchLabels"].items() for word in pair)
    assert scaler["spec"]["scaleTargetRef"]["name"] in [each["metadata"]["name"] for each in of_kind("Deployment")]
