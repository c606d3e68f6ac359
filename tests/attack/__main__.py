"""Attacks a running system in one way after the other, directly and behind a proxy, and measures what others notice."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from tests import ROOT, faults
from tests.attack import attacks, bombs, crowd, probes, proxy
from tests.attack.attacks import Target
from tests.attack.crowd import Attack
from tests.attack.crowd_process import attacking
from tests.attack.probes import Times, probing
from tests.system import System, job_if_ended, running_system
from tests.waiting import wait_until

COLUMNS = ("way", "attack", "clients", "seconds", "redirects p99 ms", "others p99 ms", "held s", "as wanted")
WIDTHS = (7, 58, 7, 7, 16, 13, 6, 9)
REDIRECT_MS = 100.0
CALL_MS = 1000.0
HELD_SECONDS = {"silent connections": 15.0}
RAMP_SECONDS = crowd.RAMP_SECONDS + 1
BOMB_SECONDS = 60.0
LEAST_SECONDS = 3.0  # of calls beside a bomb that ends sooner
RESULT_ROWS = 400_000
FLOODERS = 32
PASSWORD = "open-sesame"
DIRECT = "direct"
NGINX = "nginx"


class Scene(NamedTuple):
    """A system under attack, and what its attackers and its other users have there."""

    system: System
    target: Target
    slug: str
    protected_slug: str
    other_token: str


def main() -> int:
    crowd.allow_connections(6_000)
    print(line(COLUMNS), flush=True)
    with TemporaryDirectory(prefix="attack-") as name:
        folder = Path(name)
        with running_system(folder, f"sqlite:///{folder}/linkmill.db", flower=False, TRUSTED_PROXIES="1") as system:
            scene = prepare(system)
            good = [*attack_all(scene, DIRECT, port_of(system)), *drop_bombs(scene)]
            with proxy.nginx(folder, port_of(system), scene.target.host) as port:
                good += attack_all(scene, NGINX, port)
    return 0 if all(good) else 1


def prepare(system: System) -> Scene:
    job = system.wait_for_job(system.post_csv(faults.csv_rows(RESULT_ROWS)), 120)
    slug = _create_link(system, {"url": "https://example.com/"})
    protected = _create_link(system, {"url": "https://example.com/", "password": PASSWORD})
    key = system.post({"name": "reader", "scopes": ["read"]}, "/api/keys").raise_for_status().json()
    target = Target(
        host=system.url.removeprefix("http://"),
        write_token=system.key["token"],
        read_token=key["token"],
        results_path=f"/api/jobs/{job['id']}/results.csv",
        protected_path=f"/{protected}",
    )
    return Scene(
        system, target, slug, _create_link(system, {"url": "https://a.b/", "password": PASSWORD}), _other_token(system)
    )


def _create_link(system: System, link: dict[str, Any]) -> str:
    slug: str = system.post(link, "/api/links").raise_for_status().json()["slug"]
    return slug


def _other_token(system: System) -> str:
    """Create a key of another workspace, as an operator does."""
    command = [sys.executable, "-m", "flask", "--app", "web", "keys", "create", "--workspace", "other"]
    command += ["--plan", "enterprise", "--json"]
    output = subprocess.run(command, cwd=ROOT, env=system.environment, capture_output=True, text=True, check=True)
    token: str = json.loads(output.stdout)["token"]
    return token


def port_of(system: System) -> int:
    return int(system.environment["PORT"])


def attack_all(scene: Scene, way: str, port: int) -> Iterator[bool]:
    target = scene.target
    yield measure(scene, way, port, attacks.silent(0)._replace(name="none, to compare"), 10)
    yield measure(scene, way, port, attacks.silent(5_000), 120)
    yield measure(scene, way, port, attacks.slow_headers(target, 2_000), 40)
    yield measure(scene, way, port, attacks.slow_forms(target, 2_000), 40)
    yield measure(scene, way, port, attacks.stalled_forms(target, 2_000), 40)
    yield measure(scene, way, port, attacks.slow_uploads(target, 2_000), 40)
    yield measure(scene, way, port, attacks.slow_readers(target, 2_000), 60)
    yield measure(scene, way, port, attacks.slow_passwords(target, 40), 40, unlock=True)
    yield measure(scene, way, port, attacks.slow_passwords(target, 2_000), 40)
    yield measure(scene, way, port, attacks.flood(target, FLOODERS), 20)


def measure(scene: Scene, way: str, port: int, attack: Attack, seconds: float, unlock: bool = False) -> bool:
    """Make an attack for some seconds, and print what others noticed of it."""
    calls = [probes.redirect(port, scene.slug, scene.target.host)]
    if unlock:
        calls.append(probes.unlock(port, scene.protected_slug, PASSWORD, scene.target.host))
    else:
        calls.append(probes.new_link(port, scene.other_token, scene.target.host))
    with attacking(attack, port) as end:
        time.sleep(RAMP_SECONDS)
        with probing(*calls) as (redirects, others):
            time.sleep(seconds)
        outcome = end()
    limit = HELD_SECONDS.get(attack.name, float("inf"))
    return show(way, attack.name, attack.clients, seconds, redirects, others, outcome.longest, limit)


def drop_bombs(scene: Scene) -> Iterator[bool]:
    bodies = {
        "deeply nested JSON": (bombs.deep_json(), "application/json", ""),
        "gzip of 512 MB": (bombs.gzip_bomb(), "text/csv", "gzip"),
        "xlsx of 330 MB of CSV": (bombs.xlsx_bomb(), "text/csv", ""),
        "xlsx with a row of a gigabyte": (bombs.wide_row(), "text/csv", ""),
    }
    port = port_of(scene.system)
    for name, (body, content_type, encoding) in bodies.items():
        headers = {"Content-Type": content_type} | ({"Content-Encoding": encoding} if encoding else {})
        calls = [
            probes.redirect(port, scene.slug, scene.target.host),
            probes.new_link(port, scene.other_token, scene.target.host),
        ]
        with probing(*calls) as (redirects, others):
            started = time.monotonic()
            end = explode(scene.system, body, headers)
            seconds = time.monotonic() - started
            time.sleep(LEAST_SECONDS)
        yield show(DIRECT, f"{name} ({len(body):,} B): {end}", 1, seconds, redirects, others)


def explode(system: System, body: bytes, headers: dict[str, str]) -> str:
    """Upload a bomb, and return how that ended."""
    response = system.client.post("/api/jobs", content=body, headers=headers)
    if response.status_code != 202:
        return str(response.status_code)
    job_id = response.json()["id"]
    job = wait_until(lambda: job_if_ended(system.job(job_id)), BOMB_SECONDS, "the job to end")
    return f"job {job['status']}"


def show(
    way: str,
    name: str,
    clients: int,
    seconds: float,
    redirects: Times,
    others: Times,
    longest: float = 0.0,
    longest_wanted: float = float("inf"),
) -> bool:
    good = redirects.p99 <= REDIRECT_MS and others.p99 <= CALL_MS and longest <= longest_wanted
    held = f"{longest:.1f}" if longest else ""
    values = (way, name, f"{clients:,}", f"{seconds:.0f}", f"{redirects.p99:.0f}", f"{others.p99:.0f}", held)
    print(line((*values, "yes" if good else "NO")), flush=True)
    for times in (redirects, others):
        if times.failures:
            print(
                f"    {len(times.failures)} of {len(times.values)} calls failed: {times.failures[0]}", file=sys.stderr
            )
    return good


def line(values: tuple[object, ...]) -> str:
    return "  ".join(str(value).ljust(width) for value, width in zip(values, WIDTHS, strict=True)).rstrip()


if __name__ == "__main__":
    sys.exit(main())
