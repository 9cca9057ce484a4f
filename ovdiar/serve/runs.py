"""Run the pipeline in threads; stop what nobody waits for any more."""

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
    """Runs that go on in threads, while the event loop answers others.

    ``requests`` counts those in progress, uploads and answers included.
    """

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, "ovdiar-run")
        self._cancels: set[threading.Event] = set()
        self._stopping = False
        self.requests = 0

    def stop(self) -> None:
        """Cancel all runs, and those that are still to come."""
        self._stopping = True
        for cancel in self._cancels:
            cancel.set()

    async def run(self, work: Callable[[threading.Event], Result], request: Request) -> Result:
        """Do ``work(cancel)`` in a thread.

        ``cancel`` is set when the client leaves, when this is cancelled, and by `stop`; this
        returns or raises only once the work has ended.
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
    """Set an event when the client leaves."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    cancel.set()
