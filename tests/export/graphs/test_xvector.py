"""pyannote's two x-vectors: on SincNet and on cepstra."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ovdiar_export.evaluation.pooling import pool
from ovdiar_export.graphs import xvector
from reference import random_weights
from reference.execution import Network, relative
from reference.signals import buzz, mask

from ovdiar.errors import ModelError

CAPTURED = Path(__file__).parents[1] / "data" / "networks.npz"


def on_sincnet() -> random_weights.Tensors:
    cepstral = random_weights.xvector_mfcc()
    tensors = {name: rows for name, rows in cepstral.items() if not name.startswith("mfcc.")}
    tensors["tdnns.0.weight"] = random_weights.fill({"tdnns.0.weight": (512, 60, 5)})[
        "tdnns.0.weight"
    ]
    return tensors | random_weights.sincnet()


def test_the_cepstral_network_agrees_with_torch() -> None:
    tensors = random_weights.xvector_mfcc()
    features = Network(xvector.build_trunk(tensors))(buzz(32_000)[None])[0]
    rows = np.stack([pool(features, row) for row in (mask(115), np.zeros(115), None)])
    with np.load(CAPTURED) as captured:
        found = Network(xvector.build_head(tensors))(rows)
        assert relative(found, captured["xvector_mfcc"]) <= 1e-4


@pytest.mark.parametrize("front", ["mfcc", "sincnet"])
def test_the_description_fits_the_networks_at_every_length(front: str) -> None:
    tensors = random_weights.xvector_mfcc() if front == "mfcc" else on_sincnet()
    about = xvector.describe(tensors)
    assert (about.rate, about.channels, about.dimension) == (16_000, 1500, 512)
    assert (about.step, about.min_samples) == ((200, 2800) if front == "mfcc" else (270, 4771))
    trunk = Network(xvector.build_trunk(tensors))
    for extra in (0, 1, about.step - 1, about.step, 10 * about.step + 1):
        shape = trunk(buzz(about.min_samples + extra)[None]).shape
        assert shape == (1, about.channels, 1 + extra // about.step)


def test_loudness_counts_in_each_waveform_of_a_batch_alone() -> None:
    trunk = Network(xvector.build_trunk(random_weights.xvector_mfcc()))
    pair = np.stack([buzz(8000), buzz(8000, seed=1) * np.float32(1e-4)])
    alone = np.concatenate([trunk(row[None]) for row in pair])
    assert relative(trunk(pair).reshape(2, -1), alone.reshape(2, -1)) <= 1e-5


@pytest.mark.parametrize("name", ["tdnns.6.weight", "tdnns.14.running_mean", "tdnns.0.bias"])
def test_a_missing_tensor_is_named(name: str) -> None:
    tensors = random_weights.xvector_mfcc()
    del tensors[name]
    with pytest.raises(ModelError, match=rf"no tensor '{name}'"):
        xvector.build_trunk(tensors)


def test_filters_that_do_not_fit_the_window_are_refused() -> None:
    tensors = random_weights.xvector_mfcc()
    tensors["mfcc.MelSpectrogram.mel_scale.fb"] = np.zeros((257, 128))
    with pytest.raises(ModelError, match=r"fb' has shape \(257, 128\), wanted \(201, any\)"):
        xvector.build_trunk(tensors)
