"""The state of a stream as a value: saved, loaded and resumed on another machine.

A state is a tree of the classes in `CLASSES`, of plain values and of arrays. Its file is one
``.npz`` without pickles: the tree as JSON, in which arrays are numbered.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, fields
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from ovdiar import files
from ovdiar.calibration import Calibration
from ovdiar.clustering.attenuation import Attenuation
from ovdiar.conditioning import Filter
from ovdiar.errors import FormatError
from ovdiar.frames import FrameGrid
from ovdiar.parameters import DiarizationParameters
from ovdiar.pipelines.diarization.prepared_file import HEADER, UNREADABLE, content_of
from ovdiar.streaming.decisions import Decisions, Span
from ovdiar.streaming.keeping import KeptAudio, KeptOutputs
from ovdiar.streaming.labelling import Labelling
from ovdiar.streaming.live_pieces import LivePieces
from ovdiar.streaming.recent import LiveWindow, Recent
from ovdiar.streaming.session import Session
from ovdiar.streaming.settings import OnlineSettings
from ovdiar.streaming.signal import Buffer, LevelMeter, LiveSignal
from ovdiar.streaming.speakers import Evidence, Speaker, Speakers
from ovdiar.streaming.speech import LivePiece
from ovdiar.streaming.turns import FinalTurn, LiveTurn, Turns
from ovdiar.windows import Slider

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from numpy.typing import NDArray

SCHEMA = 2
"""Version of the files that this release writes and reads."""
CLASSES: dict[str, type] = {
    each.__name__: each
    for each in (
        *(Attenuation, Buffer, Calibration, Decisions, DiarizationParameters),
        *(Evidence, Filter, FinalTurn, FrameGrid, LivePieces),
        *(KeptAudio, KeptOutputs, Labelling, LevelMeter),
        *(LivePiece, LiveSignal, LiveTurn, LiveWindow, OnlineSettings, Recent, Session, Slider),
        *(Span, Speaker, Speakers, Turns),
    )
}
"""The classes of which a state consists. Only these are made when a file is read."""
BY_HAND = {
    "Slider": (("windows", "batch_size"), ("held", "start", "first")),
    "Filter": (("taps", "mirrored", "spectrum"), ("pieces", "received", "returned", "edge")),
}
"""Arguments and further attributes of those that are no dataclasses."""


@dataclass(frozen=True, eq=False)
class OnlineState:
    """Everything that an `OnlineDiarizer` remembers of a stream, without the networks.

    ``bundle`` is the identity of the bundle, and ``content`` the file's.
    """

    bundle: Mapping[str, Any]
    content: bytes

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the state to a file.

        Raises
        ------
        OutputError
            The file cannot be written.
        """
        files.write_bytes(path, self.content)

    @classmethod
    def load(cls, file: str | os.PathLike[str] | IO[bytes]) -> OnlineState:
        """Read a state from a file or a binary file object.

        Raises
        ------
        FormatError
            There is no such file, it is damaged or something else, or another ovdiar wrote it.
        """
        content = content_of(file)
        header, _ = _opened(content, str(file))
        return cls(header["bundle"], content)

    def session(self) -> Session:
        """Return the stream, to be run by the networks.

        Raises
        ------
        FormatError
            The content is damaged.
        """
        header, arrays = _opened(self.content, "this state")
        try:
            session = _decoded(header["session"], arrays)
            if not isinstance(session, Session):
                raise TypeError(type(session))
        except UNREADABLE as error:
            raise FormatError(
                "this state of a stream is damaged: begin another OnlineDiarizer"
            ) from error
        return session


def state_of(session: Session, bundle: Mapping[str, Any]) -> OnlineState:
    """Take a copy of a stream."""
    arrays: list[NDArray[Any]] = []
    tree = _encoded(session, arrays)
    header = {"schema": SCHEMA, "bundle": dict(bundle), "session": tree}
    content = io.BytesIO()
    named = {f"a{number}": array for number, array in enumerate(arrays)}
    named[HEADER] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    np.savez(content, **named)  # type: ignore[arg-type]
    return OnlineState(dict(bundle), content.getvalue())


def _opened(content: bytes, source: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as opened:
            arrays = dict(opened)
        header = json.loads(arrays.pop(HEADER).tobytes())
        schema, _, _ = header["schema"], header["bundle"], header["session"]
    except UNREADABLE as error:
        raise FormatError(
            f"{source} is no state of a stream, or it is damaged: save one with OnlineState.save"
        ) from error
    if schema != SCHEMA:
        raise FormatError(
            f"{source}: a state of schema {schema}, and this ovdiar reads {SCHEMA}: load it with "
            "the ovdiar that saved it, or begin another OnlineDiarizer"
        )
    return header, arrays


def _encoded(value: Any, arrays: list[NDArray[Any]]) -> Any:
    if value is None or isinstance(value, (bool, int, float, str, np.generic)):
        return value.item() if isinstance(value, np.generic) else value
    if isinstance(value, bytes):
        arrays.append(np.frombuffer(value, np.uint8))
        return {"bytes": len(arrays) - 1}
    if isinstance(value, np.ndarray):
        arrays.append(value)
        return {"array": len(arrays) - 1}
    if isinstance(value, (list, tuple)):
        kind = "list" if isinstance(value, list) else "tuple"
        return {kind: [_encoded(each, arrays) for each in value]}
    if isinstance(value, dict):
        return {"dict": [[_encoded(k, arrays), _encoded(v, arrays)] for k, v in value.items()]}
    name = type(value).__name__
    names = _names(name, type(value))
    return {
        "class": name,
        "values": {each: _encoded(getattr(value, each), arrays) for each in names},
    }


def _decoded(tree: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    if not isinstance(tree, dict):
        return tree
    if "class" in tree:
        values = {name: _decoded(each, arrays) for name, each in tree["values"].items()}
        return _made(tree["class"], values)
    ((kind, inner),) = tree.items()
    if kind in ("array", "bytes"):
        found = arrays[f"a{inner}"]
        return found.tobytes() if kind == "bytes" else found
    if kind == "dict":
        return {_decoded(k, arrays): _decoded(v, arrays) for k, v in inner}
    items = [_decoded(each, arrays) for each in inner]
    return items if kind == "list" else tuple(items)


def _names(name: str, cls: type) -> list[str]:
    if name in BY_HAND:
        return [each for group in BY_HAND[name] for each in group]
    return [each.name for each in fields(CLASSES[name])] if cls is CLASSES[name] else []


def _made(name: str, values: dict[str, Any]) -> Any:
    cls = CLASSES[name]
    if set(values) != set(_names(name, cls)):
        raise KeyError(name)
    if name not in BY_HAND:
        return cls(**values)
    _, attributes = BY_HAND[name]
    if name == "Slider":
        made: Any = Slider(values["windows"], values["batch_size"])
    else:
        made = Filter(values["taps"], mirrored=values["mirrored"], spectrum=values["spectrum"])
    for each in attributes:
        setattr(made, each, values[each])
    return made
