"""Short links of a whole system: limits, clicks and passwords, under load and across restarts."""

import http.client
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import httpx
import psutil
import redis

from models import settings
from producer.signals import throttling
from producer.visits import click_buffer
from producer.visits.visitor import VisitorKind
from tests.producer.visits.test_click_buffer import target
from tests.system import System
from tests.system_files import ADDRESS_WITH_COUNTRY
from tests.waiting import wait_until

BOTS = ("Slackbot 1.0 (+https://api.slack.com/robots)", "WhatsApp/2.24.9.78 A", "TelegramBot (like TwitterBot)")
SEVERAL = "several-"
ADDRESS, OTHER, SIX = ADDRESS_WITH_COUNTRY, "198.51.100.99", "2001:db8:77:1"
SMALL_JOBS = "SELECT id FROM jobs WHERE total < 1000"


def make(system: System, **item: object) -> str:
    """The path of a new link."""
    answer = system.post({"url": "https://example.com/", **item}, "/api/links").raise_for_status()
    return f"/{answer.json()['slug']}"


def visit(system: System, path: str, times: int, at_once: int = 50, agents: Sequence[str] = ("",)) -> Counter[int]:
    """What so many visitors are answered, each with a connection of its own, many at the same moment."""
    address, start = urlsplit(system.url).netloc, threading.Barrier(at_once)

    def several(number: int) -> list[int]:
        start.wait()
        return [_status(address, path, agents[at % len(agents)]) for at in range(number)]

    with ThreadPoolExecutor(at_once) as pool:
        return Counter(status for found in pool.map(several, [times // at_once] * at_once) for status in found)


def _status(address: str, path: str, agent: str) -> int:
    connection = http.client.HTTPConnection(address, timeout=60)
    connection.request("GET", path, headers={"User-Agent": agent})
    answer = connection.getresponse()
    assert (answer.status == 302) == ("Location" in answer.headers)
    connection.close()
    return answer.status


def counted(system: System, path: str) -> int:
    query = f"SELECT coalesce(sum(count), 0) FROM clicks WHERE slug = '{path[1:]}'"
    return int(system.sql(query)[0][0])


def broker(system: System) -> redis.Redis:
    return redis.Redis.from_url(f"unix://{settings.socket_path(system.data_dir)}", decode_responses=True)


def post(system: System, path: str, password: str, address: str) -> httpx.Response:
    form = urlencode({"password": password}).encode()
    headers = {"X-Forwarded-For": address, "Content-Type": "application/x-www-form-urlencoded"}
    return httpx.post(f"{system.url}{path}", content=form, headers=headers, timeout=60)


def test_of_500_who_come_at_once_exactly_100_are_let_through(system: System) -> None:
    path = make(system, max_clicks=100)
    assert visit(system, path, 500) == {302: 100, 410: 400}
    assert httpx.head(f"{system.url}{path}").status_code == 410
    assert system.sql(f"SELECT used FROM uses WHERE slug = '{path[1:]}'") == [(100,)]
    wait_until(lambda: counted(system, path) == 100, what="its clicks")


def test_of_500_people_and_bots_who_come_at_once_no_bot_is_let_through(system: System) -> None:
    path = make(system, max_clicks=200, title="For people")
    answers = visit(system, path, 500, agents=("", *BOTS[:1]))
    assert (answers[302], answers[200] + answers[410]) == (200, 300)
    assert visit(system, path, 50, agents=BOTS) == {410: 50}
    assert system.sql(f"SELECT used FROM uses WHERE slug = '{path[1:]}'") == [(200,)]
    wait_until(lambda: counted(system, path) == 200 + answers[200], what="its clicks")
    link = system.client.get("/api/links", params={"search": path[1:]}).json()["items"][0]
    stats = system.client.get(f"/api/links/{link['id']}/stats").json()
    assert (stats["clicks"], stats["bots"]) == (200, answers[200])


def test_every_click_reaches_the_database_and_none_twice(system: System) -> None:
    path = make(system)
    assert visit(system, path, 1000, 25) == {302: 1000}
    httpx.head(f"{system.url}{path}")
    wait_until(lambda: counted(system, path) >= 1000, what=lambda: f"1000 clicks, not {counted(system, path)}")
    wait_until(lambda: broker(system).llen(click_buffer.BATCHES_KEY) == 0, what="the last batch")
    assert counted(system, path) == 1000


def test_a_click_is_told_by_device_referrer_and_country(fragile_system: System) -> None:
    path = make(fragile_system)
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148"
    headers = {"User-Agent": agent, "Referer": "https://News.example/a?b", "X-Forwarded-For": f"1.2.3.4, {ADDRESS}"}
    httpx.get(f"{fragile_system.url}{path}", headers=headers)
    query = f"SELECT bot, device, referrer, country, count FROM clicks WHERE slug = '{path[1:]}'"
    assert wait_until(lambda: fragile_system.sql(query), what="a click") in (
        [(False, "mobile", "news.example", "NZ", 1)],
        [(0, "mobile", "news.example", "NZ", 1)],
    )


def test_after_ten_wrong_passwords_there_is_a_pause_for_that_place_and_that_link_alone(fragile_system: System) -> None:
    path, another = make(fragile_system, password="open"), make(fragile_system, password="open")
    assert [post(fragile_system, path, "wrong", OTHER).status_code for _ in range(11)] == [401] * 10 + [429]
    refused = post(fragile_system, path, "open", OTHER)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= throttling.PAUSE_SECONDS
    assert "Location" not in refused.headers
    assert post(fragile_system, path, "open", "192.0.2.50").status_code == 303
    assert post(fragile_system, another, "open", OTHER).status_code == 303


def test_wrong_passwords_at_the_same_moment_are_no_way_round_the_pause(fragile_system: System) -> None:
    path = make(fragile_system, password="open")
    with ThreadPoolExecutor(30) as pool:
        found = Counter(pool.map(lambda _: post(fragile_system, path, "wrong", OTHER).status_code, range(30)))
    assert found[401] <= throttling.MAX_FAILURES
    # A busy machine answers 503 to some, without a look at their password.
    assert found[429] + found[503] >= 20
    assert found[429]


def test_right_passwords_never_lead_to_a_pause(fragile_system: System) -> None:
    path = make(fragile_system, password="open")
    assert {post(fragile_system, path, "open", OTHER).status_code for _ in range(15)} == {303}


def test_right_passwords_at_the_same_moment_do_not_either(fragile_system: System) -> None:
    path = make(fragile_system, password="open")
    with ThreadPoolExecutor(30) as pool:
        found = Counter(pool.map(lambda _: post(fragile_system, path, "open", OTHER).status_code, range(60)))
    assert found[429] == 0, found
    assert post(fragile_system, path, "open", OTHER).status_code == 303


def test_what_a_pause_refuses_does_not_make_it_longer(fragile_system: System) -> None:
    path = make(fragile_system, password="open")
    for _ in range(throttling.MAX_FAILURES + 5):
        post(fragile_system, path, "wrong", OTHER)
    names = broker(fragile_system).scan_iter(f"{throttling.KEY_PREFIX}*")
    counts = {broker(fragile_system).get(name) for name in names}
    assert max(int(count or 0) for count in counts) == throttling.MAX_FAILURES


def test_all_addresses_of_one_ipv6_network_are_one_place(fragile_system: System) -> None:
    path = make(fragile_system, password="open")
    for number in range(10):
        assert post(fragile_system, path, "wrong", f"{SIX}::{number}").status_code == 401
    assert post(fragile_system, path, "wrong", f"{SIX}:1:2:3:4").status_code == 429
    assert post(fragile_system, path, "wrong", "2001:db8:77:2::1").status_code == 401


def test_no_visitors_address_is_kept_anywhere(fragile_system: System) -> None:
    path = make(fragile_system, password="open", max_clicks=50)
    plain = make(fragile_system)
    for address in (ADDRESS, OTHER, f"{SIX}::7"):
        for _ in range(12):
            post(fragile_system, path, "wrong", address)
        httpx.get(f"{fragile_system.url}{plain}+", headers={"X-Forwarded-For": address})
        httpx.get(f"{fragile_system.url}{plain}", headers={"X-Forwarded-For": address})
    wait_until(lambda: counted(fragile_system, plain) == 3, what="the clicks")
    assert list(broker(fragile_system).scan_iter(f"{throttling.KEY_PREFIX}*")), "they were counted"
    kept = b"".join(_everything(fragile_system))
    assert b"NZ" in kept, "what is looked at is what was kept"
    for address in (ADDRESS, OTHER, SIX):
        assert address.encode() not in kept, address


def _everything(system: System) -> Iterator[bytes]:
    """Logs, the broker's files and memory, and the database."""
    yield from (path.read_bytes() for path in sorted(system.data_dir.rglob("*")) if path.is_file())
    yield from (path.read_bytes() for path in Path(system.data_dir).parent.glob("*.db*"))
    yield repr(list(broker(system).scan_iter())).encode()
    for table in ("clicks", "uses", "click_batches", "jobs"):
        yield repr(system.sql(f"SELECT * FROM {table}")).encode()
    for table in ("links", "items"):
        yield repr(system.sql(f"SELECT * FROM {table} WHERE job_id IN ({SMALL_JOBS})")).encode()


def test_clicks_are_counted_once_though_workers_die_and_batches_come_twice(fragile_system: System) -> None:
    job = fragile_system.wait_for_job(fragile_system.post({"url": "https://example.com/", "count": 1}))
    batches = _batches(200, int(job["id"]))
    for batch in [*batches, *batches]:
        broker(fragile_system).rpush(click_buffer.BATCHES_KEY, batch)
    for left in (390, 250, 100):
        wait_until(lambda left=left: broker(fragile_system).llen(click_buffer.BATCHES_KEY) <= left, what="some batches")  # type: ignore[misc]
        for process in psutil.Process(fragile_system.process.pid).children(recursive=True):
            if any(node in " ".join(_command(process)) for node in ("bulk@", "interactive@")):
                process.kill()
    wait_until(lambda: broker(fragile_system).llen(click_buffer.BATCHES_KEY) == 0, 60, "all batches")
    query = f"SELECT sum(count), count(*) FROM clicks WHERE slug LIKE '{SEVERAL}%'"
    assert fragile_system.sql(query) == [(200 * 30, 30)]


def _batches(number: int, job_id: int) -> list[bytes]:
    made: list[bytes] = []
    for _ in range(number):
        counts = {
            click_buffer.click_key(target(f"{SEVERAL}{slug}"), VisitorKind(False, "other", "", ""))._replace(
                job_id=job_id
            ): 1
            for slug in range(30)
        }
        made += [payload for payload, _ in click_buffer.encode_batches(counts)]
    return made


def _command(process: psutil.Process) -> list[str]:
    try:
        found: list[str] = process.cmdline()
    except psutil.Error:
        found = []
    return found


def test_clicks_of_the_last_moment_outlive_a_restart(fragile_system: System) -> None:
    path = make(fragile_system)
    assert visit(fragile_system, path, 100, 20) == {302: 100}
    fragile_system.restart()
    wait_until(lambda: counted(fragile_system, path) == 100, what="100 clicks")
