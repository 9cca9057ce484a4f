"""Tell a hook how far a pipeline is, in pyannote's manner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from ovdiar.windows import Progress


class Hook(Protocol):
    """Is called after each step, and often within the long ones.

    Steps are ``segmentation``, ``speaker_counting``, ``embeddings``, ``discrete_diarization``.
    Within a step the artifact is None, and ``completed`` of ``total`` windows are done. What a
    hook raises stops the pipeline.
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


@dataclass(frozen=True, eq=False)
class Steps:
    """Calls a hook, if there is one, for one file."""

    hook: Hook | None
    file: Any

    def progress(self, name: str) -> Progress:
        """Return what reports the progress of a step."""

        def report(*, completed: int, total: int) -> None:
            if self.hook is not None:
                self.hook(name, None, file=self.file, total=total, completed=completed)

        return report

    def done(self, name: str, artifact: Any) -> None:
        """Report the outcome of a step."""
        if self.hook is not None:
            self.hook(name, artifact, file=self.file)
