"""CAM++ through the runtime: a speaker's own frames, of whatever number, beside those of others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
from ovdiar_export.bundles import install
from ovdiar_export.recipes import Recipe
from ovdiar_export.sources.origins import origin_of
from reference import campplus_cases, published, random_weights
from reference.signals import buzz
from reference.torch_files import zip_form

import ovdiar

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.networks.models import Models

CAPTURED = Path(__file__).parent / "data" / "campplus.npz"
RATE = 16_000


def captured(name: str) -> NDArray[np.float32]:
    with np.load(CAPTURED) as arrays:
        found: NDArray[np.float32] = arrays[name]
    return found


@pytest.fixture(scope="module")
def random(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """Give a bundle whose CAM++ is of full size, with weights from a seed."""
    folder = tmp_path_factory.mktemp("campplus")
    weights = published.tensors_of(random_weights.campplus())
    files = {
        "segmentation.bin": published.segmentation_file(powerset=True),
        "campplus.bin": zip_form(weights),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    segmentation, embedding = (origin_of(str(folder / name)) for name in files)
    recipe = Recipe("random", segmentation, embedding)
    return ovdiar.load(install(recipe, output=folder / "bundle"))


@pytest.fixture(scope="module")
def trained(base: Path) -> Models:
    """Give ``base``, which has the published weights."""
    return ovdiar.load(base)


def buzzes() -> NDArray[np.float32]:
    return np.stack([buzz(10 * RATE, seed) for seed in (0, 1)])


def speech(conversation: Path) -> NDArray[np.float32]:
    samples, _ = soundfile.read(conversation, dtype="float32")
    return np.stack([samples[start : start + 10 * RATE] for start in campplus_cases.STARTS])


def beginnings(models: Models, window: NDArray[np.float32], frames: int) -> NDArray[np.float32]:
    """Embed the first frames of a window by the network alone, as they are."""
    embedding: Any = models.embedding
    bands = embedding.features(window[None])
    answer: NDArray[np.float32] = embedding.network(bands[:, :frames])[0]
    return answer


def masked(models: Models, windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Embed speakers of unlike numbers of frames in one batch."""
    return models.embedding(windows, campplus_cases.masks(998)).reshape(8, -1)


def test_batches_of_unlike_lengths_agree_with_torch(random: Models) -> None:
    assert np.abs(masked(random, buzzes()) - captured("random_masked")).max() <= 1e-4


def test_batches_of_unlike_lengths_give_what_one_at_a_time_gives(random: Models) -> None:
    masks = campplus_cases.masks(998)
    together = random.embedding(buzzes(), masks)
    for window, speaker in np.ndindex(2, 4):
        alone = random.embedding(
            buzzes()[window : window + 1], masks[window : window + 1, speaker : speaker + 1]
        )
        np.testing.assert_allclose(together[window, speaker], alone[0, 0], atol=1e-5)


def test_frames_of_others_do_not_matter(random: Models) -> None:
    windows, masks = buzzes(), campplus_cases.masks(998)[:, 3:]
    changed = windows.copy()
    changed[0, 8 * RATE :] = 0.5  # far behind the frames of the first window's speaker
    one, other = random.embedding(windows, masks), random.embedding(changed, masks)
    np.testing.assert_allclose(one[0], other[0], atol=1e-6)


def test_no_frame_gives_no_embedding(random: Models) -> None:
    masks = np.zeros((1, 2, 998), np.float32)
    masks[0, 1, :3] = 1
    found = random.embedding(buzzes()[:1], masks)[0]
    assert np.isnan(found[0]).all()
    assert np.isfinite(found[1]).all()


@pytest.mark.parametrize("frames", campplus_cases.LENGTHS)
def test_the_published_weights_agree_with_torch(
    frames: int, trained: Models, conversation: Path
) -> None:
    found = beginnings(trained, speech(conversation)[0], frames)
    assert np.abs(found - captured(f"trained_{frames}")).max() <= 1e-4


def test_the_published_weights_agree_with_torch_on_unlike_lengths(
    trained: Models, conversation: Path
) -> None:
    found = masked(trained, speech(conversation))
    assert np.abs(found - captured("trained_masked")).max() <= 1e-4


def test_the_published_segmentation_agrees_with_torch(trained: Models, shared: Path) -> None:
    samples, _ = soundfile.read(shared / "data/sample/sample.wav", dtype="float32")
    starts = range(0, len(samples) - 10 * RATE + 1, RATE)
    windows = np.stack([samples[start : start + 10 * RATE] for start in starts])
    found = trained.segmentation(windows)[:, ::10]
    assert np.abs(found - captured("segmentation")).max() <= 1e-4
