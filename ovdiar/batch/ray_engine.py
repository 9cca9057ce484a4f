"""The engine for clusters: Ray Data, with `Diarize` loaded once in each actor.

Ray retries what a lost node was doing, and starts actors anew; see docs/scale.md.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ovdiar.batch.machine import check_numbers
from ovdiar.batch.pool import TimeLimit
from ovdiar.batch.table import Diarize
from ovdiar.errors import ConfigError, MissingPackageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ovdiar.batch.job import Job
    from ovdiar.batch.outcome import Row
    from ovdiar.batch.outputs import Outputs
    from ovdiar.pipelines.diarization.pipeline import SpeakerDiarization

RECORDINGS_AT_ONCE = 1
"""Of a call: Ray does a call again when its node is lost, and hands rows on when it ends."""
MOST_BLOCKS = 20_000
"""Ray schedules blocks, and keeps track of each: of one recording, while there are not too many."""
COLUMNS = {"start_s": "start", "end_s": "end", "duration_s": "duration"}
"""Fields of a job whose columns have other names."""


class RayEngine:
    """Diarizes recordings on a Ray cluster, whose nodes can read the paths or URLs.

    Parameters
    ----------
    address : of the cluster; by default the one that Ray finds, or a new one on this machine
    actors : their number; by default as many as the cluster has cores for
    threads : of each actor, which are cores that Ray reserves for it
    limit : how long a recording may take; it runs in a process beside the actor

    Raises
    ------
    MissingPackageError
        Ray is not installed.
    ConfigError
        A number is below 1.
    """

    def __init__(
        self,
        address: str | None = None,
        actors: int | None = None,
        threads: int | None = None,
        limit: TimeLimit | None = None,
    ) -> None:
        check_numbers(workers=actors, threads=threads)
        self._address, self._actors, self._threads = address, actors, threads or 1
        self._limit = limit or TimeLimit()
        _ray()

    def run(
        self, pipeline: SpeakerDiarization, outputs: Outputs, jobs: Iterable[Job]
    ) -> Iterator[Row]:
        """Diarize recordings; yield each one's row when it is done.

        Raises
        ------
        ConfigError
            There is no cluster at the address, or its nodes cannot run ovdiar.
        """
        ray = _ray()
        rows = [_columns(job) for job in jobs]
        if not rows:
            return
        own = self._connect(ray)
        try:
            yield from self._rows(ray, pipeline, outputs, rows)
        except ray.exceptions.RayError as error:
            reason = str(error).strip().splitlines()[-1]
            raise ConfigError(f"the Ray cluster gave up ({reason}): see its logs") from error
        finally:
            if own:
                ray.shutdown()

    def _rows(
        self,
        ray: Any,
        pipeline: SpeakerDiarization,
        outputs: Outputs,
        rows: list[dict[str, Any]],
    ) -> Iterator[Row]:
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        blocks = min(len(rows), MOST_BLOCKS)
        spread = [row for first in range(blocks) for row in rows[first::blocks]]
        table = ray.data.from_items(spread, override_num_blocks=blocks)
        outcomes = table.map_batches(
            Diarize,
            fn_constructor_kwargs={
                "pipeline": pipeline,
                "formats": outputs.formats,
                "output": outputs.place,
                "keep": outputs.keep,
                "embeddings": outputs.embeddings,
                "threads": self._threads,
                "limit": self._limit,
            },
            batch_size=RECORDINGS_AT_ONCE,
            num_cpus=self._threads,
            compute=self._actor_pool(ray),
        )
        for outcome in outcomes.iter_rows():
            yield json.loads(outcome["row"])

    def _actor_pool(self, ray: Any) -> Any:
        if self._actors is not None:
            return ray.data.ActorPoolStrategy(size=self._actors)
        most = max(1, int(ray.cluster_resources().get("CPU", 1)) // self._threads)
        return ray.data.ActorPoolStrategy(min_size=1, max_size=most)

    def _connect(self, ray: Any) -> bool:
        """Connect, unless that is done; return whether it was done here."""
        if ray.is_initialized():
            return False
        try:
            ray.init(address=self._address, log_to_driver=False, logging_level=logging.WARNING)
        except (ConnectionError, ValueError, RuntimeError) as error:
            reason = " ".join(str(error).split())
            raise ConfigError(
                f"no Ray cluster at {self._address!r} ({reason}): check --address"
            ) from error
        return True


def _columns(job: Job) -> dict[str, Any]:
    """Return a job as a row of a table."""
    return {COLUMNS.get(name, name): value for name, value in asdict(job).items()}


def _ray() -> Any:
    try:
        import ray  # noqa: PLC0415 - an extra
        import ray.data  # noqa: PLC0415 - likewise
    except ImportError:
        raise MissingPackageError('--engine ray needs Ray: pip install "ovdiar[cluster]"') from None
    return ray
