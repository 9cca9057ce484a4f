"""From a checkpoint to a part of a bundle: its networks, and what the runtime must know of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ovdiar.errors import ModelError

from .checkpoints.records import Record
from .graphs import campplus, ecapa, ge2e, pyannet, sincnet, wespeaker, xvector

if TYPE_CHECKING:
    from collections.abc import Mapping

    import openvino as ov

    from .checkpoints.checkpoint import Checkpoint
    from .graphs.pooled import Pooled


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
    rate, stride = _sampling(checkpoint)
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


def _sampling(checkpoint: Checkpoint) -> tuple[int, int]:
    """Return the sample rate (Hz) and the stride of the sinc filters that a model was made with."""
    options = checkpoint.metadata.get("hyper_parameters") or {}
    stride = (options.get("sincnet") or {}).get("stride", sincnet.STRIDE)
    return int(options.get("sample_rate", sincnet.RATE)), int(stride)


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


def embedding_part(checkpoint: Checkpoint) -> Part:
    """Build an embedding network and describe it; the names of its tensors tell which it is.

    Raises
    ------
    ModelError
        It is none that is known, or a tensor is missing or does not fit.
    """
    makers = {
        "resnet.conv1.weight": _wespeaker,
        "tdnns.0.weight": _xvector,
        "blocks.0.conv.conv.weight": _ecapa,
        "xvector.tdnn.linear.weight": _campplus,
        "lstm.weight_ih_l0": _ge2e,
    }
    for name, make in makers.items():
        if name in checkpoint.tensors:
            return make(checkpoint)
    raise ModelError(
        "the checkpoint holds no embedding that is known here: give WeSpeaker ResNet, x-vector, "
        "ECAPA-TDNN, CAM++ or GE2E"
    )


def _wespeaker(checkpoint: Checkpoint) -> Part:
    """WeSpeaker's residual networks, as pyannote.audio >= 3.1 pools them."""
    return _pooled(
        "WeSpeakerResNet",
        wespeaker.build_trunk(checkpoint.tensors),
        wespeaker.build_head(checkpoint.tensors),
        wespeaker.describe(checkpoint.tensors),
    )


def _xvector(checkpoint: Checkpoint) -> Part:
    """Build x-vectors as pyannote has them, over SincNet or cepstra."""
    rate, stride = _sampling(checkpoint)
    options = {"stride": stride, "sample_rate": rate}
    return _pooled(
        "XVector",
        xvector.build_trunk(checkpoint.tensors, **options),
        xvector.build_head(checkpoint.tensors),
        xvector.describe(checkpoint.tensors, **options),
    )


def _pooled(architecture: str, trunk: ov.Model, head: ov.Model, about: Pooled) -> Part:
    return Part(
        networks={"embedding/trunk": trunk, "embedding/head": head},
        entry={
            "architecture": architecture,
            "kind": "pooled",
            "sample_rate": about.rate,
            "dimension": about.dimension,
            "min_samples": about.min_samples,
            "channels": about.channels,
            "hop_samples": about.step,
            "context_samples": about.context,
        },
    )


def _ecapa(checkpoint: Checkpoint) -> Part:
    """SpeechBrain's ECAPA-TDNN: a speaker's samples are joined before the filterbank."""
    return Part(
        networks={
            "embedding/features": ecapa.build_features(),
            "embedding/network": ecapa.build_network(checkpoint.tensors),
        },
        entry={
            "architecture": "ECAPA-TDNN",
            "kind": "utterance",
            "sample_rate": ecapa.RATE,
            "dimension": ecapa.dimension(checkpoint.tensors),
            "min_samples": ecapa.MIN_SAMPLES,
            "select": "samples",
            "hop_samples": ecapa.HOP,
        },
    )


def _campplus(checkpoint: Checkpoint) -> Part:
    """3D-Speaker's CAM++: a speaker's frames are chosen after the filterbank.

    The network takes the mean over the frames that it is given off each band, as it averages over
    them in every layer. What is shorter than `campplus.MIN_FRAMES` is repeated until it fills them.
    """
    return Part(
        networks={
            "embedding/features": campplus.build_features(),
            "embedding/network": campplus.build_network(checkpoint.tensors),
        },
        entry={
            "architecture": "CAM++",
            "kind": "utterance",
            "sample_rate": campplus.FBANK.rate,
            "dimension": campplus.dimension(checkpoint.tensors),
            "min_samples": campplus.FBANK.width,
            "select": "frames",
            "hop_samples": campplus.FBANK.hop,
            "min_frames": campplus.MIN_FRAMES,
        },
    )


def _ge2e(checkpoint: Checkpoint) -> Part:
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
