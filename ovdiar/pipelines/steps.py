"""Progress and cancellation of a run: hooks as in pyannote, a completed fraction, a stop signal."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol

from ovdiar.cancellation import cancellable
from ovdiar.errors import CancelledError
from ovdiar.log import LOGGER
from ovdiar.pipelines.estimate import SEGMENTATION_ONLY, Estimate

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from typing_extensions import Self

    from ovdiar.windows import Progress

REPORT_EVERY_S = 0.1
"""Interval between reports of the fraction while a network computes."""
REPEAT_EVERY_S = 0.5
"""Interval between repeated calls of a hook while a network computes."""


class Hook(Protocol):
    """Called after each step, and often within the long ones.

    Steps are ``segmentation``, ``speaker_counting``, ``embeddings``, ``discrete_diarization``.
    Within a step the artifact is None, and ``completed`` of ``total`` windows are done; while a
    batch of windows takes long, this is repeated. An exception in a hook stops the pipeline. A
    method ``progress`` of a hook is called with the fraction, as a `FractionHook`.
    """

    def __call__(
        self,
        step_name: str,
        step_artifact: Any,
        *,
        file: Any = None,
        total: int | None = None,
        completed: int | None = None,
    ) -> None:
        """Handle a step."""


class FractionHook(Protocol):
    """Called with the completed share of a run's time, ten times a second while networks run."""

    def __call__(self, fraction: float, eta_s: float | None, /) -> None:
        """Handle a fraction, from 0 to 1 and never decreasing, and the time left, s.

        ``eta_s`` is None before anything is measured. An exception here stops the run.
        """


class Cancel(Protocol):
    """A signal to stop a run: a `threading.Event`, or an object with the same method."""

    def is_set(self) -> bool:
        """Return whether to stop."""
        ...


class Steps:
    """The steps of one run over one file: a context manager around the run.

    Parameters
    ----------
    hook, progress, cancel : see `Hook`, `FractionHook`, `Cancel`; None for none
    file : passed to the hook
    costs : the steps that take time, with the expected time of one of their windows, s (see
        `Estimate`)
    """

    def __init__(
        self,
        hook: Hook | None,
        file: Any,
        *,
        progress: FractionHook | None = None,
        cancel: Cancel | None = None,
        costs: Mapping[str, float] = SEGMENTATION_ONLY,
    ) -> None:
        self._hook, self._file, self._cancel = hook, file, cancel
        listeners = (progress, getattr(hook, "progress", None))
        self._listeners: list[FractionHook] = [each for each in listeners if each is not None]
        self._estimate = Estimate(costs)
        self._started = self._reported = self._called = self._finished = time.monotonic()
        self._last: tuple[str, int, int] | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Start, unless the run is cancelled already."""
        self._stop_if_cancelled()
        self._report(0.0, None)
        self._stack.enter_context(cancellable(self._check))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish; without an exception, the fraction is 1."""
        self._stack.close()
        if kind is None:
            LOGGER.info("finished in %.2f s", time.monotonic() - self._started)
            self._stop_if_cancelled()
            self._report(1.0, 0.0)

    def progress(self, name: str) -> Progress:
        """Return a callback for the progress of a step."""

        def report(*, completed: int, total: int) -> None:
            self._last = (name, completed, total)
            LOGGER.debug("%s: %d of %d windows", name, completed, total)
            self._estimate.advance(name, completed, total)
            self._stop_if_cancelled()
            self._call_hook()
            self._report_estimate()

        return report

    def done(self, name: str, artifact: Any) -> None:
        """Report the outcome of a step."""
        self._last, now = None, time.monotonic()
        LOGGER.info("%s: %.2f s", name, now - self._finished)
        self._finished = now
        if self._hook is not None:
            self._hook(name, artifact, file=self._file)
        self._stop_if_cancelled()

    def _check(self) -> None:
        """Stop if cancelled; otherwise report progress, though no batch has ended."""
        self._stop_if_cancelled()
        now = time.monotonic()
        if now >= self._called + REPEAT_EVERY_S:
            self._call_hook()
        if now >= self._reported + REPORT_EVERY_S:
            self._report_estimate()

    def _call_hook(self) -> None:
        """Call the hook with the last progress within a step."""
        self._called = time.monotonic()
        if self._hook is not None and self._last is not None:
            name, completed, total = self._last
            self._hook(name, None, file=self._file, total=total, completed=completed)

    def _report_estimate(self) -> None:
        if self._listeners:
            self._report(self._estimate.fraction(), self._estimate.left_s())

    def _report(self, fraction: float, eta_s: float | None) -> None:
        self._reported = time.monotonic()
        for listener in self._listeners:
            listener(fraction, eta_s)

    def _stop_if_cancelled(self) -> None:
        if self._cancel is not None and self._cancel.is_set():
            raise CancelledError(
                f"cancelled {time.monotonic() - self._started:.1f} s after its start, with "
                f"{self._estimate.fraction():.0%} done: run it again for an answer"
            )
