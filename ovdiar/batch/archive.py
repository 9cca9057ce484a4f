"""A whole archive: what is to do, doing it with an engine, and recording every outcome."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from ovdiar.batch.identity import settings_digest
from ovdiar.batch.local import LocalEngine
from ovdiar.batch.outcome import DONE, FAILED, UNCHANGED
from ovdiar.batch.results import RESULTS, results_of
from ovdiar.batch.work_list import WorkList, collect, with_defaults
from ovdiar.files import check_writable, make_folder_of

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Mapping

    from ovdiar.batch.job import Job
    from ovdiar.batch.outcome import Row
    from ovdiar.batch.outputs import Outputs
    from ovdiar.batch.results import Finished, Results
    from ovdiar.pipelines.diarization.pipeline import SpeakerDiarization


class Engine(Protocol):
    """Diarizes recordings, somewhere and somehow, and yields a row for each."""

    def run(
        self, pipeline: SpeakerDiarization, outputs: Outputs, jobs: Iterable[Job]
    ) -> Iterator[Row]:
        """Diarize recordings; yield each one's row, in any order."""


class Observer(Protocol):
    """Is told of every row."""

    def __call__(self, row: Row, job: Job) -> None:
        """Handle a row."""


@dataclass
class Summary:
    """What a run did, in numbers of recordings; ``audio_s`` is the length of those it did, s."""

    done: int = 0
    failed: int = 0
    unchanged: int = 0
    audio_s: float = 0.0

    def add(self, row: Row) -> None:
        """Count a row."""
        self.done += row["status"] == DONE
        self.failed += row["status"] == FAILED
        self.unchanged += row["status"] == UNCHANGED
        self.audio_s += row.get("duration_s") or 0.0


@dataclass(frozen=True)
class Plan:
    """What a run has to do.

    Parameters
    ----------
    jobs : the recordings to diarize, long ones first
    finished : how many are done already, with the same settings
    failed : how many failed before, and are not tried again
    left_out : files of folders that are no recordings, by suffix
    """

    jobs: tuple[Job, ...]
    finished: int = 0
    failed: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def expected_s(self) -> float:
        """How long the recordings to diarize are, s, as stated or guessed from their sizes."""
        return sum(job.expected_s for job in self.jobs)


class Archive:
    """Recordings with one pipeline and one folder of outputs.

    A run does what is not done: recordings that are new, that changed, whose settings changed, or
    whose outputs are missing. Those that failed are tried again when they changed, or on demand.
    Several runs may work on one folder at a time.

    Parameters
    ----------
    inputs : recordings, folders, globs and manifests (see `collect`)
    pipeline : made with the bundle to use; its networks run in the engine's processes
    outputs : what is written, and where
    retry_failed : try those again that failed before
    defaults : ``num_speakers``, ``min_speakers``, ``max_speakers``, ``channel``, ``track`` and
        ``strict`` of recordings for which a manifest states none

    Raises
    ------
    ConfigError, FormatError
        As `collect`.
    OutputError
        The folder cannot be written.
    """

    def __init__(
        self,
        inputs: Iterable[str | os.PathLike[str]],
        pipeline: SpeakerDiarization,
        outputs: Outputs,
        *,
        retry_failed: bool = False,
        defaults: Mapping[str, Any] | None = None,
    ) -> None:
        self.pipeline, self.outputs = pipeline, outputs
        self._retry_failed = retry_failed
        self._folder = outputs.folder()
        self._work: WorkList = collect(inputs)
        self._jobs = with_defaults(self._work.jobs, defaults or {})
        self._identity = pipeline.identity()

    def plan(self) -> Plan:
        """Return what a run would do; nothing is written."""
        results = results_of(self._folder)
        wanted: list[Job] = []
        counts = {DONE: 0, FAILED: 0}
        for listed in self._jobs:
            digest = settings_digest(self._identity, listed.request())
            job = replace(listed, settings=digest)
            status = self._status(job, results.finished(job.uri))
            if status is None:
                wanted.append(self._with_known(job, results.finished(job.uri)))
            else:
                counts[status] += 1
        return Plan(tuple(wanted), counts[DONE], counts[FAILED], self._work.left_out)

    def run(
        self,
        plan: Plan | None = None,
        engine: Engine | None = None,
        observe: Observer | None = None,
    ) -> Summary:
        """Do what a plan says, record every outcome, and return what was done.

        Parameters
        ----------
        plan : what `plan` returned
        engine : by default a `LocalEngine`
        observe : called with each row

        Raises
        ------
        OutputError
            ``results.jsonl`` cannot be written.
        """
        plan = self.plan() if plan is None else plan
        self._check_folder()
        results, summary = results_of(self._folder), Summary()
        by_uri = {job.uri: job for job in plan.jobs}
        rows = (engine or LocalEngine()).run(
            self.pipeline, self.outputs, self._still_wanted(plan.jobs, results, summary)
        )
        with closing(results), closing(rows):  # type: ignore[type-var]
            for row in rows:
                job = by_uri[row["uri"]]
                results.add(row)
                summary.add(row)
                if observe is not None:
                    observe(row, job)
        return summary

    def _still_wanted(
        self, jobs: Iterable[Job], results: Results, summary: Summary
    ) -> Iterator[Job]:
        """Leave out what another run has done in the meantime."""
        for job in jobs:
            if self._status(job, results.finished(job.uri)) == DONE:
                summary.unchanged += 1
            else:
                yield job

    def _status(self, job: Job, found: Finished | None) -> str | None:
        """Return `DONE` or `FAILED` for what is not done again, None for what is to do."""
        if found is None or found.settings != job.settings or found.state != job.state:
            return None
        if found.status == DONE and job.state:
            return DONE if self._has_outputs(job) else None
        return FAILED if found.status == FAILED and not self._retry_failed else None

    def _with_known(self, job: Job, found: Finished | None) -> Job:
        """Let the engine compare the content, where only the file's name or time is another."""
        if found is None or found.settings != job.settings or found.status != DONE:
            return job
        return replace(job, known=found.content) if self._has_outputs(job) else job

    def _has_outputs(self, job: Job) -> bool:
        return all(self._folder.has(name) for name in self.outputs.names(job.uri))

    def _check_folder(self) -> None:
        if hasattr(self._folder, "names"):
            return
        path = f"{self._folder.place}/{RESULTS}"
        make_folder_of(path)
        check_writable(path)
