"""Trials cost the back end only, find what is better, and end when they are told to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from reference.corpora import Counted, write_corpus

from ovdiar import SpeakerDiarization
from ovdiar.errors import ConfigError
from ovdiar.metrics import Scoring, diarization_errors
from ovdiar.models import Models
from ovdiar.tuning import read_corpus, search, tune

if TYPE_CHECKING:
    from pathlib import Path

ONE_CLUSTER = {"threshold": 1.9}
"""Hyper-parameters that take everybody for one speaker."""


def _tune(folder: Path, *, pipeline: dict[str, Any] = ONE_CLUSTER, **options: Any) -> Any:
    models = write_corpus(folder / "corpus", **pipeline)
    corpus = read_corpus(folder / "corpus")
    options = {"trials": 12, "cache": folder / "cache", "quiet": True, **options}
    return tune(models, corpus, **options)


def test_a_poor_default_is_left_behind_on_recordings_not_tuned_on(tmp_path: Path) -> None:
    tuning = _tune(tmp_path)
    assert tuning.gain > 0.2
    assert tuning.parameters != tuning.candidates[0]
    assert tuning.parameters.threshold < 1.9


def test_a_default_that_cannot_be_improved_is_kept(tmp_path: Path) -> None:
    tuning = _tune(tmp_path, pipeline={"min_cluster_size": 1})
    assert tuning.gain <= 0
    assert tuning.parameters == tuning.candidates[0]


def test_errors_are_those_of_the_pipeline_itself(tmp_path: Path) -> None:
    scoring = Scoring(nist_collar_s=0.1)
    models = write_corpus(tmp_path / "corpus")
    corpus = read_corpus(tmp_path / "corpus")
    tuning = tune(models, corpus, trials=32, cache=tmp_path / "cache", quiet=True, scoring=scoring)
    for trial in (0, 7, 20, 31):
        parameters = tuning.candidates[trial]
        pipeline = SpeakerDiarization(models, **vars(parameters))
        for sample, errors in zip(corpus, tuning.errors[trial], strict=True):
            found = pipeline(sample.audio).speaker_diarization
            assert errors == diarization_errors(sample.reference, found, scoring=scoring)


def test_networks_run_once_however_many_trials_there_are(tmp_path: Path) -> None:
    models = write_corpus(tmp_path / "corpus")
    counted = Counted(models.segmentation)
    models = Models(models.bundle, counted, models.embedding)
    corpus = read_corpus(tmp_path / "corpus")
    for trials in (27, 28):
        tune(models, corpus, trials=trials, cache=tmp_path / "cache", quiet=True)
        assert counted.asked == 3 * 8
        assert models.embedding.asked == 5 * 3 * 8  # type: ignore[attr-defined]


def test_the_same_seed_gives_the_same(tmp_path: Path) -> None:
    first, second = (_tune(tmp_path / name, trials=30, seed=4, folds=2) for name in "ab")
    assert first == second


def test_an_interrupt_ends_the_trials_with_the_best_so_far(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = _tune(tmp_path)
    left = iter(range(9))

    def interrupted(*arguments: Any) -> Any:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return attempt(*arguments)

    attempt = search._try
    monkeypatch.setattr(search, "_try", interrupted)
    tuning = _tune(tmp_path)
    assert tuning.interrupted
    assert tuning.errors == whole.errors[:9]
    assert tuning.parameters in tuning.candidates[1:9]
    with pytest.raises(KeyboardInterrupt):
        _tune(tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trials": 0}, "0 trials"),
        ({"seed": -1}, "the seed -1"),
        ({"folds": 4}, "4 folds of 3 recordings: give 2 to 3"),
    ],
)
def test_impossible_searches_are_refused_before_any_network_runs(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        _tune(tmp_path, **options)
    assert not (tmp_path / "cache").exists()


def test_one_recording_is_too_few(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="1 recording with a reference: give at least 2"):
        _tune(tmp_path, pipeline={"voices": (2,)})
