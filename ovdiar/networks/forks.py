"""Networks in child processes that were forked after their parent ran them.

OpenVINO's threads do not exist in such a child: a compiled network would wait for them for ever,
even when it is deleted. The child therefore leaves the parent's compiled networks as they are, and
compiles its own.
"""

from __future__ import annotations

import ctypes
import os
import threading
import weakref
from typing import Any, Protocol


class StartsAnew(Protocol):
    """What has to change in a child process."""

    def start_anew(self) -> None:
        """Drop locks and compiled networks of the parent."""


_known: weakref.WeakSet[StartsAnew] = weakref.WeakSet()


def renew_after_fork(each: StartsAnew) -> None:
    """Call ``start_anew`` in every child process that is forked while the object lives."""
    _known.add(each)


class ForkSafeLock:
    """A lock that no thread holds in a new process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        renew_after_fork(self)

    def start_anew(self) -> None:
        """Drop the lock that a thread of the parent may hold."""
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        """Wait for the lock."""
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        """Release it."""
        self._lock.release()


def never_delete(compiled: Any) -> None:
    """Keep an object until the process ends, and do not delete it even then."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(compiled))


def _after_fork() -> None:
    for each in list(_known):
        each.start_anew()


if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(after_in_child=_after_fork)
