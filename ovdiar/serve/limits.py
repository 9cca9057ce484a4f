"""Limits of the service: upload size and pace, time, concurrent and waiting requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
from starlette.datastructures import Headers

from ovdiar.errors import ConfigError
from ovdiar.serve.error_responses import error_response, refusal_of, respond_early
from ovdiar.serve.event_stream import MEDIA_TYPE, event
from ovdiar.serve.places import QueueFullError

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ovdiar.serve.runs import Runs

MB = 1_000_000
UPLOADS_PER_RUN = 16
"""How many uploads may be in progress for each request that may run; they take disk space only."""
RETRY_UPLOAD_S = "5"
"""When a client may try again whose upload was one too many."""
GRACE_S = 10.0
"""How long an upload may fall behind the slowest pace."""


@dataclass(frozen=True)
class Limits:
    """Limits of the service.

    Parameters
    ----------
    max_upload_mb
        Size of a request, in MB.
    timeout_s
        Duration of a request including its upload, in seconds.
    max_concurrent
        Number of requests that run at once. A request counts once its upload is complete.
    min_upload_kb_s
        Slowest pace of an upload, in kB a second since its start, after `GRACE_S`.
    max_streams
        Number of open streams.
    max_stream_s
        Length of a stream, in seconds of audio.
    keep_audio_s
        Audio of a stream kept for its offline answer, in seconds.
    max_queue
        Number of requests that wait while others run; 0 for none.

    Raises
    ------
    ConfigError
        If a limit is not positive.
    """

    max_upload_mb: float = 500
    timeout_s: float = 600
    max_concurrent: int = 2
    min_upload_kb_s: float = 10
    max_streams: int = 8
    max_stream_s: float = 6 * 3600
    keep_audio_s: float = 1800
    max_queue: int = 8

    def __post_init__(self) -> None:
        """Check that the limits are positive, or for the queue not negative."""
        if self.max_queue < 0:
            raise ConfigError(f"max_queue is {self.max_queue}: give 0 or more")
        for name, value in vars(self).items():
            if name != "max_queue" and not value > 0:
                raise ConfigError(f"{name} is {value}: give more than 0")

    @property
    def max_uploads(self) -> int:
        """Number of uploads that may be in progress at once."""
        return UPLOADS_PER_RUN * self.max_concurrent


class LimitMiddleware:
    """ASGI middleware that enforces the limits on one path.

    It responds with 408 (upload too slow), 413 (too large), 503 (too many requests) or 504
    (timeout). A timeout cancels the run, which keeps its place until it has ended.
    """

    def __init__(self, app: ASGIApp, limits: Limits, runs: Runs, path: str) -> None:
        self._app, self._limits, self._runs, self._path = app, limits, runs, path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if (scope["type"], scope.get("path"), scope.get("method")) != ("http", self._path, "POST"):
            await self._app(scope, receive, send)
            return
        request = _LimitedRequest(self._limits, self._runs, receive, send)
        refusal = request.refusal_at_start(scope)
        if refusal is None:
            refusal = await request.serve(self._app, scope)
        if refusal is not None:
            await respond_early(refusal, receive, send)


class _LimitedRequest:
    """One request: what it has received, and why it is refused, if it is."""

    def __init__(self, limits: Limits, runs: Runs, receive: Receive, send: Send) -> None:
        self._limits, self._runs = limits, runs
        self._receive, self._send = receive, send
        self._scope = anyio.CancelScope()
        self._refusal: Response | None = None
        self._received = 0
        self._began = anyio.current_time()
        self._complete = self._responding = self._streaming = False

    def refusal_at_start(self, scope: Scope) -> Response | None:
        """Return a refusal that needs no look at the body."""
        try:
            self._runs.places.check()
        except QueueFullError as error:
            return refusal_of(error)
        if self._runs.uploads >= self._limits.max_uploads:
            return self._too_many_uploads()
        stated = dict(scope["headers"]).get(b"content-length", b"0")
        too_large = stated.isdigit() and int(stated) > self._limits.max_upload_mb * MB
        return self._too_large() if too_large else None

    async def serve(self, app: ASGIApp, scope: Scope) -> Response | None:
        """Run the application; return a refusal if it was stopped before it responded."""
        self._runs.uploads += 1
        try:
            self._scope.deadline = self._began + self._limits.timeout_s
            with self._scope:
                await app(scope, self._receive_limited, self._send_noticed)
        finally:
            self._runs.uploads -= not self._complete
        if not self._scope.cancelled_caught:
            return None
        refusal = self._refusal or self._timeout()
        if not self._responding:
            return refusal
        if self._streaming:
            body = event("error", bytes(refusal.body).decode())
            await self._send({"type": "http.response.body", "body": body, "more_body": False})
        return None

    async def _send_noticed(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._responding = True
            self._streaming = Headers(raw=message["headers"]).get("content-type") == MEDIA_TYPE
        await self._send(message)

    async def _receive_limited(self) -> Message:
        """Receive a part of the body in time."""
        if self._complete:
            return await self._receive()
        with anyio.move_on_after(self._time_left_s()) as pace:
            message = await self._receive()
        if pace.cancelled_caught:
            await self._refuse(self._too_slow())
        self._received += len(message.get("body", b""))
        if self._received > self._limits.max_upload_mb * MB:
            await self._refuse(self._too_large())
        if message["type"] == "http.request" and not message.get("more_body"):
            self._complete = True
            self._runs.uploads -= 1
        return message

    def _time_left_s(self) -> float:
        """Return how long the next part of the body may take."""
        allowed_s = GRACE_S + self._received / (self._limits.min_upload_kb_s * 1000)
        return max(0.0, self._began + allowed_s - anyio.current_time())

    async def _refuse(self, refusal: Response) -> None:
        """Stop the application."""
        self._refusal = refusal
        self._scope.cancel()
        await anyio.lowlevel.checkpoint()

    def _too_many_uploads(self) -> Response:
        return error_response(
            503,
            "too_many_requests",
            f"{self._runs.uploads} requests are being uploaded, which is the limit: try again "
            "later, or start the service with a larger --max-concurrent",
            {"Retry-After": RETRY_UPLOAD_S},
        )

    def _too_large(self) -> Response:
        return error_response(
            413,
            "too_large",
            f"the request is larger than {self._limits.max_upload_mb:g} MB: send less, in FLAC "
            "or MP3, or start the service with a larger --max-upload-mb",
        )

    def _too_slow(self) -> Response:
        return error_response(
            408,
            "upload_too_slow",
            f"{self._received} bytes have arrived in {anyio.current_time() - self._began:.0f} s, "
            f"fewer than {self._limits.min_upload_kb_s:g} kB a second: send the recording in FLAC "
            "or MP3, or start the service with a smaller --min-upload-kb-s",
        )

    def _timeout(self) -> Response:
        return error_response(
            504,
            "timeout",
            f"no response within {self._limits.timeout_s:g} s: send less audio, or start the "
            "service with a longer --timeout",
        )
