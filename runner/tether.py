"""A process that ends with its parent, where the kernel can do that (Linux)."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

import psutil

PR_SET_PDEATHSIG = 1

# Looked up before any fork: a child between fork and exec must not load libraries.
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def to_parent() -> Callable[[], None]:
    """What a child calls between fork and exec; the parent's thread that forks must be the main one."""
    parent = os.getpid()

    def tie() -> None:
        if _prctl:
            _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:
                os._exit(1)

    return tie


def to_make() -> None:
    """A `make` that is killed leaves its command running: nobody would know how to stop it."""
    if _prctl and psutil.Process(os.getppid()).name() in ("make", "gmake"):
        _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
