"""From a checkpoint to a part of a bundle: its networks, and what the runtime must know of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ovdiar.errors import ModelError

from .graphs import ge2e, pyannet, sincnet
from .records import Record

if TYPE_CHECKING:
    from collections.abc import Mapping

    import openvino as ov

    from .checkpoint import Checkpoint


@dataclass(frozen=True, eq=False)
class Part:
    """Networks by their folder in the bundle, and the part's entry in the manifest."""

    networks: Mapping[str, ov.Model]
    entry: Mapping[str, Any]


def segmentation_part(checkpoint: Checkpoint) -> Part:
    """Build a segmentation network and describe it.

    Window, classes and powerset are those of the checkpoint's pyannote specifications.

    Raises
    ------
    ModelError
        The checkpoint is no PyanNet, or does not say what it was trained on.
    """
    if not any(name.startswith("sincnet.") for name in checkpoint.tensors):
        raise ModelError(
            "the checkpoint has no SincNet: give a segmentation model of pyannote (PyanNet)"
        )
    specifications = _specifications(checkpoint)
    options = checkpoint.metadata.get("hyper_parameters") or {}
    rate = int(options.get("sample_rate", 16000))
    stride = int((options.get("sincnet") or {}).get("stride", sincnet.STRIDE))
    powerset = specifications.get("powerset_max_classes")
    model = pyannet.build(
        checkpoint.tensors, powerset=powerset is not None, stride=stride, sample_rate=rate
    )
    step, width, start = sincnet.frame_grid(stride)
    return Part(
        networks={"segmentation": model},
        entry={
            "architecture": "PyanNet",
            "sample_rate": rate,
            "window_s": float(specifications["duration"]),
            "window_samples": round(float(specifications["duration"]) * rate),
            "min_samples": width,
            "frames": {"step": step, "width": width, "start": start},
            "classes": [str(name) for name in specifications["classes"]],
            "powerset": powerset,
        },
    )


def _specifications(checkpoint: Checkpoint) -> dict[str, Any]:
    """Return what a pyannote checkpoint says of its task."""
    about = checkpoint.metadata.get("pyannote.audio")
    found = about.get("specifications") if isinstance(about, dict) else None
    state = found.state if isinstance(found, Record) else None
    if not isinstance(state, dict) or not state.get("classes") or not state.get("duration"):
        raise ModelError(
            "the checkpoint states no pyannote specifications (duration, classes): "
            "give a file that pyannote.audio saved"
        )
    return state


def ge2e_part(checkpoint: Checkpoint) -> Part:
    """Build GE2E's features and network, and describe them.

    Partial utterances and the level of -30 dBFS are Resemblyzer's own. The distance of partials
    is half their length; what is shorter than one is repeated until it fills one.
    """
    return Part(
        networks={
            "embedding/features": ge2e.build_features(),
            "embedding/network": ge2e.build_network(checkpoint.tensors),
        },
        entry={
            "architecture": "GE2E",
            "kind": "utterance",
            "sample_rate": ge2e.RATE,
            "dimension": ge2e.DIMENSION,
            "min_samples": ge2e.WIDTH,
            "select": "frames",
            "hop_samples": ge2e.HOP,
            "level_dbfs": -30.0,
            "partial_frames": ge2e.PARTIAL_FRAMES,
            "partial_step_frames": ge2e.PARTIAL_FRAMES // 2,
        },
    )
