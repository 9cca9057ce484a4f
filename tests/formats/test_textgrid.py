"""TextGrids tile the time in each speaker's tier, and Praat's own forms are read."""

from __future__ import annotations

import pytest
from hypothesis import given
from reference.spoken import WORDS, conversations, rows

from ovdiar.annotation import Annotation
from ovdiar.errors import FormatError
from ovdiar.formats import textgrid

SHORT = """File type = "ooTextFile"
Object class = "TextGrid"

0
4
<exists>
3
"IntervalTier"
"Ann ""A"" B"
0
4
3
0
1.5
""
1.5
2
"so"
2
4
" "
"TextTier"
"clicks"
0
4
1
3
"!"
"IntervalTier"
"Bob"
0
4
1
0
4
"yes"
"""

LONG = """File type = "ooTextFile"
Object class = "TextGrid"
! a comment with "quotes" and 3 numbers
xmin = 0
xmax = 4
tiers? <exists>
size = 1
item []:
    item [1]:
        class = "IntervalTier"
        name = "Ann"
        xmin = 0
        xmax = 4
        intervals: size = 2
        intervals [1]:
            xmin = 0
            xmax = 1.5
            text = ""
        intervals [2]:
            xmin = 1.5
            xmax = 4
            text = "two
lines"
"""


def test_the_short_form_is_read() -> None:
    assert rows(textgrid.loads(SHORT)) == [(0.0, 4.0, "Bob"), (1.5, 2.0, 'Ann "A" B')]


def test_the_long_form_is_read() -> None:
    assert rows(textgrid.loads(LONG)) == [(1.5, 4.0, "Ann")]


def test_no_tiers_are_no_turns() -> None:
    head = 'File type = "ooTextFile"\nObject class = "TextGrid"\n0 1 <absent>'
    assert not len(textgrid.loads(head))


@given(conversations(WORDS))
def test_intervals_fill_each_tier_without_a_gap(annotation: Annotation) -> None:
    lines = textgrid.dumps(annotation).splitlines()
    ends = [line.partition(" = ")[2] for line in lines if line.startswith(("xmin", "xmax"))]
    whole = ends[:2]
    for tier in "\n".join(lines).split("\nitem [")[2:]:
        found = [line.partition(" = ")[2] for line in tier.splitlines() if line[:2] == "xm"]
        assert found[:2] == whole
        assert [found[2], found[-1]] == whole
        assert found[3:-1:2] == found[4::2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "ends where a text is expected: it is truncated"),
        (SHORT.replace("TextGrid", "Pitch"), "does not start with"),
        (SHORT[:120], "truncated"),
        (SHORT.replace("IntervalTier", "Tier"), "line 8: 'Tier' is not a tier class"),
        (SHORT.replace("<exists>", "yes 1"), "expected a flag, not '1'"),
        (SHORT.replace("\n3\n", "\n3.5\n", 1), "'3.5' is not a count"),
        (SHORT.replace("1.5\n2\n", "2\n1.5\n"), "the end 1.5 s is before the start 2.0 s"),
    ],
)
def test_what_is_malformed_is_named(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        textgrid.loads(text)


def test_times_before_the_recording_are_refused() -> None:
    with pytest.raises(FormatError, match=r"starts at -0\.5 s"):
        textgrid.dumps(Annotation.of([(-0.5, 1, "A")]))


def test_blank_names_are_not_taken_for_silence() -> None:
    with pytest.raises(FormatError, match="' ' stands for silence"):
        textgrid.dumps(Annotation.of([(0, 1, " ")]))


def test_gaps_that_praat_could_not_show_are_closed() -> None:
    turns = Annotation.of([(2e-7, 1.0, "A"), (1.0000004, 2.0, "A"), (0.0, 2.0000003, "B")])
    back = rows(textgrid.loads(textgrid.dumps(turns)))
    assert back == [(0.0, 1.0, "A"), (0.0, 2.0, "B"), (1.0, 2.0, "A")]
