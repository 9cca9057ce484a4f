"""Live diarization over a WebSocket: PCM comes in, events go out (messages: docs/live.md)."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, Literal

import anyio
from fastapi import APIRouter, WebSocket
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.websockets import WebSocketDisconnect, WebSocketState

from ovdiar.audio.pcm import PcmReader
from ovdiar.errors import CancelledError, OvdiarError
from ovdiar.serve.paths import STREAM
from ovdiar.serve.request_log import measured
from ovdiar.serve.schema import diarization
from ovdiar.serve.state import shared_state
from ovdiar.streaming.diarizer import OnlineDiarizer
from ovdiar.texts import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from ovdiar.streaming.events import Event

MOST_BYTES = 2**20
"""Largest message of a client; as 16-bit samples at 16 kHz, half a minute."""
NORMAL, REFUSED, TRY_LATER = 1000, 1008, 1013
"""Codes with which a connection is closed (RFC 6455)."""

router = APIRouter()


class StreamOptions(BaseModel):
    """The query of a connection."""

    model_config = ConfigDict(extra="forbid")

    model: str = ""
    sample_rate: int = Field(16000, ge=1000, le=384_000)
    encoding: Literal["s16le", "f32le"] = "s16le"
    channels: int = Field(1, ge=1, le=32)
    latency: float = 2.0
    step: float | None = None
    new_speaker_delay: float | None = None
    max_speakers: int | None = None
    result: Literal["offline", "live", "none"] = "offline"

    def settings(self) -> dict[str, Any]:
        """Return the keyword arguments of a diarizer."""
        names = ("sample_rate", "latency", "step", "new_speaker_delay", "max_speakers")
        return {name: getattr(self, name) for name in names}


class _RefusedError(Exception):
    """A stream ends with an error: code of the connection, code and message for the client."""

    def __init__(self, close: int, code: str, message: str) -> None:
        super().__init__(message)
        self.close, self.code, self.message = close, code, message


@router.websocket(STREAM)
async def stream(socket: WebSocket) -> None:
    """Diarize PCM while it comes in."""
    await socket.accept()
    shared = shared_state(socket)
    cancel = threading.Event()
    try:
        options = _options(socket, shared.service.name)
        _check_streams(shared.streams, shared.limits.max_streams)
        shared.streams += 1
        try:
            await _serve(socket, options, cancel)
        finally:
            shared.streams -= 1
    except _RefusedError as error:
        await _send_error(socket, error)
    except OvdiarError as error:
        await _send_error(socket, _RefusedError(REFUSED, "invalid_request", str(error)))
    except (WebSocketDisconnect, CancelledError):
        pass
    finally:
        cancel.set()


def _options(socket: WebSocket, served: str) -> StreamOptions:
    try:
        options = StreamOptions.model_validate(dict(socket.query_params))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"])) or "query"
        raise _RefusedError(REFUSED, "invalid_parameter", f"{name}: {first['msg']}") from None
    if options.model not in ("", served):
        raise _RefusedError(
            REFUSED, "model_not_found", f"model {options.model!r} is not available: use {served!r}"
        )
    return options


def _check_streams(count: int, most: int) -> None:
    if count >= most:
        raise _RefusedError(
            TRY_LATER,
            "too_many_streams",
            f"{counted(count, 'stream')} open, which is the limit: try again later, or start the "
            "service with a larger --max-streams",
        )


async def _serve(socket: WebSocket, options: StreamOptions, cancel: threading.Event) -> None:
    shared = shared_state(socket)
    limits = shared.limits

    def begin() -> OnlineDiarizer:
        # audio beyond what may be streamed is never heard
        keep = limits.keep_audio_s if options.result == "offline" else 0.0
        service = shared.service
        given = {"keep_audio": keep, **options.settings(), **service.options}
        return OnlineDiarizer(service.models, **given)

    diarizer = await asyncio.to_thread(begin)
    await socket.send_json(
        {
            "type": "ready",
            "model": shared.service.name,
            "sample_rate": options.sample_rate,
            "encoding": options.encoding,
            "channels": options.channels,
            "latency": diarizer.settings.latency,
        }
    )
    reader = PcmReader(options.encoding, options.channels)
    while (content := await _next(socket, limits.timeout_s)) is not None:
        block = reader.push(content)
        heard_s = diarizer.heard_s + block.shape[1] / options.sample_rate
        if heard_s > limits.max_stream_s:
            raise _RefusedError(
                REFUSED,
                "stream_too_long",
                f"the stream is longer than {limits.max_stream_s:g} s: begin another, or start the "
                "service with a longer --max-stream",
            )
        measured(socket).audio_s = heard_s
        await _send_events(socket, await _run(diarizer.feed, block))
    await _send_events(socket, await _run(diarizer.flush))
    if options.result != "none":
        await socket.send_json(await _result(diarizer, options, cancel, socket))
    await socket.close(NORMAL)


async def _next(socket: WebSocket, timeout_s: float) -> bytes | None:
    """Wait for audio; None at the client's ``{"type": "end"}``."""
    with anyio.move_on_after(timeout_s):
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", NORMAL))
        content: bytes | None = message.get("bytes")
        if content is not None:
            return content
        if "".join((message.get("text") or "").split()) == '{"type":"end"}':
            return None
        raise _RefusedError(
            REFUSED,
            "invalid_message",
            'a text message is not {"type": "end"}: send audio as binary messages',
        )
    raise _RefusedError(
        REFUSED,
        "timeout",
        f"nothing came in for {timeout_s:g} s: send audio, silence included, or end the stream",
    )


async def _run(work: Callable[..., list[Event]], *arguments: Any) -> list[Event]:
    """Work in a thread; until it is done, no more audio is read."""
    return await asyncio.to_thread(work, *arguments)


async def _send_events(socket: WebSocket, events: list[Event]) -> None:
    for event in events:
        await socket.send_json({"type": "event", "event": event.to_dict()})


async def _result(
    diarizer: OnlineDiarizer, options: StreamOptions, cancel: threading.Event, socket: WebSocket
) -> dict[str, Any]:
    """Compute the answer, unless the client leaves before it is there."""
    duration_s = diarizer.heard_s
    if options.result == "live" or not duration_s:
        full = diarization(diarizer.annotation, duration_s)
        return {"type": "result", **full.model_dump()}
    watching = asyncio.ensure_future(_watch(socket, cancel))
    try:
        found = await asyncio.to_thread(diarizer.finalize, cancel=cancel)
    finally:
        watching.cancel()
    full = diarization(found.speaker_diarization, duration_s, found.notices)
    return {"type": "result", **full.model_dump()}


async def _watch(socket: WebSocket, cancel: threading.Event) -> None:
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
    cancel.set()


async def _send_error(socket: WebSocket, error: _RefusedError) -> None:
    if socket.client_state == WebSocketState.CONNECTED:
        kind = "server_error" if error.close == TRY_LATER else "invalid_request_error"
        detail = {"message": " ".join(error.message.split()), "type": kind, "code": error.code}
        await socket.send_json({"type": "error", "error": detail})
        await socket.close(error.close, error.code)
