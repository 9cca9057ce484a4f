"""Compiled networks, kept in files so that the next process starts faster.

A file holds what OpenVINO exported and its SHA-256. It is written beside its place and renamed, and
nothing is imported before its SHA-256 fits: a file that is damaged, cut or of another machine is
compiled again. The folder serves several processes at once.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.errors import OutputError
from ovdiar.files import write_bytes
from ovdiar.networks.digests import sha256

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

DIGEST_BYTES = hashlib.sha256().digest_size
MAX_CACHED = 30
"""Compiled networks kept in the cache, 1 to 60 MB each; a bundle has three or four."""
SUFFIX = ".blob"


def compile_cached(
    path: Path,
    device: str,
    properties: Mapping[str, Any],
    folder: Path,
    openvino: Any,
    compile_network: Callable[[], Any],
) -> Any:
    """Import a compiled network from the cache, or compile it and keep it there.

    Parameters
    ----------
    path
        Path of the network's ``.xml``.
    device
        OpenVINO's name of a device.
    properties
        OpenVINO properties that the network is compiled with.
    folder
        Folder of the cache; it is made if needed. If it cannot be read or written, nothing is
        kept.
    openvino
        The imported module.
    compile_network
        Compiles the network.
    """
    if not _can_write(folder):
        return compile_network()
    core = openvino.Core()
    try:
        place = folder / f"{_key(path, device, properties, core, openvino)}{SUFFIX}"
    except OSError:  # the network cannot be read, and compiling it will say so
        return compile_network()
    compiled = _import(place, device, properties, core, openvino)
    if compiled is None:
        compiled = compile_network()
        _keep(compiled, place)
    return compiled


def _key(path: Path, device: str, properties: Mapping[str, Any], core: Any, openvino: Any) -> str:
    """Digest all that a compiled network depends on: network, machine, version and properties."""
    identity = [
        sha256(path),
        sha256(path.with_suffix(".bin")),
        device,
        _full_name(device, core),
        openvino.get_version(),
        sorted((name, str(value)) for name, value in properties.items()),
    ]
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()


def _full_name(device: str, core: Any) -> str:
    """Name the hardware; virtual devices have no name of their own."""
    try:
        return str(core.get_property(device, "FULL_DEVICE_NAME"))
    except RuntimeError:
        return device


def _import(
    place: Path, device: str, properties: Mapping[str, Any], core: Any, openvino: Any
) -> Any:
    """Import a network, or return None if its file is missing or does not fit."""
    blob = _read(place)
    if blob is None:
        return None
    try:
        try:
            compiled = core.import_model(
                openvino.Tensor(blob, shared_memory=True), device, properties
            )
            compiled.blob = blob  # the network reads from this memory as long as it lives
        except TypeError:  # OpenVINO before 2025.3 imports from streams only
            compiled = core.import_model(io.BytesIO(blob.tobytes()), device, properties)
    except RuntimeError:
        return None
    return compiled


def _read(place: Path) -> NDArray[np.uint8] | None:
    """Read an exported network whose SHA-256 fits."""
    try:
        content = np.fromfile(place, dtype=np.uint8)
    except OSError:
        return None
    blob, digest = content[:-DIGEST_BYTES], content[-DIGEST_BYTES:]
    return blob if hashlib.sha256(blob.data).digest() == digest.tobytes() else None


def _keep(compiled: Any, place: Path) -> None:
    """Export a network and its SHA-256 to a file, if the device and the disk allow it."""
    try:
        exported = compiled.export_model()
    except (RuntimeError, MemoryError):
        return
    # OpenVINO before 2025.3 exports to bytes
    stream = io.BytesIO(exported) if isinstance(exported, bytes) else exported
    digest = hashlib.sha256(stream.getbuffer()).digest()
    stream.seek(0, io.SEEK_END)
    stream.write(digest)
    with suppress(OutputError), stream.getbuffer() as content:
        write_bytes(place, content)
    _prune(place.parent)


def _prune(folder: Path) -> None:
    """Delete the oldest compiled networks, e.g. those of earlier OpenVINO versions."""
    with suppress(OSError):  # another process may delete them first
        blobs = sorted(folder.glob(f"*{SUFFIX}"), key=lambda path: path.stat().st_mtime)
        for path in blobs[: max(0, len(blobs) - MAX_CACHED)]:
            path.unlink()


def _can_write(folder: Path) -> bool:
    """Return whether a folder is writable; it is created if needed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)
