"""Published hyper-parameters, under their published names.

Sources: the model card of ``pyannote/segmentation`` (2022.07 weights) and the configurations of
``pyannote/speaker-diarization`` 2.1, ``-3.1`` and ``-community-1``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ovdiar import texts
from ovdiar.errors import ConfigError, FormatError
from ovdiar.frames import FrameGrid
from ovdiar.parameters import (
    ActivityParameters,
    DiarizationParameters,
    Parameters,
    ResegmentationParameters,
    SpeakerSegmentationParameters,
    declarations,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

PYANNET_FRAMES = FrameGrid(step=270, width=991)
"""The frames of every published segmentation network."""


def _thresholds(
    onset: float, offset: float, min_duration_on: float, min_duration_off: float
) -> dict[str, float]:
    return {
        "onset": onset,
        "offset": offset,
        "min_duration_on": min_duration_on,
        "min_duration_off": min_duration_off,
    }


VOICE_ACTIVITY: Mapping[str, ActivityParameters] = {
    "ami": ActivityParameters(**_thresholds(0.684, 0.577, 0.181, 0.037)),
    "dihard3": ActivityParameters(**_thresholds(0.767, 0.377, 0.136, 0.067)),
    "voxconverse": ActivityParameters(**_thresholds(0.767, 0.713, 0.182, 0.501)),
}
OVERLAPPED_SPEECH: Mapping[str, ActivityParameters] = {
    "ami": ActivityParameters(**_thresholds(0.448, 0.362, 0.116, 0.187)),
    "dihard3": ActivityParameters(**_thresholds(0.430, 0.320, 0.091, 0.144)),
    "voxconverse": ActivityParameters(**_thresholds(0.587, 0.426, 0.337, 0.112)),
}
RESEGMENTATION: Mapping[str, ResegmentationParameters] = {
    "ami": ResegmentationParameters(**_thresholds(0.542, 0.527, 0.044, 0.705)),
    "dihard3": ResegmentationParameters(**_thresholds(0.592, 0.489, 0.163, 0.182)),
    "voxconverse": ResegmentationParameters(**_thresholds(0.537, 0.724, 0.410, 0.563)),
}
"""Tuned to refine VBx by ``pyannote/segmentation``."""
RESEGMENTATION_DEFAULT = ResegmentationParameters(**_thresholds(0.810, 0.481, 0.055, 0.098))
"""Published for ``pyannote/segmentation``, tuned on DIHARD III."""
SPEAKER_SEGMENTATION_DEFAULT = SpeakerSegmentationParameters(onset=0.84, offset=0.46)
"""Published for ``pyannote/segmentation``, tuned on DIHARD III; the only ones."""
DIARIZATION: Mapping[str, DiarizationParameters] = {
    "2.1": DiarizationParameters(
        segmentation_threshold=0.4442333667381752,
        min_duration_off=0.5817029604921046,
        threshold=0.7153814381597874,
        min_cluster_size=15,
    ),
    "3.1": DiarizationParameters(threshold=0.7045654963945799, min_cluster_size=12),
    "community-1": DiarizationParameters(
        training_filter="clean", clustering="vbx", threshold=0.6, fa=0.07, fb=0.8
    ),
}

Preset = TypeVar("Preset", bound=Parameters)


def choose(
    table: Mapping[str, Preset],
    preset: str | os.PathLike[str] | None,
    default: Preset,
    given: Mapping[str, Any],
) -> Preset:
    """Return the default or a preset, with the values that were given by name.

    ``preset`` names a row of the table, or a JSON file with an object of hyper-parameters, which
    replace the default's. A detection task takes from a file tuned for diarization its
    ``segmentation_threshold``, as onset and offset, its conditioning and its minimum durations.

    Raises
    ------
    ConfigError
        The preset is unknown or cannot be read, or see `Parameters.with_values`.
    """
    chosen = default
    if preset is not None and str(preset) in table:
        chosen = table[str(preset)]
    elif preset is not None:
        values = _read_preset(Path(preset), table)
        if isinstance(default, ActivityParameters):
            values = _for_detection(values)
        chosen = default.with_values(values)
    return chosen.with_values(given)


def _for_detection(values: Mapping[str, Any]) -> dict[str, Any]:
    known = dict(values)
    if "segmentation_threshold" in known:
        known = {"onset": known["segmentation_threshold"], **known}
        known.setdefault("offset", known["onset"])
    others = declarations(DiarizationParameters).keys() - declarations(ActivityParameters).keys()
    return {name: value for name, value in known.items() if name not in others}


def _read_preset(path: Path, table: Mapping[str, Any]) -> dict[str, Any]:
    try:
        values = texts.parse_json(texts.read(path), str(path))
    except FormatError as error:
        names = ", ".join(table) or "none is published"
        raise ConfigError(
            f"preset {str(path)!r} is neither published ({names}) nor a readable JSON file"
        ) from error
    if not isinstance(values, dict):
        raise ConfigError(f"preset file {str(path)!r} holds no JSON object of hyper-parameters")
    return values
