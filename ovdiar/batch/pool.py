"""A pool of worker processes."""

from __future__ import annotations

import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from ovdiar.batch.outcome import failure, new_row
from ovdiar.batch.process import GONE, WorkerProcess
from ovdiar.batch.worker import BROKEN, READY, ROW, STARTED
from ovdiar.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ovdiar.batch.job import Job
    from ovdiar.batch.outcome import Row
    from ovdiar.batch.outputs import Outputs
    from ovdiar.pipelines.diarization.pipeline import SpeakerDiarization

ATTEMPTS = 2
"""How often a recording is tried whose worker crashes: the cause may be another process."""
STARTS = 3
"""How many workers in a row may end before they are ready."""
START_LIMIT_S = 600.0
CRASHED, LATE = "worker-crashed", "time-limit"
"""Codes of errors."""


@dataclass(frozen=True)
class TimeLimit:
    """How long a recording may take: ``least_s`` plus ``factor`` times its length.

    Raises
    ------
    ConfigError
        A value is not above 0.
    """

    factor: float = 10.0
    least_s: float = 300.0

    def __post_init__(self) -> None:
        """Check the values."""
        for name, value in vars(self).items():
            if not 0 < value < float("inf"):
                raise ConfigError(f"time limit: {name} is {value}: give a number above 0")

    def of(self, duration_s: float) -> float:
        """Return the limit of a recording, s."""
        return self.least_s + self.factor * duration_s


class WorkerPool:
    """Worker processes that diarize recordings, and are replaced when they crash or are stuck.

    Parameters
    ----------
    task : the pipeline and the outputs, which travel to each process
    threads : of NumPy and SciPy in each
    workers : their number at most; they start when there are recordings for them
    limit : how long a recording may take
    """

    def __init__(
        self,
        task: tuple[SpeakerDiarization, Outputs],
        threads: int,
        workers: int,
        limit: TimeLimit,
    ) -> None:
        self._task, self._threads, self._most, self._limit = task, threads, workers, limit
        self._events: SimpleQueue[tuple[WorkerProcess, str, Any]] = SimpleQueue()
        self._workers: list[WorkerProcess] = []
        self._attempts: dict[str, int] = {}
        self._again: deque[Job] = deque()
        self._failed_starts = 0

    def run(self, jobs: Iterable[Job]) -> Iterator[Row]:
        """Diarize recordings, and yield each one's row; the workers stay for the next call.

        Raises
        ------
        ConfigError
            Workers do not start.
        """
        remaining = iter(jobs)
        while True:
            self._give_out(remaining)
            if not any(worker.job for worker in self._workers):
                return
            yield from self._wait()

    def close(self) -> None:
        """End all workers: their streams end, and they do."""
        for worker in self._workers:
            worker.close()
        for worker in self._workers:
            worker.join()

    def _give_out(self, remaining: Iterator[Job]) -> None:
        """Give each idle worker a recording; start workers while there are recordings for them."""
        while True:
            idle = next((worker for worker in self._workers if worker.job is None), None)
            if idle is None and len(self._workers) >= self._most:
                return
            job = self._again.popleft() if self._again else next(remaining, None)
            if job is None:
                return
            if idle is None:
                idle = WorkerProcess(self._task, self._threads, self._events)
                idle.deadline = time.monotonic() + START_LIMIT_S
                self._workers.append(idle)
            elif idle.is_ready:
                idle.deadline = self._deadline(job.expected_s)
            idle.assign(job)

    def _wait(self) -> Iterator[Row]:
        """Handle what the workers say until the first deadline; stop those that are late."""
        first = min(worker.deadline for worker in self._workers if worker.job)
        with suppress(Empty):
            worker, kind, value = self._events.get(timeout=max(0.0, first - time.monotonic()))
            yield from self._handle(worker, kind, value)
        now = time.monotonic()
        for worker in [each for each in self._workers if each.job and each.deadline <= now]:
            job = worker.job
            self._drop(worker)
            if worker.is_ready and job is not None:
                yield self._late(job)
            elif job is not None:
                self._after_failed_start(worker, job)

    def _handle(self, worker: WorkerProcess, kind: str, value: Any) -> Iterator[Row]:
        job = worker.job
        if worker not in self._workers:
            return  # it was stopped
        if job is None:
            self._drop(worker)  # it has ended idle
        elif kind == READY:
            self._failed_starts, worker.is_ready = 0, True
            worker.deadline = self._deadline(job.expected_s)
        elif kind == STARTED and value is not None:
            worker.deadline = self._deadline(value)
        elif kind == ROW:
            worker.job = None
            self._attempts.pop(job.uri, None)
            yield value
        elif kind == BROKEN:
            raise ConfigError(value)
        elif kind == GONE:
            self._drop(worker)
            if not worker.is_ready:
                self._after_failed_start(worker, job)
            else:
                yield from self._after_crash(worker, job)

    def _deadline(self, duration_s: float) -> float:
        return time.monotonic() + self._limit.of(duration_s)

    def _late(self, job: Job) -> Row:
        text = (
            f"{job.path}: took longer than {self._limit.factor:g} times its length and "
            f"{self._limit.least_s:g} s: give a larger time limit, or look at the recording"
        )
        return new_row(job) | failure(LATE, text)

    def _after_crash(self, worker: WorkerProcess, job: Job) -> Iterator[Row]:
        attempts = self._attempts[job.uri] = self._attempts.get(job.uri, 0) + 1
        if attempts < ATTEMPTS:
            self._again.append(job)
            return
        text = (
            f"{job.path}: ended {attempts} worker processes ({worker.how_it_ended()}): try it "
            "alone with ovdiar diarize"
        )
        yield new_row(job) | failure(CRASHED, text)

    def _after_failed_start(self, worker: WorkerProcess, job: Job) -> None:
        self._failed_starts += 1
        self._again.append(job)
        if self._failed_starts >= STARTS:
            raise ConfigError(
                f"worker processes end before they can work ({worker.how_it_ended()}): give fewer "
                "workers, or free memory"
            )

    def _drop(self, worker: WorkerProcess) -> None:
        worker.kill()
        worker.job = None
        self._workers.remove(worker)
