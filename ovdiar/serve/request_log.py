"""What is noted of each request: a line of the log, metrics, and an id that the client gets."""

from __future__ import annotations

import logging
import re
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers, MutableHeaders

from ovdiar.log import LOGGER
from ovdiar.serve.error_responses import unexpected_error
from ovdiar.serve.paths import PATHS, SCRAPED

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ovdiar.serve.metrics import Metrics

REQUESTS = LOGGER.getChild("requests")
"""Logger ``ovdiar.requests``: a line for each request (INFO), for each probe (DEBUG)."""
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
ID = "X-Request-ID"
KNOWN_ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)
MAX_VALUE = 200
"""Characters of a value in the log."""
LEFT = 1006
"""Code of a WebSocket whose client has left without closing it (RFC 6455)."""
CLOSINGS = range(1000, 1016)
"""Codes that the RFC names; clients may send others, which count as `LEFT`."""


@dataclass
class Measured:
    """What is known of a request, when it has ended.

    Attributes
    ----------
    identity
        Id of the request: the client's or the proxy's, or a new one.
    began
        When it began, in UTC.
    status
        HTTP status, or the code with which a WebSocket was closed.
    received, sent
        Bytes of bodies or messages.
    queued_s, audio_s
        Time in the queue and audio that was diarized, in seconds; None if it did not get there.
    """

    identity: str
    status: int = LEFT
    received: int = 0
    sent: int = 0
    queued_s: float | None = None
    audio_s: float | None = None
    began: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    _start: float = field(default_factory=time.monotonic)

    @property
    def duration_s(self) -> float:
        """Time since its start, in seconds."""
        return time.monotonic() - self._start


def measured(connection: HTTPConnection) -> Measured:
    """Return what is noted of a request."""
    found: Measured = connection.state.measured
    return found


class RequestMiddleware:
    """ASGI middleware that notes every request; the outermost.

    An exception that nothing else has caught is logged with its traceback, and answered with 500.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(ID, "")
        own = Measured(given if KNOWN_ID.fullmatch(given) else uuid.uuid4().hex)
        scope.setdefault("state", {})["measured"] = own
        request = _Noted(own, receive, send)
        try:
            await self._app(scope, request.receive, request.send)
        except Exception:  # noqa: BLE001 - the end of the line
            LOGGER.exception("request %s failed", own.identity)
            if scope["type"] == "http" and not request.responding:
                await unexpected_error(own.identity)(scope, request.receive, request.send)
        finally:
            self._note(scope, own)

    def _note(self, scope: Scope, own: Measured) -> None:
        method = scope.get("method", "WS")
        path = scope["path"] if scope["path"] in PATHS else "other"
        self._metrics.add(method if method in (*METHODS, "WS") else "other", path, own)
        level = logging.DEBUG if path in SCRAPED else logging.INFO
        values = {
            "time": own.began.isoformat(timespec="milliseconds"),
            "client": (scope.get("client") or ["-"])[0],
            "method": method,
            "path": (scope.get("raw_path") or scope["path"].encode()).decode("latin-1"),
            "status": own.status,
            "duration_s": f"{own.duration_s:.3f}",
            "received": own.received,
            "sent": own.sent,
            "queued_s": _seconds(own.queued_s),
            "audio_s": _seconds(own.audio_s),
            "request": own.identity,
        }
        line = " ".join(f"{name}={_plain(value)}" for name, value in values.items() if value != "")
        REQUESTS.log(level, "%s", line)


class _Noted:
    """The messages of one request, which are counted."""

    def __init__(self, own: Measured, receive: Receive, send: Send) -> None:
        self._own, self._receive, self._send = own, receive, send
        self.responding = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] in ("http.request", "websocket.receive"):
            self._own.received += _size(message)
        elif message["type"] == "websocket.disconnect":
            code: int = message.get("code") or LEFT
            self._own.status = code if code in CLOSINGS else LEFT
        return message

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind in ("http.response.start", "websocket.http.response.start"):
            self.responding = True
            self._own.status = message["status"]
            MutableHeaders(scope=message)[ID] = self._own.identity
        elif kind == "websocket.close":
            self._own.status = message.get("code", 1000)
        elif kind in ("http.response.body", "websocket.send"):
            self._own.sent += _size(message)
        await self._send(message)


def _size(message: Message) -> int:
    content: Any = message.get("body") or message.get("bytes") or message.get("text") or b""
    return len(content)


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _plain(value: object) -> str:
    """Return a value without what ends a field or a line of the log."""
    text = str(value)[:MAX_VALUE]
    return "".join(each if "!" <= each <= "~" else "?" for each in text) or "-"
