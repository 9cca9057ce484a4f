"""Published hyper-parameters, under their published names.

Sources: the model card of ``pyannote/segmentation`` (2022.07 weights) and the configurations of
``pyannote/speaker-diarization`` 2.1, ``-3.1`` and ``-community-1``.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, fields, replace
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ovdiar.errors import ConfigError

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from ovdiar.clustering.ahc import Linkage


CHOICES = {
    "training_filter": ("active", "clean"),
    "clustering": ("ahc", "vbx", "kmeans"),
    "embedding_reuse": ("window", "shared"),
    "ghosts": ("keep", "fold", "report"),
    "linkage": ("centroid", "median", "ward", "average", "complete", "single", "weighted"),
}
RANGES = {
    "segmentation_threshold": (0.0, 1.0),
    "segmentation_step": (1e-3, 1.0),
    "segmentation_lowpass": (0.0, math.inf),
    "segmentation_noise": (0.0, 1.0),
    "min_duration_on": (0.0, math.inf),
    "min_duration_off": (0.0, math.inf),
    "clean_share": (0.0, 1.0),
    "side_by_side": (0.0, 2.0),
    "threshold": (0.0, 2.0),
    "min_cluster_size": (1, math.inf),
    "fa": (1e-6, 1e6),
    "fb": (1e-6, 1e6),
}
ACTIVITY_RANGES = {
    "onset": (0.0, 1.0),
    "offset": (0.0, 1.0),
    "min_duration_on": (0.0, math.inf),
    "min_duration_off": (0.0, math.inf),
}
"""Least and most of a hyper-parameter, inclusive."""


def check_range(name: str, value: float, least: float, most: float) -> None:
    """Refuse a hyper-parameter that is not within its range, or no number."""
    if not least <= value <= most:
        raise ConfigError(f"{name} is {value:g}: give a number from {least:g} to {most:g}")


@dataclass(frozen=True)
class ActivityParameters:
    """Hysteresis thresholds (of scores) and minimum durations (s) of one detection task.

    An offset of 0 stands for the onset, as in pyannote.
    """

    onset: float = 0.5
    offset: float = 0.5
    min_duration_on: float = 0.0
    min_duration_off: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is out of its range."""
        for name, (least, most) in ACTIVITY_RANGES.items():
            check_range(name, getattr(self, name), least, most)


@dataclass(frozen=True)
class DiarizationParameters:
    """Hyper-parameters of `ovdiar.SpeakerDiarization`; see there what each one means."""

    segmentation_threshold: float = 0.5
    segmentation_step: float = 0.1
    segmentation_lowpass: float = 0.0
    segmentation_noise: float = 0.0
    min_duration_on: float = 0.0
    min_duration_off: float = 0.0
    embedding_exclude_overlap: bool = True
    training_filter: str = "active"
    clean_share: float = 0.2
    clustering: str = "ahc"
    linkage: Linkage = "centroid"
    side_by_side: float = 0.0
    threshold: float = 0.7
    min_cluster_size: int = 12
    refine_clusters: bool = False
    fa: float = 0.07
    fb: float = 0.8
    embedding_reuse: str = "window"
    ghosts: str = "keep"

    def __post_init__(self) -> None:
        """Refuse what is out of its range."""
        for name, allowed in CHOICES.items():
            chosen = getattr(self, name)
            if chosen not in allowed:
                raise ConfigError(f"{name} {chosen!r} is unknown: choose from {', '.join(allowed)}")
        for name, (least, most) in RANGES.items():
            check_range(name, getattr(self, name), least, most)


VOICE_ACTIVITY: Mapping[str, ActivityParameters] = {
    "ami": ActivityParameters(0.684, 0.577, 0.181, 0.037),
    "dihard3": ActivityParameters(0.767, 0.377, 0.136, 0.067),
    "voxconverse": ActivityParameters(0.767, 0.713, 0.182, 0.501),
}
OVERLAPPED_SPEECH: Mapping[str, ActivityParameters] = {
    "ami": ActivityParameters(0.448, 0.362, 0.116, 0.187),
    "dihard3": ActivityParameters(0.430, 0.320, 0.091, 0.144),
    "voxconverse": ActivityParameters(0.587, 0.426, 0.337, 0.112),
}
RESEGMENTATION: Mapping[str, ActivityParameters] = {
    "ami": ActivityParameters(0.542, 0.527, 0.044, 0.705),
    "dihard3": ActivityParameters(0.592, 0.489, 0.163, 0.182),
    "voxconverse": ActivityParameters(0.537, 0.724, 0.410, 0.563),
}
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

PARITY: Mapping[str, Any] = {
    "segmentation_lowpass": 0.0,
    "segmentation_noise": 0.0,
    "min_duration_on": 0.0,
    "side_by_side": 0.0,
    "refine_clusters": False,
}
"""What pyannote's diarization knows nothing of, switched off."""

Parameters = TypeVar("Parameters", ActivityParameters, DiarizationParameters)


def choose(
    table: Mapping[str, Parameters],
    preset: str | os.PathLike[str] | None,
    default: Parameters,
    overrides: Mapping[str, Any],
) -> Parameters:
    """Settle hyper-parameters: the default, or a preset; then whatever was given by name.

    ``preset`` names a row of the table, or a JSON file with an object of parameters (over the
    default); of a file for diarization, detection takes the threshold and the gap that it fills.
    Overrides of None were not given. Unknown names raise ConfigError.
    """
    chosen = default
    if preset is not None and str(preset) in table:
        chosen = table[str(preset)]
    elif preset is not None:
        values = _read_preset(Path(preset), table)
        if isinstance(default, ActivityParameters):
            values = _of_detection(values)
        chosen = with_parameters(default, values)
    return with_parameters(chosen, {k: v for k, v in overrides.items() if v is not None})


def with_parameters(parameters: Parameters, values: Mapping[str, Any]) -> Parameters:
    """Replace some hyper-parameters by name, checking the names and kinds of values."""
    kinds = {field.name: getattr(parameters, field.name) for field in fields(parameters)}
    checked = {}
    for name, value in values.items():
        if name not in kinds:
            raise ConfigError(
                f"hyper-parameter {name!r} is unknown: choose from {', '.join(kinds)}"
            )
        kind = type(kinds[name])
        if kind in (int, float):
            fits = isinstance(value, Real) and not isinstance(value, bool)
            fits = fits and (kind is float or float(value).is_integer())
        else:
            fits = isinstance(value, kind)
        if not fits:
            raise ConfigError(f"{name} = {value!r} is not of the kind {kind.__name__}: correct it")
        checked[name] = kind(value)
    return replace(parameters, **checked)


def _of_detection(values: Mapping[str, Any]) -> dict[str, Any]:
    """Read a file of hyper-parameters, possibly tuned for diarization, as those of detection."""
    known = dict(values)
    if "segmentation_threshold" in known:
        known = {"onset": known["segmentation_threshold"], **known}
        known.setdefault("offset", known["onset"])
    detection = {field.name for field in fields(ActivityParameters)}
    others = {field.name for field in fields(DiarizationParameters)} - detection
    return {name: value for name, value in known.items() if name not in others}


def _read_preset(path: Path, table: Mapping[str, Any]) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        names = ", ".join(table) or "none is published"
        raise ConfigError(
            f"preset {str(path)!r} is neither published ({names}) nor a readable JSON file"
        ) from error
    if not isinstance(values, dict):
        raise ConfigError(f"preset file {str(path)!r} holds no JSON object of hyper-parameters")
    return values
