"""Tables of recordings in, tables of outcomes out: for Ray Data, Dask, Spark, or pandas alone."""

from __future__ import annotations

import json
import math
import pickle
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.batch import storage
from ovdiar.batch.identity import settings_digest
from ovdiar.batch.local import with_threads
from ovdiar.batch.manifest import job_of
from ovdiar.batch.outcome import attempt, failed_row, perform
from ovdiar.batch.outputs import Outputs, check_formats, text_of
from ovdiar.batch.pool import TimeLimit, WorkerPool
from ovdiar.errors import ConfigError, OvdiarError
from ovdiar.networks.models import load
from ovdiar.networks.names import DEFAULT_BUNDLE
from ovdiar.pipelines.diarization.pipeline import SpeakerDiarization

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Sequence

    from ovdiar.batch.job import Job
    from ovdiar.batch.outcome import Row
    from ovdiar.pipelines.diarization.prepared import Prepared
    from ovdiar.result import DiarizationResult

KINDS = {
    "uri": "string",
    "path": "string",
    "status": "string",
    "error_code": "string",
    "error": "string",
    "duration_s": "double",
    "speakers": "bigint",
    "row": "string",
}
"""Columns of the table that comes out besides the formats, and their types as Spark calls them."""
DTYPES = {"string": object, "double": np.float64, "bigint": np.int64}
OF_A_RUN = ("state", "settings", "known")
"""Columns by which a run of an archive tells what it knows of a recording, see `Job`."""


class Diarize:
    """Diarizes the recordings of a table; what a cluster calls in each of its processes.

    The table that comes in has the columns of a manifest: ``path``, and perhaps ``uri``,
    ``num_speakers``, ``min_speakers``, ``max_speakers``, ``channel``, ``track``, ``strict``,
    ``start`` and ``end``. Out comes a row for each of its rows: ``uri``, ``path``, ``status``
    (``done`` or ``failed``), ``error_code`` and ``error`` (empty where it is done), ``duration_s``
    (NaN where unknown), ``speakers`` (-1 where unknown), ``row`` (JSON, as in ``results.jsonl``),
    and the turns in a column for each format. A recording that fails raises nothing. A table is a
    pandas DataFrame, an Arrow table or a mapping of columns, and the same kind comes out::

        ds.map_batches(Diarize, batch_size=4, num_cpus=1, compute=ActorPoolStrategy(size=8))
        ddf.map_partitions(diarize, meta=diarize.meta)  # diarize = Diarize("base")
        df.mapInPandas(diarize.tables, diarize.schema)

    The networks are loaded with the first table, once in each process.

    Parameters
    ----------
    pipeline : a pipeline, which travels as its specification, or the name of a bundle
    formats : the formats of the turns, keys of `ovdiar.formats.SUFFIXES`
    output : a folder or URL that the turns are written to, instead of into columns
    keep, embeddings : see `Outputs`; with ``output`` only
    threads : of the networks, where the pipeline's were loaded without a number
    limit : how long a recording may take; each then runs in a process beside this one, which is
        replaced when it crashes or is late; with ``output`` only

    Raises
    ------
    ConfigError
        A format is unknown, or what needs ``output`` is without it.
    """

    def __init__(
        self,
        pipeline: SpeakerDiarization | str | os.PathLike[str] = DEFAULT_BUNDLE,
        *,
        formats: Sequence[str] = ("rttm",),
        output: str | os.PathLike[str] | None = None,
        keep: bool = False,
        embeddings: bool = False,
        threads: int = 1,
        limit: TimeLimit | None = None,
    ) -> None:
        self._formats = tuple(formats)
        check_formats(self._formats)
        self._outputs: Outputs | None = None
        if output is not None:
            self._outputs = Outputs(str(output), self._formats, keep, embeddings)
        elif keep or embeddings or limit is not None:
            raise ConfigError("keep, embeddings and limit need a folder for the outputs: give one")
        self._pipeline, self._limit = pickle.dumps((pipeline, threads)), limit

    @property
    def columns(self) -> list[str]:
        """The columns of the table that comes out."""
        return [*KINDS, *(() if self._outputs else self._formats)]

    @property
    def schema(self) -> str:
        """The columns with their types, for Spark's ``mapInPandas``."""
        return ", ".join(f"`{name}` {KINDS.get(name, 'string')}" for name in self.columns)

    @property
    def meta(self) -> Any:
        """An empty DataFrame of these columns, for Dask's ``map_partitions``."""
        return _frame(self._arrays([]))

    def __call__(self, table: Any) -> Any:
        """Diarize the recordings of a table (N rows); return a table of the same kind, N rows."""
        if isinstance(table, Mapping):
            return self._arrays(_rows(table))
        if hasattr(table, "to_pydict"):
            return type(table).from_pydict(self._arrays(_rows(table.to_pydict())))
        return _frame(self._arrays(table.to_dict("records")), table.index)

    def tables(self, tables: Iterable[Any]) -> Iterator[Any]:
        """Diarize one table after another, as Spark's ``mapInPandas`` hands them out."""
        return map(self, tables)

    def _arrays(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Return the columns of the outcomes."""
        outcomes = [self._outcome(row, number) for number, row in enumerate(rows)]
        return {
            name: np.array([each[name] for each in outcomes], DTYPES[KINDS.get(name, "string")])
            for name in self.columns
        }

    def _outcome(self, given: Mapping[str, Any], number: int) -> dict[str, Any]:
        texts = dict.fromkeys(self._formats, "")
        try:
            pipeline = _loaded(self._pipeline)
            job = _job(given, number, pipeline)
        except OvdiarError as wrong:
            row = failed_row(given, wrong)
        else:
            row = self._row(pipeline, job, texts)
        error = row.get("error") or {}
        return {
            "uri": row["uri"],
            "path": row["path"],
            "status": row["status"],
            "error_code": error.get("code", ""),
            "error": error.get("message", ""),
            "duration_s": row.get("duration_s", math.nan),
            "speakers": row.get("speakers", -1),
            "row": json.dumps(row),
            **texts,
        }

    def _row(self, pipeline: SpeakerDiarization, job: Job, texts: dict[str, str]) -> Row:
        if self._outputs is not None and self._limit is not None:
            (row,) = _pool(self._pipeline, self._outputs, self._limit).run([job])
            return row
        if self._outputs is not None:
            return perform(pipeline, self._outputs, job)

        def fill(result: DiarizationResult, _prepared: Prepared) -> list[str]:
            texts.update({name: text_of(result, name) for name in texts})
            return []

        return attempt(pipeline, job, fill)


@lru_cache(maxsize=1)
def _loaded(pickled: bytes) -> SpeakerDiarization:
    """Load the pipeline, once in a process: clusters unpickle `Diarize` for every table."""
    pipeline, threads = pickle.loads(pickled)  # noqa: S301 - pickled above
    if not isinstance(pipeline, SpeakerDiarization):
        return SpeakerDiarization(load(pipeline, threads=threads))
    limited = with_threads(pipeline, threads)
    if limited is pipeline:
        return pipeline
    loaded: SpeakerDiarization = pickle.loads(pickle.dumps(limited))  # noqa: S301 - likewise
    return loaded


@lru_cache(maxsize=1)
def _pool(pickled: bytes, outputs: Outputs, limit: TimeLimit) -> WorkerPool:
    """Return a worker process beside this one, which ends when this one does."""
    threads: int = pickle.loads(pickled)[1]  # noqa: S301 - pickled above
    return WorkerPool((_loaded(pickled), outputs), threads, 1, limit)


def _job(given: Mapping[str, Any], number: int, pipeline: SpeakerDiarization) -> Job:
    own = {name: value for name, value in given.items() if name not in OF_A_RUN}
    job = job_of(own, f"row {number}")
    if "settings" in given:
        state, settings, known = (str(given[name]) for name in OF_A_RUN)
        return replace(job, state=state, settings=settings, known=known)
    size, state = storage.state_of(job.path)
    digest = settings_digest(pipeline.identity(), job.request())
    return replace(job, size=size, state=state, settings=digest)


def _rows(columns: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Turn columns into rows."""
    lists = [list(column) for column in columns.values()]
    return [dict(zip(columns, values, strict=True)) for values in zip(*lists, strict=True)]


def _frame(columns: dict[str, Any], index: Any = None) -> Any:
    import pandas as pd  # noqa: PLC0415 - who has no DataFrames needs none

    texts = {name: str for name, column in columns.items() if column.dtype == object}
    return pd.DataFrame(columns, index=index).astype(texts)
