"""Places for runs, first come, first served, and a bounded queue of those that wait for one."""

from __future__ import annotations

import asyncio
import math
import queue
import time
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from ovdiar.errors import OvdiarError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

FIRST_GUESS_S = 5.0
"""Duration of a run, before one has ended."""
MEMORY = 0.8
"""Weight of the past in the moving average of the runs' durations."""


class QueueFullError(OvdiarError, queue.Full):
    """No place is free, and as many requests wait as may.

    Attributes
    ----------
    retry_after_s
        When a place in the queue is expected, in whole seconds.
    """

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class _Waiting:
    """One that waits; ``moved`` is called with its position, 1 for the next."""

    def __init__(self, moved: Callable[[int], None]) -> None:
        self.moved = moved
        self.turn = asyncio.get_running_loop().create_future()


class Places:
    """A number of places and a queue, for the coroutines of one event loop.

    Parameters
    ----------
    count
        Number of places.
    max_waiting
        Length of the queue.
    """

    def __init__(self, count: int, max_waiting: int) -> None:
        self._count, self._max_waiting = count, max_waiting
        self._queue: deque[_Waiting] = deque()
        self._taken = 0
        self._mean_s = FIRST_GUESS_S

    @property
    def taken(self) -> int:
        """Number of places that are taken."""
        return self._taken

    @property
    def waiting(self) -> int:
        """Length of the queue."""
        return len(self._queue)

    def check(self) -> None:
        """Check that a place is free, in the queue at least.

        Raises
        ------
        QueueFullError
            If none is.
        """
        if self._taken < self._count or self.waiting < self._max_waiting:
            return
        running, option = f"{self._taken} requests are running", "--max-concurrent"
        if self._max_waiting:
            running, option = f"{running} and {self.waiting} are waiting", "--max-queue"
        soon_s = max(1, math.ceil(self._mean_s / self._count))
        raise QueueFullError(
            f"{running}, which is the limit: try again in about {soon_s} s, or start the service "
            f"with a larger {option}",
            soon_s,
        )

    @asynccontextmanager
    async def place(self, moved: Callable[[int], None]) -> AsyncIterator[float]:
        """Wait for a place, and hold it; yield how long it was waited for, in seconds.

        Parameters
        ----------
        moved
            Called with the position whenever it changes: 1 for the next in the queue, 0 with the
            place.

        Raises
        ------
        QueueFullError
            If the queue is full.
        """
        asked = time.monotonic()
        await self._take(moved)
        start = time.monotonic()
        try:
            moved(0)
            yield start - asked
            self._mean_s += (1 - MEMORY) * (time.monotonic() - start - self._mean_s)
        finally:
            self._give()

    async def _take(self, moved: Callable[[int], None]) -> None:
        self.check()
        if self._taken < self._count:
            self._taken += 1
            return
        own = _Waiting(moved)
        self._queue.append(own)
        moved(self.waiting)
        try:
            await own.turn
        except asyncio.CancelledError:
            if own in self._queue:
                self._queue.remove(own)
                self._tell()
            elif not own.turn.cancelled():  # its turn has come as it left
                self._give()
            raise

    def _give(self) -> None:
        """Pass a place on to the first in the queue, if any."""
        while self._queue:
            turn = self._queue.popleft().turn
            if not turn.done():  # the others are about to leave
                turn.set_result(None)
                self._tell()
                return
        self._taken -= 1

    def _tell(self) -> None:
        for position, each in enumerate(self._queue, 1):
            each.moved(position)
