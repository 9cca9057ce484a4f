"""ELAN annotation files (.eaf, EAF 3.0), one tier per speaker; times in milliseconds.

Annotations of a tier cannot overlap, so overlapping turns of the same speaker are merged.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from ovdiar.errors import FormatError
from ovdiar.formats.columns import seconds
from ovdiar.formats.tracks import (
    annotation_from_rows,
    checked_non_negative,
    checked_segment,
    merge_overlapping,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ovdiar.annotation import Annotation
    from ovdiar.segment import Segment

TYPE = "speech"
DOCTYPE = "<!DOCTYPE"
DOCUMENT = {
    "AUTHOR": "",
    "DATE": "1970-01-01T00:00:00+00:00",  # required; constant for reproducible files
    "FORMAT": "3.0",
    "VERSION": "3.0",
    "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xsi:noNamespaceSchemaLocation": "http://www.mpi.nl/tools/elan/EAFv3.0.xsd",
}


def dumps(annotation: Annotation) -> str:
    """Serialize one recording. Turns shorter than a millisecond after rounding are skipped.

    Raises
    ------
    FormatError
        If a turn starts before 0 s, or a speaker's name is empty or not printable.
    """
    root = ET.Element("ANNOTATION_DOCUMENT", DOCUMENT)
    ET.SubElement(root, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    slots = ET.SubElement(root, "TIME_ORDER")
    slot_numbers, turn_numbers = count(1), count(1)
    for label in checked_non_negative(annotation).labels():
        tier = ET.SubElement(root, "TIER", LINGUISTIC_TYPE_REF=TYPE, TIER_ID=_printable(label))
        for segment in merge_overlapping(annotation.label_timeline(label)):
            ends_ms = round(segment.start * 1000), round(segment.end * 1000)
            if ends_ms[0] == ends_ms[1]:
                continue
            names = [f"ts{next(slot_numbers)}" for _ in ends_ms]
            for name, time_ms in zip(names, ends_ms, strict=True):
                place = {"TIME_SLOT_ID": name, "TIME_VALUE": str(time_ms)}
                ET.SubElement(slots, "TIME_SLOT", place)
            turn = ET.SubElement(
                ET.SubElement(tier, "ANNOTATION"),
                "ALIGNABLE_ANNOTATION",
                ANNOTATION_ID=f"a{next(turn_numbers)}",
                TIME_SLOT_REF1=names[0],
                TIME_SLOT_REF2=names[1],
            )
            ET.SubElement(turn, "ANNOTATION_VALUE").text = label
    ET.SubElement(
        root,
        "LINGUISTIC_TYPE",
        GRAPHIC_REFERENCES="false",
        LINGUISTIC_TYPE_ID=TYPE,
        TIME_ALIGNABLE="true",
    )
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _printable(label: str) -> str:
    if not label or not label.isprintable():
        raise FormatError(
            f"the speaker {label!r} cannot name a tier (it is empty, or has unprintable "
            "characters): rename it"
        )
    return label


def loads(text: str, source: str = "EAF") -> Annotation:
    """Parse one recording. The speaker of a turn is the name of its tier.

    Parameters
    ----------
    text
        EAF document. Tiers that depend on another tier (words, translations) are ignored.
    source
        Name of the text in error messages.

    Raises
    ------
    FormatError
        If the text is not EAF, or an annotation has no times.
    """
    if DOCTYPE in text:
        raise FormatError(
            f"{source} has a document type (<!DOCTYPE>), which could define entities: remove it, "
            "as ELAN writes none"
        )
    try:
        root = ET.fromstring(text)  # noqa: S314 - without a document type there are no entities
    except (ET.ParseError, ValueError) as error:  # ValueError: not encodable as UTF-8
        raise FormatError(f"{source} is not valid XML ({error}): check the file") from None
    if root.tag != "ANNOTATION_DOCUMENT":
        raise FormatError(f"{source} starts with <{root.tag}>: expected <ANNOTATION_DOCUMENT>")
    return annotation_from_rows(sorted(_turns(root, source), key=lambda turn: turn[0]))


def _turns(root: ET.Element, source: str) -> Iterator[tuple[Segment, str]]:
    times = {slot.get("TIME_SLOT_ID"): slot.get("TIME_VALUE") for slot in root.iter("TIME_SLOT")}
    for tier in root.iter("TIER"):
        if tier.get("PARENT_REF") is not None:
            continue
        name = tier.get("TIER_ID", "")
        for turn in tier.iter("ALIGNABLE_ANNOTATION"):
            where = f"{source}, annotation {turn.get('ANNOTATION_ID')} of {name!r}"
            start, end = (times.get(turn.get(f"TIME_SLOT_REF{n}")) for n in (1, 2))
            if start is None or end is None or not (start.isdecimal() and end.isdecimal()):
                raise FormatError(f"{where} has no times: align it in ELAN")
            start_s, end_s = (seconds(t, "time", where) / 1000 for t in (start, end))
            yield checked_segment(start_s, end_s, where), name
