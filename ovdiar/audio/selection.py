"""What to read of a recording, and within which limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.errors import AudioError, ConfigError

if TYPE_CHECKING:
    from ovdiar.audio.reading import AudioInput

MAX_STREAM_MB = 4096.0
"""Size of a WAV file at most, MB."""


@dataclass(frozen=True)
class Selection:
    """What to read of a recording; None for the default.

    Parameters
    ----------
    channel
        Channel, from 0. By default, or with ``"mix"``, all channels are averaged.
    track
        Audio track of a file with several, such as a video, from 0. By default, the first.
    strict
        Whether audio that cannot be read to its end is an error instead of a notice.
    max_stream_mb
        Size of a stream at most, in MB, by default 4096: streams are copied to a temporary file.

    Raises
    ------
    AudioError
        If the channel or the track is not a number from 0.
    ConfigError
        If the size is not positive.
    """

    channel: int | None = None
    track: int | None = None
    strict: bool | None = None
    max_stream_mb: float | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        for name in ("channel", "track"):
            value = getattr(self, name)
            mixed = name == "channel" and isinstance(value, str) and value == "mix"
            if value is None or mixed:
                object.__setattr__(self, name, None)
            elif isinstance(value, (int, np.integer)) and value >= 0:
                object.__setattr__(self, name, int(value))
            else:
                last = ", or 'mix' for all" if name == "channel" else ""
                raise AudioError(f"{name} {value!r} does not exist: give a number from 0{last}")
        if self.max_stream_mb is not None and not self.max_stream_mb > 0:
            raise ConfigError(f"max_stream_mb is {self.max_stream_mb}: give a size above 0, in MB")

    @property
    def stream_bytes(self) -> int:
        """Size of a stream at most."""
        megabytes = MAX_STREAM_MB if self.max_stream_mb is None else self.max_stream_mb
        return int(min(megabytes * 1e6, 2.0**62))


SELECTED = tuple(each.name for each in fields(Selection))
"""Keys of an audio mapping that select."""


def selection_of(audio: AudioInput, **given: Any) -> Selection:
    """Return the selection of a mapping, with other values that are given and not None."""
    stated = audio if isinstance(audio, Mapping) else {}
    values = {name: stated.get(name) for name in SELECTED}
    return Selection(**values | {name: each for name, each in given.items() if each is not None})
