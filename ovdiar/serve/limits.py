"""Limits of the service: upload size, time, and concurrent requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel

from ovdiar.errors import ConfigError
from ovdiar.serve.error_responses import error_response

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ovdiar.serve.runs import Runs

MB = 1_000_000
DRAIN_TIMEOUT_S = 5.0
"""How long the rest of a rejected upload is read, so that the client can read the response."""


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
        Number of concurrent requests.

    Raises
    ------
    ConfigError
        If a limit is not positive.
    """

    max_upload_mb: float = 500
    timeout_s: float = 600
    max_concurrent: int = 2

    def __post_init__(self) -> None:
        """Check that the limits are positive."""
        for name, value in vars(self).items():
            if not value > 0:
                raise ConfigError(f"{name} is {value}: give more than 0")


class LimitMiddleware:
    """ASGI middleware that enforces the limits on one path.

    It responds with 413 (too large), 503 (too many requests) or 504 (timeout). A timeout cancels
    the run; the request counts as running until the run has ended.
    """

    def __init__(self, app: ASGIApp, limits: Limits, runs: Runs, path: str) -> None:
        self._app, self._limits, self._runs, self._path = app, limits, runs, path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if (scope["type"], scope.get("path"), scope.get("method")) != ("http", self._path, "POST"):
            await self._app(scope, receive, send)
            return
        if self._runs.requests >= self._limits.max_concurrent:
            response = error_response(
                503,
                "too_many_requests",
                f"{self._runs.requests} requests are running, which is the limit: "
                "try again later, or start the service with a larger --max-concurrent",
                {"Retry-After": "5"},
            )
            await _respond_early(response, receive, send)
            return
        self._runs.requests += 1
        try:
            await self._serve(scope, receive, send)
        finally:
            self._runs.requests -= 1

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit = round(self._limits.max_upload_mb * MB)
        stated = dict(scope["headers"]).get(b"content-length", b"0")
        received = int(stated) if stated.isdigit() else 0
        too_large, received = received > limit, 0
        started = False

        async def counting_receive() -> Message:
            nonlocal received, too_large
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                too_large = True
                time.cancel()
                await anyio.lowlevel.checkpoint()
            return message

        async def tracking_send(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        with anyio.move_on_after(self._limits.timeout_s) as time:
            if not too_large:
                await self._app(scope, counting_receive, tracking_send)
        if started or not (too_large or time.cancelled_caught):
            return
        if too_large:
            response = error_response(
                413,
                "too_large",
                f"the request is larger than {self._limits.max_upload_mb:g} MB: send less, in FLAC "
                "or MP3, or start the service with a larger --max-upload-mb",
            )
        else:
            response = error_response(
                504,
                "timeout",
                f"no response within {self._limits.timeout_s:g} s: send less audio, or start the "
                "service with a longer --timeout",
            )
        await _respond_early(response, receive, send)


async def _respond_early(response: Response, receive: Receive, send: Send) -> None:
    """Respond before the request is complete, then read the rest of it.

    Some clients send the whole request before they read the response.
    """
    headers = [*response.raw_headers, (b"connection", b"close")]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": bytes(response.body), "more_body": True})
    with anyio.move_on_after(DRAIN_TIMEOUT_S):
        while (message := await receive())["type"] == "http.request" and message.get("more_body"):
            pass
    await send({"type": "http.response.body", "body": b"", "more_body": False})
