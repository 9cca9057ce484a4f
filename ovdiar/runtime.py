"""Compile and run OpenVINO IR: device, precision, threads, cache. The only importer of openvino."""

from __future__ import annotations

import importlib
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ovdiar.errors import ConfigError, ModelError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray


MAX_THREADS = 2**31 - 1
"""What OpenVINO's property holds."""
TELEMETRY = "openvino_telemetry"


def import_openvino() -> Any:
    """Import OpenVINO so that it reports nothing to anybody.

    Left alone, its import sends usage figures to a web service, from a process of its own, and
    leaves a client id in the home folder. All of it is the work of ``openvino_telemetry``: where
    that cannot be imported (None in `sys.modules`), OpenVINO puts an idle class in its place.
    """
    if "openvino" not in sys.modules:
        found = sys.modules.pop(TELEMETRY, None)
        sys.modules[TELEMETRY] = None  # type: ignore[assignment]
        try:
            importlib.import_module("openvino")
        finally:
            sys.modules.pop(TELEMETRY, None)
            if found is not None:
                sys.modules[TELEMETRY] = found
    return importlib.import_module("openvino")


@dataclass(frozen=True)
class RuntimeOptions:
    """How networks run.

    ``threads`` defaults to what OpenVINO finds best. The precision is float32 whatever the
    device would prefer: on some processors OpenVINO computes in bfloat16 unless told.
    """

    device: str = "CPU"
    threads: int | None = None

    def __post_init__(self) -> None:
        """Refuse a number of threads that cannot be meant."""
        if self.threads is not None and not 1 <= self.threads <= MAX_THREADS:
            raise ConfigError(
                f"threads is {self.threads}: give a whole number from 1 to {MAX_THREADS}, or leave"
                " it out"
            )

    def properties(self) -> dict[str, Any]:
        """Return OpenVINO's names for these options."""
        properties: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "LATENCY",
        }
        if self.threads is not None:
            properties["INFERENCE_NUM_THREADS"] = self.threads
        return properties


class Network:
    """One IR, compiled when it is first called; stateless, safe to call from several threads."""

    def __init__(self, path: Path, options: RuntimeOptions | None = None) -> None:
        self._path = path
        self._options = options or RuntimeOptions()
        self._lock = threading.Lock()
        self._compiled: Any = None

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run a batch through the network and return its only output."""
        request = self._compile().create_infer_request()
        result: NDArray[np.float32] = next(iter(request.infer([batch]).values()))
        return result

    def _compile(self) -> Any:
        with self._lock:
            if self._compiled is None:
                try:
                    core = import_openvino().Core()
                    self._compiled = core.compile_model(
                        str(self._path), self._options.device, self._options.properties()
                    )
                except RuntimeError as error:
                    reason = str(error).strip().splitlines()[-1]
                    raise ModelError(
                        f"network {self._path} cannot be compiled for {self._options.device}: "
                        f"{reason}"
                    ) from error
            return self._compiled
