"""Ghosts are kept, folded or reported as asked, and never at the cost of the number asked for."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.clustered import alone
from reference.recordings import FRAMES, Recording, record

from ovdiar import Annotation, DiarizationResult, SpeakerDiarization
from ovdiar.activity import SpeakerTurns
from ovdiar.clustering.ahc import FREE
from ovdiar.errors import ConfigError, OvdiarWarning
from ovdiar.parameters import DiarizationParameters
from ovdiar.pipelines.diarization import ghosts as module
from ovdiar.pipelines.diarization.ghosts import fold_ghosts
from ovdiar.pipelines.diarization.speaker_count import decode_at_most
from ovdiar.presets import DIARIZATION


def _haunted(length: int = 12) -> Recording:
    """Let two voices talk for minutes, and let a third, more like the second, in for a moment."""
    meeting = record(2, voices=2, windows=240)
    first = meeting.talk[:, 0] & ~meeting.talk[:, 1]
    directions = [
        np.nanmean(meeting.embeddings[_holds(meeting, voice)], axis=0) for voice in (0, 1)
    ]
    start = int(np.flatnonzero(first[300:])[0]) + 300
    stranger = np.zeros(len(meeting.talk), dtype=bool)
    stranger[start : start + length] = True
    odd = np.random.default_rng(0).normal(size=16)
    voice = odd / np.linalg.norm(odd) + 0.7 * directions[1]
    scores, embeddings = meeting.scores.copy(), meeting.embeddings.copy()
    for window in range(len(scores)):
        heard = stranger[window * 5 :][: scores.shape[1]]
        silent = ~scores[window].any(axis=0)
        if heard.any() and silent.any():
            free = int(np.flatnonzero(silent)[0])
            scores[window][heard] = 0
            scores[window, heard, free] = 1
            embeddings[window, free] = voice
    return Recording(scores, embeddings, np.column_stack([meeting.talk, stranger]))


def _holds(meeting: Recording, voice: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Find the window speakers that are a voice."""
    heard = np.stack([meeting.talk[5 * w :][: meeting.scores.shape[1], voice] for w in range(240)])
    same = np.all(meeting.scores == heard[:, :, np.newaxis], axis=1) & np.any(
        heard, axis=1, keepdims=True
    )
    windows, speakers = np.nonzero(same)
    return windows, speakers


HAUNTED = _haunted()


def _decode(
    recording: Recording = HAUNTED, *, strict_parity: bool = False, ghosts: str, **asked: Any
) -> DiarizationResult:
    how: dict[str, Any] = {"threshold": 0.5, "min_cluster_size": 2, "ghosts": ghosts}
    pipeline = SpeakerDiarization(None, strict_parity=strict_parity, **how)
    return pipeline.decode(recording.scores, recording.embeddings, **recording.how(), **asked)


def _talk(result: DiarizationResult) -> Annotation:
    return result.speaker_diarization


def ghosts_of(annotation: Annotation) -> list[str]:
    """Name the ghosts of an annotation, the one with the least speech first."""
    labels = annotation.labels()
    rows = sorted((labels.index(who), part.start, part.end) for part, who in annotation)
    columns, starts_s, ends_s = np.array(rows or np.zeros((0, 3))).T
    turns = SpeakerTurns(columns.astype(int), starts_s, ends_s)
    return [labels[column] for column in module.ghosts_of(turns)]


def test_a_ghost_is_kept_by_default() -> None:
    assert len(ghosts_of(_talk(_decode(ghosts="keep")))) == 1
    assert DiarizationParameters().ghosts == "keep"
    assert {preset.ghosts for preset in DIARIZATION.values()} == {"keep"}


def test_a_folded_ghosts_time_goes_to_the_most_similar_voice() -> None:
    kept, folded = _talk(_decode(ghosts="keep")), _talk(_decode(ghosts="fold"))
    (ghost,) = ghosts_of(kept)
    (moment,) = kept.label_timeline(ghost)
    assert len(folded.labels()) == len(kept.labels()) - 1 == 2
    second = HAUNTED.talk[:, 1] & ~HAUNTED.talk[:, [0, 2]].any(axis=1)
    time_s = FRAMES.centres_s(len(second))[np.flatnonzero(second)[50]]
    heir = next(who for segment, who in folded if segment.start <= time_s < segment.end)
    assert folded.crop(moment).label_duration(heir) == pytest.approx(moment.duration)


def test_rows_of_embeddings_follow_the_labels() -> None:
    assert len(_decode(ghosts="fold").speaker_embeddings) == 2


def test_a_ghost_is_found_among_clusters_that_have_no_turn() -> None:
    """The first cluster's turn is dropped, so that the first speaker is the second cluster."""
    numbers, frames = [0, *[1] * 60, 2, *[3] * 60], [3, *[40] * 60, 9, *[40] * 60]
    prepared, clusters = alone(numbers, frames)
    clusters = replace(clusters, centroids=np.array([[9, 1], [0, 1], [1, 0.2], [1, 0]]))
    parameters = DiarizationParameters(ghosts="fold", min_duration_on=0.5)
    decoded = decode_at_most(prepared, clusters, parameters, FREE.most)
    assert list(module.ghosts_of(decoded.turns)) == [2]
    folded = fold_ghosts(prepared, decoded, parameters, FREE)
    assert folded.clusters.labels[61] == folded.clusters.labels[62]
    assert folded.speakers.tolist() == [1, 2]


@pytest.mark.parametrize("asked", [{"num_speakers": 3}, {"min_speakers": 3}])
def test_the_number_asked_for_keeps_its_ghosts(asked: dict[str, Any]) -> None:
    assert len(_talk(_decode(ghosts="fold", **asked)).labels()) == 3


def test_parity_keeps_ghosts() -> None:
    strict = [_talk(_decode(ghosts=how, strict_parity=True)) for how in ("keep", "fold")]
    assert strict[0] == strict[1]


def test_a_ghost_is_reported_by_name_in_one_line() -> None:
    with pytest.warns(OvdiarWarning, match=r"SPEAKER_0\d \(1\.\d s\)") as caught:
        reported = _talk(_decode(ghosts="report"))
    assert reported == _talk(_decode(ghosts="keep"))
    (message,) = [str(warning.message) for warning in caught]
    assert "\n" not in message
    assert caught[0].filename == __file__


def test_where_nothing_haunts_nothing_is_reported() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _decode(record(1, voices=3, windows=40), ghosts="report")


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(1, 40))
def test_no_ghost_is_left_or_nobody_else_is(seed: int, voices: int, windows: int) -> None:
    result = _talk(_decode(record(seed, voices=voices, windows=windows), ghosts="fold"))
    assert ghosts_of(result) == []
    assert len(result.labels()) >= 1


@pytest.mark.parametrize(
    ("turn_s", "rest_s", "ghost"),
    [(1.99, 98.0, True), (2.0, 98.0, False), (2.0, 98.1, True), (2.1, 980.0, False)],
)
def test_a_ghost_has_little_talk_and_no_long_turn(
    turn_s: float, rest_s: float, *, ghost: bool
) -> None:
    annotation = Annotation.of([(0, rest_s, "A"), (rest_s, rest_s + turn_s, "B")])
    assert ghosts_of(annotation) == (["B"] if ghost else [])


def test_many_short_turns_make_a_speaker() -> None:
    short = [(110.0 + 2 * k, 111.0 + 2 * k, "B") for k in range(3)]
    assert ghosts_of(Annotation.of([(0, 100, "A"), *short])) == []


def test_other_words_are_refused() -> None:
    with pytest.raises(ConfigError, match=re.escape("choose from keep, fold, report")):
        SpeakerDiarization(None, ghosts="bust")  # type: ignore[arg-type]
