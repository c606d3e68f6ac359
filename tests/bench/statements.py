"""The processor time of each statement, as PostgreSQL writes it to its log with `log_statement_stats`."""

import re
from collections import defaultdict
from pathlib import Path

import psycopg

ENTRY = re.compile(
    r"LOG:  \S+(?: MESSAGE)? STATISTICS\n.*DETAIL:  ! system usage stats:\n"
    r"\t!\t([\d.]+) s user, ([\d.]+) s system, [\d.]+ s elapsed\n(?:\t!.*\n)*.*?STATEMENT:  (.*(?:\n\t.*)*)"
)
KINDS = {
    "write links": r"COPY links\b",
    "write items": r"COPY items\b",
    "write other rows": r"COPY ",
    "commit": r"COMMIT",
}
OTHER = "other statements: claims, counters, slugs, answers to clients"


def enable(url: str) -> None:
    """Let a server log the cost of every statement."""
    with psycopg.connect(url, autocommit=True) as db:
        for setting in ("log_statement_stats = on", "log_min_error_statement = 'error'"):
            db.execute(f"ALTER SYSTEM SET {setting}".encode())
        db.execute("SELECT pg_reload_conf()")


def read_seconds(log: Path, offset: int) -> dict[str, float]:
    """Return the seconds of processor time by kind of statement, of what the log says after an offset."""
    with log.open(errors="replace") as file:
        file.seek(offset)
        text = file.read()
    seconds: dict[str, float] = defaultdict(float)
    for user, system, statement in ENTRY.findall(text):
        seconds[_kind(statement)] += float(user) + float(system)
    return seconds


def _kind(statement: str) -> str:
    for kind, pattern in KINDS.items():
        if re.match(pattern, statement):
            return kind
    return OTHER
