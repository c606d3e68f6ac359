"""The peak memory of every process, and whether ten times the rows raise it."""

from pathlib import Path

import psutil

from tests.bench import rows
from tests.bench.systems import Client, Figure, postgresql_system
from tests.system import System

SMALL, LARGE = 500_000, 5_000_000
MOST_GROWTH, MOST_MB = 1.2, 300


def measure(folder: Path) -> list[Figure]:
    small, large = _peaks_after(folder / "small", SMALL), _peaks_after(folder / "large", LARGE)
    worst = max(large, key=lambda name: large[name] / small[name])
    biggest = max(large, key=lambda name: large[name])
    growth = large[worst] / small[worst]
    return [
        Figure(
            f"peak with {LARGE:,} rows compared with {SMALL:,}: {worst}",
            f"{large[worst]:.0f} MB",
            f"{small[worst]:.0f} MB",
            f"{growth:.2f}",
            f"<= {MOST_GROWTH}",
            growth <= MOST_GROWTH,
        ),
        Figure(
            f"largest process: {biggest}",
            f"{large[biggest]:.0f} MB",
            "",
            "",
            f"<= {MOST_MB} MB",
            large[biggest] <= MOST_MB,
        ),
    ]


def peaks(runner: psutil.Process) -> dict[str, float]:
    """The highest resident memory in MB of each kind of process below the runner."""
    found: dict[str, float] = {}
    for process in [runner, *runner.children(recursive=True)]:
        status = Path(f"/proc/{process.pid}/status").read_text()
        peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024
        name = _kind(process)
        found[name] = max(found.get(name, 0), peak)
    return found


def _peaks_after(folder: Path, count: int) -> dict[str, float]:
    folder.mkdir()
    folder.parent.chmod(0o755)
    rows.write_many(folder / "rows.csv", count)
    with postgresql_system(folder) as system:
        _run(system, folder, count)
        return peaks(psutil.Process(system.process.pid))


def _run(system: System, folder: Path, count: int) -> None:
    client = Client(system)
    job = client.wait_for_end(client.post_csv(folder / "rows.csv"))
    if job["counts"]["created"] != count:
        raise RuntimeError(f"not every row created a link: {job}")


def _kind(process: psutil.Process) -> str:
    """A name that is the same in every run."""
    words = " ".join(process.cmdline())
    for mark in ("valkey-server", "granian", "bulk@", "interactive@", "beat", "flower", "runner"):
        if mark in words:
            parent = process.parent()
            child = parent is not None and mark in " ".join(parent.cmdline())
            return f"{mark.strip('@')}{' child' if child else ''}"
    return str(process.name())
