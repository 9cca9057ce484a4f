"""The local engine: worker processes on every core of this machine."""

from __future__ import annotations

import copy
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from ovdiar.batch.machine import check_numbers, usable_cores, worker_count
from ovdiar.batch.pool import TimeLimit, WorkerPool

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ovdiar.batch.job import Job
    from ovdiar.batch.outcome import Row
    from ovdiar.batch.outputs import Outputs
    from ovdiar.pipelines.diarization.pipeline import SpeakerDiarization


class LocalEngine:
    """Diarizes recordings in several processes of this machine.

    Each worker compiles the networks once, and holds one recording at a time.

    Parameters
    ----------
    workers : number of processes; by default one a core, as far as memory allows
    threads : of each worker; by default the cores are shared out, unless the pipeline's networks
        were loaded with a number
    limit : how long a recording may take

    Raises
    ------
    ConfigError
        A number is below 1.
    """

    def __init__(
        self,
        workers: int | None = None,
        threads: int | None = None,
        limit: TimeLimit | None = None,
    ) -> None:
        check_numbers(workers=workers, threads=threads)
        self.workers = worker_count() if workers is None else workers
        self._threads, self._limit = threads, limit or TimeLimit()

    def run(
        self, pipeline: SpeakerDiarization, outputs: Outputs, jobs: Iterable[Job]
    ) -> Iterator[Row]:
        """Diarize recordings in the order given; yield each one's row when it is done.

        Raises
        ------
        ConfigError
            Workers do not start.
        """
        threads = self._threads or max(1, usable_cores() // self.workers)
        task = (with_threads(pipeline, threads), outputs)
        with closing(WorkerPool(task, threads, self.workers, self._limit)) as pool:
            yield from pool.run(jobs)


def with_threads(pipeline: SpeakerDiarization, threads: int) -> SpeakerDiarization:
    """Return a pipeline whose networks use so many threads where it is unpickled.

    One whose networks were loaded with a number of threads is returned as it is.
    """
    models = pipeline.models
    if models is None or models.specification is None or models.specification.threads is not None:
        return pipeline
    limited = copy.copy(pipeline)
    specification = replace(models.specification, threads=threads)
    limited.models = replace(models, specification=specification)
    return limited
