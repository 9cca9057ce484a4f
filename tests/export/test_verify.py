"""Written networks are held to their formulas, and the formulas to what torch answered."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import openvino as ov
import pytest
import soundfile
from ovdiar_export.evaluation import ecapa, pyannet, wespeaker, xvector
from ovdiar_export.evaluation.layers import linear, log_softmax, sigmoid
from ovdiar_export.evaluation.pooling import pool
from ovdiar_export.parts import Part
from ovdiar_export.verify import LIMITS, Limit, speech, verify_part
from ovdiar_export.writer import save_networks
from reference import random_weights
from reference.execution import relative
from reference.parts import PARTS
from reference.pooling import nearest, statistics
from reference.signals import buzz, mask

from ovdiar.errors import MissingPackageError, ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE = 16_000
CUT_S = (33.4, 38.4)
"""Where the package's speech lies in our own recording."""

CAPTURED = Path(__file__).parent / "data" / "networks.npz"


def written(name: str, folder: Path) -> tuple[Part, random_weights.Tensors]:
    weights, make, _ = PARTS[name]
    tensors = weights()
    part = make(tensors)
    save_networks(part, folder)
    return part, tensors


@pytest.mark.parametrize("name", PARTS)
def test_what_was_written_answers_as_its_formulas_do(name: str, tmp_path: Path) -> None:
    part, tensors = written(name, tmp_path)
    kind = next(iter(part.networks)).split("/")[0]
    limits = LIMITS[part.entry["architecture"]]
    differences = verify_part(part, tensors, tmp_path)
    assert set(differences) == {f"{kind}_{answer}" for answer in limits}
    for answer, limit in limits.items():
        assert 0 < differences[f"{kind}_{answer}"] <= limit.value


@pytest.mark.parametrize("name", PARTS)
def test_a_changed_tensor_stops_the_export(name: str, tmp_path: Path) -> None:
    part, tensors = written(name, tmp_path)
    changed = PARTS[name][2]
    tensors[changed] = tensors[changed] * np.float32(1.25)
    with pytest.raises(ModelError, match=r"differ by .*limit .*: report this checkpoint"):
        verify_part(part, tensors, tmp_path)


def test_a_changed_filterbank_stops_the_export(tmp_path: Path) -> None:
    part, tensors = written("ECAPA-TDNN", tmp_path)
    source = ov.opset13.parameter([-1, -1], np.float32, "waveform")
    zeros = ov.opset13.broadcast(np.float32(0), np.array([1, 501, 80]))
    silent = ov.opset13.add(zeros, ov.opset13.reduce_sum(source, np.array([0, 1])))
    ov.save_model(ov.Model([silent], [source]), tmp_path / "embedding/features/openvino_model.xml")
    with pytest.raises(ModelError, match=r"embedding features of the written network differ by"):
        verify_part(part, tensors, tmp_path)


@pytest.mark.parametrize("wanted", [np.full((2, 3), np.nan), np.ones((2, 4)), np.zeros((2, 3))])
def test_what_cannot_be_compared_lies_within_no_limit(wanted: NDArray[np.float64]) -> None:
    limit = Limit(1.0, relative=True)
    with np.errstate(all="ignore"):
        assert not limit.difference(np.full((2, 3), 0.5), wanted) <= limit.value


def test_a_network_without_formulas_is_not_compared(tmp_path: Path) -> None:
    assert verify_part(Part({}, {"architecture": "unknown"}), {}, tmp_path) == {}


def test_torch_where_it_is_not_installed_is_asked_for_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part, tensors = written("sigmoid", tmp_path)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingPackageError, match=r"pip install torch pyannote\.audio, or") as told:
        verify_part(part, tensors, tmp_path, using="torch", checkpoint=tmp_path / "model.bin")
    assert "\n" not in str(told.value)


def test_speech_is_cut_from_our_own_recording(conversation: Path) -> None:
    start, end = (round(second * RATE) for second in CUT_S)
    wanted, _ = soundfile.read(conversation, dtype="float32", start=start, stop=end)
    np.testing.assert_array_equal(speech(RATE), wanted)
    np.testing.assert_array_equal(speech(RATE, 1.0), wanted[:RATE])


def test_speech_has_energy_in_every_octave() -> None:
    power = np.abs(np.fft.rfft(speech(RATE))) ** 2
    hz = np.fft.rfftfreq(5 * RATE, 1 / RATE)
    for low in (125, 250, 500, 1000, 2000, 4000):
        assert power[(hz >= low) & (hz < 2 * low)].sum() > 0.01 * power.sum()


@pytest.mark.parametrize("activation", ["sigmoid", "powerset"])
def test_the_formulas_of_pyannet_are_torchs(activation: str) -> None:
    powerset = activation == "powerset"
    tensors = random_weights.pyannet(linear=(12, 12), classes=7 if powerset else 3)
    logits = pyannet.logits(np.float64(buzz(2 * RATE)), tensors)
    with np.load(CAPTURED) as captured:
        wanted = captured[f"pyannet_{activation}"]
    found = log_softmax(logits) if powerset else sigmoid(logits)
    np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize("name", ["wespeaker_resnet152", "xvector_mfcc"])
def test_the_formulas_of_pooled_embeddings_are_torchs(name: str) -> None:
    signal = np.float64(buzz(2 * RATE))
    if name == "xvector_mfcc":
        tensors, head = random_weights.xvector_mfcc(), "embedding"
        features = xvector.features(signal, tensors)
    else:
        tensors, head = random_weights.resnet((3, 8, 36, 3), bottleneck=True), "resnet.seg_1"
        features = wespeaker.features(signal, tensors)
    masks = (mask(115), np.zeros(115), None)
    found = linear(np.stack([pool(features, row) for row in masks]), tensors, head)
    with np.load(CAPTURED) as captured:
        assert relative(found, captured[name]) <= 1e-5


@pytest.mark.parametrize("samples", [640, 20_001])
def test_the_formulas_of_ecapa_are_torchs(samples: int) -> None:
    features = ecapa.features(np.float64(buzz(samples)))
    found = ecapa.embedding(features, random_weights.ecapa())
    with np.load(CAPTURED) as captured:
        np.testing.assert_allclose(features[::20], captured[f"ecapa_features_{samples}"], atol=1e-3)
        assert relative(found, captured[f"ecapa_{samples}"]) <= 1e-5


@pytest.mark.parametrize("frames", [1, 2, 13, 115])
@pytest.mark.parametrize("length", [1, 7, 115, 589])
def test_pooling_is_that_of_the_slow_reference(frames: int, length: int) -> None:
    features = np.random.default_rng(frames).standard_normal((3, frames))
    weights = nearest(mask(length).tolist(), frames)
    wanted = np.array([statistics(channel.tolist(), weights) for channel in features])
    np.testing.assert_allclose(pool(features, mask(length)), wanted.T.ravel(), atol=1e-12)
