"""The number of speakers is compared recording by recording."""

from __future__ import annotations

from ovdiar.annotation import Annotation
from ovdiar.metrics import SpeakerCounts, speaker_counts
from ovdiar.segment import Segment

TWO = Annotation.of([(0, 1, "A"), (1, 2, "B")])
THREE = Annotation.of([(0, 1, "x"), (1, 2, "y"), (5, 6, "z")])


def test_one_speaker_too_many_and_one_too_few_do_not_cancel() -> None:
    both = speaker_counts(TWO, THREE) + speaker_counts(THREE, TWO)
    assert both == SpeakerCounts(expected=5, found=5, error=2, exact=0, recordings=2)
    assert (both.rate, both.accuracy) == (1, 0)


def test_the_exact_number_counts_as_exact() -> None:
    counts = speaker_counts(TWO, TWO) + speaker_counts(TWO, THREE)
    assert (counts.rate, counts.accuracy) == (0.5, 0.5)


def test_speakers_outside_scored_time_do_not_count() -> None:
    assert speaker_counts(TWO, THREE, uem=[Segment(0, 2)]).error == 0


def test_no_recordings_make_no_error() -> None:
    assert (SpeakerCounts().rate, SpeakerCounts().accuracy) == (0, 1)
