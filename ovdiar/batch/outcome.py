"""Diarize one recording, write its outputs, and say in one row how it went."""

from __future__ import annotations

import re
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ovdiar.audio.excerpt import excerpt
from ovdiar.audio.reading import open_audio
from ovdiar.batch import storage
from ovdiar.batch.job import Job
from ovdiar.errors import AudioNotFoundError, CancelledError, OvdiarError
from ovdiar.hooks import TimingHook
from ovdiar.networks.digests import sha256

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ovdiar.annotation import Annotation
    from ovdiar.batch.outputs import Outputs
    from ovdiar.notices import Notice
    from ovdiar.pipelines.diarization.pipeline import SpeakerDiarization
    from ovdiar.pipelines.diarization.prepared import Prepared
    from ovdiar.pipelines.steps import Cancel
    from ovdiar.result import DiarizationResult

    Row = dict[str, Any]
    Write = Callable[[DiarizationResult, Prepared], list[str]]

DONE = "done"
FAILED = "failed"
UNCHANGED = "unchanged"
"""Statuses of a row; `UNCHANGED` is not recorded: another name or time of what is done already."""


class Diarized(NamedTuple):
    """The result of a recording, and the networks' outputs behind it."""

    result: DiarizationResult
    prepared: Prepared


def perform(
    pipeline: SpeakerDiarization,
    outputs: Outputs,
    job: Job,
    *,
    started: Callable[[float | None], None] | None = None,
    cancel: Cancel | None = None,
) -> Row:
    """Diarize a recording and write its outputs; whatever goes wrong is in the row.

    Parameters
    ----------
    pipeline, outputs, job : what to do
    started : called with the recording's length, s (None where its header states none)
    cancel : see `SpeakerDiarization`

    Returns
    -------
    A row of ``results.jsonl``, plain values.

    Raises
    ------
    CancelledError
    """
    return attempt(pipeline, job, outputs.writer(job.uri), started=started, cancel=cancel)


def attempt(
    pipeline: SpeakerDiarization,
    job: Job,
    write: Write,
    *,
    started: Callable[[float | None], None] | None = None,
    cancel: Cancel | None = None,
) -> Row:
    """Diarize a recording and hand the result to ``write``, which names what it has written."""
    row = new_row(job)
    began = time.monotonic()
    try:
        with storage.local_copy(job.path) as path:
            row["content"] = _content(path)
            if job.known and row["content"] == job.known:
                return row | {"status": UNCHANGED}
            timing = TimingHook()
            result, prepared = diarize(
                pipeline, job, path, timing=timing, started=started, cancel=cancel
            )
            written = write(result, prepared)
        row |= _described(result, written, timing.timing)
    except CancelledError:
        raise
    except Exception as error:  # noqa: BLE001 - one recording's failure must not stop the others
        row |= failure(code_of(error), _message(error))
    row["timings"] = {**row.get("timings", {}), "total": round(time.monotonic() - began, 3)}
    return row


def diarize(
    pipeline: SpeakerDiarization,
    job: Job,
    path: str,
    *,
    timing: TimingHook,
    started: Callable[[float | None], None] | None = None,
    cancel: Cancel | None = None,
) -> Diarized:
    """Diarize a recording whose file is at ``path``, with the job's own settings.

    Times of a part of a recording are those of the whole recording.
    """
    audio: dict[str, Any] = {"audio": path, "uri": job.uri, **job.selection()}
    with open_audio(audio) as reader:
        duration_s = reader.duration_s
    if started is not None:
        started(duration_s)
    start_s = job.start_s or 0.0
    notices: tuple[Notice, ...] = ()
    with ExitStack() as stack:
        if job.start_s is not None or job.end_s is not None:
            part = stack.enter_context(excerpt(audio, start_s, job.end_s))
            audio, notices = {"audio": str(part.path), "uri": job.uri}, part.notices
        stack.enter_context(timing)
        prepared = pipeline.prepare(audio, hook=timing, cancel=cancel)
        prepared = replace(prepared, notices=(*notices, *prepared.notices))
        result = pipeline.cluster(prepared, hook=timing, cancel=cancel, **job.counts())
    return Diarized(_shifted(result, start_s), prepared)


def new_row(job: Job) -> Row:
    """Return the beginning of a recording's row."""
    now = datetime.now(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {
        "uri": job.uri,
        "status": FAILED,
        "path": job.path,
        "state": job.state,
        "settings": job.settings,
        "versions": {name: version(name) for name in ("ovdiar", "openvino")},
        "time": now,
    }


def failed_row(given: Mapping[str, Any], error: OvdiarError) -> Row:
    """Return the row of a recording that is described wrongly, so that there is no job."""
    path = str(given.get("path") or "")
    job = Job(path, str(given.get("uri") or path))
    return new_row(job) | failure(code_of(error), _message(error))


def failure(code: str, message: str) -> Row:
    """Return the part of a row that says why a recording failed."""
    return {"status": FAILED, "error": {"code": code, "message": message}}


def code_of(error: BaseException) -> str:
    """Name a kind of error in kebab case: ``audio-not-found`` for `AudioNotFoundError`.

    Errors that are not ours are ``unexpected``, save for ``memory``.
    """
    if isinstance(error, MemoryError):
        return "memory"
    if not isinstance(error, OvdiarError):
        return "unexpected"
    words = re.findall(r"[A-Z][a-z]+", type(error).__name__.removesuffix("Error"))
    return "-".join(word.lower() for word in words)


def _message(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text if isinstance(error, OvdiarError) else f"{type(error).__name__}: {text}"


def _content(path: str) -> str:
    try:
        return sha256(Path(path))
    except FileNotFoundError:
        raise AudioNotFoundError(f"{path}: no such file: check the path") from None
    except OSError:
        return ""  # opening it as audio tells what is wrong


def _described(result: DiarizationResult, written: list[str], timing: dict[str, float]) -> Row:
    stated = result.provenance or {}
    bundle = stated.get("bundle") or {}
    return {
        "status": DONE,
        "duration_s": stated.get("duration_s"),
        "speakers": len(result.speaker_diarization.labels()),
        "outputs": written,
        "notices": [notice.to_dict() for notice in result.notices],
        "bundle": {name: bundle[name] for name in ("name", "sha256") if name in bundle},
        "timings": {name: round(seconds, 3) for name, seconds in timing.items()},
    }


def _shifted(result: DiarizationResult, by_s: float) -> DiarizationResult:
    """Move all turns later."""
    if not by_s:
        return result
    return replace(
        result,
        speaker_diarization=_moved(result.speaker_diarization, by_s),
        exclusive_speaker_diarization=_moved(result.exclusive_speaker_diarization, by_s),
        provenance={**(result.provenance or {}), "start_s": by_s},
    )


def _moved(annotation: Annotation, by_s: float) -> Annotation:
    return replace(
        annotation,
        turns=tuple(
            replace(
                turn,
                segment=replace(
                    turn.segment, start=turn.segment.start + by_s, end=turn.segment.end + by_s
                ),
            )
            for turn in annotation.turns
        ),
    )
