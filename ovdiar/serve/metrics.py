"""Metrics of the service for Prometheus (https://prometheus.io/docs/practices/naming/)."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import choose_encoder

if TYPE_CHECKING:
    from collections.abc import Callable

    from ovdiar.serve.request_log import Measured

DURATIONS_S = (0.01, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800)
"""Buckets of durations, in seconds."""


class Metrics:
    """Counters and histograms of finished requests, and gauges that are read when asked for.

    Parameters
    ----------
    model
        Name of the bundle.
    gauges
        Meaning and reader of each gauge, by its name without ``ovdiar_``.
    """

    def __init__(self, model: str, gauges: dict[str, tuple[str, Callable[[], float]]]) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        Info("ovdiar_build", "version and bundle", registry=registry).info(
            {"version": version("ovdiar"), "model": model}
        )
        for name, (meaning, reader) in gauges.items():
            Gauge(f"ovdiar_{name}", meaning, registry=registry).set_function(reader)
        self._requests = Counter(
            "ovdiar_requests",
            "HTTP requests and WebSocket connections that have ended, by status or closing code",
            ["method", "path", "status"],
            registry=registry,
        )
        self._durations = Histogram(
            "ovdiar_request_duration_seconds",
            "duration of a request, including its upload and the queue",
            ["path"],
            buckets=DURATIONS_S,
            registry=registry,
        )
        self._queued = Histogram(
            "ovdiar_queue_duration_seconds",
            "how long a run has waited for its place",
            buckets=DURATIONS_S,
            registry=registry,
        )
        self._received = Counter(
            "ovdiar_received_bytes", "bodies and messages of clients", registry=registry
        )
        self._audio = Counter(
            "ovdiar_audio_seconds", "audio that was diarized", ["path"], registry=registry
        )

    def add(self, method: str, path: str, measured: Measured) -> None:
        """Add a request that has ended; ``method`` and ``path`` are of a fixed set."""
        self._requests.labels(method, path, str(measured.status)).inc()
        self._durations.labels(path).observe(measured.duration_s)
        self._received.inc(measured.received)
        if measured.queued_s is not None:
            self._queued.observe(measured.queued_s)
        if measured.audio_s is not None:
            self._audio.labels(path).inc(measured.audio_s)

    def page(self, accept: str) -> tuple[bytes, str]:
        """Return the page that Prometheus reads, and its content type.

        Parameters
        ----------
        accept
            Header of the request, which chooses between Prometheus's text and OpenMetrics.
        """
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type
