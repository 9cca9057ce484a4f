"""Trials cost the back end only, find what is better, and end when they are told to."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from reference.corpora import Counted, write_corpus

from ovdiar import SpeakerDiarization
from ovdiar.errors import CancelledError, ConfigError
from ovdiar.metrics import Scoring, diarization_errors
from ovdiar.networks.models import Models
from ovdiar.tuning import read_corpus, search, tune

if TYPE_CHECKING:
    from pathlib import Path

ONE_CLUSTER = {"threshold": 1.9}
"""Hyper-parameters that take everybody for one speaker."""


def _tune(folder: Path, *, pipeline: dict[str, Any] = ONE_CLUSTER, **options: Any) -> Any:
    models = write_corpus(folder / "corpus", **pipeline)
    corpus = read_corpus(folder / "corpus")
    options = {"trials": 12, "cache": folder / "cache", **options}
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
    tuning = tune(models, corpus, trials=32, cache=tmp_path / "cache", scoring=scoring)
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
        tune(models, corpus, trials=trials, cache=tmp_path / "cache")
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


def test_a_hook_is_told_of_both_steps_and_their_outcome(tmp_path: Path) -> None:
    calls: list[tuple[str, Any, int | None, int | None]] = []

    def hook(name: str, artifact: Any, **more: Any) -> None:
        calls.append((name, artifact, more.get("completed"), more.get("total")))

    tuning = _tune(tmp_path, hook=hook)
    seconds = [call for call in calls if call[0] == "networks"]
    assert seconds[-1][1] == tuple(uri for uri in tuning.uris for _ in range(len(seconds) // 3))
    assert seconds[-2][2] == seconds[-2][3]
    trials = [call for call in calls if call[0] == "trials"]
    assert trials == [
        *(("trials", None, done, 12) for done in range(1, 13)),
        ("trials", tuning.errors, None, None),
    ]


def test_the_fraction_goes_from_nothing_to_all_whether_networks_run_or_not(tmp_path: Path) -> None:
    models = write_corpus(tmp_path / "corpus")
    corpus = read_corpus(tmp_path / "corpus")
    for least in (5, 10):
        told: list[float] = []
        tune(
            models,
            corpus,
            trials=12,
            cache=tmp_path / "cache",
            progress=lambda fraction, _eta_s, told=told: told.append(fraction),
        )
        assert told == sorted(told)
        assert (told[0], told[-1], told.count(1.0)) == (0.0, 1.0, 1)
        assert len(set(told)) > least


def test_cancelling_trials_gives_the_best_so_far(tmp_path: Path) -> None:
    whole, cancel = _tune(tmp_path), threading.Event()

    def hook(name: str, _artifact: Any, *, completed: int | None = None, **_: Any) -> None:
        if (name, completed) == ("trials", 9):
            cancel.set()

    tuning = _tune(tmp_path, hook=hook, cancel=cancel)
    assert tuning.interrupted
    assert tuning.errors == whole.errors[:9]
    assert tuning.parameters in tuning.candidates[1:9]


def test_cancelling_within_a_trial_does_not_wait_for_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancel, left = threading.Event(), iter(range(4))

    def compared(*arguments: Any, **more: Any) -> Any:
        if next(left, None) is None:
            cancel.set()
        return diarization_errors(*arguments, **more)

    monkeypatch.setattr("ovdiar.tuning.search.diarization_errors", compared)
    tuning = _tune(tmp_path, cancel=cancel)
    assert tuning.interrupted
    assert len(tuning.errors) == 1


def test_cancelling_networks_is_an_error_and_keeps_what_they_said(tmp_path: Path) -> None:
    cancel = threading.Event()

    def hook(name: str, _artifact: Any, **_: Any) -> None:
        if name == "networks":
            cancel.set()

    with pytest.raises(CancelledError):
        _tune(tmp_path, hook=hook, cancel=cancel)
    assert len(list((tmp_path / "cache").iterdir())) > 1


def test_what_a_hook_raises_ends_the_search(tmp_path: Path) -> None:
    def hook(name: str, _artifact: Any, **_: Any) -> None:
        if name == "trials":
            raise TimeoutError

    with pytest.raises(TimeoutError):
        _tune(tmp_path, hook=hook)


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
