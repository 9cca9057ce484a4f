"""Write a part's networks in the precision asked for: verified in float32, then compressed."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovdiar.errors import ConfigError

from .. import writer
from ..verify import speech, verify_part

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from ..parts import Part
    from ..verify import Evaluation
    from .quantize import Precision


MOST_STATIC = 1024
"""More windows at once would fill gigabytes, and be no faster."""


@dataclass(frozen=True)
class Written:
    """What was written: digests of the files, differences of float32, cost of the precision."""

    files: Mapping[str, str]
    parity: Mapping[str, float]
    cost: Mapping[str, float]


@dataclass(frozen=True)
class Request:
    """A precision, the recordings that int8 is calibrated on, and what float32 is held to.

    Where an RTTM file lies beside a recording, its speakers tell what an embedding lost. ``static``
    is the fixed number of windows that networks take at once; None leaves shapes free.
    """

    precision: Precision = "f32"
    recordings: tuple[Path, ...] = ()
    evaluation: Evaluation = "numpy"
    static: int | None = None

    def __post_init__(self) -> None:
        """Refuse int8 without audio, and a batch that cannot be meant."""
        if self.static is not None and not 1 <= self.static <= MOST_STATIC:
            raise ConfigError(f"--static is {self.static}: give 1 to {MOST_STATIC} windows")
        if self.precision == "int8" and not self.recordings:
            raise ConfigError(
                "precision int8 is calibrated on audio: give --calibrate with recordings of yours"
            )


def write_part(
    part: Part, tensors: Mapping[str, NDArray[Any]], folder: Path, request: Request, source: Path
) -> Written:
    """Write a part below ``folder``; ``source`` is the file that it was made from.

    Raises
    ------
    ModelError
        The float32 networks differ from their evaluation.
    ConfigError, MissingPackageError, AudioError
        See `quantize.compress` and `cost.shares`.
    """
    if request.precision == "f32":
        files = writer.save_networks(part, folder)
        return Written(files, _verify(part, tensors, folder, request, source), {})
    from .cost import cost, pieces, shares  # noqa: PLC0415 - float32 needs none of it
    from .quantize import compress_part  # noqa: PLC0415 - likewise

    with tempfile.TemporaryDirectory() as exact_folder:
        exact = Path(exact_folder)
        writer.save_networks(part, exact)
        parity = _verify(part, tensors, exact, request, source)
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
        return Written(files, parity, cost(part, exact, folder, test, voices))


def _verify(
    part: Part, tensors: Mapping[str, NDArray[Any]], folder: Path, request: Request, source: Path
) -> dict[str, float]:
    return verify_part(part, tensors, folder, using=request.evaluation, checkpoint=source)


def _labelled(recordings: tuple[Path, ...]) -> list[tuple[Path, Any]]:
    """Pair recordings with the turns that lie beside them."""
    from ovdiar import formats  # noqa: PLC0415 - only an embedding's cost asks who speaks

    beside = [(path, path.with_suffix(".rttm")) for path in recordings]
    return [(path, formats.read(rttm)) for path, rttm in beside if rttm.is_file()]
