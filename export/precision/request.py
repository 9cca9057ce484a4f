"""Write a part's networks in the requested precision: verified in float32, then compressed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ovdiar.errors import ConfigError, MissingPackageError
from ovdiar.networks.manifest import MAX_STATIC
from ovdiar.temporary import folder_in
from ovdiar.texts import files_of

from .. import writer
from ..verify import speech, verify_part

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from ..parts import Part
    from ..verify import Evaluation
    from .quantize import Precision


@dataclass(frozen=True)
class Verification:
    """How float32 networks compare with an independent evaluation of the same weights.

    Parameters
    ----------
    differences : the largest of each output, see `verify_part`
    evaluation : what evaluated the weights, "numpy", "torch" or "onnxruntime"; None where nothing
        could
    reason : why nothing could
    """

    differences: Mapping[str, float]
    evaluation: str | None
    reason: str = ""


@dataclass(frozen=True)
class Written:
    """What was written: SHA-256 of the files, their verification, the cost of the precision."""

    files: Mapping[str, str]
    verification: Verification
    cost: Mapping[str, float]


@dataclass(frozen=True)
class Request:
    """A precision, the recordings that calibrate int8, and the evaluation that verifies float32.

    Where an RTTM file lies beside a recording, the cost of an embedding is measured on its
    speakers. ``static`` is the fixed number of windows at once; None leaves shapes free.
    """

    precision: Precision = "f32"
    recordings: tuple[Path, ...] = ()
    evaluation: Evaluation = "numpy"
    static: int | None = None

    def __post_init__(self) -> None:
        """Refuse int8 without audio, and a batch out of range."""
        if self.static is not None and not 1 <= self.static <= MAX_STATIC:
            raise ConfigError(f"--static is {self.static}: give 1 to {MAX_STATIC} windows")
        if self.precision == "int8" and not self.recordings:
            raise ConfigError(
                "precision int8 needs audio for calibration: give --calibrate with recordings"
            )


def write_part(
    part: Part, tensors: Mapping[str, NDArray[Any]], folder: Path, request: Request, source: Path
) -> Written:
    """Write a part below ``folder``. ``source`` is the file that it was made from.

    Raises
    ------
    ModelError
        The float32 networks differ from their evaluation.
    ConfigError, MissingPackageError, AudioError
        See `quantize.compress` and `cost.shares`.
    """
    if request.precision == "f32":
        files = writer.save_networks(part, folder)
        verification = _verify(part, tensors, folder, request, source)
        return Written(files, verification, {})
    from .cost import cost, pieces, shares  # noqa: PLC0415 - float32 needs none of it
    from .quantize import compress_part  # noqa: PLC0415 - likewise

    with folder_in() as exact:
        writer.save_networks(part, exact)
        verification = _verify(part, tensors, exact, request, source)
        calibration: list[NDArray[np.float32]] = []
        test = [speech(int(part.entry["sample_rate"]))]
        if request.recordings:
            calibration, test = shares(request.recordings, part.entry)
        compressed = compress_part(part, request.precision, exact, calibration)
        files = writer.save_networks(
            compressed, folder, compress_to_fp16=request.precision == "f16"
        )
        voices = [
            piece
            for recording, turns in _labelled(request.recordings)
            for piece in pieces(recording, turns, part.entry)
        ]
        return Written(files, verification, cost(part, exact, folder, test, voices))


def _verify(
    part: Part, tensors: Mapping[str, NDArray[Any]], folder: Path, request: Request, source: Path
) -> Verification:
    from_onnx = part.entry["architecture"] == "ONNX"
    evaluation = "onnxruntime" if from_onnx else request.evaluation
    try:
        found = verify_part(part, tensors, folder, using=request.evaluation, checkpoint=source)
    except MissingPackageError as error:
        if not from_onnx:
            raise
        return Verification({}, None, str(error))
    if not found:
        return Verification({}, None, f"{part.entry['architecture']} has no other evaluation")
    return Verification(found, evaluation)


def _labelled(recordings: tuple[Path, ...]) -> list[tuple[Path, Any]]:
    """Pair recordings with the turns of the RTTM files beside them."""
    from ovdiar import formats  # noqa: PLC0415 - only the cost of an embedding needs them

    folders = {path.parent for path in recordings}
    beside = {file.with_suffix(""): file for each in folders for file in files_of(each, ".rttm")}
    named = [(path, beside.get(path.with_suffix(""))) for path in recordings]
    return [(path, formats.read(rttm)) for path, rttm in named if rttm is not None]
