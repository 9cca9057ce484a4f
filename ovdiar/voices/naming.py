"""Give the known speakers of a result their names."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ovdiar.errors import ConfigError
from ovdiar.notices import Notice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ovdiar.result import DiarizationResult
    from ovdiar.voices.identification import SpeakerIdentity


def named(result: DiarizationResult, identities: Sequence[SpeakerIdentity]) -> DiarizationResult:
    """Rename the speakers of a result, and add a notice ``known-voices``.

    Raises
    ------
    ConfigError
        An unknown speaker has the name of a voice that was identified.
    """
    names = names_of(identities)
    labels = result.speaker_diarization.labels()
    taken = sorted({*names.values()} & ({*labels} - names.keys()))
    if taken:
        raise ConfigError(
            f"an unidentified speaker is labelled {taken[0]!r}, as a known voice is: rename the "
            "speaker or the voice"
        )
    renamed = result.speaker_diarization.rename_labels(names)
    rows = {names.get(label, label): row for row, label in enumerate(labels)}
    return replace(
        result,
        speaker_diarization=renamed,
        exclusive_speaker_diarization=result.exclusive_speaker_diarization.rename_labels(names),
        speaker_embeddings=result.speaker_embeddings[[rows[label] for label in renamed.labels()]],
        notices=(*result.notices, notice_of(identities)),
    )


def names_of(identities: Sequence[SpeakerIdentity]) -> dict[str, str]:
    """Return the names of the speakers that were identified, by their labels."""
    return {each.speaker: each.name for each in identities if each.name is not None}


def notice_of(identities: Sequence[SpeakerIdentity]) -> Notice:
    """Say who was identified, and list every speaker with its nearest voice."""
    known = [each for each in identities if each.name is not None]
    text = f"{len(known)} of {len(identities)} speakers are known voices"
    if known:
        text += ": " + ", ".join(f"{each.speaker} is {_how_sure(each)}" for each in known)
    return Notice("known-voices", text, {"speakers": [each.to_dict() for each in identities]})


def _how_sure(identity: SpeakerIdentity) -> str:
    if identity.probability is None:
        return str(identity.name)
    return f"{identity.name} ({100 * identity.probability:.0f} %)"
