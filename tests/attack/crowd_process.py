"""A crowd in a process of its own, so that it does not slow down those who measure.

A module of its own, since a spawned process does not import a `__main__`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any

from tests.attack import crowd
from tests.attack.crowd import Attack, Outcome

END_SECONDS = 60.0


@contextmanager
def attacking(attack: Attack, port: int) -> Iterator[Callable[[], Outcome]]:
    """Let clients in a process of their own attack; the function ends them and returns what became of them."""
    context = get_context("spawn")
    over = context.Event()
    outcomes = context.Queue()
    process = context.Process(target=_attack, args=(attack, port, over, outcomes))
    process.start()

    def end() -> Outcome:
        over.set()
        outcome: Outcome = outcomes.get(timeout=END_SECONDS)
        return outcome

    try:
        yield end
    finally:
        over.set()
        process.join(END_SECONDS)


def _attack(attack: Attack, port: int, over: Any, outcomes: Any) -> None:
    outcomes.put(crowd.run(attack, port, over))
