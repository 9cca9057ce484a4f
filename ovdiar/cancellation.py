"""What is asked, again and again, while something long is computed: whether to go on.

A run says what to ask; whatever computes in its thread asks it. Neither knows of the other, so that
networks stay free of state, and runs in several threads do not meet.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def _go_on() -> None:
    """Ask nobody."""


_question: ContextVar[Callable[[], None]] = ContextVar("question", default=_go_on)


@contextmanager
def checking(question: Callable[[], None]) -> Iterator[None]:
    """Have `check` call this, in this thread, until the block ends.

    What the question raises stops the computation. In a block within a block, both are asked, the
    outer one first.
    """
    outer = _question.get()

    def both() -> None:
        outer()
        question()

    token = _question.set(both)
    try:
        yield
    finally:
        _question.reset(token)


def check() -> None:
    """Ask whether to go on: returns, or raises what ends the run.

    Called at least every `runtime.PATIENCE_MS` while a network runs; it costs a microsecond, or
    what the run's own question costs.
    """
    _question.get()()
