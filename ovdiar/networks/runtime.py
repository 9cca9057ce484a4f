"""Compile and run OpenVINO IR: device, precision, threads, cache. Imports OpenVINO on demand."""

from __future__ import annotations

import importlib
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.cancellation import check_cancelled
from ovdiar.errors import (
    ConfigError,
    ModelError,
    OvdiarError,
    is_out_of_memory,
    out_of_memory,
)
from ovdiar.networks import devices
from ovdiar.networks.compiled_cache import compile_cached
from ovdiar.networks.forks import ForkSafeLock, never_delete, renew_after_fork

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

MAX_THREADS = 2**31 - 1
"""Largest value of OpenVINO's property."""
TELEMETRY = "openvino_telemetry"
POLL_INTERVAL_MS = 50
"""Interval at which a running network checks for cancellation."""
_importing = ForkSafeLock()


def import_openvino() -> Any:
    """Import OpenVINO with its telemetry disabled.

    By default, importing OpenVINO sends usage statistics to a web service from a separate process,
    and stores a client id in the home folder. If ``openvino_telemetry`` cannot be imported (None in
    `sys.modules`), OpenVINO uses a class without effect instead.
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
    """List the devices that OpenVINO finds on this machine."""
    return list(import_openvino().Core().available_devices)


def capabilities(device: str) -> list[str]:
    """List what a device computes in, as OpenVINO states it: ``FP32``, ``BF16``, ..."""
    return list(import_openvino().Core().get_property(device, "OPTIMIZATION_CAPABILITIES"))


@dataclass(frozen=True)
class RuntimeOptions:
    """How networks are compiled and run.

    Parameters
    ----------
    device
        OpenVINO's name of a device.
    threads
        Number of threads. By default, OpenVINO chooses.
    cache
        Folder for compiled networks, see `compile_cached`. By default, nothing is cached.
    threads_per_stream
        Distribute a batch over streams of so many threads, instead of each input over all threads:
        faster for LSTMs, whose small steps parallelise poorly, with memory for each stream.
    precision
        Of the computation, see `devices.properties`.

    Raises
    ------
    ConfigError
        If ``threads`` is out of range.
    """

    device: str = "CPU"
    threads: int | None = None
    cache: Path | None = None
    threads_per_stream: int | None = None
    precision: str = devices.DEFAULT_PRECISION

    def __post_init__(self) -> None:
        """Check the number of threads."""
        if self.threads is not None and not 1 <= self.threads <= MAX_THREADS:
            raise ConfigError(
                f"threads is {self.threads}: give an integer from 1 to {MAX_THREADS}, or omit it"
            )

    def properties(self) -> dict[str, Any]:
        """Return the OpenVINO properties for these options."""
        options = (self.threads, self.threads_per_stream, self.precision)
        return devices.properties(self.device, *options)


class Network:
    """An OpenVINO IR with one input and one output, compiled on the first call. Thread-safe.

    After a fork it is compiled again in the child process; the parent's is left alone.

    A network with fixed shapes processes a batch in parts of the fixed size; the last part is
    padded with zeros, and the outputs for the padding are dropped.

    Parameters
    ----------
    path
        Path of the ``.xml`` file.
    options
        Device, threads, cache and streams.
    """

    def __init__(self, path: Path, options: RuntimeOptions | None = None) -> None:
        self._path, self._options = path, options or RuntimeOptions()
        self._lock, self._running = threading.Lock(), threading.Lock()
        self._compiled: Any = None
        renew_after_fork(self)

    def __reduce__(self) -> tuple[type[Network], tuple[Path, RuntimeOptions]]:
        """Pickle and copy as the path and the options; the copy is compiled anew."""
        return Network, (self._path, self._options)

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run a batch through the network and return its only output.

        An exception raised by `check_cancelled`, or Ctrl-C, interrupts the inference. Batches from
        several threads run one after another. After an interruption the network is compiled again
        for the next batch, since OpenVINO may leave its layers set to shapes of different batches.

        Parameters
        ----------
        batch
            (N, ...), the shape of the network's input.

        Returns
        -------
        (N, ...), float32.

        Raises
        ------
        ConfigError
            If the network has a fixed input shape that the batch does not fit, or the device is
            not available.
        """
        return next(self.each([batch]))

    def each(self, batches: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        """Run batches that may differ in shape; yield the only output of each, in order.

        With streams, neighbouring batches run in parallel; fewer batches than streams are split.
        It is fastest if neighbours have similar sizes. Interruptions and errors are those of
        `__call__`.

        Parameters
        ----------
        batches
            Arrays (N, ...), each of a shape that fits the network's input.

        Yields
        ------
        (N, ...), float32, for each batch.
        """
        check_cancelled()
        remaining = iter(batches)
        parallel = 1
        if self._options.threads_per_stream:
            parallel = self.compile().get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
        while neighbours := list(islice(remaining, parallel)):
            yield from self._run_alone(neighbours, parallel)

    def _run_alone(
        self, batches: list[NDArray[np.float32]], parallel: int
    ) -> list[NDArray[np.float32]]:
        """Run batches while no other thread runs this network."""
        check_cancelled()
        while not self._running.acquire(timeout=POLL_INTERVAL_MS / 1000):
            check_cancelled()
        try:
            return self._run(batches, parallel)
        finally:
            self._running.release()

    def _run(self, batches: list[NDArray[np.float32]], parallel: int) -> list[NDArray[np.float32]]:
        """Run the parts of batches, so many in parallel."""
        compiled = self.compile()
        shape = compiled.input(0).partial_shape
        parts_of = [self._parts(batch, shape, parallel // len(batches)) for batch in batches]
        parts = [part for of_batch in parts_of for part in of_batch]
        requests = [compiled.create_infer_request() for _ in parts[:parallel]]
        outputs: list[NDArray[np.float32]] = []
        for first in range(0, len(parts), parallel):
            outputs += self._infer(requests, parts[first : first + parallel])
        remaining = iter(outputs)
        return [
            np.concatenate(list(islice(remaining, len(of_batch))))[: len(batch)]
            for batch, of_batch in zip(batches, parts_of, strict=True)
        ]

    def _parts(
        self, batch: NDArray[np.float32], shape: Any, parallel: int
    ) -> list[NDArray[np.float32]]:
        """Split a batch evenly, or into parts of the fixed size, the last one padded with zeros."""
        if shape.is_dynamic:
            return np.array_split(batch, max(1, min(parallel, len(batch))))
        size, *rest = shape.to_shape()
        if [*batch.shape[1:]] != rest:
            raise ConfigError(
                f"network {self._path.parent} needs inputs of the fixed shape {tuple(rest)}, not "
                f"{batch.shape[1:]}: use a bundle that was exported without --static"
            )
        count = max(1, -(-len(batch) // size))
        filled = np.zeros((count * size, *rest), dtype=np.float32)
        filled[: len(batch)] = batch
        return np.split(filled, count)

    def _infer(
        self, requests: list[Any], parts: list[NDArray[np.float32]]
    ) -> list[NDArray[np.float32]]:
        """Run the parts in parallel, one request each; cancellation or Ctrl-C stops all of them."""
        check_cancelled()
        running = []
        try:
            for request, part in zip(requests, parts, strict=False):
                request.start_async([part])
                running.append(request)
            for request in running:
                while not request.wait_for(POLL_INTERVAL_MS):
                    check_cancelled()
        except BaseException as error:
            self._compiled = None
            for request in running:
                request.cancel()
            for request in running:
                with suppress(RuntimeError):  # raised because it was cancelled
                    request.wait()
            if type(error) is RuntimeError:  # of OpenVINO
                raise self._failure("run", error) from error
            raise
        # The next parts overwrite these tensors, so they are copied.
        return [request.get_output_tensor(0).data.copy() for request in running]

    def compile(self) -> Any:
        """Compile the network, unless it is compiled already, and return it."""
        with self._lock:
            if self._compiled is None:
                devices.check_device(self._options.device, available_devices)
                self._compiled = self._compile(self._options.properties())
            return self._compiled

    def release(self) -> None:
        """Free the compiled network and its memory; the next call compiles it again."""
        with self._lock:
            self._compiled = None

    def _compile(self, properties: dict[str, Any]) -> Any:
        """Compile, or import what was compiled before."""
        device, openvino = devices.normalised(self._options.device), import_openvino()

        def compile_network() -> Any:
            try:
                return openvino.Core().compile_model(str(self._path), device, properties)
            except RuntimeError as error:
                raise self._failure("compiled", error) from error

        cache = self._options.cache
        if cache is None or devices.is_compound(device):  # HETERO cannot import what it exports
            return compile_network()
        return compile_cached(self._path, device, properties, cache, openvino, compile_network)

    def _failure(self, done: str, error: RuntimeError) -> OvdiarError:
        """Say in one line that OpenVINO could not compile or run this network."""
        if is_out_of_memory(error):
            return out_of_memory(f"while network {self._path} was {done}", error)
        return ModelError(
            f"network {self._path} cannot be {done} on {self._options.device}: "
            f"{devices.last_line(error)}"
        )

    def start_anew(self) -> None:
        """Forget what works only in the parent of a forked process, see `forks`."""
        if self._compiled is not None:
            never_delete(self._compiled)
        self._compiled = None
        self._lock, self._running = threading.Lock(), threading.Lock()
