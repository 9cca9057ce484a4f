"""Turns that play in a notebook."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ovdiar.audio.encoding import MEDIA_TYPE, encode
from ovdiar.notebook import to_player

if TYPE_CHECKING:
    from ovdiar.annotation import Annotation
    from ovdiar.audio.reading import AudioInput
    from ovdiar.pipelines.steps import FractionHook


@dataclass(frozen=True, eq=False)
class Listening:
    """Turns with their audio, as a notebook shows them.

    Parameters
    ----------
    annotation
        Turns of the recording.
    mp3
        The encoded recording.
    """

    annotation: Annotation
    mp3: bytes = field(repr=False)

    def _repr_html_(self) -> str:
        """Show a timeline, a player, and a table of turns that play."""
        address = f"data:{MEDIA_TYPE};base64,{base64.b64encode(self.mp3).decode()}"
        return to_player(self.annotation, address)


def listen(
    audio: AudioInput, annotation: Annotation, *, progress: FractionHook | None = None
) -> Listening:
    """Return the turns of a recording with their audio, to play them in a notebook.

    As the last value of a cell, it shows the timeline, a player, and a button for each turn. The
    notebook then holds the recording as MP3, 24 MB an hour.

    Parameters
    ----------
    audio
        Recording (see `ovdiar.audio.reading.AudioInput`).
    annotation
        Turns of the recording.
    progress
        Called with the fraction of the recording that is encoded, and the time left in seconds.

    Raises
    ------
    AudioError
        If the recording cannot be decoded.
    """
    return Listening(annotation, encode(audio, progress=progress).mp3)
