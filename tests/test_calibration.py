"""The numbers that confidence is calculated with."""

from __future__ import annotations

import math
from typing import Any

import pytest

from ovdiar.calibration import Calibration, VoiceCalibration
from ovdiar.errors import ModelError

NUMBERS = {"activation": 0.575, "margin": 2.118, "bias": -1.049, "largest_margin": 1.5}


def test_a_calibration_is_written_as_it_is_read() -> None:
    assert Calibration.from_dict(NUMBERS).to_dict() == NUMBERS


def test_other_numbers_beside_it_are_ignored() -> None:
    assert Calibration.from_dict({**NUMBERS, "more": None}) == Calibration(**NUMBERS)


@pytest.mark.parametrize("name", NUMBERS)
def test_a_missing_number_is_named(name: str) -> None:
    with pytest.raises(ModelError, match=f"calibration: {name} is missing"):
        Calibration.from_dict({key: value for key, value in NUMBERS.items() if key != name})


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [None, True, "1", [1.0], math.nan, math.inf, -101, 101, 10**400])
def test_what_is_no_number_or_out_of_range_is_named(name: str, value: Any) -> None:
    with pytest.raises(ModelError, match=f"calibration: {name} is .*, expected a number"):
        Calibration(**{**NUMBERS, name: value})


@pytest.mark.parametrize("value", [0, -0.5, 5.1])
def test_the_largest_margin_is_positive_and_bounded(value: float) -> None:
    with pytest.raises(ModelError, match="expected a number above 0, up to 5"):
        Calibration(**{**NUMBERS, "largest_margin": value})


@pytest.mark.parametrize("sign", [-1, 1])
def test_within_its_ranges_the_formula_does_not_overflow(sign: int) -> None:
    extreme = Calibration(sign * 100, sign * 100, sign * 100, 5)
    exponent = extreme.bias + extreme.activation + extreme.margin * extreme.largest_margin
    assert 0 < math.exp(-exponent) < math.inf


VOICE = {
    "similarity": 22.0,
    "cohort": -16.0,
    "log_seconds": -0.5,
    "bias": -5.0,
    "usual_cohort": 0.3,
}


def test_a_calibration_of_voices_is_the_logistic_formula() -> None:
    calibration = VoiceCalibration.from_dict(VOICE)
    logit = -5.0 + 22.0 * 0.7 - 16.0 * 0.35 - 0.5 * math.log(12.0)
    assert calibration(0.7, 0.35, 12.0) == pytest.approx(1 / (1 + math.exp(-logit)))
    assert calibration.to_dict() == VOICE


@pytest.mark.parametrize("name", VOICE)
@pytest.mark.parametrize("value", [None, True, "1", math.nan, 101])
def test_a_wrong_number_of_a_calibration_of_voices_is_named(name: str, value: Any) -> None:
    with pytest.raises(ModelError, match=f"calibration: {name} is .*, expected a number"):
        VoiceCalibration(**{**VOICE, name: value})


@pytest.mark.parametrize("seconds", [0.0, 1e9])
@pytest.mark.parametrize("sign", [-1, 1])
def test_within_its_ranges_a_probability_of_voices_does_not_overflow(
    sign: int, seconds: float
) -> None:
    extreme = VoiceCalibration(sign * 100, sign * 100, sign * 100, sign * 100, 0.3)
    assert 0 <= extreme(1.0, 1.0, seconds) <= 1
