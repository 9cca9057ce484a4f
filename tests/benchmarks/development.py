"""The development set, and what networks say of it: computed once a recording.

Needs the reference material: OVDIAR_SHARED, else ../shared.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovdiar import SpeakerDiarization
from ovdiar.formats import rttm, uem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ovdiar import Annotation, DiarizationResult, Models, Segment

DATA = Path(os.environ.get("OVDIAR_SHARED") or Path(__file__).parents[3] / "shared") / "data"


@dataclass(frozen=True, eq=False)
class Labelled:
    """A recording, its reference, the scored parts, and what the networks say (a trace)."""

    group: str
    audio: Path
    uem: tuple[Segment, ...]
    trace: dict[str, Any]

    @property
    def name(self) -> str:
        """Name it within its group."""
        return f"{self.group}/{self.audio.stem}"

    def reference(self, labels: str = "rttm") -> Annotation:
        """Read a set of labels by its suffix."""
        (annotation,) = rttm.load(self.audio.with_suffix(f".{labels}")).values()
        return annotation

    def decode(self, pipeline: SpeakerDiarization, **more: Any) -> DiarizationResult:
        """Run a pipeline's back end."""
        scores = self.trace["segmentations"]
        return pipeline.decode(
            scores.data,
            self.trace["embeddings"],
            window_s=scores.windows.width_s,
            step_s=scores.windows.step_s,
            grid=scores.frames,
            uri=self.audio.stem,
            **more,
        )


def recordings(models: Models, groups: Sequence[str], **options: Any) -> Iterator[Labelled]:
    """Run the networks over every recording of some folders.

    Options are those of `SpeakerDiarization` on which the networks' outputs depend: its threshold
    decides which speakers are active, thus where embeddings are taken from. The trace holds the
    ``result`` too.
    """
    pipeline = SpeakerDiarization(models, **options)
    for group in groups:
        for labels in sorted((DATA / group).glob("*.uem")):
            (audio,) = (
                labels.with_suffix(s) for s in (".wav", ".flac") if labels.with_suffix(s).exists()
            )
            (parts,) = uem.load(labels).values()
            trace: dict[str, Any] = {}
            trace["result"] = pipeline(audio, trace=trace)
            yield Labelled(group, audio, parts, trace)
