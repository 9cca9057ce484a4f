"""Collars cannot be mistaken for one another, and a scoring says what it is."""

from __future__ import annotations

import math

import pytest

from ovdiar.errors import ConfigError
from ovdiar.metrics import STRICT, Scoring


def test_a_collar_of_a_width_is_half_of_it_on_each_side() -> None:
    assert Scoring(collar_width_s=0.5).side_s == 0.25
    assert Scoring(nist_collar_s=0.25).side_s == 0.25
    assert STRICT.side_s == 0


def test_two_collars_are_refused_even_when_they_agree() -> None:
    with pytest.raises(ConfigError, match=r"two collars, 0\.5 s wide and 0\.25 s on each side"):
        Scoring(collar_width_s=0.5, nist_collar_s=0.25)


@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf])
def test_a_collar_that_is_no_length_of_time_is_refused(value: float) -> None:
    with pytest.raises(ConfigError, match=f"collar_width_s is {value}"):
        Scoring(collar_width_s=value)
    with pytest.raises(ConfigError, match=f"nist_collar_s is {value}"):
        Scoring(nist_collar_s=value)


@pytest.mark.parametrize(
    ("scoring", "key", "words"),
    [
        (STRICT, "S", "strict (no collar, overlap scored)"),
        (Scoring(collar_width_s=0.0), "S", "strict (no collar, overlap scored)"),
        (Scoring(collar_width_s=0.5), "C", "collar 0.25 s each side, overlap scored"),
        (Scoring(nist_collar_s=0.25), "C", "collar 0.25 s each side, overlap scored"),
        (
            Scoring(nist_collar_s=0.25, skip_overlap=True),
            "CX",
            "collar 0.25 s each side, overlap not scored",
        ),
        (Scoring(skip_overlap=True), "", "no collar, overlap not scored"),
        (Scoring(nist_collar_s=0.5), "", "collar 0.5 s each side, overlap scored"),
    ],
)
def test_the_fields_short_name_and_the_words(scoring: Scoring, key: str, words: str) -> None:
    assert (scoring.key, scoring.describe()) == (key, words)
