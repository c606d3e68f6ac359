"""Caches that live as long as the process. Each is registered where it is defined; a test can reset all of them."""

from collections.abc import Callable
from typing import Protocol, TypeVar


class FunctionCache(Protocol):
    """A function that `functools.cache` or `functools.lru_cache` wraps."""

    def cache_clear(self) -> None: ...


class Container(Protocol):
    """A dict, a set, or an object of ours that can empty itself."""

    def clear(self) -> None: ...


F = TypeVar("F", bound=FunctionCache)
C = TypeVar("C", bound=Container)

_resets: list[Callable[[], None]] = []


def function(cached: F) -> F:
    """Register a cached function; the decorator stands above `@cache`."""
    _resets.append(cached.cache_clear)
    return cached


def container(content: C) -> C:
    """Register a value that a module fills while the process runs."""
    _resets.append(content.clear)
    return content


def reset_all() -> None:
    """Empty every registered cache, as if this process had just started."""
    for reset in _resets:
        reset()
