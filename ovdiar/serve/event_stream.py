"""A run as server-sent events: its place in the queue, its progress and its answer.

The data of the event ``result`` is the body of the answer that is sent without a stream, and that
of ``error`` the body of an error (https://html.spec.whatwg.org/multipage/server-sent-events.html).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
from starlette.responses import Response

from ovdiar.errors import OvdiarError
from ovdiar.serve.error_responses import refusal_of, unexpected_error
from ovdiar.serve.schema import Queued

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Receive, Scope, Send

    from ovdiar.serve.schema import Progress

MEDIA_TYPE = "text/event-stream"
HEADERS = {"Content-Type": MEDIA_TYPE, "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""Nothing between the service and its client keeps events or collects them."""
SILENCE_S = 15.0
"""After so long without an event, a comment tells proxies and clients that the run goes on."""


def event(name: str, data: str) -> bytes:
    """Return an event; of its data, clients restore each line end as a line feed."""
    lines = data.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "".join([f"event: {name}\n", *(f"data: {line}\n" for line in lines), "\n"]).encode()


class EventStream(Response):
    """Response that runs something and sends its events.

    If the run fails before its first event, the exception is raised, and answered as without a
    stream.

    Parameters
    ----------
    run
        Runs to the end and returns the answer; calls its argument with each change.
    notices
        Name of a header of the answer that is sent as the event ``notices``, if it is there.
    """

    def __init__(
        self,
        run: Callable[[Callable[[Queued | Progress], None]], Awaitable[Response]],
        notices: str,
    ) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._run, self._notices = run, notices

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the run has ended."""
        del receive
        sending = _Sending(send, self.raw_headers)
        async with anyio.create_task_group() as group:
            group.start_soon(sending.send_news)
            try:
                ending: Response | Exception = await self._run(sending.tell)
            except Exception as error:  # noqa: BLE001 - raised or sent below
                ending = error
            group.cancel_scope.cancel()
        if isinstance(ending, Exception) and not sending.begun:
            raise ending
        await self._send_ending(ending, scope, sending)

    async def _send_ending(
        self, ending: Response | Exception, scope: Scope, sending: _Sending
    ) -> None:
        if isinstance(ending, Response):
            if self._notices in ending.headers:
                await sending.send("notices", ending.headers[self._notices])
            await sending.send("result", bytes(ending.body).decode())
        elif isinstance(ending, OvdiarError):
            await sending.send("error", bytes(refusal_of(ending).body).decode())
        else:
            identity = scope["state"]["measured"].identity
            await sending.send("error", bytes(unexpected_error(identity).body).decode())
        await sending.end()
        if isinstance(ending, Exception) and not isinstance(ending, OvdiarError):
            raise ending  # for the log


class _Sending:
    """Sends the newest state of a run, as fast as the client reads."""

    def __init__(self, send: Send, headers: list[tuple[bytes, bytes]]) -> None:
        self._send, self._headers = send, headers
        self._news: Queued | Progress | None = None
        self._last: Queued | Progress | None = None
        self._told = anyio.Event()
        self.begun = False

    def tell(self, news: Queued | Progress) -> None:
        """Replace what is not sent yet, if it is new."""
        if news != self._last:
            self._news = self._last = news
            self._told.set()

    async def send_news(self) -> None:
        while True:
            with anyio.move_on_after(SILENCE_S):
                await self._told.wait()
            self._told = anyio.Event()
            news, self._news = self._news, None
            if news is not None:
                name = "queued" if isinstance(news, Queued) else "progress"
                await self.send(name, news.model_dump_json())
            elif self.begun:
                await self._send_body(b": running\n\n")

    async def send(self, name: str, data: str) -> None:
        await self._send_body(event(name, data))

    async def end(self) -> None:
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_body(self, body: bytes) -> None:
        if not self.begun:
            self.begun = True
            start = {"type": "http.response.start", "status": 200, "headers": self._headers}
            await self._send(start)
        await self._send({"type": "http.response.body", "body": body, "more_body": True})
