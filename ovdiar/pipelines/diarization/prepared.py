"""The networks' outputs for one recording: everything that clustering needs."""

from __future__ import annotations

import io
import json
import math
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from ovdiar import files
from ovdiar.activity import speakers_active
from ovdiar.calibration import Calibration
from ovdiar.clustering.cluster import TreeSettings
from ovdiar.errors import FormatError, OvdiarError
from ovdiar.frames import FrameGrid, Frames, WindowedFrames, read_only
from ovdiar.networks.bundle import UNREADABLE_ARRAYS
from ovdiar.notices import Notice
from ovdiar.parameters import DiarizationParameters

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from numpy.typing import NDArray

SCHEMA = 1
"""Version of the files that this release writes and reads."""
HEADER = "header"
LEVELS = 1023
"""Steps of a rounded score between 0 and 1: as fine as three decimals."""
MAX_RATIO = 1100
"""Deflate's largest ratio of compression, a little exceeded."""
MAX_BYTES = 4 * 2**30
UNREADABLE = (*UNREADABLE_ARRAYS, MemoryError, IndexError, OverflowError, OvdiarError)
"""What a damaged or foreign file raises while it is read."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """The networks' outputs for one recording; it holds no audio.

    C windows of F frames and S speakers, embeddings of D dimensions, T frames in all.

    Parameters
    ----------
    scores : (C, F, S), the segmentation of each window
    active : (C, F, S) bool, its binarized form
    count : (T, 1), active speakers
    embeddings : (C, S, D), NaN where a speaker is inactive
    parameters : hyper-parameters of the pipeline; those of the front end produced the arrays
    strict_parity : whether scores and embeddings are exact; otherwise they are `rounded`
    uri, duration_s : name and length (s) of the recording, where they are known
    bundle : identity of the bundle (see `ovdiar.pipelines.diarization.provenance`)
    calibration : of confidence; None where turns get none
    notices : what was noticed while the recording was read
    trees : dendrograms of the embeddings
    """

    scores: WindowedFrames
    active: WindowedFrames
    count: Frames
    embeddings: NDArray[Any]
    parameters: DiarizationParameters
    strict_parity: bool = False
    uri: str | None = None
    duration_s: float | None = None
    bundle: Mapping[str, Any] | None = None
    calibration: Calibration | None = None
    notices: tuple[Notice, ...] = ()
    trees: Mapping[TreeSettings, NDArray[np.float64]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Freeze the embeddings."""
        object.__setattr__(self, "embeddings", read_only(self.embeddings))

    def rounded(self) -> Prepared:
        """Round scores to `LEVELS` and embeddings to half precision.

        So rounded, a file is small and gives the same answer as the arrays in memory, and the
        answer does not depend on the last digits of a processor.
        """
        levels = np.rint(self.scores.data * np.float32(LEVELS)).astype(np.uint16)
        scores = self.scores.with_data(levels / np.float32(LEVELS))
        with np.errstate(over="ignore"):
            halves = self.embeddings.astype(np.float16)
        if not np.array_equal(np.isfinite(halves), np.isfinite(self.embeddings)):
            return replace(self, scores=scores)
        return replace(self, scores=scores, embeddings=halves.astype(np.float32))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything to one ``.npz`` file, without pickles.

        It takes 30 to 100 KB for a minute of audio, and several times that with ``strict_parity``.

        Raises
        ------
        FormatError
            The file cannot be written.
        """
        files.write_bytes(Path(path), self.to_bytes())

    def to_bytes(self) -> bytes:
        """Return the content of the file that `save` writes."""
        speaking = speakers_active(self.active.data)
        arrays: dict[str, NDArray[Any]] = {
            "active": np.packbits(self.active.data),
            "count": self.count.data,
            **{f"tree{i}": tree for i, tree in enumerate(self.trees.values())},
        }
        numbers = {"embeddings": _narrowed(self.embeddings[speaking])}
        if not np.array_equal(self.scores.data, self.active.data):
            numbers["scores"] = _quantised(self.scores.data.transpose(0, 2, 1)[speaking])
        arrays |= {name: _planes(values) for name, values in numbers.items()}
        header = {
            "schema": SCHEMA,
            "shape": self.scores.data.shape,
            "dimension": self.embeddings.shape[2],
            "dtypes": [str(self.scores.data.dtype), str(self.embeddings.dtype)],
            "kinds": {name: values.dtype.newbyteorder("<").str for name, values in numbers.items()},
            "windows": _numbers(self.scores.windows),
            "frames": _numbers(self.scores.frames),
            "count": _numbers(self.count.grid),
            "parameters": self.parameters.to_dict(),
            "strict_parity": self.strict_parity,
            "uri": self.uri,
            "duration_s": self.duration_s,
            "bundle": self.bundle,
            "calibration": self.calibration and self.calibration.to_dict(),
            "notices": [notice.to_dict() for notice in self.notices],
            "trees": list(self.trees),
        }
        header["arrays"] = sorted(arrays)
        arrays[HEADER] = np.frombuffer(json.dumps(header).encode(), np.uint8)
        content = io.BytesIO()
        np.savez_compressed(content, **arrays)  # type: ignore[arg-type]
        return content.getvalue()

    @classmethod
    def load(cls, file: str | os.PathLike[str] | IO[bytes]) -> Prepared:
        """Read a file that `save` wrote, by its path or as a binary file object.

        Raises
        ------
        FormatError
            There is no such file, it is damaged or something else, or a newer ovdiar wrote it.
        """
        try:
            content = file.read() if hasattr(file, "read") else Path(file).read_bytes()
            _check_size(content)
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                return _read(arrays, json.loads(arrays[HEADER].tobytes()))
        except FileNotFoundError:
            raise FormatError(f"{file}: no such file: check the path") from None
        except UNREADABLE as error:
            if isinstance(error, _NewerError):
                raise FormatError(f"{file}: {error}") from None
            raise FormatError(
                f"{file} is no prepared recording, or it is damaged: make one with ovdiar diarize "
                "--keep FILE.npz"
            ) from error


class _NewerError(ValueError):
    """The file has a schema of a later release."""


def _check_size(content: bytes) -> None:
    """Refuse an archive that announces more than its bytes can hold."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        announced = sum(member.file_size for member in archive.infolist())
    if announced > min(MAX_BYTES, MAX_RATIO * len(content)):
        raise ValueError(announced)


def _read(arrays: Any, header: dict[str, Any]) -> Prepared:
    """Rebuild the arrays; whatever does not fit raises one of `UNREADABLE`."""
    if header["schema"] > SCHEMA:
        raise _NewerError(
            f"a prepared recording of schema {header['schema']}, and this ovdiar reads up to "
            f"{SCHEMA}: upgrade ovdiar"
        )
    if sorted(arrays) != sorted([HEADER, *header["arrays"]]):
        raise KeyError(header["arrays"])
    windows, frames, counted = (
        FrameGrid(*(_whole(number) for number in header[name]))
        for name in ("windows", "frames", "count")
    )
    shape = tuple(_whole(length) for length in header["shape"])
    size = math.prod(shape)
    active = np.unpackbits(arrays["active"], count=size).reshape(shape).astype(bool)
    speaking = speakers_active(active)
    score_type, embedding_type = (np.dtype(name) for name in header["dtypes"])
    numbers = {name: _values(arrays[name], kind) for name, kind in header["kinds"].items()}
    if "scores" in numbers:
        columns = np.zeros((shape[0], shape[2], shape[1]), score_type)
        columns[speaking] = _restored(numbers["scores"], score_type)
        scores = columns.transpose(0, 2, 1)
    else:
        scores = active.astype(score_type)
    embeddings = np.full((*speaking.shape, _whole(header["dimension"])), np.nan, embedding_type)
    embeddings[speaking] = numbers["embeddings"]
    windowed = WindowedFrames(scores, windows, frames)
    settings = [TreeSettings(*row) for row in header["trees"]]
    return Prepared(
        windowed,
        windowed.with_data(active),
        Frames(arrays["count"], counted),
        embeddings,
        DiarizationParameters(**header["parameters"]),
        strict_parity=header["strict_parity"],
        uri=header["uri"],
        duration_s=header["duration_s"],
        bundle=header["bundle"],
        calibration=header["calibration"] and Calibration.from_dict(header["calibration"]),
        notices=tuple(Notice(**row) for row in header["notices"]),
        trees={each: arrays[f"tree{i}"] for i, each in enumerate(settings)},
    )


def _narrowed(values: NDArray[Any]) -> NDArray[Any]:
    """Return the values in half precision where that loses nothing."""
    with np.errstate(over="ignore"):
        halves = values.astype(np.float16)
    return halves if np.array_equal(halves, values, equal_nan=True) else values


def _quantised(scores: NDArray[Any]) -> NDArray[Any]:
    """Return the scores as whole `LEVELS` where that loses nothing."""
    with np.errstate(invalid="ignore"):
        levels = np.rint(scores * np.float32(LEVELS)).astype(np.uint16)
    return levels if np.array_equal(_restored(levels, scores.dtype), scores) else scores


def _restored(scores: NDArray[Any], kind: np.dtype[Any]) -> NDArray[Any]:
    """Return scores from `_quantised` ones."""
    return scores if scores.dtype != np.uint16 else (scores / np.float32(LEVELS)).astype(kind)


def _planes(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Separate the bytes of numbers (N, M) -> (bytes, N, M), which compress better so."""
    ordered = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    return np.moveaxis(ordered[..., np.newaxis].view(np.uint8), -1, 0)


def _values(planes: NDArray[np.uint8], kind: str) -> NDArray[Any]:
    """Return numbers from their `_planes`."""
    joined = np.ascontiguousarray(np.moveaxis(planes, 0, -1)).view(kind)[..., 0]
    return joined.astype(joined.dtype.newbyteorder("="))


def _numbers(grid: FrameGrid) -> list[int]:
    return [grid.step, grid.width, grid.start, grid.rate]


def _whole(number: Any) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise ValueError(number)
    return number
