"""Read the values of a manifest: each has a type and a range, whatever the file states."""

from __future__ import annotations

import re
from math import comb
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from ovdiar.calibration import Calibration, VoiceCalibration
from ovdiar.errors import ConfigError, ModelError
from ovdiar.frames import FrameGrid
from ovdiar.parameters import DiarizationParameters
from ovdiar.texts import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_TEXT = 300
"""Characters of a name."""
MAX_ITEMS = 1000
"""Items of a list."""
MIN_RATE, MAX_RATE = 8_000, 192_000
"""Of audio, Hz."""
MIN_WINDOW_S, MAX_WINDOW_S = 0.5, 60
"""Of a network's input."""
MAX_FRAMES = 6000
"""Of a piece of speech: a minute of features, a hundredth of a second apart."""
MAX_PARTIALS = 16
"""Pieces that a frame of speech may lie in."""
MAX_CLASSES = 100
MAX_POWERSET = 4096
"""Sets of speakers that a powerset may have."""
MAX_SIZE = 2**16
"""Of a vector."""
MAX_STATIC = 1024
"""Windows at once of a bundle with fixed shapes: more would fill gigabytes and be no faster."""
MAX_COST_S = 1000.0
_DIGEST = re.compile("[0-9a-f]{64}")

PROCESSING_S: Mapping[str, float] = {"segmentation": 0.02, "pooled": 0.2, "utterance": 0.02}
"""What a network costs, s of a slow CPU for each second of audio that goes through it: of
segmentation, and of embeddings by their kind. Stands in for what a manifest does not state."""


class Entry:
    """An object of a manifest. Reading a value of another type or out of range is a ModelError.

    Parameters
    ----------
    value : what the manifest holds at ``place``; not necessarily an object
    place : dotted path from the top of the manifest, for messages; "" at the top
    """

    def __init__(self, value: Any, place: str = "") -> None:
        if not isinstance(value, dict):
            raise _wrong(place or "the top level", value, "an object")
        self._values: dict[str, Any] = value
        self._place = place

    def _at(self, name: str) -> str:
        return f"{self._place}.{name}" if self._place else name

    def _get(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise ModelError(f"{self._at(name)} is missing") from None

    def has(self, name: str) -> bool:
        """Tell whether a value is there and not null."""
        return self._values.get(name) is not None

    def entry(self, name: str) -> Entry:
        """Return an object within this one."""
        return Entry(self._get(name), self._at(name))

    def mapping(self, name: str) -> Mapping[str, Any]:
        """Return an object as it is."""
        return self.entry(name)._values  # noqa: SLF001 - of the same class

    def text(self, name: str) -> str:
        """Return a text: one line, not empty."""
        return _text(self._get(name), self._at(name))

    def choice(self, name: str, choices: Sequence[str]) -> str:
        """Return one of several texts."""
        value = self._get(name)
        if not isinstance(value, str) or value not in choices:
            raise _wrong(self._at(name), value, " or ".join(choices))
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts, at least one."""
        values, place = self._get(name), self._at(name)
        if not isinstance(values, list) or not 0 < len(values) <= MAX_ITEMS:
            raise _wrong(place, values, f"a list of 1 to {MAX_ITEMS} texts")
        return tuple(_text(value, place) for value in values)

    def whole(self, name: str, low: int, high: int) -> int:
        """Return a whole number from ``low`` to ``high``."""
        value = self._get(name)
        fits = isinstance(value, int) and not isinstance(value, bool)
        if not fits or not low <= value <= high:
            raise _wrong(self._at(name), value, f"a whole number from {low} to {high}")
        return int(value)

    def number(self, name: str, low: float, high: float) -> float:
        """Return a number from ``low`` to ``high``."""
        value = self._get(name)
        fits = isinstance(value, int | float) and not isinstance(value, bool)
        if not fits or not low <= value <= high:  # false for NaN, too
            raise _wrong(self._at(name), value, f"a number from {low:g} to {high:g}")
        return float(value)

    def digests(self, name: str) -> dict[str, str]:
        """Return SHA-256 digests by the paths of files within the bundle's folder."""
        values, place = self.mapping(name), self._at(name)
        if not values:
            raise _wrong(place, values, "at least one file")
        for path, digest in values.items():
            _text(path, f"a path in {place}")
            parts = PurePosixPath(path)
            if parts.is_absolute() or ".." in parts.parts or "\\" in path or ":" in path:
                raise _wrong(f"a path in {place}", path, "one within the bundle")
            if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
                raise _wrong(f"{place}[{path!r}]", digest, "a SHA-256")
        return dict(values)


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= MAX_TEXT:
        raise _wrong(place, value, f"a text of 1 to {MAX_TEXT} printable characters")
    return value


def _wrong(place: str, value: Any, wanted: str) -> ModelError:
    found = quoted(value, 60)
    if isinstance(value, dict | list):
        found = "an object" if isinstance(value, dict) else "a list"
    return ModelError(f"{place} is {found}, expected {wanted}")


def upgraded(manifest: Mapping[str, Any], schema: int) -> dict[str, Any]:
    """Bring a manifest of an older schema to ``schema``: fill in what it did not state yet.

    Schema 2 added ``processing_s`` of each network, which is filled in by its kind, and
    ``calibration``, which is not known of older bundles: None.
    """
    full = dict(manifest)
    if manifest["schema"] < 2:
        kind = Entry(manifest).entry("embedding").choice("kind", ("pooled", "utterance"))
        for name, cost in (("segmentation", "segmentation"), ("embedding", kind)):
            entry = Entry(manifest).mapping(name)
            full[name] = {**entry, "processing_s": PROCESSING_S[cost]}
        full["calibration"] = None
    return full | {"schema": schema}


def checked_hyper_parameters(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the hyper-parameters of a pipeline, or raise ModelError if one is unknown or wrong."""
    try:
        DiarizationParameters().with_values(values)
    except ConfigError as error:
        raise ModelError(f"pipeline: {error}") from None
    return values


def check_output(network: str, what: str, found: int, stated: int, tolerance: int = 0) -> None:
    """Raise ModelError if a network gives another number than its manifest states."""
    if abs(found - stated) > tolerance:
        raise ModelError(
            f"the {network} network gives {found} {what}, and its manifest states {stated}: export "
            "the bundle again"
        )


def columns_of(classes: int, powerset: int | None) -> int:
    """Return the number of columns of scores: one for each class, or each set of a powerset."""
    sizes = (1,) if powerset is None else range(powerset + 1)
    return sum(comb(classes, size) for size in sizes)


def segmentation_values(entry: Entry) -> dict[str, Any]:
    """Read the fields of a `SegmentationSpec`."""
    rate = entry.whole("sample_rate", MIN_RATE, MAX_RATE)
    window = entry.whole("window_samples", round(MIN_WINDOW_S * rate), MAX_WINDOW_S * rate)
    frames = entry.entry("frames")
    grid = FrameGrid(
        step=frames.whole("step", 1, window),
        width=frames.whole("width", 1, window),
        start=frames.whole("start", -window, window),
        rate=rate,
    )
    classes = entry.texts("classes")
    if len(classes) > MAX_CLASSES:
        raise ModelError(f"segmentation has {len(classes)} classes, expected 1 to {MAX_CLASSES}")
    powerset = entry.whole("powerset", 1, len(classes)) if entry.has("powerset") else None
    sets = columns_of(len(classes), powerset)
    if sets > MAX_POWERSET:
        raise ModelError(
            f"segmentation has {sets} sets of up to {powerset} of {len(classes)} speakers, "
            f"expected up to {MAX_POWERSET}"
        )
    return {
        "architecture": entry.text("architecture"),
        "window_samples": window,
        "frames": grid,
        "classes": classes,
        "powerset": powerset,
        "min_samples": entry.whole("min_samples", 1, window),
        "processing_s": entry.number("processing_s", 0, MAX_COST_S),
    }


def embedding_values(entry: Entry, rate: int) -> dict[str, Any]:
    """Read the fields of an `EmbeddingSpec`; the sample rate must be that of the segmentation."""
    kind = entry.choice("kind", ("pooled", "utterance"))
    longest = MAX_WINDOW_S * rate
    optional: dict[str, Any] = {}
    if entry.has("select"):
        optional["select"] = entry.choice("select", ("samples", "frames"))
    if entry.has("level_dbfs"):
        optional["level_dbfs"] = entry.number("level_dbfs", -200, 0)
    if entry.has("partial_frames"):
        partial = entry.whole("partial_frames", 0, MAX_FRAMES)
        optional["partial_frames"] = partial
        if partial:
            least = -(-partial // MAX_PARTIALS)
            optional["partial_step_frames"] = entry.whole("partial_step_frames", least, partial)
    if entry.has("min_frames"):
        optional["min_frames"] = entry.whole("min_frames", 0, MAX_FRAMES)
    if kind == "pooled":
        optional["channels"] = entry.whole("channels", 1, MAX_SIZE)
        if entry.has("context_samples"):
            optional["context_samples"] = entry.whole("context_samples", 0, longest)
    return {
        "architecture": entry.text("architecture"),
        "kind": kind,
        "rate": entry.whole("sample_rate", rate, rate),
        "dimension": entry.whole("dimension", 1, MAX_SIZE),
        "min_samples": entry.whole("min_samples", 1, longest),
        "hop_samples": entry.whole("hop_samples", 1, rate),
        "processing_s": entry.number("processing_s", 0, MAX_COST_S),
        **optional,
    }


def calibrations(top: Entry) -> dict[str, Any]:
    """Read the fields ``calibration`` and ``voice_calibration`` of a bundle, None where unknown."""
    if not top.has("calibration"):
        return {"calibration": None, "voice_calibration": None}
    entry = top.entry("calibration")
    voices = VoiceCalibration.from_dict(entry.mapping("voices")) if entry.has("voices") else None
    confidence = Calibration.from_dict(entry.mapping("confidence"))
    return {"calibration": confidence, "voice_calibration": voices}
