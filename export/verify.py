"""Hold written networks to an independent evaluation of the same weights, on real speech."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ovdiar.audio.reading import load
from ovdiar.embedding import nearest_resize, pool_statistics
from ovdiar.errors import ConfigError, ModelError
from ovdiar.networks.runtime import Network

from .evaluation.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from .evaluation.probe import Answers
    from .parts import Part


Evaluation = Literal["numpy", "torch"]
"""What networks are compared with."""


@dataclass(frozen=True)
class Limit:
    """The largest difference that is let through: absolute, or in lengths of the wanted row."""

    value: float
    relative: bool

    def difference(self, found: NDArray[Any], wanted: NDArray[Any]) -> float:
        """Return the largest difference; not a number where an answer is not finite."""
        if found.shape != wanted.shape:
            return float("nan")
        if not self.relative:
            return float(np.max(np.abs(found - wanted)))
        distances = np.linalg.norm(found - wanted, axis=-1)
        return float(np.max(distances / np.linalg.norm(wanted, axis=-1)))


SCORES = Limit(1e-3, relative=False)
"""Of sigmoid scores and log-probabilities. A thousandth flips no decision that was clear, while
torch's own kernels differ by up to 6e-4 from processor to processor: the network normalises each
channel, and rounding with it."""

FILTERBANK = Limit(1e-3, relative=False)
"""Of log energies, in dB: what float32 leaves of a band 80 dB below the loudest."""

VECTORS = Limit(1e-4, relative=True)
"""Of features and embeddings: a cosine moves by less than 1e-8."""

LIMITS: Mapping[str, Mapping[str, Limit]] = {
    "PyanNet": {"scores": SCORES},
    "WeSpeakerResNet": {"features": VECTORS, "vectors": VECTORS},
    "XVector": {"features": VECTORS, "vectors": VECTORS},
    "GE2E": {"features": VECTORS, "vectors": VECTORS},
    "ECAPA-TDNN": {"features": FILTERBANK, "vectors": VECTORS},
    "CAM++": {"features": VECTORS, "vectors": VECTORS},
    "ONNX": {"scores": SCORES, "features": FILTERBANK, "vectors": VECTORS},
}
"""By architecture, what is compared; an architecture without an evaluation is not."""

HALF_LIMITS: Mapping[str, Limit] = {
    "scores": Limit(5e-3, relative=False),
    "features": FILTERBANK,
    "vectors": Limit(5e-3, relative=True),
}
"""Where ONNX Runtime computes in float16, whose numbers lie 0.1 % apart. Log-probabilities are
compared as probabilities then: float16 has none below 6e-8."""

HEAVY_S = 1.0
"""How much a residual network hears, s: in NumPy, a second of it takes longer than all else."""


def verify_part(
    part: Part,
    tensors: Mapping[str, NDArray[Any]],
    folder: Path,
    *,
    using: Evaluation = "numpy",
    checkpoint: Path | None = None,
) -> dict[str, float]:
    """Compare the networks that lie below ``folder`` with another evaluation of their weights.

    Parameters
    ----------
    part : names the networks' folders and describes them
    tensors : the state dict that they were built from
    folder : where the float32 networks were written
    using : "numpy" evaluates the formulas in double precision, "torch" the original model;
        a network from ONNX is evaluated by ONNX Runtime instead
    checkpoint : the original file, for torch and for ONNX

    Returns
    -------
    The largest difference of each answer, by its name in the manifest: ``segmentation_scores``,
    ``embedding_features``, ``embedding_vectors``. Nothing for an architecture that has no
    evaluation.

    Raises
    ------
    ModelError
        A difference exceeds its limit.
    MissingPackageError
        The original model needs a package that is not installed, or ONNX Runtime is not installed
        or cannot run the network.
    """
    architecture = str(part.entry["architecture"])
    if architecture not in LIMITS:
        return {}
    rate = int(part.entry["sample_rate"])
    seconds = HEAVY_S if architecture == "WeSpeakerResNet" else None
    probe = Probe(part.entry, speech(rate, seconds))
    if architecture == "ONNX":
        length = int(part.entry.get("window_samples") or len(probe.waveform))
        probe = Probe(part.entry, np.resize(probe.waveform, length))  # some take no other length
        wanted = _evaluate_onnx(probe, checkpoint)
    elif using == "torch":
        from .evaluation import original  # noqa: PLC0415 - asks for torch

        wanted = original.answer(probe, tensors, checkpoint)
    else:
        from .evaluation import formulas  # noqa: PLC0415 - so that neither needs the other

        wanted = formulas.answer(probe, tensors)
    found = _run(probe, {name: Network(_file(folder, name)) for name in part.networks})
    kind = next(iter(part.networks)).split("/")[0]
    limits = LIMITS[architecture]
    if any(array.dtype == np.float16 for array in wanted.values()):
        limits = HALF_LIMITS
        if part.entry.get("powerset") is not None:
            found, wanted = ({"scores": np.exp(of["scores"])} for of in (found, wanted))
    return {
        f"{kind}_{name}": _checked(f"{kind} {name}", limits[name], found[name], np.float64(array))
        for name, array in wanted.items()
    }


def _evaluate_onnx(probe: Probe, path: Path | None) -> Answers:
    from .onnx.isolation import evaluate_apart  # noqa: PLC0415 - only ONNX needs it

    if path is None:
        raise ConfigError("ONNX Runtime reads the file itself: give its path")
    try:
        return evaluate_apart(probe, path)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error


def speech(rate: int, seconds: float | None = None) -> NDArray[np.float32]:
    """Read the package's own five seconds of three voices, or their beginning, at ``rate`` Hz.

    The recording has energy up to 8 kHz. Where a band is empty, as on the telephone, PyanNet
    normalises rounding errors up to the loudness of speech, and a difference says nothing.
    """
    with as_file(files("ovdiar_export").joinpath("data/speech.flac")) as path:
        samples = load(path, rate=rate).samples
    return samples if seconds is None else samples[: round(seconds * rate)]


def _file(folder: Path, name: str) -> Path:
    return folder / name / "openvino_model.xml"


def _run(probe: Probe, networks: Mapping[str, Network]) -> Answers:
    """Answer with the written networks, as the runtime does."""
    waveform = probe.waveform[None]
    if "segmentation" in networks:
        return {"scores": networks["segmentation"](waveform)[0]}
    if "embedding/trunk" in networks:
        features = networks["embedding/trunk"](waveform)
        masks = nearest_resize(probe.masks[None], features.shape[2])
        rows = pool_statistics(features, masks)[0]
        return {"features": features[0].T, "vectors": networks["embedding/head"](rows)}
    features = networks["embedding/features"](waveform)[0]
    pieces = np.stack(probe.pieces(features))
    return {"features": features, "vectors": networks["embedding/network"](pieces)}


def _checked(name: str, limit: Limit, found: NDArray[Any], wanted: NDArray[Any]) -> float:
    difference = limit.difference(found, wanted)
    if difference <= limit.value:
        return difference
    kind = "relative " if limit.relative else ""
    raise ModelError(
        f"{name} of the written network differ by {difference:.3g} ({kind}limit {limit.value:g}) "
        "from an independent evaluation of the same weights: report this checkpoint, do not use it"
    )
