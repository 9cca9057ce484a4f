"""The cost of a precision: compressed networks against float32 on audio that calibrated neither."""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.activity import powerset_mapping, powerset_to_speakers
from ovdiar.audio.reading import load
from ovdiar.errors import ConfigError
from ovdiar.networks.bundle import EmbeddingSpec
from ovdiar.networks.pooled import PooledEmbedding
from ovdiar.networks.runtime import Network
from ovdiar.networks.utterance import UtteranceEmbedding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ovdiar.annotation import Annotation
    from ovdiar.audio.reading import AudioInput

    from ..parts import Part

ONSET = 0.5
"""Scores above it are speech."""

PIECE_S = 3.0
"""Length of a piece of one voice that is embedded, s."""

CALIBRATED = 0.75
"""Share of each recording that is used for calibration; the cost is measured on the rest."""

MOST_WINDOWS = 100
"""More windows do not change the calibrated ranges; NNCF takes 300 at most."""


@dataclass(frozen=True, eq=False)
class Piece:
    """Some seconds (samples,) of one voice; ``speaker`` is a name, or None where it is unknown."""

    samples: NDArray[np.float32]
    speaker: str | None = None


def shares(
    recordings: Sequence[AudioInput], entry: Mapping[str, Any]
) -> tuple[list[NDArray[np.float32]], list[NDArray[np.float32]]]:
    """Cut recordings into windows (samples,) for calibration, and later ones for the test.

    Raises
    ------
    ConfigError
        There is no window for one of the two.
    """
    calibration: list[NDArray[np.float32]] = []
    test: list[NDArray[np.float32]] = []
    for recording in recordings:
        found = windows(recording, entry)
        first = int(CALIBRATED * len(found))
        calibration += found[:first]
        test += found[first:]
    if not calibration or not test:
        raise ConfigError(
            f"{len(recordings)} recordings make {len(calibration)} windows to calibrate on and "
            f"{len(test)} to test with: give at least one recording of a minute"
        )
    return spread(calibration), spread(test)


def windows(recording: AudioInput, entry: Mapping[str, Any]) -> list[NDArray[np.float32]]:
    """Cut a recording into windows of a network (samples,); the rest is dropped."""
    rate = int(entry["sample_rate"])
    length = int(entry.get("window_samples") or round(PIECE_S * rate))
    samples = load(recording, rate=rate).samples
    return [samples[i : i + length] for i in range(0, len(samples) - length + 1, length)]


def spread(windows: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """Choose at most `MOST_WINDOWS`, evenly."""
    chosen = np.linspace(0, len(windows) - 1, min(len(windows), MOST_WINDOWS)).astype(int)
    return [windows[index] for index in chosen]


def pieces(recording: AudioInput, turns: Annotation, entry: Mapping[str, Any]) -> list[Piece]:
    """Cut pieces of `PIECE_S` in which one speaker is alone.

    Equal names mean the same speaker, also across recordings.
    """
    rate = int(entry["sample_rate"])
    length = round(PIECE_S * rate)
    samples = load(recording, rate=rate).samples
    overlap = turns.get_overlap()

    def alone(start: int) -> bool:
        end = start + length
        return not any(s.start * rate < end and start < s.end * rate for s in overlap)

    found: list[Piece] = []
    for turn in turns.turns:
        first, last = (round(s * rate) for s in (turn.segment.start, turn.segment.end))
        starts = filter(alone, range(first, min(last, len(samples)) - length + 1, length))
        found += [Piece(samples[i : i + length], turn.speaker) for i in starts]
    return found


def cost(
    part: Part,
    exact: Path,
    compressed: Path,
    windows: Sequence[NDArray[np.float32]],
    voices: Sequence[Piece] = (),
) -> dict[str, float]:
    """Measure the cost: `segmentation_cost`, or `embedding_cost` of voices or windows.

    Parameters
    ----------
    part : names and describes the networks
    exact, compressed : folders below which they were written, in float32 and compressed
    windows : audio that was not used for calibration
    voices : pieces whose speakers are known, if there are any
    """
    if "segmentation" in part.networks:
        return segmentation_cost(part, exact, compressed, windows)
    return embedding_cost(part, exact, compressed, voices or [Piece(w) for w in windows])


def segmentation_cost(
    part: Part, exact: Path, compressed: Path, windows: Sequence[NDArray[np.float32]]
) -> dict[str, float]:
    """Compare two folders of one segmentation network.

    The order of speakers within a window is arbitrary: scores are compared in the best order.

    Returns
    -------
    ``score_change``: mean absolute change of a speaker's score; ``speech_changed``: share of the
    frames with speech (a score above 0.5) in one output and none in the other
    """
    networks = [
        Network(folder / "segmentation/openvino_model.xml") for folder in (exact, compressed)
    ]
    changes, flips = [], []
    for window in windows:
        wanted, found = (_speakers(part.entry, network(window[None])[0]) for network in networks)
        orders = permutations(range(wanted.shape[1]))
        changes.append(min(np.abs(found[:, list(o)] - wanted).mean() for o in orders))
        speech = [(scores > ONSET).any(axis=1) for scores in (wanted, found)]
        flips.append(np.mean(speech[0] != speech[1]))
    return {"score_change": float(np.mean(changes)), "speech_changed": float(np.mean(flips))}


def _speakers(entry: Mapping[str, Any], scores: NDArray[np.float32]) -> NDArray[np.float32]:
    if entry["powerset"] is None:
        return scores
    mapping = powerset_mapping(len(entry["classes"]), int(entry["powerset"]))
    return powerset_to_speakers(scores, mapping, soft=True)


def embedding_cost(
    part: Part, exact: Path, compressed: Path, voices: Sequence[Piece]
) -> dict[str, float]:
    """Compare two folders of one embedding.

    Returns
    -------
    ``cosine`` between both embeddings of a piece, its mean, and ``cosine_least``; where speakers
    are known, ``eer`` of verification by cosine among all pairs of pieces, and ``eer_exact``
    """
    wanted, found = (_embed(part, folder, voices) for folder in (exact, compressed))
    cosines = np.sum(wanted * found, axis=1)
    cost = {"cosine": float(cosines.mean()), "cosine_least": float(cosines.min())}
    speakers = np.array([voice.speaker or "" for voice in voices])
    if len(set(speakers)) > 1:
        first, second = np.triu_indices(len(speakers), k=1)
        same = speakers[first] == speakers[second]
        if same.any():
            for name, vectors in (("eer_exact", wanted), ("eer", found)):
                scores = np.sum(vectors[first] * vectors[second], axis=1)
                cost[name] = equal_error_rate(scores, same)
    return cost


def _embed(part: Part, folder: Path, voices: Sequence[Piece]) -> NDArray[np.float32]:
    """Embed whole pieces (pieces, dimension), each vector of length one."""
    known = {field.name for field in fields(EmbeddingSpec)}
    values = {name: value for name, value in part.entry.items() if name in known}
    spec = EmbeddingSpec(rate=int(part.entry["sample_rate"]), **values)
    first, second = (Network(folder / name / "openvino_model.xml") for name in part.networks)
    model = (PooledEmbedding if spec.kind == "pooled" else UtteranceEmbedding)(spec, first, second)
    everything = np.ones((1, 1, 100), np.float32)
    vectors = np.stack([model(voice.samples[None], everything)[0, 0] for voice in voices])
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def equal_error_rate(scores: NDArray[Any], same: NDArray[np.bool_]) -> float:
    """Return the equal error rate: the mean of both rates where they are closest."""
    from sklearn.metrics import roc_curve  # noqa: PLC0415 - takes seconds, and is seldom needed

    passed, owners, _ = roc_curve(same, scores, drop_intermediate=False)
    best = int(np.argmin(np.abs(passed - (1 - owners))))
    return float((passed[best] + 1 - owners[best]) / 2)
