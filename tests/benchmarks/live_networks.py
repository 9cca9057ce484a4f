"""A bundle's networks that remember their answers, so that live runs can be repeated cheaply.

A stream at another latency runs the segmentation over the same windows. Answers are found by the
input's digest, and kept in one ``.npz`` for each recording.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.activity import powerset_mapping
from ovdiar.networks.utterance import UtteranceEmbedding

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ovdiar import Models
    from ovdiar.networks.bundle import SegmentationSpec
    from ovdiar.pieces import Speech


class Answers:
    """Answers of the networks for one recording, in a file."""

    def __init__(self, path: Path) -> None:
        self._path, self._new = path, False
        self._known: dict[str, NDArray[Any]] = {}
        if path.exists():
            with np.load(path) as arrays:
                self._known = {name: arrays[name] for name in arrays}

    def get(self, key: str, compute: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        """Return a known answer, or compute it."""
        if key not in self._known:
            self._known[key], self._new = compute(), True
        return self._known[key]

    def save(self) -> None:
        """Write the file, if there is anything new."""
        if self._new:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            np.savez_compressed(self._path, **self._known)  # type: ignore[arg-type]
            self._new = False


class RememberedSegmentation:
    """A powerset segmentation network; only the likeliest class is remembered."""

    def __init__(self, model: Any, answers: Answers) -> None:
        self._model, self._answers = model, answers
        self._classes = len(powerset_mapping(len(model.spec.classes), model.spec.powerset))

    @property
    def spec(self) -> SegmentationSpec:
        """Input and output of the network."""
        spec: SegmentationSpec = self._model.spec
        return spec

    def __call__(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score windows (N, samples) -> (N, frames, classes): 1 for the likeliest class."""

        found = [
            self._answers.get(f"s{_digest(window)}", partial(self._classes_of, window))
            for window in windows
        ]
        scores: NDArray[np.float32] = np.eye(self._classes, dtype=np.float32)[np.stack(found)]
        return scores

    def _classes_of(self, window: NDArray[np.float32]) -> NDArray[np.uint8]:
        scores: NDArray[np.float32] = self._model(window[np.newaxis])[0]
        return np.asarray(scores.argmax(axis=1), np.uint8)


class RememberedEmbedding(UtteranceEmbedding):
    """An utterance embedding."""

    answers: Answers

    @classmethod
    def of(cls, model: UtteranceEmbedding, answers: Answers) -> RememberedEmbedding:
        """Return a model that remembers."""
        kept = cls(model.spec, model.features, model.network, model.usual_lengths)
        object.__setattr__(kept, "answers", answers)
        return kept

    def in_usual_lengths(self) -> RememberedEmbedding:
        """Return the same model with ``usual_lengths``, and the same answers."""
        return self.of(super().in_usual_lengths(), self.answers)

    def utterances(self, pieces: Sequence[Speech]) -> NDArray[np.float32]:
        """Embed pieces: (N, D)."""
        kind = "u" if self.usual_lengths else "e"
        found = [
            self.answers.get(
                f"{kind}{_digest(each.samples, each.runs)}", partial(self._alone, each)
            )
            for each in pieces
        ]
        return np.stack(found)

    def _alone(self, piece: Speech) -> NDArray[np.float32]:
        (embedding,) = super().utterances([piece])
        return np.asarray(embedding, np.float32)


def remembered(models: Models, path: Path) -> tuple[Models, Answers]:
    """Return networks that remember, and their answers."""
    answers, embedding = Answers(path), models.embedding
    assert isinstance(embedding, UtteranceEmbedding)
    segmentation = RememberedSegmentation(models.segmentation, answers)
    kept = RememberedEmbedding.of(embedding, answers)
    return replace(models, segmentation=segmentation, embedding=kept), answers


def _digest(*arrays: NDArray[Any]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:24]
