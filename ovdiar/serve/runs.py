"""Run the pipeline in threads; cancel the runs of clients that disconnect."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import anyio

from ovdiar.errors import CancelledError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

Result = TypeVar("Result")


class Runs:
    """Runs in threads, which keep the event loop responsive.

    Attributes
    ----------
    requests
        Number of requests that have arrived and are not answered yet.
    uploads
        Number of requests that are still arriving.
    """

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, "ovdiar-run")
        self._cancels: set[threading.Event] = set()
        self._stopping = False
        self.requests = self.uploads = 0

    def stop(self) -> None:
        """Cancel all current and future runs."""
        self._stopping = True
        for cancel in self._cancels:
            cancel.set()

    async def run(self, work: Callable[[threading.Event], Result], request: Request) -> Result:
        """Call ``work(cancel)`` in a thread, and return its result once it has ended.

        ``cancel`` is set when the client disconnects, this coroutine is cancelled, or `stop` is
        called.
        """
        cancel = threading.Event()
        self._cancels.add(cancel)
        if self._stopping:
            cancel.set()
        running = asyncio.get_running_loop().run_in_executor(self._threads, partial(work, cancel))
        watching = asyncio.ensure_future(_watch(request, cancel))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            cancel.set()
            with anyio.CancelScope(shield=True), contextlib.suppress(CancelledError):
                await running
            raise
        finally:
            watching.cancel()
            self._cancels.discard(cancel)


async def _watch(request: Request, cancel: threading.Event) -> None:
    """Set the event when the client disconnects."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    cancel.set()
