"""How much one request may take: size, time, and how many run at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel

from ovdiar.errors import ConfigError
from ovdiar.serve.refusals import refusal

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ovdiar.serve.runs import Runs

MB = 1_000_000
DRAINED_S = 5.0
"""How long the rest of a refused upload is read, so that its client gets to read why."""


@dataclass(frozen=True)
class Limits:
    """What a service takes on.

    Parameters
    ----------
    max_upload_mb : size of a request, MB
    timeout_s : time for a request, its upload included, s
    max_concurrent : requests in progress at once
    """

    max_upload_mb: float = 500
    timeout_s: float = 600
    max_concurrent: int = 2

    def __post_init__(self) -> None:
        """Refuse limits that nothing satisfies."""
        for name, value in vars(self).items():
            if not value > 0:
                raise ConfigError(f"{name} is {value}: give more than 0")


class Gate:
    """Lets requests for a path through to an application as long as they keep to the limits.

    Over them, it answers 413 (size), 503 (how many) or 504 (time). Time that is up cancels what
    the application does; a request counts until that has ended.
    """

    def __init__(self, app: ASGIApp, limits: Limits, runs: Runs, path: str) -> None:
        self._app, self._limits, self._runs, self._path = app, limits, runs, path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if (scope["type"], scope.get("path"), scope.get("method")) != ("http", self._path, "POST"):
            await self._app(scope, receive, send)
            return
        if self._runs.requests >= self._limits.max_concurrent:
            answer = refusal(
                503,
                "too_many_requests",
                f"{self._runs.requests} requests are in progress, and no more run at once: "
                "try again later, or start the service with a larger --max-concurrent",
                {"Retry-After": "5"},
            )
            await _refuse_early(answer, receive, send)
            return
        self._runs.requests += 1
        try:
            await self._serve(scope, receive, send)
        finally:
            self._runs.requests -= 1

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit = round(self._limits.max_upload_mb * MB)
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        taken = int(announced) if announced.isdigit() else 0
        too_large, taken = taken > limit, 0
        begun = False

        async def counted() -> Message:
            nonlocal taken, too_large
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                too_large = True
                time.cancel()
                await anyio.lowlevel.checkpoint()
            return message

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        with anyio.move_on_after(self._limits.timeout_s) as time:
            if not too_large:
                await self._app(scope, counted, noted)
        if begun or not (too_large or time.cancelled_caught):
            return
        if too_large:
            answer = refusal(
                413,
                "too_large",
                f"the request is larger than {self._limits.max_upload_mb:g} MB: send less, in FLAC "
                "or MP3, or start the service with a larger --max-upload-mb",
            )
        else:
            answer = refusal(
                504,
                "timeout",
                f"no answer within {self._limits.timeout_s:g} s: send less audio, or start the "
                "service with a longer --timeout",
            )
        await _refuse_early(answer, receive, send)


async def _refuse_early(answer: Response, receive: Receive, send: Send) -> None:
    """Answer before all of a request has come; then read on, for who sends before it reads."""
    headers = [*answer.raw_headers, (b"connection", b"close")]
    await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": bytes(answer.body), "more_body": True})
    with anyio.move_on_after(DRAINED_S):
        while (message := await receive())["type"] == "http.request" and message.get("more_body"):
            pass
    await send({"type": "http.response.body", "body": b"", "more_body": False})
