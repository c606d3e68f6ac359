"""The kinds of files that people have, compared with a plain one of as many rows in the same round."""

import json
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.bench import ceiling
from tests.bench.systems import ROUNDS, Client, Figure, empty, postgresql_system, time_call
from tests.system import System

ROWS = 500_000
LEAST = 0.9
LEAST_RICH = 0.65
CSV = "text/csv"
PLAIN_HEADER = "url,title,expires_at"


class Kind(NamedTuple):
    """How a file of one kind is written."""

    name: str
    line: Callable[[int], str]
    header: str = PLAIN_HEADER
    end: str = "\n"
    content_type: str = CSV
    fails: Callable[[int], bool] = lambda _index: False
    least: float = LEAST

    def write(self, path: Path) -> None:
        with path.open("w", newline="") as file:
            if self.header:
                file.write(self.header + self.end)
            file.writelines(self.line(index) + self.end for index in range(ROWS))

    @property
    def links(self) -> int:
        return ROWS - sum(map(self.fails, range(ROWS)))


def _url(index: int) -> str:
    return f"https://shop.example.com/products/{index}/item-{index * 7919 % ROWS}?ref=mail"


def _time(index: int) -> str:
    return f"2028-{index % 12 + 1:02d}-01T00:{index // 60 % 60:02d}:{index % 60:02d}Z"


def _plain(index: int) -> str:
    return f"{_url(index)},Product number {index},{_time(index)}"


def _is_bad(index: int) -> bool:
    return index % 100 == 7


def _one_in_hundred_bad(index: int) -> str:
    return f"products/{index},Product number {index},{_time(index)}" if _is_bad(index) else _plain(index)


def _quoted(index: int) -> str:
    text = "a line\nand another" if index % 1000 == 0 else "with a comma"
    return f'"{_url(index)}","Product {index}, {text}","{_time(index)}"'


def _dates(index: int) -> str:
    return f"{_url(index)},Product number {index},{_time(index)[:10]}"


def _semicolons(index: int) -> str:
    return _plain(index).replace(",", ";")


def _ndjson(index: int) -> str:
    return json.dumps({"url": _url(index), "title": f"Product number {index}", "expires_at": _time(index)})


def _international(index: int) -> str:
    return f"https://bücher.example/straße/{index}?ref=über,Artikel {index},{_time(index)}"


def _rich(index: int) -> str:
    slug = f"{index * 2_654_435_761 % 2**32:08x}{index:x}"
    return f'{_url(index)},{slug},"spring,tag{index % 100}",newsletter,email,ext-{index},{index % 50 + 1}'


PLAIN = Kind("plain CSV", _plain)
KINDS = (
    Kind("one bad URL in a hundred", _one_in_hundred_bad, fails=_is_bad, least=0.93),
    Kind("every cell quoted, with commas and some line breaks", _quoted),
    Kind("dates without a time", _dates),
    Kind("semicolons", _semicolons, header=PLAIN_HEADER.replace(",", ";")),
    Kind("CRLF", _plain, end="\r\n"),
    Kind("NDJSON", _ndjson, header="", content_type="application/x-ndjson"),
    Kind("IDN hosts and non-ASCII paths", _international),
)
RICH = Kind(
    "slug, two tags, UTM, external_id and max_clicks",
    _rich,
    "url,slug,tags,utm_source,utm_medium,external_id,max_clicks",
)


def measure(folder: Path) -> list[Figure]:
    path = folder / "rows"
    ratios: dict[str, list[float]] = {}
    rates: dict[str, list[float]] = {}
    with postgresql_system(folder) as system:
        for _ in range(ROUNDS):
            plain, _job = _rate(system, PLAIN, path)
            for kind in KINDS:
                rate, _job = _rate(system, kind, path)
                rates.setdefault(kind.name, []).append(rate)
                ratios.setdefault(kind.name, []).append(rate / plain)
        rich = _compare_rich(system, path)
    return [*(_figure(kind, rates[kind.name], ratios[kind.name]) for kind in KINDS), rich]


def _rate(system: System, kind: Kind, path: Path) -> tuple[float, str]:
    """Return the rows a second of a file of one kind, and the id of its job."""
    kind.write(path)
    empty(system.database_url)
    client = Client(system)
    job_ids: list[str] = []
    seconds = time_call(lambda: job_ids.append(_upload(client, kind, path)))
    return ROWS / seconds, job_ids[0]


def _upload(client: Client, kind: Kind, path: Path) -> str:
    job = client.wait_for_end(client.post_file(path, kind.content_type))
    if job["counts"]["created"] != kind.links:
        raise RuntimeError(f"{kind.name}: {job}")
    return str(job["id"])


def _compare_rich(system: System, path: Path) -> Figure:
    pairs: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        rate, job_id = _rate(system, RICH, path)
        pairs.append((rate, ceiling.postgresql(system.database_url, job_id)))
    ours, other = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(one / two for one, two in pairs)
    what = f"{ROWS:,} rows: {RICH.name}, compared with its ceiling"
    is_met = ratio >= LEAST_RICH
    return Figure(what, f"{ours:,.0f} rows/s", f"{other:,.0f} rows/s", f"{ratio:.2f}", f">= {LEAST_RICH}", is_met)


def _figure(kind: Kind, rates: list[float], ratios: list[float]) -> Figure:
    ratio = statistics.median(ratios)
    rate = f"{statistics.median(rates):,.0f} rows/s"
    return Figure(
        f"{ROWS:,} rows: {kind.name}", rate, "plain CSV", f"{ratio:.2f}", f">= {kind.least}", ratio >= kind.least
    )
