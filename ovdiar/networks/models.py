"""Networks behind two Protocols: what segments a window, what tells its voices apart.

Models keep nothing between calls, so one loaded bundle may serve several threads.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ovdiar.embedding import EmbeddingModel, nearest_resize, pool_statistics
from ovdiar.errors import ConfigError, ModelError
from ovdiar.networks.bundle import Bundle, load_bundle, recipe_of, user_cache
from ovdiar.networks.devices import check_device, needs_fixed_shapes
from ovdiar.networks.runtime import Network, RuntimeOptions, available_devices

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from ovdiar.networks.bundle import EmbeddingSpec, SegmentationSpec


class SegmentationModel(Protocol):
    """Scores the speakers or powerset classes of windows."""

    @property
    def spec(self) -> SegmentationSpec:
        """What the network expects and gives."""
        ...

    def __call__(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score windows (N, samples) -> (N, frames, classes)."""
        ...


@dataclass(frozen=True, eq=False)
class Segmentation:
    """A segmentation network of a bundle."""

    spec: SegmentationSpec
    network: Network

    def __call__(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score windows (N, samples) -> (N, frames, classes)."""
        return self.network(windows)


@dataclass(frozen=True, eq=False)
class PooledEmbedding:
    """Trunk and head, and between them one masked pooling for every speaker of a window."""

    spec: EmbeddingSpec
    trunk: Network
    head: Network

    def __call__(
        self, windows: NDArray[np.float32], masks: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Embed what masks (N, S, frames) choose of windows (N, samples) -> (N, S, D).

        The trunk takes one window at a time: more at once are no faster, and a window's
        activations fill 50 MB.
        """
        statistics = []
        for window, window_masks in zip(windows[:, np.newaxis], masks[:, np.newaxis], strict=True):
            features = self.trunk(window)
            resized = nearest_resize(window_masks, features.shape[2])
            statistics.append(pool_statistics(features, resized)[0])
        return self.head(np.concatenate(statistics)).reshape(*masks.shape[:2], -1)


@dataclass(frozen=True, eq=False)
class UtteranceEmbedding:
    """Features, a choice of frames, and a network over each speaker's own frames."""

    spec: EmbeddingSpec
    features: Network
    network: Network

    def __call__(
        self, windows: NDArray[np.float32], masks: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Embed what masks (N, S, frames) choose of windows (N, samples) -> (N, S, D)."""
        speeches = self._by_frames if self.spec.select == "frames" else self._by_samples
        owners: list[tuple[int, int]] = []
        pieces: list[NDArray[np.float32]] = []
        owner_of: list[int] = []
        for owner, speech in speeches(windows, masks):
            parts = self._partials(speech)
            pieces += parts
            owner_of += [len(owners)] * len(parts)
            owners.append(owner)
        sums = np.zeros((len(owners), self.spec.dimension), dtype=np.float32)
        for rows in _equal_lengths(pieces):
            answers = self.network(np.stack([pieces[row] for row in rows]))
            np.add.at(sums, [owner_of[row] for row in rows], answers)
        if self.spec.partial_frames:
            sums /= np.linalg.norm(sums, axis=1, keepdims=True)
        embeddings = np.full((*masks.shape[:2], self.spec.dimension), np.nan, dtype=np.float32)
        for owner, embedding in zip(owners, sums, strict=True):
            embeddings[owner] = embedding
        return embeddings

    def _by_frames(
        self, windows: NDArray[np.float32], masks: NDArray[np.float32]
    ) -> Iterator[tuple[tuple[int, int], NDArray[np.float32]]]:
        """Compute every window's features, then choose each speaker's frames (frames, bands)."""
        features = self.features(windows)
        chosen = nearest_resize(masks, features.shape[1]) > 0.5
        least = max(1, -(-self.spec.min_samples // self.spec.hop_samples))
        for window, speaker in np.argwhere(chosen.sum(axis=2) >= least):
            frames = chosen[window, speaker]
            gain = self._gain(windows[window, nearest_resize(frames, windows.shape[1])])
            yield (int(window), int(speaker)), features[window, frames] * gain

    def _by_samples(
        self, windows: NDArray[np.float32], masks: NDArray[np.float32]
    ) -> Iterator[tuple[tuple[int, int], NDArray[np.float32]]]:
        """Join each speaker's samples, then compute their features (frames, bands)."""
        chosen = nearest_resize(masks, windows.shape[1]) > 0.5
        for window, speaker in np.argwhere(chosen.sum(axis=2) >= self.spec.min_samples):
            samples = windows[window, chosen[window, speaker]]
            features = self.features(samples[np.newaxis])[0]
            yield (int(window), int(speaker)), features * self._gain(samples)

    def _gain(self, samples: NDArray[np.float32]) -> float:
        """Return the power gain that raises speech to the level wanted; never below 1.

        Resemblyzer's ``normalize_volume`` (increase only).
        """
        if self.spec.level_dbfs is None:
            return 1.0
        power = float(np.mean(np.square(samples, dtype=np.float64)))
        wanted = 10 ** (self.spec.level_dbfs / 10)
        return max(1.0, wanted / power) if power > 0 else 1.0

    def _partials(self, speech: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Cut feature frames (frames, bands) into the pieces that the network was trained on.

        What is shorter than one piece is repeated until it fills one.
        """
        length, step = self.spec.partial_frames, self.spec.partial_step_frames
        if not length:
            return [speech]
        if len(speech) < length:
            return [np.resize(speech, (length, speech.shape[1]))]
        last = len(speech) - length
        count = 1 + round(last / step)
        starts = np.linspace(0, last, count).astype(int)
        return [speech[start : start + length] for start in starts]


PIECES_AT_ONCE = 32
"""Pieces of utterances that make a batch; more are no faster, and 100 of them take 100 MB."""


def _equal_lengths(pieces: list[NDArray[np.float32]]) -> list[list[int]]:
    """Group the numbers of pieces by their length into batches."""
    groups: dict[int, list[int]] = {}
    for number, piece in enumerate(pieces):
        groups.setdefault(len(piece), []).append(number)
    return [
        group[first : first + PIECES_AT_ONCE]
        for group in groups.values()
        for first in range(0, len(group), PIECES_AT_ONCE)
    ]


@dataclass(frozen=True, eq=False)
class Models:
    """A bundle's networks, ready to run. Pipelines take it as their first argument."""

    bundle: Bundle
    segmentation: SegmentationModel
    embedding: EmbeddingModel

    def release(self) -> None:
        """Let go of the memory that the networks compute in, until they are called again."""
        for model in (self.segmentation, self.embedding):
            for part in vars(model).values():
                if isinstance(part, Network):
                    part.release()


def load(
    name: str | os.PathLike[str] = "tiny", *, device: str = "CPU", threads: int | None = None
) -> Models:
    """Load a bundle by its name or folder.

    Parameters
    ----------
    name : a bundle in ``$OVDIAR_MODELS`` or the user's cache, or a bundle's folder
    device : OpenVINO's name of a device: ``CPU``, ``GPU``, ``GPU.1``, ``NPU`` (networks of fixed
        shapes only), ``AUTO``, or a list such as ``HETERO:NPU,CPU``
    threads : how many threads the networks use; by default OpenVINO's choice

    Raises
    ------
    ModelNotFoundError, ModelError
        The bundle is missing, damaged, or of a newer schema.
    ConfigError
        The device is not there, or takes no networks such as the bundle's.
    """
    bundle = load_bundle(name)
    check_device(device, available_devices)
    _check_shapes(bundle, device)
    options = RuntimeOptions(device, threads, _compiled_networks())

    def network(part: str, *, streams: bool = False) -> Network:
        path = bundle.folder / part / "openvino_model.xml"
        return Network(path, replace(options, streams=streams))

    segmentation = Segmentation(bundle.segmentation, network("segmentation", streams=True))
    embedding: EmbeddingModel
    if bundle.embedding.kind == "pooled":
        embedding = PooledEmbedding(
            bundle.embedding, network("embedding/trunk"), network("embedding/head")
        )
    elif bundle.embedding.kind == "utterance":
        embedding = UtteranceEmbedding(
            bundle.embedding,
            network("embedding/features"),
            network("embedding/network", streams=True),
        )
    else:
        raise ModelError(
            f"bundle {bundle.name!r} has an embedding of kind {bundle.embedding.kind!r}: "
            "expected pooled or utterance; export it again"
        )
    return Models(bundle, segmentation, embedding)


def _compiled_networks() -> Path | None:
    """Return where compiled networks are kept; nowhere, for a user without a home folder."""
    try:
        return user_cache() / "compiled"
    except ConfigError:
        return None


def _check_shapes(bundle: Bundle, device: str) -> None:
    """Refuse a device that takes fixed shapes where the bundle's networks have none."""
    if needs_fixed_shapes(device) and not bundle.static_batch:
        raise ConfigError(
            f"device {device!r} takes networks of fixed shapes, unlike bundle {bundle.name!r}: "
            f"make one with ovdiar-export {recipe_of(bundle.name)} --static 8 "
            f"--output {bundle.name}-static"
        )
