"""A baseline's speakers keep their names and get the network's turns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from reference.matching import match
from reference.replay import Replay
from reference.stitching import TieError

from ovdiar import Annotation
from ovdiar.errors import ConfigError, FormatError
from ovdiar.formats import rttm
from ovdiar.frames import FrameGrid, Frames, WindowedFrames
from ovdiar.parameters import ConditioningParameters, ResegmentationParameters
from ovdiar.pipelines.resegmentation import Resegmentation, match_speakers, read_baseline
from ovdiar.presets import RESEGMENTATION

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

TRUTH = [(1.0, 4.0, "zoe"), (3.0, 6.0, "adam"), (5.5, 8.0, "zoe"), (7.0, 10.0, "mia")]
ROUGH = [(0.8, 4.3, "zoe"), (3.4, 5.8, "adam"), (5.5, 8.3, "zoe"), (6.6, 9.9, "mia")]


def _network(turns: list[tuple[float, float, str]], windows: int = 20) -> Replay:
    """Score turns; each window has its speakers in another order."""
    rng = np.random.default_rng(0)
    names = sorted({name for _, _, name in turns})
    scores = 0.02 + 0.01 * rng.random((windows, 293, 3))
    for window, data in enumerate(scores):
        centres_s = 0.5 * window + (np.arange(293) * 270 + 991 / 2) / 16000
        order = rng.permutation(3)
        for start_s, end_s, name in turns:
            data[(start_s <= centres_s) & (centres_s < end_s), order[names.index(name)]] += 0.95
    return Replay(scores)


def _rows(annotation: Annotation) -> list[tuple[float, float, str]]:
    return [(round(each.start, 1), round(each.end, 1), label) for each, label in annotation]


def test_rough_borders_become_those_of_the_network() -> None:
    network = _network(TRUTH)
    answer = Resegmentation(network)(network.recording(), Annotation.of(ROUGH))
    assert _rows(answer) == TRUTH
    assert answer.uri == "recording"


def test_strict_parity_labels_by_the_places_of_the_sorted_names() -> None:
    network = _network(TRUTH)
    strict = Resegmentation(network, strict_parity=True)
    answer = strict(network.recording(), Annotation.of(ROUGH))
    places = {"adam": "0", "mia": "1", "zoe": "2"}
    assert _rows(answer) == [(start, end, places[name]) for start, end, name in TRUTH]


def test_whom_the_baseline_lacks_gets_a_free_name() -> None:
    network = _network([(1.0, 3.0, "zoe"), (2.0, 4.0, "adam")], windows=1)
    answer = Resegmentation(network)(network.recording(), Annotation.of([(1, 3, "SPEAKER_01")]))
    first, second = _rows(answer)
    assert first == (1.0, 3.0, "SPEAKER_01")
    assert second[:2] == (2.0, 4.0)
    assert second[2] in {"SPEAKER_00", "SPEAKER_02"}


@pytest.mark.parametrize("baseline", [Annotation(), Annotation.of([(100, 120, "late")])])
def test_an_empty_baseline_names_nobody(baseline: Annotation) -> None:
    network = _network(TRUTH)
    answer = Resegmentation(network)(network.recording(), baseline)
    assert set(answer.labels()) <= {"SPEAKER_00", "SPEAKER_01", "SPEAKER_02"}


def test_more_names_than_the_network_has_speakers_are_kept_apart() -> None:
    turns = [(1.0 + 2 * k, 2.5 + 2 * k, "abcdef"[k]) for k in range(6)]
    network = _network([(start, end, "xyz"[k % 3]) for k, (start, end, _) in enumerate(turns)])
    answer = Resegmentation(network)(network.recording(), Annotation.of(turns))
    assert _rows(answer) == turns


def test_a_recording_shorter_than_a_window_is_refined() -> None:
    # pyannote stops with an error here
    network = _network([(1.0, 3.0, "zoe")], windows=1)
    audio = network.recording(missing=24_000)
    answer = Resegmentation(network)(audio, Annotation.of([(0.6, 2.8, "zoe"), (3.2, 3.5, "adam")]))
    assert _rows(answer) == [(1.0, 3.0, "zoe")]


@pytest.mark.parametrize("length", [1, 990, 991])
def test_a_recording_shorter_than_a_frame_is_read(length: int) -> None:
    network = Replay(np.zeros((1, 293, 3)))
    audio = network.recording(missing=network.duration_samples - length)
    assert len(Resegmentation(network)(audio, Annotation.of(ROUGH))) == 0


def test_silence_stays_silent_whatever_the_baseline_says() -> None:
    network = Replay(np.zeros((8, 293, 3)))
    assert len(Resegmentation(network)(network.recording(), Annotation.of(ROUGH))) == 0


def test_a_baseline_may_be_an_rttm_file(tmp_path: Path) -> None:
    network = _network(TRUTH)
    file = tmp_path / "baseline.rttm"
    file.write_text(rttm.dumps(Annotation.of(ROUGH, "recording")))
    assert _rows(Resegmentation(network)(network.recording(), file)) == TRUTH


def test_the_recording_is_looked_up_in_a_file_of_many(tmp_path: Path) -> None:
    file = tmp_path / "all.rttm"
    file.write_text(
        rttm.dumps(Annotation.of([(0, 1, "A")], "one"))
        + rttm.dumps(Annotation.of([(0, 2, "B")], "two"))
    )
    assert read_baseline(file, "two").labels() == ["B"]
    with pytest.raises(FormatError, match=r"has 2 recordings \(.*\), but not 'three'"):
        read_baseline(file, "three")


def test_a_file_of_one_recording_needs_no_name_and_an_empty_one_nobody(tmp_path: Path) -> None:
    file = tmp_path / "one.rttm"
    file.write_text(rttm.dumps(Annotation.of([(0, 1, "A")], "meeting")))
    assert read_baseline(file, "waveform").labels() == ["A"]
    file.write_text("")
    assert len(read_baseline(file, "waveform")) == 0
    with pytest.raises(FormatError):
        read_baseline(tmp_path / "missing.rttm", "waveform")


def test_defaults_and_presets_are_those_published() -> None:
    sigmoid = Replay(np.zeros((1, 293, 3)))
    powerset = Replay(np.zeros((1, 293, 7)), powerset=2)
    assert Resegmentation(sigmoid).parameters.to_dict() == {
        "onset": 0.810,
        "offset": 0.481,
        "min_duration_on": 0.055,
        "min_duration_off": 0.098,
        "warm_up": 0.05,
        **ConditioningParameters().to_dict(),
    }
    assert Resegmentation(powerset).parameters == ResegmentationParameters(onset=0.5, offset=0.5)
    for name, parameters in RESEGMENTATION.items():
        assert Resegmentation(sigmoid, preset=name).parameters == parameters


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"warm_up": 0.5}, "warm_up is 0.5"),
        ({"warm_up": -0.1}, "warm_up is -0.1"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"offset": 1.1}, "offset is 1.1"),
    ],
)
def test_impossible_parameters_are_refused(given: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        Resegmentation(Replay(np.zeros((1, 293, 3))), **given)


def test_steps_are_told_and_traced() -> None:
    heard: list[str] = []

    def hook(step_name: str, step_artifact: Any, **_: Any) -> None:
        if step_artifact is not None:
            heard.append(step_name)

    network = _network(TRUTH)
    trace: dict[str, Any] = {}
    Resegmentation(network)(network.recording(), Annotation.of(ROUGH), hook=hook, trace=trace)
    assert heard == ["segmentation", "speaker_counting", "discrete_diarization"]
    assert list(trace) == [
        "segmentations",
        "count",
        "baseline",
        "matches",
        "discrete_diarization",
    ]
    assert trace["matches"].shape == (20, 3)


WINDOWS = FrameGrid(step=90, width=450)
FRAMES = FrameGrid(step=45, width=100)


@st.composite
def _problems(draw: st.DrawFn) -> tuple[WindowedFrames, Frames]:
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    speakers, known = draw(st.integers(1, 3)), draw(st.integers(0, 4))
    scores = rng.random((draw(st.integers(1, 4)), 10, speakers)).astype(np.float32)
    talk: NDArray[np.uint8] = (rng.random((draw(st.integers(0, 20)), known)) < 0.4).astype(np.uint8)
    start = draw(st.sampled_from([0, 45]))
    return WindowedFrames(scores, WINDOWS.at(start), FRAMES), Frames(talk, FRAMES)


@settings(deadline=None)
@given(_problems())
def test_matches_are_those_of_the_slow_reference(problem: tuple[WindowedFrames, Frames]) -> None:
    try:
        expected = match(*problem)
    except TieError:
        reject()
    assert match_speakers(*problem).tolist() == expected
