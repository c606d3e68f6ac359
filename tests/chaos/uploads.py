"""The store of uploads is away for a long time: what needs it waits, and no row fails."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from tests.chaos import network
from tests.chaos.fault import Fault
from tests.object_store import running_object_store
from tests.system import System

AWAY_SECONDS = 300.0
REFUSAL_SECONDS = 5.0
UNAVAILABLE = 503


class DistantStore(NamedTuple):
    """A store behind a relay, and the settings that lead to the relay."""

    relay: network.Proxy
    environment: dict[str, str]


@contextmanager
def distant_store() -> Iterator[DistantStore]:
    with running_object_store() as store, network.proxy(("127.0.0.1", store.port)) as relay:
        yield DistantStore(relay, store.environment | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{relay.port}"})


def store_faults(store: DistantStore) -> tuple[Fault, ...]:
    def keep_away(system: System) -> None:
        started = time.monotonic()
        store.relay.refuse()
        try:
            check_refusal(system)
            time.sleep(started + AWAY_SECONDS - time.monotonic())
        finally:
            store.relay.listen()
        check_no_failure(system)

    return (
        Fault("the upload store is away for 5 minutes", keep_away, most=1),
        *network.network_faults("the upload store", store.relay),
    )


def check_refusal(system: System) -> None:
    """An upload is refused soon, with a time to try again."""
    started = time.monotonic()
    response = system.post_csv("url\nhttps://example.com/\n")
    assert response.status_code == UNAVAILABLE, response.text
    assert response.headers["Retry-After"]
    assert time.monotonic() - started < REFUSAL_SECONDS


def check_no_failure(system: System) -> None:
    ((failed,),) = system.sql("SELECT count(*) FROM items WHERE error_code = 'INTERNAL'")
    assert failed == 0
