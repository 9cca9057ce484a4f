"""What is held out has no part in what is chosen for it, and ties favour the default."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovdiar import presets
from ovdiar.errors import ConfigError
from ovdiar.metrics import DiarizationErrors, Scoring
from ovdiar.parameters import DiarizationParameters
from ovdiar.tuning.outcome import Tuning, pooled, split
from ovdiar.tuning.summary import to_text

if TYPE_CHECKING:
    from pathlib import Path

Seconds = list[list[int]]


def _tuning(missed_s: Seconds, folds: int | None = None, total_s: float = 100.0) -> Tuning:
    """Make the outcome of trials (rows) on recordings (columns) from the seconds missed."""
    errors = tuple(
        tuple(DiarizationErrors(miss_s=float(s), total_s=total_s) for s in row) for row in missed_s
    )
    tried = tuple(DiarizationParameters(threshold=0.01 * n) for n in range(len(missed_s)))
    number = len(missed_s[0])
    return Tuning(tuple("abcdefgh"[:number]), tried, errors, split(number, folds, 0))


TABLES = st.integers(2, 6).flatmap(
    lambda recordings: st.lists(
        st.lists(st.integers(0, 9), min_size=recordings, max_size=recordings),
        min_size=1,
        max_size=6,
    )
)


@given(recordings=st.integers(2, 30), folds=st.integers(2, 30), seed=st.integers(0, 5))
def test_folds_hold_every_recording_once_and_are_even(
    recordings: int, folds: int, seed: int
) -> None:
    dealt = split(recordings, min(folds, recordings), seed)
    assert sorted(sum(dealt, ())) == list(range(recordings))
    assert len(dealt) == min(folds, recordings)
    assert max(map(len, dealt)) - min(map(len, dealt)) <= 1
    assert dealt == split(recordings, min(folds, recordings), seed)


def test_without_folds_each_recording_is_held_out_alone() -> None:
    assert sorted(split(4, None, 0)) == [(0,), (1,), (2,), (3,)]


@pytest.mark.parametrize(("recordings", "folds"), [(1, None), (0, None), (3, 1), (3, 4), (3, 0)])
def test_folds_that_cannot_be_are_refused(recordings: int, folds: int | None) -> None:
    with pytest.raises(ConfigError, match="give"):
        split(recordings, folds, 0)


@given(table=TABLES, folds=st.integers(2, 3))
def test_held_out_errors_are_those_of_the_best_on_the_other_folds(
    table: Seconds, folds: int
) -> None:
    tuning = _tuning(table, min(folds, len(table[0])))
    for fold in tuning.folds:
        others = [n for n in range(len(table[0])) if n not in fold]
        totals = [sum(row[n] for n in others) for row in table]
        chosen = totals.index(min(totals))
        for recording in fold:
            assert tuning.held_out[recording].miss_s == table[chosen][recording]


@given(table=TABLES, data=st.data())
def test_a_recording_has_no_part_in_what_is_chosen_for_it(
    table: Seconds, data: st.DataObject
) -> None:
    recording = data.draw(st.integers(0, len(table[0]) - 1))
    others = [n for n in range(len(table[0])) if n != recording]
    choice = _tuning(table).best(others)
    for row in table:
        row[recording] = data.draw(st.integers(0, 99))
    assert _tuning(table).held_out[recording].miss_s == table[choice][recording]


def test_equals_favour_the_default_even_through_noise() -> None:
    tuning = _tuning([[5, 5], [5, 5]])
    almost = replace(tuning.errors[1][0], miss_s=5 - 1e-12)
    tuning = replace(tuning, errors=(tuning.errors[0], (almost, almost)))
    assert tuning.best([0, 1]) == 0
    assert tuning.gain == 0
    assert tuning.parameters == tuning.candidates[0]


def test_rates_are_pooled_by_speech_not_averaged() -> None:
    small = tuple(DiarizationErrors(miss_s=s, total_s=10.0) for s in (5.0, 0.0, 5.0))
    large = tuple(DiarizationErrors(miss_s=s, total_s=1000.0) for s in (100.0, 120.0, 90.0))
    tuning = replace(_tuning([[0, 0]] * 3), errors=tuple(zip(small, large, strict=True)))
    assert tuning.best([0, 1]) == 2
    assert pooled(tuning.default).rate == pytest.approx(105 / 1010)


def test_what_gains_everywhere_is_chosen() -> None:
    tuning = _tuning([[50, 40, 30], [20, 10, 5], [30, 30, 30]])
    assert tuning.gain == pytest.approx(85 / 300)
    assert tuning.parameters == tuning.candidates[1]


def test_what_gains_only_where_it_was_tuned_leaves_the_default() -> None:
    tuning = _tuning([[20, 20, 20], [0, 30, 29], [29, 0, 30], [30, 29, 0]])
    assert pooled(tuning.fitted).miss_s < pooled(tuning.default).miss_s
    assert tuning.gain < 0
    assert tuning.parameters == tuning.candidates[0]
    assert "tuning does not gain: the preset keeps the bundle's" in to_text(tuning)


def test_the_preset_gives_the_same_parameters_back(tmp_path: Path) -> None:
    tuning = _tuning([[50, 40], [20, 10]])
    path = tmp_path / "tuned.json"
    path.write_text(tuning.preset(), encoding="utf-8")
    default = DiarizationParameters(linkage="ward", min_cluster_size=99)
    assert presets.choose(presets.DIARIZATION, path, default, {}) == tuning.candidates[1]
    assert json.loads(tuning.preset())["threshold"] == 0.01


def test_the_report_shows_each_recording_the_pool_and_how_it_was_made() -> None:
    text = to_text(_tuning([[50, 40, 30], [20, 10, 5]]))
    lines = [line.split() for line in text.splitlines()]
    assert lines[0] == ["recording", "default", "held", "out", "fitted"]
    assert lines[1] == ["a", "50.00", "20.00", "20.00"]
    assert lines[4] == ["TOTAL", "40.00", "11.67", "11.67"]
    assert "scoring S: strict (no collar, overlap scored), optimal mapping" in text
    assert "2 of 2 trials; 3 recordings, each held out alone" in text
    assert "held-out DER 40.00 -> 11.67 % (better on 3 recordings, worse on 0)" in text
    assert "gain 28.33 points with threshold 0.0 -> 0.01" in text


def test_the_report_names_folds_collar_and_an_early_end() -> None:
    tuning = _tuning([[50, 40, 30], [20, 10, 5]], folds=2)
    text = to_text(
        replace(tuning, errors=tuning.errors[:1], interrupted=True, scoring=Scoring(0.5))
    )
    assert "1 of 2 trials, interrupted; 3 recordings, held out in 2 folds" in text
    assert "scoring C: collar 0.25 s each side, overlap scored" in text
