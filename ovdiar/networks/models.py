"""Segmentation and embedding models, each behind a Protocol.

Models keep no state between calls, so one loaded bundle can serve several threads.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ovdiar.embedding import EmbeddingModel, nearest_resize, pool_statistics
from ovdiar.errors import ConfigError
from ovdiar.networks.bundle import Bundle, load_bundle, user_cache
from ovdiar.networks.devices import check_device, needs_fixed_shapes
from ovdiar.networks.names import DEFAULT_BUNDLE, recipe_of
from ovdiar.networks.runtime import Network, RuntimeOptions, available_devices

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ovdiar.networks.bundle import EmbeddingSpec, SegmentationSpec
    from ovdiar.pieces import Speech


class SegmentationModel(Protocol):
    """Model that scores the speakers or powerset classes of windows."""

    @property
    def spec(self) -> SegmentationSpec:
        """Input and output of the network."""
        ...

    def __call__(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score windows (N, samples) -> (N, frames, classes)."""
        ...


@dataclass(frozen=True, eq=False)
class Segmentation:
    """Segmentation network of a bundle."""

    spec: SegmentationSpec
    network: Network

    def __call__(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score windows (N, samples) -> (N, frames, classes)."""
        return self.network(windows)


@dataclass(frozen=True, eq=False)
class PooledEmbedding:
    """Embedding model made of a trunk and a head, with masked statistics pooling between them.

    One pass of the trunk serves all speakers of a window.
    """

    spec: EmbeddingSpec
    trunk: Network
    head: Network

    def __call__(
        self, windows: NDArray[np.float32], masks: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Embed the masked frames of windows.

        The trunk processes one window at a time: larger batches are not faster, and the activations
        of one window take 50 MB.

        Parameters
        ----------
        windows
            (N, samples).
        masks
            (N, S, frames), one mask per speaker.

        Returns
        -------
        (N, S, D), float32. Rows of empty masks are meaningless; callers set them to NaN.
        """
        statistics = []
        for window, window_masks in zip(windows[:, np.newaxis], masks[:, np.newaxis], strict=True):
            features = self.trunk(window)
            resized = nearest_resize(window_masks, features.shape[2])
            statistics.append(pool_statistics(features, resized)[0])
        return self.head(np.concatenate(statistics)).reshape(*masks.shape[:2], -1)


@dataclass(frozen=True, eq=False)
class UtteranceEmbedding:
    """Embedding model that selects each speaker's frames first, and embeds them as an utterance."""

    spec: EmbeddingSpec
    features: Network
    network: Network

    def __call__(
        self, windows: NDArray[np.float32], masks: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Embed the masked frames of windows.

        Parameters
        ----------
        windows
            (N, samples).
        masks
            (N, S, frames), one mask per speaker.

        Returns
        -------
        (N, S, D), float32; NaN for speakers with less than ``spec.min_samples`` of speech.
        """
        select = self._by_frames if self.spec.select == "frames" else self._by_samples
        selected = list(select(windows, masks))
        embeddings = np.full((*masks.shape[:2], self.spec.dimension), np.nan, dtype=np.float32)
        found = self._embed([speech for _, speech in selected])
        for (speaker, _), embedding in zip(selected, found, strict=True):
            embeddings[speaker] = embedding
        return embeddings

    def utterances(self, pieces: Sequence[Speech]) -> NDArray[np.float32]:
        """Embed pieces of speech of one speaker each, of any lengths: (N, D).

        Speech of less than ``spec.min_samples`` is repeated.
        """
        select = self._frames_of if self.spec.select == "frames" else self._samples_of
        return self._embed([select(each) * self._gain(each.joined()) for each in pieces])

    def _frames_of(self, piece: Speech) -> NDArray[np.float32]:
        """Compute features of the whole stretch, then select the speaker's (frames, bands)."""
        features = self.features(_at_least(piece.samples, self.spec.min_samples))[0]
        frames = piece.runs // self.spec.hop_samples
        chosen = np.concatenate([np.arange(first, max(last, first + 1)) for first, last in frames])
        selected: NDArray[np.float32] = features[np.minimum(chosen, len(features) - 1)]
        return selected

    def _samples_of(self, piece: Speech) -> NDArray[np.float32]:
        """Concatenate the speaker's samples, then compute their features (frames, bands)."""
        features: NDArray[np.float32] = self.features(
            _at_least(piece.joined(), self.spec.min_samples)
        )[0]
        return features

    def _embed(self, speeches: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Embed features (frames, bands) of any lengths: (N, D)."""
        parts = [self._partials(speech) for speech in speeches]
        owners = np.repeat(np.arange(len(parts)), [len(each) for each in parts])
        utterances = [part for each in parts for part in each]
        sums = np.zeros((len(speeches), self.spec.dimension), dtype=np.float32)
        groups = _equal_lengths(utterances)
        batches = (np.stack([utterances[row] for row in rows]) for rows in groups)
        for rows, outputs in zip(groups, self.network.each(batches), strict=True):
            np.add.at(sums, owners[rows], outputs)
        if self.spec.partial_frames:
            sums /= np.linalg.norm(sums, axis=1, keepdims=True)
        return sums

    def _by_frames(
        self, windows: NDArray[np.float32], masks: NDArray[np.float32]
    ) -> Iterator[tuple[tuple[int, int], NDArray[np.float32]]]:
        """Compute features per window, then select each speaker's frames (frames, bands)."""
        features = self.features(windows)
        chosen = nearest_resize(masks, features.shape[1]) > 0.5
        min_frames = max(1, -(-self.spec.min_samples // self.spec.hop_samples))
        for window, speaker in np.argwhere(chosen.sum(axis=2) >= min_frames):
            frames = chosen[window, speaker]
            gain = self._gain(windows[window, nearest_resize(frames, windows.shape[1])])
            yield (int(window), int(speaker)), features[window, frames] * gain

    def _by_samples(
        self, windows: NDArray[np.float32], masks: NDArray[np.float32]
    ) -> Iterator[tuple[tuple[int, int], NDArray[np.float32]]]:
        """Concatenate each speaker's samples, then compute their features (frames, bands)."""
        chosen = nearest_resize(masks, windows.shape[1]) > 0.5
        for window, speaker in np.argwhere(chosen.sum(axis=2) >= self.spec.min_samples):
            samples = windows[window, chosen[window, speaker]]
            features = self.features(samples[np.newaxis])[0]
            yield (int(window), int(speaker)), features * self._gain(samples)

    def _gain(self, samples: NDArray[np.float32]) -> float:
        """Return the power gain that raises speech to ``spec.level_dbfs``, at least 1.

        Source: Resemblyzer, ``normalize_volume`` with ``increase_only``.
        """
        if self.spec.level_dbfs is None:
            return 1.0
        power = float(np.mean(np.square(samples, dtype=np.float64)))
        target = 10 ** (self.spec.level_dbfs / 10)
        return max(1.0, target / power) if power > 0 else 1.0

    def _partials(self, speech: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Split feature frames (frames, bands) into partial utterances of the training length.

        Shorter speech is repeated to that length; where the network takes any length, to
        ``spec.min_frames``.
        """
        length, step = self.spec.partial_frames, self.spec.partial_step_frames
        shortest = length or self.spec.min_frames
        if len(speech) < shortest:
            return [np.resize(speech, (shortest, speech.shape[1]))]
        if not length:
            return [speech]
        last = len(speech) - length
        count = 1 + round(last / step)
        starts = np.linspace(0, last, count).astype(int)
        return [speech[start : start + length] for start in starts]


def _at_least(samples: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """Repeat samples to a length: (n,) -> (1, max(n, length))."""
    return np.resize(samples, max(len(samples), length))[np.newaxis]


BATCH_SIZE = 32
"""Partial utterances per batch; more are not faster, and 100 take 100 MB."""


def _equal_lengths(utterances: list[NDArray[np.float32]]) -> list[list[int]]:
    """Group the indices of utterances of equal length into batches, the shortest first."""
    groups: dict[int, list[int]] = {}
    for number, utterance in enumerate(utterances):
        groups.setdefault(len(utterance), []).append(number)
    return [
        group[first : first + BATCH_SIZE]
        for _, group in sorted(groups.items())
        for first in range(0, len(group), BATCH_SIZE)
    ]


@dataclass(frozen=True, eq=False)
class Models:
    """The networks of a bundle, ready to run; the first argument of every pipeline."""

    bundle: Bundle
    segmentation: SegmentationModel
    embedding: EmbeddingModel

    def release(self) -> None:
        """Free the memory of the compiled networks; they are compiled again on the next call."""
        for model in (self.segmentation, self.embedding):
            for part in vars(model).values():
                if isinstance(part, Network):
                    part.release()


def load(
    name: str | os.PathLike[str] = DEFAULT_BUNDLE,
    *,
    device: str = "CPU",
    threads: int | None = None,
) -> Models:
    """Load a bundle by name or folder.

    Parameters
    ----------
    name
        Name of a bundle in ``$OVDIAR_MODELS`` or the user's cache folder, or the path of a bundle.
    device
        OpenVINO's name of a device: ``CPU``, ``GPU``, ``GPU.1``, ``NPU`` (fixed shapes only),
        ``AUTO``, or a list such as ``HETERO:NPU,CPU``.
    threads
        Number of threads that the networks use. By default, OpenVINO chooses.

    Raises
    ------
    ModelNotFoundError
        If the bundle is missing.
    ModelError
        If the bundle is damaged or has a newer schema.
    ConfigError
        If the device does not exist, or needs fixed shapes that the bundle does not have.
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
    else:
        embedding = UtteranceEmbedding(
            bundle.embedding,
            network("embedding/features"),
            network("embedding/network", streams=True),
        )
    return Models(bundle, segmentation, embedding)


def _compiled_networks() -> Path | None:
    """Return the cache folder for compiled networks, or None without a home folder."""
    try:
        return user_cache() / "compiled"
    except ConfigError:
        return None


def _check_shapes(bundle: Bundle, device: str) -> None:
    """Raise ConfigError if the device needs fixed shapes and the bundle has none."""
    if needs_fixed_shapes(device) and not bundle.static_batch:
        raise ConfigError(
            f"device {device!r} needs fixed shapes, which bundle {bundle.name!r} does not have: "
            f"make one with ovdiar-export {recipe_of(bundle.name)} --static 8 "
            f"--output {bundle.name}-static"
        )
