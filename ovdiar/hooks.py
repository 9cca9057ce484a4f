"""Ready-made hooks: progress bars, timing, intermediate results. All are context managers."""

from __future__ import annotations

import copy
import math
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from ovdiar.pipelines.steps import Hook


BAR = "{percentage:3.0f}%|{bar:30}| {elapsed}{desc}"
"""How tqdm is to draw a run: how much is done, how long it took, what is left and being done."""


class ProgressHook:
    """Draws one progress bar for each run on standard error, if that is a terminal.

    It moves evenly in time over the whole run, and tells the step and the time that is left.
    """

    def __init__(self, *, disable: bool | None = None) -> None:
        self._disable = disable
        self._bar: Any = None
        self._step = ""

    def __enter__(self) -> Self:
        """Start."""
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
        """Name the step."""
        del step_artifact, file, total, completed
        self._step = step_name

    def progress(self, fraction: float, eta_s: float | None) -> None:
        """Move the bar; 1 ends it, and the next fraction begins another."""
        if self._bar is None:
            from tqdm import tqdm  # noqa: PLC0415 - only who wants bars loads them

            self._bar, self._step = tqdm(total=1.0, bar_format=BAR, disable=self._disable), ""
        told = [self._step] if self._step and fraction < 1 else []
        if eta_s:
            told = [f"{self._bar.format_interval(math.ceil(eta_s))} left", *told]
        self._bar.set_description_str("".join(f", {each}" for each in told), refresh=False)
        self._bar.update(fraction - self._bar.n)
        if fraction == 1:
            self.__exit__(None, None, None)


class TimingHook:
    """Measures what each step takes: ``timing`` maps steps, and ``total``, to seconds."""

    def __init__(self) -> None:
        self.timing: dict[str, float] = {}
        self._started = self._last = time.perf_counter()

    def __enter__(self) -> Self:
        """Start the clock."""
        self.timing = {}
        self._started = self._last = time.perf_counter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the clock."""
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
    """Keeps a copy of what steps gave: ``artifacts`` by name; of all steps, or those named."""

    def __init__(self, *names: str) -> None:
        self.artifacts: dict[str, Any] = {}
        self._names = names

    def __enter__(self) -> Self:
        """Forget what was kept."""
        self.artifacts = {}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Keep what was kept."""

    def __call__(
        self,
        step_name: str,
        step_artifact: Any,
        *,
        file: Any = None,
        total: int | None = None,
        completed: int | None = None,
    ) -> None:
        """Keep the outcome of a step."""
        del file, total, completed
        if step_artifact is not None and (not self._names or step_name in self._names):
            self.artifacts[step_name] = copy.deepcopy(step_artifact)


class Hooks:
    """Calls several hooks in turn; tells the fraction to those that have a method ``progress``."""

    def __init__(self, *hooks: Hook) -> None:
        self._hooks = hooks

    def __enter__(self) -> Self:
        """Enter those that are context managers."""
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
        """Leave those that are context managers."""
        for hook in reversed(self._hooks):
            if hasattr(hook, "__exit__"):
                hook.__exit__(kind, error, trace)

    def __call__(self, step_name: str, step_artifact: Any, **details: Any) -> None:
        """Pass the call on."""
        for hook in self._hooks:
            hook(step_name, step_artifact, **details)

    def progress(self, fraction: float, eta_s: float | None) -> None:
        """Pass the fraction on."""
        for hook in self._hooks:
            if hasattr(hook, "progress"):
                hook.progress(fraction, eta_s)
