"""Hooks for progress bars, timing and intermediate results. All are context managers."""

from __future__ import annotations

import copy
import math
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from ovdiar.pipelines.steps import Hook


BAR = "{percentage:3.0f}%|{bar:30}| {elapsed}{desc}"
"""Layout of the progress bar: percentage, bar, elapsed time, time left and current step."""


class ProgressHook:
    """Draw a progress bar for each run on standard error, if it is a terminal or a notebook's.

    The bar shows the share of the run's duration that is done, the time left and the current step.

    Parameters
    ----------
    disable
        Whether to draw nothing. By default, nothing is drawn unless standard error is a terminal or
        the output of a Jupyter notebook.
    """

    def __init__(self, *, disable: bool | None = None) -> None:
        self._disable = disable
        self._bar: Any = None
        self._step = ""

    def __enter__(self) -> Self:
        """Return the hook."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the bar."""
        if self._bar is not None:
            self._bar.close()
        self._bar = None

    def __call__(
        self,
        step_name: str,
        step_artifact: Any,
        *,
        file: Any = None,
        total: int | None = None,
        completed: int | None = None,
    ) -> None:
        """Set the name of the current step."""
        del step_artifact, file, total, completed
        self._step = step_name

    def progress(self, fraction: float, eta_s: float | None) -> None:
        """Update the bar; 1 closes it, and the next fraction opens a new one."""
        if self._bar is None:
            from tqdm import tqdm  # noqa: PLC0415 - only needed to draw bars

            disable = False if self._disable is None and _in_notebook() else self._disable
            self._bar, self._step = tqdm(total=1.0, bar_format=BAR, disable=disable), ""
        details = [self._step] if self._step and fraction < 1 else []
        if eta_s:
            details = [f"{self._bar.format_interval(math.ceil(eta_s))} left", *details]
        self._bar.set_description_str("".join(f", {each}" for each in details), refresh=False)
        self._bar.update(fraction - self._bar.n)
        if fraction == 1:
            self.__exit__(None, None, None)


def _in_notebook() -> bool:
    """Return whether standard error is shown in a Jupyter notebook, which is no terminal."""
    return type(sys.stderr).__module__ == "ipykernel.iostream"


class TimingHook:
    """Measure the duration of each step.

    Attributes
    ----------
    timing
        Seconds by name of the step, and ``total``.
    """

    def __init__(self) -> None:
        self.timing: dict[str, float] = {}
        self._started = self._last = time.perf_counter()

    def __enter__(self) -> Self:
        """Start the timer."""
        self.timing = {}
        self._started = self._last = time.perf_counter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the timer."""
        self.timing["total"] = time.perf_counter() - self._started

    def __call__(
        self,
        step_name: str,
        step_artifact: Any,
        *,
        file: Any = None,
        total: int | None = None,
        completed: int | None = None,
    ) -> None:
        """Add the time since the last call to this step."""
        del step_artifact, file, total, completed
        now = time.perf_counter()
        self.timing[step_name] = self.timing.get(step_name, 0.0) + now - self._last
        self._last = now


class ArtifactHook:
    """Keep copies of the results of steps.

    Parameters
    ----------
    names
        Steps to keep. By default, all.

    Attributes
    ----------
    artifacts
        Results by name of the step.
    """

    def __init__(self, *names: str) -> None:
        self.artifacts: dict[str, Any] = {}
        self._names = names

    def __enter__(self) -> Self:
        """Drop earlier results."""
        self.artifacts = {}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Do nothing: the results are kept."""

    def __call__(
        self,
        step_name: str,
        step_artifact: Any,
        *,
        file: Any = None,
        total: int | None = None,
        completed: int | None = None,
    ) -> None:
        """Copy the result of a step."""
        del file, total, completed
        if step_artifact is not None and (not self._names or step_name in self._names):
            self.artifacts[step_name] = copy.deepcopy(step_artifact)


class Hooks:
    """Call several hooks in order.

    Parameters
    ----------
    hooks
        Hooks to call. Those with a method ``progress`` also receive the fraction and the time left.
    """

    def __init__(self, *hooks: Hook) -> None:
        self._hooks = hooks

    def __enter__(self) -> Self:
        """Enter the hooks that are context managers."""
        for hook in self._hooks:
            if hasattr(hook, "__enter__"):
                hook.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Exit the hooks that are context managers, in reverse order."""
        for hook in reversed(self._hooks):
            if hasattr(hook, "__exit__"):
                hook.__exit__(kind, error, trace)

    def __call__(self, step_name: str, step_artifact: Any, **details: Any) -> None:
        """Call each hook."""
        for hook in self._hooks:
            hook(step_name, step_artifact, **details)

    def progress(self, fraction: float, eta_s: float | None) -> None:
        """Report progress to each hook that supports it."""
        for hook in self._hooks:
            if hasattr(hook, "progress"):
                hook.progress(fraction, eta_s)
