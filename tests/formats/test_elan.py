"""ELAN's tiers: a speaker each, dependent tiers left out, and nothing of XML goes wrong."""

from __future__ import annotations

import pytest
from reference.spoken import rows

from ovdiar.annotation import Annotation
from ovdiar.errors import FormatError
from ovdiar.formats import elan

FILE = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2024-01-01T00:00:00Z" FORMAT="3.0" VERSION="3.0">
<HEADER TIME_UNITS="milliseconds"/>
<TIME_ORDER><TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="500"/><TIME_SLOT TIME_SLOT_ID="ts2"/>
<TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="2000"/></TIME_ORDER>
<TIER TIER_ID="Ann" LINGUISTIC_TYPE_REF="t"><ANNOTATION><ALIGNABLE_ANNOTATION
ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts3"><ANNOTATION_VALUE>so it
</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER>
<TIER TIER_ID="Ann words" PARENT_REF="Ann" LINGUISTIC_TYPE_REF="w"><ANNOTATION>
<ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
<ANNOTATION_VALUE>so</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER>
</ANNOTATION_DOCUMENT>"""


def test_files_of_elan_are_read() -> None:
    assert rows(elan.loads(FILE)) == [(0.5, 2.0, "Ann")]


def test_the_same_turns_make_the_same_file() -> None:
    turns = [(0.0, 1.0, "B"), (0.5, 2.0, "A")]
    assert elan.dumps(Annotation.of(turns)) == elan.dumps(Annotation.of(turns[::-1]))


def test_what_is_shorter_than_a_millisecond_has_no_place() -> None:
    assert "TIME_SLOT_ID" not in elan.dumps(Annotation.of([(1.0001, 1.0004, "A")]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("so it goes", "is not valid XML"),
        (FILE.replace("so it", "\ud800"), "is not valid XML"),
        ("<svg/>", "starts with <svg>: expected <ANNOTATION_DOCUMENT>"),
        (FILE.replace(' PARENT_REF="Ann"', ""), "annotation a2 of 'Ann words' has no times"),
        (FILE.replace('"500"', '"3000"'), "the end 2.0 s is before the start 3.0 s"),
        (FILE.replace('"500"', '"-500"'), "annotation a1 of 'Ann' has no times"),
    ],
)
def test_what_is_malformed_is_named(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        elan.loads(text)


def test_entities_that_explode_are_refused() -> None:
    entities = '<!ENTITY a0 "boom">' + "".join(
        f'<!ENTITY a{n} "{10 * f"&a{n - 1};"}">' for n in range(1, 12)
    )
    with pytest.raises(FormatError, match="has a document type"):
        elan.loads(f"<!DOCTYPE x [{entities}]><ANNOTATION_DOCUMENT>&a11;</ANNOTATION_DOCUMENT>")


@pytest.mark.parametrize("name", ["", "A\nB", "A\x00"])
def test_names_that_xml_cannot_hold_are_refused(name: str) -> None:
    with pytest.raises(FormatError, match="rename it"):
        elan.dumps(Annotation.of([(0, 1, name)]))
