"""One loaded bundle, and one pipeline, serve several threads at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from ovdiar import SpeakerDiarization, load
from ovdiar.audio.reading import load as load_audio
from ovdiar.errors import CancelledError

if TYPE_CHECKING:
    from pathlib import Path

    from ovdiar import DiarizationResult

SECONDS = 6


@pytest.fixture(scope="module")
def pipeline(tiny: Path) -> SpeakerDiarization:
    return SpeakerDiarization(load(tiny))


@pytest.fixture(scope="module")
def recordings(conversation: Path) -> list[dict[str, Any]]:
    samples = load_audio(conversation).samples
    length = SECONDS * 16000
    return [
        {"waveform": samples[start : start + length], "sample_rate": 16000, "uri": f"part{start}"}
        for start in range(0, 4 * length, length)
    ]


def _answer(result: DiarizationResult) -> bytes:
    return repr(result.speaker_diarization).encode() + result.speaker_embeddings.tobytes()


def test_four_threads_answer_as_one_after_the_other(
    pipeline: SpeakerDiarization, recordings: list[dict[str, Any]]
) -> None:
    serial = [_answer(pipeline(each)) for each in recordings]
    with ThreadPoolExecutor(4) as threads:
        parallel = [_answer(result) for result in threads.map(pipeline, recordings)]
    assert len(set(serial)) == 4
    assert parallel == serial


def test_a_thread_that_is_cancelled_does_not_disturb_the_others(
    pipeline: SpeakerDiarization, recordings: list[dict[str, Any]]
) -> None:
    wanted = _answer(pipeline(recordings[0]))
    cancel = threading.Event()

    def progress(fraction: float, _eta_s: float | None) -> None:
        if fraction > 0.25:  # its networks run
            cancel.set()

    with ThreadPoolExecutor(2) as threads:
        stopped = threads.submit(pipeline, recordings[1], progress=progress, cancel=cancel)
        kept = threads.submit(pipeline, recordings[0])
        assert _answer(kept.result()) == wanted
        with pytest.raises(CancelledError):
            stopped.result()
