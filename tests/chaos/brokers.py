"""Faults of the broker: it loses what it has, goes away, or refuses to do anything."""

import time
from contextlib import closing

from tests import faults
from tests.chaos.fault import Fault, wait_out
from tests.faults import connect_to_broker, cut_connections
from tests.rabbitmq import RabbitMQ
from tests.system import System

MANY = "10000"
NONE = "1"  # but ours
RABBITMQ_SECONDS = 15.0


def run_out_of_memory(system: System) -> None:
    with closing(connect_to_broker(system)) as client:
        client.config_set("maxmemory", "1")
        try:
            wait_out()
        finally:
            client.config_set("maxmemory", "0")


def become_read_only(system: System) -> None:
    """As a replica of a server that does not answer."""
    with closing(connect_to_broker(system)) as client:
        client.replicaof("127.0.0.1", "1")
        try:
            wait_out()
        finally:
            client.replicaof("NO", "ONE")


def refuse_connections(system: System) -> None:
    """End every connection, and have room for none."""
    with closing(connect_to_broker(system)) as client:
        client.config_set("maxclients", NONE)
        try:
            for kind in ("normal", "pubsub"):
                client.client_kill_filter(_type=kind, skipme=True)
            wait_out()
        finally:
            client.config_set("maxclients", MANY)


def rabbitmq_faults(server: RabbitMQ) -> tuple[Fault, ...]:
    def stop(_: System) -> None:
        server.kill()
        time.sleep(RABBITMQ_SECONDS)
        server.start()

    return (Fault("RabbitMQ is down for 15 s", stop),)


FAULTS = (
    Fault("FLUSHALL of the broker", faults.flush_broker),
    Fault("every connection to the broker cut", cut_connections),
    Fault("kill -9 of the broker", faults.kill_process("broker")),
    Fault("the broker hangs for 4 s", faults.hang_broker),
    Fault("the broker is down for 4 s", faults.stop_broker),
    Fault("the broker is out of memory for 4 s", run_out_of_memory),
    Fault("the broker is read-only for 4 s", become_read_only),
    Fault("the broker has no connection left for 4 s", refuse_connections),
)
