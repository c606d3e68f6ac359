"""The attacks by many clients, each with how many clients make it."""

from typing import NamedTuple

from tests.attack.crowd import Attack

FORM_BYTES = 5_000
UPLOAD_BYTES = 10_000_000


class Target(NamedTuple):
    """What an attacker knows of a system: where it is, two keys, and a few paths."""

    host: str
    write_token: str
    read_token: str
    results_path: str
    protected_path: str


def silent(clients: int) -> Attack:
    return Attack("silent connections", clients)


def slow_headers(target: Target, clients: int) -> Attack:
    return Attack("slow headers", clients, f"GET /a HTTP/1.1\r\nHost: {target.host}\r\nX-Slow: ".encode(), b"x")


def slow_forms(target: Target, clients: int) -> Attack:
    head = _head("POST /app/sign-in", target.host, FORM_BYTES, "Content-Type: application/x-www-form-urlencoded")
    return Attack("slow bodies at the sign-in form", clients, head + b"token=", b"x")


def stalled_forms(target: Target, clients: int) -> Attack:
    return slow_forms(target, clients)._replace(name="bodies that never come at the sign-in form", drip=b"")


def slow_uploads(target: Target, clients: int) -> Attack:
    fields = ("Content-Type: text/csv", f"Authorization: Bearer {target.write_token}")
    return Attack(
        "slow uploads with a write key", clients, _head("POST /api/jobs", target.host, UPLOAD_BYTES, *fields), b"u"
    )


def slow_readers(target: Target, clients: int) -> Attack:
    head = _head(f"GET {target.results_path}", target.host, 0, f"Authorization: Bearer {target.read_token}")
    return Attack("slow readers of results.csv with a read key", clients, head, reads_slowly=True)


def slow_passwords(target: Target, clients: int) -> Attack:
    fields = "Content-Type: application/x-www-form-urlencoded"
    head = _head(f"POST {target.protected_path}", target.host, FORM_BYTES, fields)
    return Attack("slow password forms", clients, head + b"password=", b"x")


def flood(target: Target, clients: int) -> Attack:
    head = _head("GET /api/me", target.host, 0, "Authorization: Bearer none")
    return Attack("flood of calls without a key", clients, head, pauses=(0.0, 0.0))


def _head(start: str, host: str, length: int, *fields: str) -> bytes:
    lines = [f"{start} HTTP/1.1", f"Host: {host}", *fields]
    if length:
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
