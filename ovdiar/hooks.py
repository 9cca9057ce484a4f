"""Ready-made hooks: progress bars, timing, intermediate results. All are context managers."""

from __future__ import annotations

import copy
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from ovdiar.pipelines.steps import Hook


class ProgressHook:
    """Draws a progress bar for each step on standard error, if that is a terminal."""

    def __init__(self, *, disable: bool | None = None) -> None:
        self._disable = disable
        self._bar: Any = None
        self._name = ""

    def __enter__(self) -> Self:
        """Start."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the last bar."""
        if self._bar is not None:
            self._bar.close()
        self._bar, self._name = None, ""

    def __call__(
        self,
        step_name: str,
        step_artifact: Any,
        *,
        file: Any = None,
        total: int | None = None,
        completed: int | None = None,
    ) -> None:
        """Draw a step's progress."""
        del step_artifact, file
        if total is None or completed is None:
            return
        if step_name != self._name or completed == 0:
            from tqdm import tqdm  # noqa: PLC0415 - only who wants bars loads them

            self.__exit__(None, None, None)
            self._bar = tqdm(total=total, desc=step_name, unit="window", disable=self._disable)
            self._name = step_name
        self._bar.update(min(completed, total) - self._bar.n)


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
    """Calls several hooks in turn."""

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
