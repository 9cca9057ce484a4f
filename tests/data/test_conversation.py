"""Our own recording is what its labels say: speech within the turns, room tone outside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from ovdiar.formats import rttm
from ovdiar.segment import merge

if TYPE_CHECKING:
    from ovdiar.annotation import Annotation

DATA = Path(__file__).parent
RATE_HZ = 16_000
ROOM_TONE_DBFS = -64.0


@pytest.fixture(scope="module")
def labels() -> Annotation:
    return rttm.load(DATA / "conversation.rttm")["conversation"]


@pytest.fixture(scope="module")
def samples() -> np.ndarray:
    found, rate = soundfile.read(DATA / "conversation.flac")
    assert rate == RATE_HZ
    assert found.ndim == 1
    return np.asarray(found)


def _dbfs(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(samples**2)))


def test_between_the_turns_there_is_only_room_tone(labels: Annotation, samples: np.ndarray) -> None:
    silent = np.ones(len(samples), bool)
    for segment in merge(segment for segment, _ in labels):
        silent[round(segment.start * RATE_HZ) : round(segment.end * RATE_HZ)] = False
    assert silent.sum() > 10 * RATE_HZ
    assert _dbfs(samples[silent]) == pytest.approx(ROOM_TONE_DBFS, abs=0.5)
    assert np.abs(samples[silent]).max() < 0.005


def test_every_turn_sounds_from_its_first_to_its_last_hundredth(
    labels: Annotation, samples: np.ndarray
) -> None:
    for segment, speaker in labels:
        turn = samples[round(segment.start * RATE_HZ) : round(segment.end * RATE_HZ)]
        for edge in (turn[: RATE_HZ // 100], turn[-RATE_HZ // 100 :]):
            assert _dbfs(edge) > ROOM_TONE_DBFS + 3, f"{speaker} at {segment}"


def test_four_voices_talk_for_a_minute_with_pauses_and_overlap(
    labels: Annotation, samples: np.ndarray
) -> None:
    speech_s = sum(part.duration for part in merge(segment for segment, _ in labels))
    overlap_s = sum(part.duration for part in labels.get_overlap())
    assert 40 <= len(samples) / RATE_HZ <= 90
    assert len(labels.labels()) == 4
    assert min(labels.label_duration(speaker) for speaker in labels.labels()) > 10
    assert 0.08 <= overlap_s / speech_s <= 0.12
    assert speech_s < 0.9 * len(samples) / RATE_HZ
