"""The cost of options: reusing the links of known URLs, and hashing passwords."""

import json
import statistics
from pathlib import Path

from tests.bench.systems import ROUNDS, Client, Figure, empty, postgresql_system, time_call

ROWS, PASSWORDS = 300_000, 1_000
LEAST_REUSE = 0.75
MOST_SECONDS, MOST_EQUAL_SECONDS = 20.0, 1.0


def measure(folder: Path) -> list[Figure]:
    with postgresql_system(folder) as system:
        client = Client(system)
        return [*_reuse(client, system.database_url), *_passwords(client)]


def _reuse(client: Client, url: str) -> list[Figure]:
    """Each round starts with an empty database; from its first use on, the table of URLs is maintained."""
    pairs, again = [], []
    for turn in range(ROUNDS):
        empty(url)
        pairs.append([ROWS / _seconds(client, _urls(f"{turn}-{way}"), way) for way in ("create", "reuse")])
        again.append(ROWS / _seconds(client, _urls(f"{turn}-reuse"), "reuse"))
    without, ours = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(other / one for one, other in pairs)
    known = statistics.median(again) / without
    what = f"duplicates=reuse, {ROWS:,} rows"
    return [
        Figure(
            f"{what} of new URLs",
            f"{ours:,.0f} rows/s",
            f"{without:,.0f} rows/s with create",
            f"{ratio:.2f}",
            f">= {LEAST_REUSE}",
            ratio >= LEAST_REUSE,
        ),
        Figure(
            f"{what} of URLs that have links",
            f"{statistics.median(again):,.0f} rows/s",
            f"{without:,.0f} rows/s with create",
            f"{known:.2f}",
            f">= {LEAST_REUSE}",
            known >= LEAST_REUSE,
        ),
    ]


def _passwords(client: Client) -> list[Figure]:
    found = []
    for kinds, most in ((PASSWORDS, MOST_SECONDS), (1, MOST_EQUAL_SECONDS)):
        body = "url,password\n" + "".join(f"https://example.com/,secret{row % kinds}\n" for row in range(PASSWORDS))
        seconds = statistics.median(_seconds(client, body, "create") for _ in range(ROUNDS))
        what = f"{PASSWORDS:,} links with {kinds:,} distinct password{'s' * (kinds > 1)}"
        found.append(Figure(what, f"{seconds:.1f} s", "", "", f"<= {most:.0f} s", seconds <= most))
    return found


def _urls(site: str) -> str:
    return "url,title\n" + "".join(f"https://{site}.example/item/{row},Number {row}\n" for row in range(ROWS))


def _seconds(client: Client, body: str, duplicates: str) -> float:
    return time_call(lambda: _made(client, body.encode(), duplicates))


def _made(client: Client, body: bytes, duplicates: str) -> None:
    status, answer = client.send("POST", f"/api/jobs?duplicates={duplicates}", body, Content_Type="text/csv")
    if status != 202:
        raise RuntimeError(f"{status}: {answer!r}")
    job = client.wait_for_end(json.loads(answer)["id"])
    if job["outcome"] != "succeeded":
        raise RuntimeError(f"not every row has a link: {job}")
