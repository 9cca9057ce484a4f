"""JSON as pyannote.audio 4 serializes a diarization: lists of start (s), end (s) and speaker.

``{"diarization": [{"start": 0.0, "end": 1.5, "speaker": "SPEAKER_00"}, ...],
"exclusive_diarization": [...], "speakers": [...], "notices": [...], "provenance": {...}}``, times
to the millisecond (see `ovdiar.serialization`). Turns with a known confidence (0 to 1) have a
fourth key, ``confidence``. The answer of the service (see `ovdiar.serve.schema`), whose list is
``segments``, is read too, and so is JSON of other programs (see `ovdiar.formats.foreign_json`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ovdiar.annotation import Annotation, Turn
from ovdiar.errors import FormatError
from ovdiar.formats.columns import seconds
from ovdiar.formats.foreign_json import SEGMENTS, as_ours
from ovdiar.formats.tracks import checked_segment
from ovdiar.notices import Notice
from ovdiar.serialization import EXCLUSIVE, NOTICES, OVERLAPPING, PROVENANCE, serialize
from ovdiar.texts import dump_json, parse_json, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True)
class Saved:
    """Contents of a file of turns.

    Parameters
    ----------
    annotation
        Turns, possibly overlapping.
    exclusive
        Turns with one speaker at a time; JSON only.
    provenance
        How the turns were made; JSON only.
    notices
        Notices of the result; JSON only.
    """

    annotation: Annotation
    exclusive: Annotation | None = None
    provenance: Mapping[str, Any] | None = None
    notices: tuple[Notice, ...] | None = None

    def rename_labels(self, names: Mapping[str, str]) -> Saved:
        """Rename speakers in both lists of turns."""
        exclusive = self.exclusive and self.exclusive.rename_labels(names)
        return replace(self, annotation=self.annotation.rename_labels(names), exclusive=exclusive)


def dumps(
    annotation: Annotation,
    exclusive: Annotation | None = None,
    provenance: Mapping[str, Any] | None = None,
    notices: Iterable[Notice] | None = None,
) -> str:
    """Serialize one recording.

    Parameters
    ----------
    annotation
        Turns, possibly overlapping.
    exclusive
        Turns with one speaker at a time, if known.
    provenance
        How the turns were made, if known.
    notices
        Notices of the result, if known.
    """
    return dump_json(serialize(annotation, exclusive, provenance, notices))


def loads(text: str, source: str = "JSON", part: str = OVERLAPPING) -> Annotation:
    """Parse the turns of one recording. The provenance gives its ``uri``.

    Parameters
    ----------
    text
        An object with the list ``part``, or only that list. Other keys are ignored.
    source
        Name of the text in error messages.
    part
        Key of the list to read.

    Raises
    ------
    FormatError
        If the text is not JSON, or a turn is malformed; the message gives its number.
    """
    return _turns(_content(text, source), source, part)


def load_saved(text: str, source: str = "JSON") -> Saved:
    """Parse both lists of turns and the provenance of one recording; errors as in `loads`."""
    content = _content(text, source)
    exclusive = _turns(content, source, EXCLUSIVE) if EXCLUSIVE in content else None
    provenance = content.get(PROVENANCE)
    return Saved(
        _turns(content, source, OVERLAPPING),
        exclusive,
        provenance if isinstance(provenance, dict) else None,
        _notices(content),
    )


def _content(text: str, source: str) -> dict[str, Any]:
    """Return an object with the list of turns: ours, the service's, another program's or alone."""
    content = parse_json(text, source)
    return as_ours(content if isinstance(content, dict) else {SEGMENTS: content}, source)


def _notices(content: dict[str, Any]) -> tuple[Notice, ...] | None:
    """Return the notices of a result, if all are well-formed."""
    rows = content.get(NOTICES)
    fields = {"code": str, "text": str, "values": dict}
    whole = isinstance(rows, list) and all(
        isinstance(row, dict)
        and row.keys() == fields.keys()
        and all(isinstance(row[name], kind) for name, kind in fields.items())
        for row in rows
    )
    return tuple(Notice(**row) for row in rows) if isinstance(rows, list) and whole else None


def _turns(content: dict[str, Any], source: str, part: str) -> Annotation:
    rows = content.get(part)
    if not isinstance(rows, list):
        raise FormatError(f"{source} has no list {part!r}: give a diarization saved as JSON")
    provenance = content.get(PROVENANCE)
    uri = provenance.get("uri") if isinstance(provenance, dict) else None
    return Annotation(
        tuple(_turn(row, place, f"{source}, turn {place}") for place, row in enumerate(rows, 1)),
        uri=uri if isinstance(uri, str) else None,
    )


def _turn(row: Any, place: int, where: str) -> Turn:
    try:
        start, end, speaker = (row[key] for key in ("start", "end", "speaker"))
    except (KeyError, TypeError, IndexError):
        raise FormatError(f"{where}: expected an object with start, end and speaker") from None
    if isinstance(speaker, bool) or not isinstance(speaker, (str, int)):
        raise FormatError(f"{where}: the speaker {quoted(speaker)} is not a name: give a string")
    segment = checked_segment(seconds(start, "start", where), seconds(end, "end", where), where)
    return Turn(segment, str(speaker), f"{place:08d}", _confidence(row.get("confidence"), where))


def _confidence(value: Any, where: str) -> float | None:
    if value is None:
        return None
    if not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise FormatError(
            f"{where}: the confidence {quoted(value)} is not a number from 0 to 1: correct it"
        )
    return float(value)
