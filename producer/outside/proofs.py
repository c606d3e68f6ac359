"""Proofs that a hostname is its workspace's: a TXT record in the DNS, or a file that the host serves."""

import dns.resolver
from dns.exception import DNSException
from dns.rdtypes.ANY.TXT import TXT

from models.errors import NotProven, Unreachable
from producer.outside.client import call

DNS_SECONDS = 4.0
FILE_SECONDS = 4.0
MOST_FILE_BYTES = 1024


def find_proof(record: str, file_url: str, value: str) -> None:
    """Raise NotProven unless the record or the file has this value."""
    record_fault = _check_record(record, value)
    if record_fault is None:
        return
    file_fault = _check_file(file_url, value)
    if file_fault is not None:
        raise NotProven(f"The TXT record {record} {record_fault}, and the file {file_url} {file_fault}.")


def _check_record(name: str, value: str) -> str | None:
    """Return what is wrong with the TXT record, or None."""
    try:
        answer = resolver().resolve(f"{name}.", "TXT", lifetime=DNS_SECONDS, raise_on_no_answer=False)
    except dns.resolver.NXDOMAIN:
        return "does not exist"
    except DNSException:
        return "could not be looked up"
    texts = [b"".join(record.strings) for record in answer.rrset or () if isinstance(record, TXT)]
    if not texts:
        return "does not exist"
    return None if value.encode() in texts else "has another value"


def resolver() -> dns.resolver.Resolver:
    """The resolver of this host, without a cache: a record that was missing a minute ago may be there now."""
    return dns.resolver.Resolver()


def _check_file(url: str, value: str) -> str | None:
    """Return what is wrong with the file, or None. A redirect does not count: it proves nothing about the host."""
    try:
        answer = call("GET", url, {}, None, total_seconds=FILE_SECONDS, max_bytes=MOST_FILE_BYTES)
    except Unreachable as error:
        return f"could not be fetched ({error})"
    if answer.status != 200:
        return f"answers {answer.status}"
    return None if answer.body.strip() == value.encode() else "has another content"
