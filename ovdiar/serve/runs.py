"""Run the pipeline in threads; cancel the runs of clients that disconnect."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

import anyio

from ovdiar.errors import CancelledError
from ovdiar.serve.places import Places
from ovdiar.serve.request_log import measured
from ovdiar.serve.schema import Progress, Queued

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from ovdiar.pipelines.steps import Cancel, FractionHook
    from ovdiar.serve.limits import Limits

Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)


class Work(Protocol[Result_co]):
    """What is run in a thread."""

    def __call__(self, cancel: Cancel, progress: FractionHook) -> Result_co:
        """Return the result, or raise CancelledError soon after ``cancel`` is set."""


class Runs:
    """Runs in threads, which keep the event loop responsive.

    Attributes
    ----------
    places
        Places of the runs, and the queue of requests that wait for one.
    uploads
        Number of requests that are still arriving.
    stopping
        Whether `stop` was called.
    """

    def __init__(self, limits: Limits) -> None:
        self._threads = ThreadPoolExecutor(limits.max_concurrent, "ovdiar-run")
        self._ends: set[Callable[[], None]] = set()
        self.places = Places(limits.max_concurrent, limits.max_queue)
        self.stopping = False
        self.uploads = 0

    def stop(self) -> None:
        """Cancel all current and future runs."""
        self.stopping = True
        for end in self._ends:
            end()

    async def run(
        self,
        work: Work[Result],
        request: Request,
        tell: Callable[[Queued | Progress], None] = lambda _: None,
    ) -> Result:
        """Wait for a place, call ``work`` in a thread, and return its result once it has ended.

        It is cancelled when the client disconnects, this coroutine is cancelled, or `stop` is
        called. ``tell`` is called with the position in the queue and the progress of the run.

        Raises
        ------
        QueueFullError
            If the queue is full.
        CancelledError
            If the client has disconnected, or `stop` was called.
        """
        cancel, waiting = threading.Event(), anyio.CancelScope()

        def end() -> None:
            cancel.set()
            waiting.cancel()

        def moved(position: int) -> None:
            tell(Queued(position=position) if position else Progress(fraction=0, eta_s=None))

        self._ends.add(end)
        if self.stopping:
            end()
        watching = asyncio.ensure_future(_watch(request, end))
        try:
            async with AsyncExitStack() as held:
                with waiting:
                    place = self.places.place(moved)
                    measured(request).queued_s = await held.enter_async_context(place)
                if waiting.cancelled_caught:
                    raise CancelledError("cancelled before its run began: send it again")
                return await self._in_thread(work, cancel, tell)
        finally:
            watching.cancel()
            self._ends.discard(end)

    async def _in_thread(
        self,
        work: Work[Result],
        cancel: threading.Event,
        tell: Callable[[Queued | Progress], None],
    ) -> Result:
        loop = asyncio.get_running_loop()

        def progress(fraction: float, eta_s: float | None) -> None:
            left_s = None if eta_s is None else round(eta_s, 1)
            news = Progress(fraction=round(fraction, 3), eta_s=left_s)
            loop.call_soon_threadsafe(tell, news)

        running = loop.run_in_executor(self._threads, partial(work, cancel, progress))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            cancel.set()
            with anyio.CancelScope(shield=True), contextlib.suppress(CancelledError):
                await running
            raise


async def _watch(request: Request, end: Callable[[], None]) -> None:
    """Call a function when the client disconnects."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    end()
