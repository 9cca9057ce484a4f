"""The engine of a few recordings: one after another, in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovdiar.batch.outcome import perform

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ovdiar.batch.job import Job
    from ovdiar.batch.outcome import Row
    from ovdiar.batch.outputs import Outputs
    from ovdiar.pipelines.diarization.pipeline import SpeakerDiarization


class InlineEngine:
    """Diarizes recordings in this process; a crash ends it, as does a recording without end."""

    def run(
        self, pipeline: SpeakerDiarization, outputs: Outputs, jobs: Iterable[Job]
    ) -> Iterator[Row]:
        """Diarize recordings in the order given; yield each one's row when it is done."""
        for job in jobs:
            yield perform(pipeline, outputs, job)
