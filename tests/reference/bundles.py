"""A bundle on disk whose networks are three bytes each: enough to be found, read and checked."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

NETWORK = b"net"


def manifest() -> dict[str, Any]:
    """Describe it as the exporter would."""
    digest = hashlib.sha256(NETWORK).hexdigest()
    return {
        "schema": 2,
        "name": "small",
        "segmentation": {
            "architecture": "PyanNet",
            "sample_rate": 16000,
            "window_samples": 80000,
            "frames": {"step": 270, "width": 991, "start": 0},
            "classes": ["speaker#1", "speaker#2", "speaker#3"],
            "powerset": None,
            "min_samples": 991,
            "processing_s": 0.03,
            "files": {"segmentation/openvino_model.xml": digest},
        },
        "embedding": {
            "architecture": "GE2E",
            "kind": "utterance",
            "sample_rate": 16000,
            "dimension": 256,
            "min_samples": 25600,
            "hop_samples": 160,
            "processing_s": 0.04,
            "level_dbfs": -30,
            "partial_frames": None,
            "files": {"embedding/network/openvino_model.xml": digest},
        },
        "pipeline": {"threshold": 0.5},
        "calibration": {
            "confidence": {"activation": 0.5, "margin": 2.0, "bias": -1.0, "largest_margin": 1.5}
        },
    }


def pooled() -> dict[str, Any]:
    """Describe one whose embedding pools the features of a trunk."""
    content = manifest()
    files = content["embedding"]["files"]
    content["embedding"] = {
        "architecture": "WeSpeakerResNet",
        "kind": "pooled",
        "sample_rate": 16000,
        "dimension": 256,
        "min_samples": 400,
        "channels": 2560,
        "hop_samples": 1280,
        "context_samples": 12000,
        "processing_s": 0.2,
        "files": files,
    }
    return content


def write_bundle(folder: Path, content: Any = None) -> Path:
    """Write the networks, and a manifest: the usual one, another, or (a string) any text."""
    described = manifest()
    for part in ("segmentation", "embedding"):
        for name in described[part]["files"]:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(NETWORK)
    content = described if content is None else content
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / "bundle.json").write_text(text, encoding="utf-8")
    return folder
