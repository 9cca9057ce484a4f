"""Made-up recordings of known voices, and what perfect networks would say of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from reference.replay import WINDOWS, Replay, positions

from ovdiar.frames import FrameGrid
from ovdiar.networks.bundle import Bundle, EmbeddingSpec
from ovdiar.networks.models import Models

if TYPE_CHECKING:
    from numpy.typing import NDArray

FRAMES = FrameGrid(step=1600, width=1600)
"""Ten frames a second: coarse, so that tests are fast."""
DIMENSION = 16


class ReplayedVoices:
    """Replays embeddings (C, S, D) window by window; remembers how many it was asked for."""

    def __init__(self, embeddings: NDArray[np.float32]) -> None:
        self._embeddings = embeddings
        self.spec = EmbeddingSpec("replay", "utterance", 16000, embeddings.shape[2], 1)
        self.asked = 0

    def __call__(
        self, windows: NDArray[np.float32], masks: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        self.asked += len(masks)
        numbers = np.rint(windows[:, 0] / WINDOWS.step).astype(int)
        answer: NDArray[np.float32] = self._embeddings[numbers]
        return answer


class Recording(NamedTuple):
    """Scores (C, F, S) and embeddings (C, S, D) of the windows, and who speaks when (T, voices)."""

    scores: NDArray[np.float32]
    embeddings: NDArray[np.float32]
    talk: NDArray[np.bool_]

    def models(self, **pipeline: Any) -> Models:
        """Make networks that say so, in a bundle with these hyper-parameters and no PLDA."""
        segmentation = Replay(self.scores, frames=FRAMES)
        manifest: dict[str, Any] = {}
        embedding = ReplayedVoices(self.embeddings)
        bundle = Bundle(Path(), "made up", segmentation.spec, embedding.spec, pipeline, manifest)
        return Models(bundle, segmentation, embedding)

    def audio(self, uri: str = "meeting") -> dict[str, Any]:
        """Make the audio in which those networks hear it."""
        return positions((len(self.scores) - 1) * WINDOWS.step + WINDOWS.width, uri)

    def how(self) -> dict[str, Any]:
        """Give the keywords with which `SpeakerDiarization.decode` reads it."""
        return {"window_s": WINDOWS.width_s, "step_s": WINDOWS.step_s, "grid": FRAMES}


def record(
    seed: int,
    *,
    voices: int,
    windows: int,
    speakers: int = 3,
    directions: NDArray[Any] | None = None,
    noise: float = 0.1,
) -> Recording:
    """Let voices talk in turn, now and then at once; embeddings of a voice differ a little.

    Their ``directions`` (voices, D) are drawn, unless they are given; ``noise`` is the length of
    the differences. Everybody speaks before anybody speaks again. A window's speakers come in any
    order; those who are silent in it have no embedding.
    """
    rng = np.random.default_rng(seed)
    per_window = round(WINDOWS.width / FRAMES.step)
    per_step = round(WINDOWS.step / FRAMES.step)
    talk = np.zeros(((windows - 1) * per_step + per_window, voices), dtype=bool)
    frame = 0
    while frame < len(talk):
        for voice in rng.permutation(voices):
            length = int(rng.integers(10, 30))
            talk[frame : frame + length, voice] = True
            frame += length + int(rng.integers(-4, 5))
    drawn = np.linalg.qr(rng.normal(size=(DIMENSION, DIMENSION)))[0][:voices]
    directions = drawn if directions is None else directions
    scores = np.zeros((windows, per_window, speakers), dtype=np.float32)
    embeddings = np.full((windows, speakers, DIMENSION), np.nan, dtype=np.float32)
    for window in range(windows):
        heard = talk[window * per_step :][:per_window]
        longest = np.argsort(-heard.sum(axis=0), kind="stable")[:speakers]
        for speaker, voice in enumerate(rng.permutation(longest)):
            scores[window, :, speaker] = heard[:, voice]
            if heard[:, voice].any():
                difference = rng.normal(size=DIMENSION) * noise / np.sqrt(DIMENSION)
                embeddings[window, speaker] = directions[voice] + difference
    return Recording(scores, embeddings, talk)


def silent(windows: int, speakers: int = 3) -> Recording:
    """Record nobody."""
    blank = record(0, voices=1, windows=windows, speakers=speakers)
    return Recording(
        np.zeros_like(blank.scores),
        np.full_like(blank.embeddings, np.nan),
        np.zeros_like(blank.talk),
    )


def write_plda(folder: Path) -> Path:
    """Write a PLDA for embeddings of these recordings; it tells apart what lies apart."""
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(
        folder / "xvec_transform.npz",
        mean1=np.zeros(DIMENSION),
        mean2=np.zeros(DIMENSION, dtype=np.float32),
        lda=np.eye(DIMENSION, dtype=np.float32),
    )
    np.savez(
        folder / "plda.npz",
        mu=np.zeros(DIMENSION),
        tr=8 * np.eye(DIMENSION),
        psi=np.linspace(8, 4, DIMENSION),
    )
    return folder
