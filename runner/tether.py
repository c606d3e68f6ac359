"""Processes that end with their parent, where the kernel can do that (Linux)."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

import psutil

PR_SET_PDEATHSIG = 1

# Looked up before any fork: a child between fork and exec must not load libraries.
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def end_with_parent() -> Callable[[], None]:
    """Return what a child calls between fork and exec; the parent's thread that forks must be the main one."""
    parent = os.getpid()

    def tie() -> None:
        if _prctl:
            _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:  # the parent ended before the kernel was asked
                os._exit(1)

    return tie


def end_with_make() -> None:
    """End when a `make` that started this process is killed: it would leave its command running."""
    if _prctl and psutil.Process(os.getppid()).name() in ("make", "gmake"):
        _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
