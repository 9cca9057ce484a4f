"""Fix the shapes of a bundle's networks, for devices that take no others.

Windows keep the length that the segmentation was trained on, a batch has one size, and the runtime
pads smaller ones. Networks are verified and measured with free shapes: fixing them changes no
formula.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovdiar.errors import ConfigError, ModelError
from ovdiar.networks.digests import sha256
from ovdiar.networks.runtime import import_openvino
from ovdiar.temporary import folder_in

from ..writer import NETWORK_FILES, save_network

if TYPE_CHECKING:
    from collections.abc import Mapping


def fix_shapes(folder: Path, manifest: Mapping[str, Any], batch: int) -> dict[str, dict[str, str]]:
    """Fix the shapes of the networks in a bundle's folder; return their files' SHA-256 by part.

    The trunk takes one window at a time, as in the runtime.

    Raises
    ------
    ConfigError
        The embedding takes speech of any length.
    """
    window = int(manifest["segmentation"]["window_samples"])
    embedding = manifest["embedding"]
    shapes: dict[str, tuple[int | None, ...]] = {"segmentation": (batch, window)}
    if embedding["kind"] == "pooled":
        shapes |= {"embedding/trunk": (1, window), "embedding/head": (batch, None)}
    elif embedding["select"] == "frames" and embedding.get("partial_frames"):
        partial = int(embedding["partial_frames"])
        shapes |= {
            "embedding/features": (batch, window),
            "embedding/network": (batch, partial, None),
        }
    else:
        raise ConfigError(
            f"{embedding['architecture']} takes speech of any length, whose shape cannot be fixed: "
            "leave --static out, or export a bundle with WeSpeaker, x-vector or GE2E"
        )
    digests: dict[str, dict[str, str]] = {"segmentation": {}, "embedding": {}}
    for place, shape in shapes.items():
        _fix(folder / place / NETWORK_FILES[0], shape)
        found = {f"{place}/{name}": sha256(folder / place / name) for name in NETWORK_FILES}
        digests[place.partition("/")[0]] |= found
    return digests


def _fix(path: Path, shape: tuple[int | None, ...]) -> None:
    """Set the shape of a network's input (None: unchanged), and write the network in place."""
    ov = import_openvino()
    with folder_in() as beside:
        for name in NETWORK_FILES:  # OpenVINO maps the files it reads: copies, not those replaced
            shutil.copy(path.with_name(name), beside)
        model = ov.Core().read_model(Path(beside, path.name))
        free = model.inputs[0].partial_shape
        sizes = [free[axis] if size is None else size for axis, size in enumerate(shape)]
        try:
            model.reshape(ov.PartialShape(sizes))
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]
            raise ModelError(
                f"network {path} cannot take inputs of shape {sizes} ({reason}): leave --static out"
            ) from error
        save_network(model, path)
