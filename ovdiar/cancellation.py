"""Cooperative cancellation: long computations check regularly whether their run was cancelled.

The check belongs to the thread of the run, so networks hold no per-call state and concurrent runs
do not affect each other.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def _never_cancelled() -> None:
    """Return: outside `cancellable`, nothing cancels."""


_current_check: ContextVar[Callable[[], None]] = ContextVar(
    "current_check", default=_never_cancelled
)


@contextmanager
def cancellable(check: Callable[[], None]) -> Iterator[None]:
    """Make `check_cancelled` call ``check`` in this thread until the block ends.

    Parameters
    ----------
    check
        Raises an exception to stop the computation, otherwise returns. In nested blocks the outer
        check runs before the inner one.
    """
    outer = _current_check.get()

    def both() -> None:
        outer()
        check()

    token = _current_check.set(both)
    try:
        yield
    finally:
        _current_check.reset(token)


def check_cancelled() -> None:
    """Run the check of the current run, if any; it raises if the run is cancelled.

    While a network runs, this is called at least every `runtime.POLL_INTERVAL_MS`.
    """
    _current_check.get()()
