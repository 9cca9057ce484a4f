"""Compile and run OpenVINO IR: device, precision, threads, cache. The only importer of openvino."""

from __future__ import annotations

import importlib
import os
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.cancellation import check
from ovdiar.errors import ConfigError, ModelError
from ovdiar.networks import devices

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


MAX_THREADS = 2**31 - 1
"""What OpenVINO's property holds."""
TELEMETRY = "openvino_telemetry"
CACHE = "CACHE_DIR"
MOST_COMPILED = 30
"""How many compiled networks are kept, 1 to 60 MB each: three or four for each bundle."""
PATIENCE_MS = 50
"""How long a network computes before somebody is asked whether to go on."""
_importing = threading.Lock()


def import_openvino() -> Any:
    """Import OpenVINO so that it reports nothing to anybody.

    Left alone, its import sends usage figures to a web service, from a process of its own, and
    leaves a client id in the home folder. All of it is the work of ``openvino_telemetry``: where
    that cannot be imported (None in `sys.modules`), OpenVINO puts an idle class in its place.
    """
    with _importing:
        if "openvino" not in sys.modules:
            known = {TELEMETRY: sys.modules[TELEMETRY]} if TELEMETRY in sys.modules else {}
            sys.modules[TELEMETRY] = None  # type: ignore[assignment]
            try:
                importlib.import_module("openvino")
            finally:
                sys.modules.pop(TELEMETRY, None)
                sys.modules.update(known)
        return importlib.import_module("openvino")


def available_devices() -> list[str]:
    """List the devices of this machine that OpenVINO finds."""
    return list(import_openvino().Core().available_devices)


@dataclass(frozen=True)
class RuntimeOptions:
    """How networks run.

    ``threads`` defaults to what OpenVINO finds best. Compiled networks are kept in the folder
    ``cache``, where that can be written. With ``streams``, cores share the windows of a batch
    instead of the work on each: better for LSTMs, whose many small steps leave little to share.
    The precision is float32 whatever the device would prefer, see `devices.properties`.
    """

    device: str = "CPU"
    threads: int | None = None
    cache: Path | None = None
    streams: bool = False

    def __post_init__(self) -> None:
        """Refuse a number of threads that cannot be meant."""
        if self.threads is not None and not 1 <= self.threads <= MAX_THREADS:
            raise ConfigError(
                f"threads is {self.threads}: give a whole number from 1 to {MAX_THREADS}, or leave"
                " it out"
            )

    def properties(self) -> dict[str, Any]:
        """Return OpenVINO's names for these options."""
        properties = devices.properties(self.device, self.threads, streams=self.streams)
        if self.cache is not None and _can_write(self.cache):
            _prune(self.cache)
            properties[CACHE] = str(self.cache)
        return properties


class Network:
    """One IR, compiled when it is first called; stateless, safe to call from several threads.

    Where its shapes are fixed, a batch goes through in parts of the fixed size, the last of them
    filled up with zeros; the answers to those are dropped.
    """

    def __init__(self, path: Path, options: RuntimeOptions | None = None) -> None:
        self._path = path
        self._options = options or RuntimeOptions()
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._compiled: Any = None

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run a batch through the network and return its only output.

        What `check` raises meanwhile, or Ctrl-C, stops the network where it is. Batches of several
        threads take turns, as they would on the device. A network that was stopped is compiled
        anew for the next batch: OpenVINO leaves some of its layers set to the shape of the batch
        that was stopped, and others to that of the one before.

        Raises
        ------
        ConfigError : its shapes are fixed, to other ones; or the device is not there
        """
        check()
        while not self._turn.acquire(timeout=PATIENCE_MS / 1000):
            check()
        try:
            return self._run(batch)
        finally:
            self._turn.release()

    def _run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run the parts of a batch, as many at once as there are streams."""
        compiled = self.compile()
        at_once = 1
        if self._options.streams:
            at_once = compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
        parts = self._parts(batch, compiled.input(0).partial_shape, at_once)
        requests = [compiled.create_infer_request() for _ in parts[:at_once]]
        answers = []
        for first in range(0, len(parts), at_once):
            answers += self._infer(requests, parts[first : first + at_once])
        return np.concatenate(answers)[: len(batch)]

    def _parts(
        self, batch: NDArray[np.float32], shape: Any, at_once: int
    ) -> list[NDArray[np.float32]]:
        """Split a batch evenly, or into parts of the fixed size, the last filled up with zeros."""
        if shape.is_dynamic:
            return np.array_split(batch, max(1, min(at_once, len(batch))))
        size, *rest = shape.to_shape()
        if [*batch.shape[1:]] != rest:
            raise ConfigError(
                f"network {self._path.parent} takes inputs of the fixed shape {tuple(rest)}, not "
                f"{batch.shape[1:]}: use a bundle that was exported without --static"
            )
        count = max(1, -(-len(batch) // size))
        filled = np.zeros((count * size, *rest), dtype=np.float32)
        filled[: len(batch)] = batch
        return np.split(filled, count)

    def _infer(
        self, requests: list[Any], parts: list[NDArray[np.float32]]
    ) -> list[NDArray[np.float32]]:
        """Run a request for each part, side by side; what `check` raises, or Ctrl-C, stops all."""
        check()
        running = []
        try:
            for request, part in zip(requests, parts, strict=False):
                request.start_async([part])
                running.append(request)
            for request in running:
                while not request.wait_for(PATIENCE_MS):
                    check()
        except BaseException:
            self._compiled = None
            for request in running:
                request.cancel()
            for request in running:
                with suppress(RuntimeError):  # that it was cancelled
                    request.wait()
            raise
        # The next parts overwrite these tensors.
        return [request.get_output_tensor(0).data.copy() for request in running]

    def compile(self) -> Any:
        """Compile the network, if it is not compiled yet."""
        with self._lock:
            if self._compiled is None:
                devices.check_device(self._options.device, available_devices)
                self._compiled = self._compile(self._options.properties())
            return self._compiled

    def release(self) -> None:
        """Let go of the compiled network and of its memory; the next call compiles it again."""
        with self._lock:
            self._compiled = None

    def _compile(self, properties: dict[str, Any]) -> Any:
        """Compile, again without a cache where the cache is what fails (a full disk)."""
        device = self._options.device
        try:
            return (
                import_openvino()
                .Core()
                .compile_model(str(self._path), devices.normalised(device), properties)
            )
        except RuntimeError as error:
            if CACHE in properties:
                return self._compile({k: v for k, v in properties.items() if k != CACHE})
            reason = str(error).strip().splitlines()[-1]
            raise ModelError(
                f"network {self._path} cannot be compiled for {device}: {reason}"
            ) from error


def _prune(folder: Path) -> None:
    """Delete the oldest compiled networks: those of earlier versions are never asked for again."""
    with suppress(OSError):  # another process may be quicker
        blobs = sorted(folder.glob("*.blob"), key=lambda path: path.stat().st_mtime)
        for path in blobs[: max(0, len(blobs) - MOST_COMPILED)]:
            path.unlink()


def _can_write(folder: Path) -> bool:
    """Tell whether a folder is there, or can be made, and written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)
