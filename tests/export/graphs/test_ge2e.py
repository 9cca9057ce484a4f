"""GE2E: librosa's mel spectrogram, and the network against a slow LSTM."""

from __future__ import annotations

from functools import cache

import librosa
import numpy as np
import pytest
from ovdiar_export.evaluation import ge2e as slow
from ovdiar_export.graphs import ge2e
from reference import random_weights
from reference.execution import Network
from reference.signals import buzz

from ovdiar.errors import ModelError


@cache
def features() -> Network:
    return Network(ge2e.build_features())


@pytest.mark.filterwarnings("ignore:n_fft=400 is too large")
@pytest.mark.parametrize("samples", [1, 159, 160, 161, 399, 400, 401, 25_599, 25_600, 80_001])
def test_features_are_librosas_mel_spectrogram(samples: int) -> None:
    signal = buzz(samples)
    wanted = librosa.feature.melspectrogram(
        y=signal, sr=16_000, n_fft=400, hop_length=160, n_mels=40
    ).T
    found = features()(signal[None])[0]
    assert found.shape == (1 + samples // ge2e.HOP, ge2e.BANDS)
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-6 * wanted.max())


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("frames", [1, 160])
def test_the_network_agrees_with_a_slow_lstm(layers: int, frames: int) -> None:
    tensors = random_weights.ge2e(layers=layers)
    bands = np.random.default_rng(1).gamma(0.2, 5, (3, frames, ge2e.BANDS))
    found = Network(ge2e.build_network(tensors))(bands)
    wanted = np.stack([slow.embedding(row, tensors) for row in bands])
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_embeddings_have_length_one() -> None:
    network = Network(ge2e.build_network(random_weights.ge2e()))
    found = network(features()(np.stack([buzz(25_600, seed) for seed in range(4)])))
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)


def test_an_embedding_without_a_positive_entry_is_zero_and_not_nan() -> None:
    tensors = random_weights.ge2e()
    tensors["linear.bias"] = np.full_like(tensors["linear.bias"], -100)
    found = Network(ge2e.build_network(tensors))(np.zeros((1, 160, ge2e.BANDS)))
    np.testing.assert_array_equal(found, np.zeros_like(found))


def test_the_similarity_weights_of_training_are_ignored() -> None:
    tensors = random_weights.ge2e() | {"similarity_weight": np.full(1, np.nan)}
    assert np.isfinite(Network(ge2e.build_network(tensors))(np.ones((1, 2, 40)))).all()


def test_a_checkpoint_without_an_lstm_is_refused() -> None:
    with pytest.raises(ModelError, match=r"no tensor 'lstm\.weight_ih_l0'"):
        ge2e.build_network({"linear.weight": np.zeros((2, 2))})


def test_an_lstm_for_other_features_is_refused() -> None:
    tensors = random_weights.ge2e()
    tensors["lstm.weight_ih_l0"] = np.zeros((64, 80), np.float32)
    with pytest.raises(ModelError, match=r"'lstm\.weight_ih_l0' has shape \(64, 80\)"):
        ge2e.build_network(tensors)
