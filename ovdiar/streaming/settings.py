"""Settings of live diarization, beside the hyper-parameters of the pipeline."""

from __future__ import annotations

from dataclasses import dataclass

from ovdiar.errors import ConfigError
from ovdiar.parameters import Parameters, parameter


@dataclass(frozen=True, kw_only=True)
class OnlineSettings(Parameters):
    """How audio that comes in is diarized.

    Raises
    ------
    ConfigError
        A value is out of its range, or the step is longer than the latency.
    """

    latency: float = parameter(
        2.0,
        "seconds after which it is decided who speaks; more is more accurate",
        within=(0.5, 5.0),
    )
    step: float = parameter(
        0.5, "seconds from one run of the segmentation to the next", within=(0.1, 1.0)
    )
    new_speaker_delay: float = parameter(
        2.0,
        "seconds that turns of an unknown voice may stay provisional, to be compared with known "
        "speakers, before they count as a new one's",
        within=(0.0, 30.0),
    )
    keep_audio: float = parameter(
        3600.0,
        "seconds of audio kept for the offline answer at the end; of a longer stream none is kept",
        within=(0.0, 1e6),
    )
    keep_outputs: float = parameter(
        8 * 3600.0,
        "seconds of the networks' outputs kept to be clustered at the end, where the audio is not",
        within=(0.0, 1e6),
    )
    max_speakers: int = parameter(
        0, "most speakers, live and at the end; 0 for any number", within=(0, 1e6)
    )

    def __post_init__(self) -> None:
        """Check every value."""
        super().__post_init__()
        if self.step > self.latency:
            raise ConfigError(
                f"a step of {self.step:g} s is longer than the latency of {self.latency:g} s: give "
                "a step of at most the latency"
            )
