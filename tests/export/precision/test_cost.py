"""What a precision costs: nothing where nothing changed, and what is counted where it did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import openvino as ov
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovdiar_export.checkpoints.checkpoint import Checkpoint
from ovdiar_export.graphs import pyannet
from ovdiar_export.parts import Part, embedding_part
from ovdiar_export.precision.cost import (
    CALIBRATED,
    Piece,
    cost,
    embedding_cost,
    equal_error_rate,
    pieces,
    segmentation_cost,
    shares,
)
from ovdiar_export.verify import speech
from ovdiar_export.writer import save_networks
from reference import random_weights

from ovdiar.annotation import Annotation, Turn
from ovdiar.errors import ConfigError
from ovdiar.segment import Segment

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

RATE = 16_000
ENTRY = {"sample_rate": RATE, "window_samples": RATE}


def segmentation(folder: Path, tensors: random_weights.Tensors, powerset: int | None) -> Part:
    model = pyannet.build(tensors, powerset=powerset is not None)
    entry: dict[str, Any] = {"powerset": powerset, "classes": list("abc")}
    part = Part({"segmentation": model}, entry)
    save_networks(part, folder)
    return part


def windows() -> list[NDArray[np.float32]]:
    return list(speech(RATE).reshape(5, RATE))


def noise(seconds: float) -> dict[str, Any]:
    samples = np.random.default_rng(0).uniform(-1, 1, round(seconds * RATE))
    return {"waveform": samples.astype(np.float32), "sample_rate": RATE}


@pytest.mark.parametrize("powerset", [None, 2])
def test_the_same_network_costs_nothing(tmp_path: Path, powerset: int | None) -> None:
    tensors = random_weights.pyannet(classes=3 if powerset is None else 7)
    part = segmentation(tmp_path, tensors, powerset)
    found = cost(part, tmp_path, tmp_path, windows())
    assert found == {"score_change": 0, "speech_changed": 0}


def test_speakers_in_another_order_cost_nothing(tmp_path: Path) -> None:
    tensors = random_weights.pyannet(classes=3)
    part = segmentation(tmp_path / "exact", tensors, None)
    for name in ("classifier.weight", "classifier.bias"):
        tensors[name] = tensors[name][[2, 0, 1]]
    segmentation(tmp_path / "turned", tensors, None)
    found = segmentation_cost(part, tmp_path / "exact", tmp_path / "turned", windows())
    assert found["score_change"] < 1e-6
    assert found["speech_changed"] == 0


def test_changes_are_means_over_frames_and_speakers(tmp_path: Path) -> None:
    tensors = random_weights.pyannet(classes=3)
    tensors["classifier.weight"] = np.zeros_like(tensors["classifier.weight"])
    tensors["classifier.bias"] = np.full(3, -np.log(3), np.float32)
    part = segmentation(tmp_path / "quiet", tensors, None)
    tensors["classifier.bias"] = np.array([np.log(3), -np.log(3), -np.log(3)], np.float32)
    segmentation(tmp_path / "loud", tensors, None)
    found = segmentation_cost(part, tmp_path / "quiet", tmp_path / "loud", windows())
    assert found["score_change"] == pytest.approx((0.75 - 0.25) / 3)
    assert found["speech_changed"] == 1


@pytest.mark.parametrize("kind", ["pooled", "utterance"])
def test_the_same_embedding_has_a_cosine_of_one(tmp_path: Path, kind: str) -> None:
    tensors = random_weights.ge2e(dimension=256)
    if kind == "pooled":
        tensors = random_weights.resnet((1, 1, 1, 1), bottleneck=False, width=4)
    part = embedding_part(Checkpoint(tensors, {}))
    save_networks(part, tmp_path)
    found = cost(part, tmp_path, tmp_path, windows())
    assert found == pytest.approx({"cosine": 1, "cosine_least": 1})


def test_verification_is_counted_where_speakers_are_known(tmp_path: Path) -> None:
    tensors = random_weights.resnet((1, 1, 1, 1), bottleneck=False, width=4)
    part = embedding_part(Checkpoint(tensors, {}))
    save_networks(part, tmp_path / "exact")
    save_networks(part, tmp_path / "deaf")
    source = ov.opset13.parameter([-1, part.entry["channels"] * 2], np.float32)
    zero = ov.opset13.multiply(ov.opset13.reduce_sum(source, np.array([1]), True), np.float32(0))
    same = ov.opset13.add(zero, np.ones((1, 256), np.float32))
    ov.save_model(ov.Model([same], [source]), tmp_path / "deaf/embedding/head/openvino_model.xml")
    first, second = windows()[0], windows()[3]
    voices = [Piece(first, "a"), Piece(first, "a"), Piece(second, "b"), Piece(second, "b")]
    found = embedding_cost(part, tmp_path / "exact", tmp_path / "deaf", voices)
    assert found["eer_exact"] == 0
    assert found["eer"] == 0.5
    assert found["cosine"] < 0.9


@given(st.lists(st.tuples(st.integers(-9, 9), st.booleans()), min_size=2, max_size=30))
def test_the_equal_error_rate_is_where_both_errors_are_closest(
    trials: list[tuple[int, bool]],
) -> None:
    scores = np.array([score for score, _ in trials], np.float64)
    same = np.array([answer for _, answer in trials])
    if same.all() or not same.any():
        same[0] = not same[0]
    gaps = []
    for threshold in [*scores, np.inf]:
        passed = np.mean(scores[~same] >= threshold)
        failed = np.mean(scores[same] < threshold)
        gaps.append((abs(passed - failed), (passed + failed) / 2))
    closest = min(gap for gap, _ in gaps)
    rates = [rate for gap, rate in gaps if gap <= closest + 1e-12]
    found = equal_error_rate(scores, same)
    assert min(abs(found - rate) for rate in rates) < 1e-9


@pytest.mark.parametrize("seconds", [2, 4, 4.999, 5, 41, 500])
def test_the_test_follows_what_was_calibrated_on(seconds: float) -> None:
    recording = noise(seconds)
    calibration, test = shares([recording], ENTRY)
    samples = recording["waveform"]
    border = int(CALIBRATED * int(seconds))
    assert len(calibration) == min(100, border)
    assert len(test) == min(100, int(seconds) - border)
    np.testing.assert_array_equal(calibration[0], samples[:RATE])
    np.testing.assert_array_equal(test[0], samples[border * RATE :][:RATE])
    np.testing.assert_array_equal(test[-1], samples[: int(seconds) * RATE][-RATE:])


@pytest.mark.parametrize("seconds", [0.5, 1, 1.99])
def test_audio_that_makes_too_few_windows_is_refused(seconds: float) -> None:
    with pytest.raises(ConfigError, match=r"^1 recordings make \d windows to calibrate on"):
        shares([noise(seconds)], ENTRY)


def test_pieces_hold_one_voice_that_speaks_alone() -> None:
    turns = [(0, 7, "a"), (6, 10, "b"), (11, 13.9, "a"), (14, 17, "b"), (18, 30, "a")]
    annotation = Annotation(tuple(Turn(Segment(s, e), name, str(s)) for s, e, name in turns))
    recording = noise(20)
    found = pieces(recording, annotation, ENTRY)
    assert [piece.speaker for piece in found] == ["a", "a", "b"]
    samples = recording["waveform"]
    for piece, start in zip(found, (0, 3, 14), strict=True):
        np.testing.assert_array_equal(piece.samples, samples[start * RATE :][: 3 * RATE])
