"""Real networks stop within a second, leave nothing behind, and answer as ever the next time."""

from __future__ import annotations

import gc
import os
import random
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from reference.sounds import write_float

from ovdiar import SpeakerDiarization, load
from ovdiar.audio.reading import load as load_audio
from ovdiar.errors import CancelledError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ovdiar import DiarizationResult

AT_ONCE_S = 1.0
"""How long a run may go on after it is cancelled."""
MIB = 2**20


def _pipeline(bundle: Path, **more: Any) -> Callable[..., DiarizationResult]:
    """Load a pipeline and run its networks once, so that they are compiled."""
    models = load(bundle)
    pipeline = SpeakerDiarization(models, **more)
    pipeline(_audio(6), num_speakers=1)
    return pipeline


def _audio(seconds: float) -> dict[str, Any]:
    path = Path(__file__).parent / "data" / "conversation.flac"
    samples = load_audio(path).samples[: round(seconds * 16000)]
    return {"waveform": samples, "sample_rate": 16000}


def _cancel_after(
    pipeline: Callable[..., DiarizationResult], audio: Any, delay_s: float
) -> float | None:
    """Cancel a run from another thread; return how long it went on, None where it was done."""
    cancel, asked = threading.Event(), 0.0

    def ask() -> None:
        nonlocal asked
        asked = time.perf_counter()
        cancel.set()

    timer = threading.Timer(delay_s, ask)
    timer.start()
    try:
        pipeline(audio, cancel=cancel)
    except CancelledError:
        return time.perf_counter() - asked
    finally:
        timer.cancel()
        timer.join()
    return None


def _answer(pipeline: Callable[..., DiarizationResult], audio: Any) -> bytes:
    result = pipeline(audio)
    return repr(result.speaker_diarization.turns).encode() + result.speaker_embeddings.tobytes()


def test_a_run_stops_at_any_point_and_the_next_one_answers_the_same(tiny: Path) -> None:
    pipeline, audio = _pipeline(tiny), _audio(12)
    start = time.perf_counter()
    wanted = _answer(pipeline, audio)
    whole_s = time.perf_counter() - start
    threads = threading.active_count()
    points = random.Random(7)  # noqa: S311 - where to cancel is no secret
    stops = [_cancel_after(pipeline, audio, points.uniform(0, 0.9 * whole_s)) for _ in range(5)]
    went_on = [stopped for stopped in stops if stopped is not None]
    assert went_on
    assert max(went_on) < AT_ONCE_S
    assert threading.active_count() == threads
    assert _answer(pipeline, audio) == wanted


@pytest.mark.parametrize("reuse", ["window", "shared"])
def test_a_batch_that_takes_many_seconds_is_not_waited_for(slow: Path, reuse: str) -> None:
    pipeline = _pipeline(slow, embedding_reuse=reuse)
    audio, reached = _audio(30), threading.Event()
    cancel = threading.Event()
    asked = 0.0

    def hook(name: str, artifact: Any, **_: Any) -> None:
        if name == "embeddings" and artifact is None:
            reached.set()

    def ask() -> None:
        nonlocal asked
        reached.wait()
        time.sleep(0.2)  # into the only batch
        asked = time.perf_counter()
        cancel.set()

    thread = threading.Thread(target=ask)
    thread.start()
    with pytest.raises(CancelledError):
        pipeline(audio, hook=hook, cancel=cancel)
    assert time.perf_counter() - asked < AT_ONCE_S
    thread.join()


@pytest.mark.parametrize("by", ["hook", "progress"])
def test_what_is_raised_while_a_batch_takes_long_stops_it(slow: Path, by: str) -> None:
    pipeline = _pipeline(slow)
    within, raised = 0, 0.0

    def fail() -> None:
        nonlocal raised
        raised = time.perf_counter()
        raise TimeoutError

    def hook(name: str, artifact: Any, **_: Any) -> None:
        nonlocal within
        within += name == "embeddings" and artifact is None
        if by == "hook" and within == 2:
            fail()

    def progress(_fraction: float, _eta_s: float | None) -> None:
        if by == "progress" and within:
            fail()

    start = time.perf_counter()
    with pytest.raises(TimeoutError):
        pipeline(_audio(20), hook=hook, progress=progress)
    assert raised > start
    assert time.perf_counter() - raised < AT_ONCE_S


def test_a_cancelled_run_releases_its_memory(tiny: Path, conversation: Path) -> None:
    pipeline = _pipeline(tiny)
    _cancel_after(pipeline, conversation, 1.0)
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(3):
            assert _cancel_after(pipeline, conversation, 1.0) is not None
        gc.collect()
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - before > MIB  # else nothing was there to be released
    assert held - before < MIB // 4


def test_progress_is_even_over_a_whole_run(tiny: Path, conversation: Path) -> None:
    _assert_even(_pipeline(tiny), conversation)


def test_progress_is_even_where_the_embedding_takes_nearly_all_time(slow: Path) -> None:
    _assert_even(_pipeline(slow), _audio(20))


def _assert_even(pipeline: Callable[..., DiarizationResult], audio: Any) -> None:
    """Check that the fraction is the share of time, and that the time left is sensible."""
    told: list[tuple[float, float, float | None]] = []
    start = time.perf_counter()
    pipeline(audio, progress=lambda *call: told.append((time.perf_counter() - start, *call)))
    end = told[-1][0]
    off = [abs(fraction - passed / end) for passed, fraction, _ in told]
    late = [abs(passed + eta - end) / end for passed, _, eta in told if eta is not None]
    pauses = np.diff([passed for passed, _, _ in told])
    assert len(told) > 20
    assert max(off) < 0.25
    assert sum(off) / len(off) < 0.1
    assert sum(late) / len(late) < 0.25
    assert pauses.max() < AT_ONCE_S


IN_THE_BACKGROUND = """
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell does for jobs in the background
import conftest
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
"""


def test_commands_can_be_interrupted_where_the_tests_run_in_the_background() -> None:
    command = [sys.executable, "-c", IN_THE_BACKGROUND]
    place = Path(__file__).parent
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        command, cwd=place, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "True\n"


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
def test_ctrl_c_stops_the_command_within_a_second(
    slow: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    output = tmp_path / "turns.rttm"
    four_minutes = np.tile(_audio(60)["waveform"], 4)
    audio = write_float(tmp_path_factory.mktemp("long") / "talk.wav", four_minutes)
    command = [sys.executable, "-m", "ovdiar", "diarize", str(audio), "--models", str(slow)]
    command += ["-o", str(output)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(6)  # by then its networks compute, for half a minute on a quick machine
        assert process.poll() is None
        asked = time.perf_counter()
        process.send_signal(signal.SIGINT)
        complaint = process.communicate()[1]
        took_s = time.perf_counter() - asked
    assert process.returncode == 130
    assert complaint == "ovdiar: interrupted\n"
    assert not list(tmp_path.iterdir())
    assert took_s < 2 * AT_ONCE_S  # and Python's own end
