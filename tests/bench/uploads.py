"""How fast an upload is received, and how fast results are downloaded."""

import json
import statistics
import time
from pathlib import Path

import psutil

from tests.bench import rows
from tests.bench.memory import peaks
from tests.bench.systems import BLOCK, ROUNDS, Client, Figure, postgresql_system, time_call
from tests.system import System

MEGABYTES = 100
SMALL_ROWS, SMALL_ROUNDS, SMALL_MS = 1_000, 60, 10
RAW, MULTIPART, RESULTS = 200, 100, 250_000
FEW, MANY = 100_000, 1_000_000
BOUNDARY = "linkmill-bench"


def measure(folder: Path) -> list[Figure]:
    with postgresql_system(folder) as system:
        small = statistics.median(_small(system, turn) for turn in range(SMALL_ROUNDS)) * 1000
        raw, form, copy = _large(system, folder)
    return [
        Figure(
            f"{SMALL_ROWS:,}-row CSV to 202, median", f"{small:.1f} ms", "", "", f"<= {SMALL_MS} ms", small <= SMALL_MS
        ),
        _speed("100 MB CSV to 202, raw body", raw, copy, RAW),
        _speed("the same as multipart/form-data", form, copy, MULTIPART),
    ]


def results(folder: Path) -> list[Figure]:
    with postgresql_system(folder) as system:
        _, few = _results(system, folder, FEW)
        rate, many = _results(system, folder, MANY)
    growth = many / few
    return [
        Figure(
            f"results.csv of {MANY:,} rows", f"{rate:,.0f} rows/s", "", "", f">= {RESULTS:,} rows/s", rate >= RESULTS
        ),
        Figure(
            f"peak memory of web during it, compared with {FEW:,} rows",
            f"{many:.0f} MB",
            f"{few:.0f} MB",
            f"{growth:.2f}",
            "<= 1.2",
            growth <= 1.2,
        ),
    ]


def _results(system: System, folder: Path, count: int) -> tuple[float, float]:
    """Return rows a second, and the peak memory of web in MB."""
    rows.write_many(folder / "rows.csv", count)
    client = Client(system)
    job = client.wait_for_end(client.post_csv(folder / "rows.csv"))
    rates = [count / time_call(lambda: _download(client, job["id"], count)) for _ in range(ROUNDS)]
    return statistics.median(rates), _web_peak(system)


def _small(system: System, turn: int) -> float:
    text = "url,title\n" + "".join(f"https://example.com/{turn}/{row},Title {row}\n" for row in range(SMALL_ROWS))
    client = Client(system)
    start = time.perf_counter()
    status, body = client.send("POST", "/api/jobs", text.encode(), Content_Type="text/csv")
    seconds = time.perf_counter() - start
    if status != 202:
        raise RuntimeError(f"{status}: {body!r}")
    client.wait_for_end(json.loads(body)["id"])
    return seconds


def _large(system: System, folder: Path) -> tuple[float, float, float]:
    """Return MB/s as a raw body, as multipart, and of a plain copy of the file, which is the limit."""
    path = folder / "large.csv"
    _write_large(path)
    client = Client(system)
    figures: list[tuple[float, float, float]] = []
    for _ in range(ROUNDS):
        raw = time_call(lambda: client.post_csv(path))
        form = time_call(lambda: _post_form(client, path))
        copy = time_call(lambda: (folder / "copy").write_bytes(path.read_bytes()))
        figures.append((MEGABYTES / raw, MEGABYTES / form, MEGABYTES / copy))
        _drain(client)
    raw_rate, form_rate, copy_rate = (statistics.median(column) for column in zip(*figures, strict=True))
    return raw_rate, form_rate, copy_rate


def _write_large(path: Path) -> None:
    """Write long URLs: bytes are measured, and the jobs should end soon."""
    with path.open("w") as file:
        file.write("url\n")
        for row in range(MEGABYTES * 1_000_000 // 2000):
            file.write(f"https://example.com/{row:010}/{'x' * 1968}\n")


def _post_form(client: Client, path: Path) -> None:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="large.csv"\r\n\r\n'.encode()
    tail = f"\r\n--{BOUNDARY}--\r\n".encode()
    size = str(len(head) + path.stat().st_size + len(tail))

    def parts() -> object:
        yield head
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                yield block
        yield tail

    kind = f"multipart/form-data; boundary={BOUNDARY}"
    status, body = client.send("POST", "/api/jobs", parts(), Content_Type=kind, Content_Length=size)
    if status != 202:
        raise RuntimeError(f"{status}: {body!r}")


def _drain(client: Client) -> None:
    """Wait for the jobs of this round before the next one is timed."""
    listed = json.loads(client.send("GET", "/api/jobs?limit=2")[1])["items"]
    for job in listed:
        client.wait_for_end(job["id"])


def _download(client: Client, job_id: str, count: int) -> None:
    client.connection.request("GET", f"/api/jobs/{job_id}/results.csv", headers=client.headers)
    answer, lines = client.connection.getresponse(), 0
    while block := answer.read(BLOCK):
        lines += block.count(b"\n")
    if lines != count + 1:
        raise RuntimeError(f"{lines} lines for {count} rows")


def _web_peak(system: System) -> float:
    return max(peak for name, peak in peaks(psutil.Process(system.process.pid)).items() if "granian" in name)


def _speed(what: str, rate: float, copy: float, least: int) -> Figure:
    against = f"{copy:,.0f} MB/s copying the file"
    return Figure(what, f"{rate:,.0f} MB/s", against, f"{rate / copy:.2f}", f">= {least} MB/s", rate >= least)
