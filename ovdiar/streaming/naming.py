"""Which speakers of a stream are known voices, by what was heard of them so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.pipelines.diarization.back_end import label_of
from ovdiar.voices.naming import names_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ovdiar.networks.models import Models
    from ovdiar.streaming.speakers import Evidence, Speakers
    from ovdiar.voices.identification import SpeakerIdentity
    from ovdiar.voices.library import VoiceLibrary


@dataclass
class LiveNames:
    """Names the confirmed speakers of a stream; no part of its state.

    ``library`` holds the voices, ``parameters`` say when a speaker gets a name (see
    `ovdiar.parameters.IdentificationParameters`).
    """

    library: VoiceLibrary
    models: Models
    parameters: dict[str, Any]
    heard: list[tuple[str, float]] = field(default_factory=list, init=False)
    names: dict[str, str] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Leave out expired voices; check the model and the parameters."""
        self.library = self.library.in_force()
        self._identify([])

    def identities(self, speakers: Speakers) -> tuple[SpeakerIdentity, ...]:
        """Identify the speakers by their sums; those without a complete piece are left out."""
        return self._identify(_confirmed(speakers))

    def update(self, speakers: Speakers) -> dict[str, str]:
        """Return the names by label; they are found anew where more was heard of somebody."""
        found = _confirmed(speakers)
        heard = [(label, evidence.seconds) for label, evidence in found]
        if heard != self.heard:
            self.heard, self.names = heard, names_of(self._identify(found))
        return self.names

    def _identify(self, found: Sequence[tuple[str, Evidence]]) -> tuple[SpeakerIdentity, ...]:
        totals = [evidence.total for _, evidence in found]
        return self.library.identify_embeddings(
            self.models,
            np.array(totals).reshape(len(found), self.library.model.dimension),
            np.array([evidence.seconds for _, evidence in found]),
            [label for label, _ in found],
            **self.parameters,
        )


def _confirmed(speakers: Speakers) -> list[tuple[str, Evidence]]:
    """List the labels and the evidence of confirmed speakers."""
    return [
        (label_of(each.number), each.evidence)
        for each in speakers.known.values()
        if each.confirmed and each.merged_into < 0 and each.evidence is not None
    ]
