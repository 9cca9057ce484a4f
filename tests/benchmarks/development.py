"""The development set, and the networks' outputs for it.

Needs the reference material: OVDIAR_SHARED, else ../shared.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ovdiar.formats import rttm, uem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ovdiar import Annotation, Segment, SpeakerDiarization
    from ovdiar.pipelines.diarization.prepared import Prepared

DATA = Path(os.environ.get("OVDIAR_SHARED") or Path(__file__).parents[3] / "shared") / "data"


@dataclass(frozen=True, eq=False)
class Reference:
    """A recording, its reference, and the scored parts."""

    group: str
    audio: Path
    uem: tuple[Segment, ...]

    @property
    def name(self) -> str:
        """The name within its group, which comes first."""
        return f"{self.group}/{self.audio.stem}"

    def reference(self, labels: str = "rttm") -> Annotation:
        """Read a set of labels by its suffix."""
        (annotation,) = rttm.load(self.audio.with_suffix(f".{labels}")).values()
        return annotation


@dataclass(frozen=True, eq=False)
class Labelled(Reference):
    """The same, and the networks' outputs."""

    prepared: Prepared


def references(groups: Sequence[str], data: Path = DATA) -> Iterator[Reference]:
    """List every recording of some folders."""
    for group in groups:
        for labels in sorted((data / group).glob("*.uem")):
            (audio,) = (
                labels.with_suffix(s) for s in (".wav", ".flac") if labels.with_suffix(s).exists()
            )
            (parts,) = uem.load(labels).values()
            yield Reference(group, audio, parts)


def recordings(
    pipeline: SpeakerDiarization, groups: Sequence[str], data: Path = DATA
) -> Iterator[Labelled]:
    """Run a pipeline's networks over every recording of some folders."""
    for each in references(groups, data):
        yield Labelled(each.group, each.audio, each.uem, pipeline.prepare(each.audio))
