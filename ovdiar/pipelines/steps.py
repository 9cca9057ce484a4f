"""Tell how far a pipeline is, and stop it: hooks in pyannote's manner, a fraction, cancellation."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol

from ovdiar.cancellation import checking
from ovdiar.errors import CancelledError
from ovdiar.pipelines.estimate import SEGMENTATION_ONLY, Estimate

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from typing_extensions import Self

    from ovdiar.windows import Progress

TELL_EVERY_S = 0.1
"""How often a fraction is told while a network computes."""
REPEAT_EVERY_S = 0.5
"""How often a hook is told the same again while a network computes."""


class Hook(Protocol):
    """Is called after each step, and often within the long ones.

    Steps are ``segmentation``, ``speaker_counting``, ``embeddings``, ``discrete_diarization``.
    Within a step the artifact is None, and ``completed`` of ``total`` windows are done; while a
    batch of windows takes long, this is repeated. What a hook raises stops the pipeline. A hook
    that has a method ``progress`` is told the fraction too.
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
        """Take note of a step."""


class FractionHook(Protocol):
    """Is told how much of a run is done, in time: evenly, ten times a second while networks run."""

    def __call__(self, fraction: float, eta_s: float | None, /) -> None:
        """Take a fraction, from 0 to 1 and never going back, and what is left, s.

        ``eta_s`` is None before anything is measured. What is raised here stops the run.
        """


class Cancel(Protocol):
    """Tells whether a run is to stop: a `threading.Event`, or anything that answers as it does."""

    def is_set(self) -> bool:
        """Tell whether to stop."""
        ...


class Steps:
    """One run over one file: who is told of it, and who may stop it. To be entered for the run.

    Parameters
    ----------
    hook, progress, cancel : None where nobody wants to know or to stop
    file : what the hook is told that it is about
    costs : the steps that take time, and what one of their windows costs, s (see `Estimate`)
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
        self._started = self._told = self._called = time.monotonic()
        self._last: tuple[str, int, int] | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Begin, unless that is cancelled already."""
        self._stop_if_cancelled()
        self._tell(0.0, None)
        self._stack.enter_context(checking(self._check))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End; all is done unless something was raised."""
        self._stack.close()
        if kind is None:
            self._stop_if_cancelled()
            self._tell(1.0, 0.0)

    def progress(self, name: str) -> Progress:
        """Return what reports the progress of a step."""

        def report(*, completed: int, total: int) -> None:
            self._last = (name, completed, total)
            self._estimate.advance(name, completed, total)
            self._stop_if_cancelled()
            self._call_hook()
            self._tell_estimate()

        return report

    def done(self, name: str, artifact: Any) -> None:
        """Report the outcome of a step."""
        self._last = None
        if self._hook is not None:
            self._hook(name, artifact, file=self._file)
        self._stop_if_cancelled()

    def _check(self) -> None:
        """Stop where that is asked for; else tell how far the run is, though no batch has ended."""
        self._stop_if_cancelled()
        now = time.monotonic()
        if now >= self._called + REPEAT_EVERY_S:
            self._call_hook()
        if now >= self._told + TELL_EVERY_S:
            self._tell_estimate()

    def _call_hook(self) -> None:
        """Tell the hook what was last reported within a step."""
        self._called = time.monotonic()
        if self._hook is not None and self._last is not None:
            name, completed, total = self._last
            self._hook(name, None, file=self._file, total=total, completed=completed)

    def _tell_estimate(self) -> None:
        if self._listeners:
            self._tell(self._estimate.fraction(), self._estimate.left_s())

    def _tell(self, fraction: float, eta_s: float | None) -> None:
        self._told = time.monotonic()
        for listener in self._listeners:
            listener(fraction, eta_s)

    def _stop_if_cancelled(self) -> None:
        if self._cancel is not None and self._cancel.is_set():
            raise CancelledError(
                f"cancelled {time.monotonic() - self._started:.1f} s after its start, with "
                f"{self._estimate.fraction():.0%} done: run it again for an answer"
            )
