"""The file of a prepared recording: one ``.npz`` without pickles."""

from __future__ import annotations

import io
import json
import math
import zipfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from ovdiar.activity import speakers_active
from ovdiar.calibration import Calibration
from ovdiar.clustering.attenuation import MergeTree
from ovdiar.clustering.window_speakers import MergeSettings, TreeSettings
from ovdiar.errors import FormatError, OvdiarError
from ovdiar.frames import FrameGrid, Frames, WindowedFrames
from ovdiar.networks.bundle import UNREADABLE_ARRAYS
from ovdiar.notices import Notice
from ovdiar.parameters import DiarizationParameters
from ovdiar.pieces import Pieces

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

    from ovdiar.pipelines.diarization.prepared import Prepared

SCHEMA = 1
"""Version of the files that this release writes and reads."""
LEVELS = 1023
"""Steps of a rounded score between 0 and 1: as fine as three decimals."""
HEADER = "header"
MERGE_TREE = ("first", "merges", "scores", "seconds")
MAX_RATIO = 1100
"""Deflate's largest ratio of compression, a little exceeded."""
MAX_BYTES = 4 * 2**30
UNREADABLE = (*UNREADABLE_ARRAYS, MemoryError, IndexError, OverflowError, OvdiarError)
"""What a damaged or foreign file raises while it is read."""


class _NewerError(ValueError):
    """The file has a schema of a later release."""


def dumps(prepared: Prepared) -> bytes:
    """Return the content of the file.

    Window speakers that are inactive are left out. Numbers are stored in few bytes where that loses
    nothing: scores of 0 and 1 not at all, rounded ones as whole `LEVELS`, embeddings in half
    precision.
    """
    speaking = speakers_active(prepared.active.data)
    arrays: dict[str, NDArray[Any]] = {
        "active": np.packbits(prepared.active.data),
        "count": prepared.count.data,
    }
    trees: list[list[Any]] = []
    for number, (settings, tree) in enumerate(prepared.trees.items()):
        if isinstance(tree, MergeTree):
            trees.append(["corrected", *settings])
            arrays |= {f"tree{number}{name}": getattr(tree, name) for name in MERGE_TREE}
        else:
            trees.append(["linkage", *settings])
            arrays[f"tree{number}"] = tree
    numbers = {"embeddings": _narrowed(prepared.embeddings[speaking])}
    if not np.array_equal(prepared.scores.data, prepared.active.data):
        numbers["scores"] = _quantised(prepared.scores.data.transpose(0, 2, 1)[speaking])
    if prepared.pieces is not None and prepared.piece_embeddings is not None:
        arrays |= {"runs": prepared.pieces.runs, "owner": prepared.pieces.owner}
        numbers["pieces"] = _narrowed(prepared.piece_embeddings)
    arrays |= {name: _planes(values) for name, values in numbers.items()}
    header = {
        "schema": SCHEMA,
        "arrays": sorted(arrays),
        "shape": prepared.scores.data.shape,
        "dimension": prepared.embeddings.shape[2],
        "dtypes": [str(prepared.scores.data.dtype), str(prepared.embeddings.dtype)],
        "kinds": {name: values.dtype.newbyteorder("<").str for name, values in numbers.items()},
        "windows": _numbers(prepared.scores.windows),
        "frames": _numbers(prepared.scores.frames),
        "count": _numbers(prepared.count.grid),
        "parameters": prepared.parameters.to_dict(),
        "strict_parity": prepared.strict_parity,
        "uri": prepared.uri,
        "duration_s": prepared.duration_s,
        "bundle": prepared.bundle,
        "calibration": prepared.calibration and prepared.calibration.to_dict(),
        "notices": [notice.to_dict() for notice in prepared.notices],
        "trees": trees,
    }
    arrays[HEADER] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)  # type: ignore[arg-type]
    return content.getvalue()


def content_of(file: str | os.PathLike[str] | IO[bytes]) -> bytes:
    """Read a file by its path, or a binary file object.

    Raises
    ------
    FormatError
        There is no such file, or it cannot be read.
    """
    try:
        content: bytes = file.read() if hasattr(file, "read") else Path(file).read_bytes()
    except FileNotFoundError:
        raise FormatError(f"{file}: no such file: check the path") from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = getattr(error, "strerror", None) or error
        raise FormatError(f"{file}: cannot be read ({reason}): check the path") from None
    return content


def loads(content: bytes, source: str) -> dict[str, Any]:
    """Return the fields of a prepared recording by name; ``source`` names the file in messages.

    Raises
    ------
    FormatError
        The content is damaged or something else, or a newer ovdiar wrote it.
    """
    try:
        _check_size(content)
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return _read(arrays, json.loads(arrays[HEADER].tobytes()))
    except _NewerError as error:
        raise FormatError(f"{source}: {error}") from None
    except UNREADABLE as error:
        raise FormatError(
            f"{source} is no prepared recording, or it is damaged: make one with ovdiar diarize "
            "--keep FILE.npz"
        ) from error


def _check_size(content: bytes) -> None:
    """Refuse an archive that states more than its bytes can hold."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        stated = sum(member.file_size for member in archive.infolist())
    if stated > min(MAX_BYTES, MAX_RATIO * len(content)):
        raise ValueError(stated)


def _read(arrays: Any, header: dict[str, Any]) -> dict[str, Any]:
    """Rebuild the fields; whatever does not fit raises one of `UNREADABLE`."""
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
    active = np.unpackbits(arrays["active"], count=math.prod(shape)).reshape(shape).astype(bool)
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
    fields = {
        "scores": windowed,
        "active": windowed.with_data(active),
        "count": Frames(arrays["count"], counted),
        "embeddings": embeddings,
        "parameters": DiarizationParameters(**header["parameters"]),
        "calibration": header["calibration"] and Calibration.from_dict(header["calibration"]),
        "notices": tuple(Notice(**row) for row in header["notices"]),
        "trees": dict(_tree(arrays, number, row) for number, row in enumerate(header["trees"])),
        **{name: header[name] for name in ("strict_parity", "uri", "duration_s", "bundle")},
    }
    if "pieces" in numbers:
        fields["pieces"] = Pieces(arrays["runs"], arrays["owner"])
        fields["piece_embeddings"] = numbers["pieces"].astype(embedding_type)
    return fields


def _tree(
    arrays: Any, number: int, row: list[Any]
) -> tuple[TreeSettings | MergeSettings, NDArray[np.float64] | MergeTree]:
    kind, *settings = row
    if kind == "linkage":
        return TreeSettings(*settings), arrays[f"tree{number}"]
    parts = {name: arrays[f"tree{number}{name}"] for name in MERGE_TREE}
    return MergeSettings(*settings), MergeTree(**parts)


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
