"""Errors are where the metrics count them, and as long."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from reference.scored_cases import Scored, scored

from ovdiar.annotation import Annotation
from ovdiar.metrics.der import diarization_errors
from ovdiar.report.comparison import KINDS, compare
from ovdiar.segment import Segment

REFERENCE = Annotation.of([(0.0, 4.0, "ann"), (4.0, 8.0, "bob"), (10.0, 11.0, "eve")])
FOUND = Annotation.of([(0.5, 5.0, "B"), (5.0, 8.0, "A"), (8.0, 9.0, "A"), (10.0, 11.0, "B")])


def test_errors_are_marked_where_they_are() -> None:
    compared = compare(REFERENCE, FOUND)
    assert compared.names == {"A": "bob", "B": "ann"}
    assert compared.regions == {
        "miss": (Segment(0.0, 0.5),),
        "false alarm": (Segment(8.0, 9.0),),
        "confusion": (Segment(4.0, 5.0), Segment(10.0, 11.0)),
    }


@given(scored())
def test_regions_last_as_long_as_the_errors_without_repeated_speakers(case: Scored) -> None:
    compared = compare(case.reference, case.hypothesis)
    errors = diarization_errors(case.reference, case.hypothesis)
    counted = (errors.miss_s, errors.false_alarm_s, errors.confusion_s)
    for kind, seconds in zip(KINDS, counted, strict=True):
        lasts = sum(segment.duration for segment in compared.regions[kind])
        assert lasts <= seconds + 1e-6
        assert (lasts == 0) == (seconds == 0)


def test_cells_tell_where_they_begin() -> None:
    from ovdiar.metrics.cells import scored_cells

    cells = scored_cells(REFERENCE, FOUND, uem=[Segment(0.25, 4.5), Segment(8.5, 10.5)])
    np.testing.assert_allclose(cells.starts_s, [0.25, 0.5, 4.0, 8.5, 9.0, 10.0])


@pytest.mark.parametrize("side", [REFERENCE, Annotation()])
def test_nothing_found_is_all_missed_and_nothing_true_all_invented(side: Annotation) -> None:
    missed = compare(side, Annotation())
    invented = compare(Annotation(), side)
    spoken = (Segment(0.0, 8.0), Segment(10.0, 11.0)) if side.turns else ()
    assert missed.regions == {"miss": spoken, "false alarm": (), "confusion": ()}
    assert invented.regions == {"miss": (), "false alarm": spoken, "confusion": ()}
