"""A network on its own: windows or one piece, recordings or excerpts, frames or embeddings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from reference.replay import FRAMES, WINDOWS, Replay, positions

from ovdiar import Segment, load
from ovdiar.errors import ConfigError, OvdiarWarning
from ovdiar.frames import FrameGrid, Frames, WindowedFrames
from ovdiar.networks.bundle import EmbeddingSpec
from ovdiar.pipelines.inference import Inference

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def _replay(windows: int = 4, **more: Any) -> Replay:
    scores = np.random.default_rng(windows).random((windows, 293, 3), dtype=np.float32)
    return Replay(scores, **more)


def _loudest(scores: NDArray[Any]) -> NDArray[Any]:
    loudest: NDArray[Any] = scores.max(axis=2, keepdims=True)
    return loudest


class Voice:
    """Embeds what it hears as its mean and its length, and tells whether any was masked out."""

    spec = EmbeddingSpec("voice", "utterance", 16000, dimension=3, min_samples=400)

    def __call__(
        self, windows: NDArray[np.float32], masks: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        mean = windows.mean(axis=1, dtype=np.float64)
        rows = np.stack([mean, np.full(len(windows), windows.shape[1]), masks.min(axis=(1, 2))], 1)
        return rows[:, np.newaxis].astype(np.float32)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"window": "half"}, "window 'half' is unknown"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"duration": 5.0, "step": 5.1}, "step of 5.1 s"),
        ({"duration": 0.05}, "window of 0.05 s is too short"),
        ({"soft": True, "skip_conversion": True}, "contradict"),
    ],
)
def test_impossible_parameters_are_refused_in_one_line(
    given: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ConfigError, match=complaint) as refusal:
        Inference(_replay(), **given)
    assert "\n" not in str(refusal.value)


def test_scores_stay_apart_window_by_window() -> None:
    network = _replay()
    scores = Inference(network)(network.recording())
    assert isinstance(scores, WindowedFrames)
    assert (scores.windows, scores.frames) == (WINDOWS, FRAMES)
    np.testing.assert_array_equal(scores.data, network(scores_at(range(4))))


def scores_at(numbers: Any) -> NDArray[np.float32]:
    return np.array([[number * WINDOWS.step] for number in numbers], dtype=np.float32)


def test_a_hook_turns_windows_into_frames() -> None:
    network = _replay()
    frames = Inference(network, pre_aggregation_hook=_loudest)(network.recording())
    assert isinstance(frames, Frames)
    assert frames.data.shape == (386, 1)
    assert frames.grid == FRAMES


def test_skip_aggregation_returns_what_the_network_gave() -> None:
    network = _replay()
    skipping = Inference(network, pre_aggregation_hook=_loudest, skip_aggregation=True)
    scores = skipping(network.recording())
    assert isinstance(scores, WindowedFrames)
    assert scores.data.shape == (4, 293, 3)


def test_a_hook_may_change_the_scores_in_place() -> None:
    def silence(scores: NDArray[Any]) -> NDArray[Any]:
        scores[:] = 0
        return scores

    network = _replay()
    frames = Inference(network, pre_aggregation_hook=silence)(network.recording())
    assert isinstance(frames, Frames)
    assert not frames.data.any()


def test_a_hook_that_loses_windows_is_refused() -> None:
    network = _replay()
    hooked = Inference(network, pre_aggregation_hook=lambda scores: scores[:2])
    with pytest.raises(ConfigError, match="only the last axis may change"):
        hooked(network.recording())


@pytest.mark.parametrize(
    ("given", "columns"), [({}, 3), ({"soft": True}, 3), ({"skip_conversion": True}, 7)]
)
def test_powerset_classes_are_converted_unless_told(given: dict[str, Any], columns: int) -> None:
    classes = np.log(np.full((2, 293, 7), 1 / 7, dtype=np.float32))
    network = Replay(classes, powerset=2)
    scores = Inference(network, **given)(network.recording())
    assert isinstance(scores, WindowedFrames)
    assert scores.data.shape == (2, 293, columns)
    if given.get("soft"):
        np.testing.assert_allclose(scores.data, 3 / 7, rtol=1e-6)


def test_the_progress_of_windows_is_told() -> None:
    told: list[tuple[int, int]] = []

    def hook(*, completed: int, total: int) -> None:
        told.append((completed, total))

    network = _replay()
    Inference(network, batch_size=3)(network.recording(), hook=hook)
    assert told == [(0, 4), (3, 4), (4, 4)]


def test_another_window_than_that_of_the_training_is_warned_of() -> None:
    with pytest.warns(OvdiarWarning, match=r"trained on windows of 5 s: with 4 s"):
        Inference(_replay(), duration=4.0)


def test_an_excerpt_keeps_the_times_of_the_recording() -> None:
    network = _replay(5)
    inference = Inference(network)
    # three windows from the second window's start
    scores = inference.crop(network.recording(), Segment(0.5, 6.5))
    assert isinstance(scores, WindowedFrames)
    assert scores.windows == WINDOWS.at(8000)
    np.testing.assert_array_equal(scores.data, network(scores_at([1, 2, 3])))


def test_several_excerpts_are_scored_from_the_first_start_to_the_last_end() -> None:
    network = _replay(5)
    hooked = Inference(network, pre_aggregation_hook=_loudest)
    audio = network.recording()
    several = hooked.crop(audio, [Segment(5.0, 6.5), Segment(0.5, 1.0), Segment(2.0, 3.0)])
    one = hooked.crop(audio, Segment(0.5, 6.5))
    assert isinstance(several, Frames)
    assert isinstance(one, Frames)
    np.testing.assert_array_equal(several.data, one.data)
    assert several.grid == one.grid == FRAMES.at(8000)


@pytest.mark.parametrize("chunk", [Segment(-0.1, 1), Segment(1, 7.1), Segment(2, 2), Segment(3, 2)])
def test_an_excerpt_that_is_not_there_is_refused(chunk: Segment) -> None:
    network = _replay(5)
    with pytest.raises(ConfigError, match="not within the recording's 7 s"):
        Inference(network).crop(network.recording(), chunk)


def test_no_excerpt_is_refused() -> None:
    network = _replay()
    with pytest.raises(ConfigError, match="at least one segment"):
        Inference(network).crop(network.recording(), [])


def test_the_sample_that_resampling_may_cost_is_forgiven() -> None:
    whole = Inference(Voice(), window="whole")
    end_s = 16001 / 16000
    np.testing.assert_array_equal(
        whole.crop(positions(16000), Segment(0.5, end_s)),
        whole.crop(positions(16000), Segment(0.5, 1.0)),
    )


def test_a_whole_recording_makes_one_embedding() -> None:
    embedding = Inference(Voice(), window="whole")(positions(20001))
    assert isinstance(embedding, np.ndarray)
    np.testing.assert_allclose(embedding, [10000, 20001, 1])


def test_excerpts_are_embedded_one_after_the_other() -> None:
    whole = Inference(Voice(), window="whole")
    chunks = [Segment(1.0, 1.5), Segment(0.0, 0.5)]
    embedding = whole.crop(positions(32000), chunks)
    assert isinstance(embedding, np.ndarray)
    assert embedding.tolist() == pytest.approx([(16000 + 23999 + 0 + 7999) / 4, 16000, 1])


def test_windows_of_an_embedding_make_rows_on_their_grid() -> None:
    rows = Inference(Voice(), duration=1.0, step=0.5)(positions(40000))
    assert isinstance(rows, Frames)
    assert rows.grid == FrameGrid(step=8000, width=16000)
    starts = np.array([0, 8000, 16000, 24000])
    np.testing.assert_allclose(rows.data[:, 0], starts + 7999.5)
    later = Inference(Voice(), duration=1.0).crop(positions(40000), Segment(0.25, 2))
    assert isinstance(later, Frames)
    assert later.grid == FrameGrid(step=1600, width=16000, start=4000)


def test_windows_of_an_embedding_need_a_duration() -> None:
    with pytest.raises(ConfigError, match="give a duration or window='whole'"):
        Inference(Voice())


def test_too_little_audio_for_an_embedding_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"0.0249375 s of audio .* at least 0.025 s"):
        Inference(Voice(), window="whole")(positions(399))
    with pytest.raises(ConfigError, match="is too short"):
        Inference(Voice(), duration=0.02)


def test_a_whole_window_scores_everything_at_once_and_warns() -> None:
    network = _replay(1)
    with pytest.warns(OvdiarWarning, match="prefer window='sliding'"):
        whole = Inference(network, window="whole")
    scores = whole(network.recording())
    assert isinstance(scores, np.ndarray)
    np.testing.assert_array_equal(scores, network(scores_at([0]))[0])


def test_a_bundle_stands_for_its_segmentation_network(tiny: Path, conversation: Path) -> None:
    models = load(tiny)
    excerpt = Segment(3, 9)
    mine = Inference(models).crop(conversation, excerpt)
    other = Inference(models.segmentation).crop(conversation, excerpt)
    assert isinstance(mine, WindowedFrames)
    assert isinstance(other, WindowedFrames)
    np.testing.assert_array_equal(mine.data, other.data)
    assert mine.data.shape == (3, 293, 3)


def test_batches_of_any_size_give_the_same_scores(tiny: Path, conversation: Path) -> None:
    models = load(tiny)
    scores = [
        Inference(models, batch_size=size).crop(conversation, Segment(0, 9)) for size in (1, 7, 32)
    ]
    first, *others = [each.data for each in scores if isinstance(each, WindowedFrames)]
    assert len(others) == 2
    for other in others:
        np.testing.assert_array_equal(other, first)


def test_a_voice_is_nearer_to_itself_than_to_another(tiny: Path, conversation: Path) -> None:
    from ovdiar.formats import rttm

    labels = rttm.load(conversation.with_suffix(".rttm"))["conversation"]
    one, two = labels.labels()[:2]
    whole = Inference(load(tiny).embedding, window="whole")
    halves = {}
    for label in (one, two):
        turns = labels.label_timeline(label)
        for half in (0, 1):
            halves[label, half] = np.asarray(whole.crop(conversation, turns[half::2]))
    own = [halves[label, 0] @ halves[label, 1] for label in (one, two)]
    across = [halves[one, half] @ halves[two, half] for half in (0, 1)]
    assert min(own) > max(across) + 0.1
