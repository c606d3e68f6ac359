"""What it costs that an upload is on disk before its job is accepted: the file and its folder are synced."""

import os
import statistics
import time
from pathlib import Path
from unittest.mock import create_autospec, patch

from models import process_caches
from producer.intake import upload_store
from tests.bench.systems import BLOCK, Figure

SIZES = {"1,000-row CSV": (40_000, 100, 10), "100 MB": (100_000_000, 5, 1_000)}
"""Bytes, rounds, and the milliseconds that are allowed."""


def measure(folder: Path) -> list[Figure]:
    os.environ["DATA_DIR"] = str(folder)
    os.environ["UPLOADS_URL"] = str(folder / "uploads")
    process_caches.reset_all()
    return [_figure(name, *numbers) for name, numbers in SIZES.items()]


def _figure(name: str, size: int, rounds: int, allowed: float) -> Figure:
    synced: list[float] = []
    unsynced: list[float] = []
    for _ in range(rounds):
        synced.append(_save(size))
        with patch.object(os, "fsync", create_autospec(os.fsync)):
            unsynced.append(_save(size))
    ours, without = statistics.median(synced), statistics.median(unsynced)
    what = f"{name}, written and synced before 202, median"
    return Figure(what, f"{ours:.1f} ms", f"{without:.1f} ms without fsync", "", f"<= {allowed} ms", ours <= allowed)


def _save(size: int) -> float:
    chunks = [bytes(min(BLOCK, size - start)) for start in range(0, size, BLOCK)]
    start = time.perf_counter()
    name, _ = upload_store.save(chunks, size)
    elapsed = (time.perf_counter() - start) * 1000
    upload_store.delete(name)
    return elapsed
