"""A small DNS server on loopback that knows some TXT records."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset

STOP = b"stop"
TTL = 60


@contextmanager
def serving(records: Mapping[str, str]) -> Iterator[dns.resolver.Resolver]:
    """Serve TXT records, as zone files write them, by name; yield a resolver that asks this server."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=_answer_all, args=(listener, records), daemon=True)
        thread.start()
        yield asking(listener.getsockname()[1])
        listener.sendto(STOP, listener.getsockname())
        thread.join()


def asking(port: int) -> dns.resolver.Resolver:
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = port
    return resolver


def _answer_all(listener: socket.socket, records: Mapping[str, str]) -> None:
    while True:
        packet, client = listener.recvfrom(4096)
        if packet == STOP:
            return
        listener.sendto(_answer(dns.message.from_wire(packet), records).to_wire(), client)


def _answer(query: dns.message.Message, records: Mapping[str, str]) -> dns.message.Message:
    answer = dns.message.make_response(query)
    name = query.question[0].name
    text = records.get(name.to_text(omit_final_dot=True))
    if text is None:
        answer.set_rcode(dns.rcode.NXDOMAIN)
    elif text:
        answer.answer.append(dns.rrset.from_text(name, TTL, "IN", "TXT", *text.split("; ")))
    return answer
