"""The command for archives: batch."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ovdiar.commands.audio_options import add_selection, selection_of
from ovdiar.commands.options import (
    FORMATS,
    add_command,
    add_diarization,
    add_networks,
    counts_of,
)
from ovdiar.commands.recordings import pipeline_of
from ovdiar.commands.several import SOME_FAILED
from ovdiar.commands.verbosity import progress_disabled, remark
from ovdiar.errors import ConfigError
from ovdiar.texts import counted

if TYPE_CHECKING:
    import argparse

    from ovdiar.batch.archive import Archive, Engine, Plan, Summary

SHOWN = 10
"""Failures that are listed; ``results.jsonl`` has all."""


def add(commands: Any) -> None:
    """Add this command to a parser."""
    parser = add_command(
        commands,
        "batch",
        _batch,
        "diarize an archive on every core, or on a cluster; run again, it does what is not done",
        "ovdiar batch recordings -o turns --format rttm,json",
    )
    parser.description = (
        f"{parser.description} The exit status is 0, or {SOME_FAILED} where some recordings "
        "failed: OUT/results.jsonl says which and why, a line for each recording."
    )
    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="INPUT",
        help="recordings, folders, globs, or manifests (.jsonl, .csv with path, uri, "
        "num_speakers, min_speakers, max_speakers, channel, track, strict, start, end); paths or "
        "URLs",
    )
    parser.add_argument(
        "-o", "--output", required=True, metavar="OUT", help="folder or URL of the outputs"
    )
    parser.add_argument(
        "--format",
        default="rttm",
        metavar="NAMES",
        help=f"formats with commas between them: {', '.join(FORMATS)} (default: rttm)",
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        help="also keep the networks' outputs as .npz, for ovdiar recluster",
    )
    parser.add_argument(
        "--link-speakers",
        action="store_true",
        help="also find the same voice in several recordings, and write OUT/identities.jsonl",
    )
    parser.add_argument(
        "--link-threshold",
        type=float,
        metavar="X",
        help="cosine similarity from which two speakers are one voice (default: the bundle's)",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="list what would be done, and do nothing"
    )
    parser.add_argument(
        "--retry-failed", action="store_true", help="also try those again that failed before"
    )
    _add_engine(parser)
    add_selection(parser)
    add_networks(parser)
    add_diarization(parser)


def _add_engine(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="processes, or actors of a cluster (default: one a core, as far as memory allows)",
    )
    parser.add_argument(
        "--time-limit",
        type=float,
        metavar="X",
        help="give up a recording after X times its length and five minutes (default: 10)",
    )
    parser.add_argument(
        "--engine", choices=("local", "ray"), default="local", help="where to run (default: local)"
    )
    parser.add_argument(
        "--address",
        metavar="ADDRESS",
        help="address of a Ray cluster (default: the one that Ray finds, or a new local one)",
    )


def _batch(options: argparse.Namespace) -> int:
    from ovdiar.batch.archive import Archive
    from ovdiar.batch.outputs import Outputs

    engine, pipeline = _engine_of(options), pipeline_of(options)
    if options.link_speakers:
        from ovdiar.batch.identities import check_linking

        check_linking({pipeline.identity()["bundle"]["name"]}, options.link_threshold)
    formats = tuple(dict.fromkeys(options.format.split(",")))
    outputs = Outputs(options.output, formats, options.keep, options.link_speakers)
    archive = Archive(
        options.inputs,
        pipeline,
        outputs,
        retry_failed=options.retry_failed,
        defaults=counts_of(options) | selection_of(options),
    )
    plan = archive.plan()
    if options.dry_run:
        _list(plan, options)
        return 0
    summary = _run(archive, plan, engine, options)
    if options.link_speakers:
        _link(options)
    return SOME_FAILED if summary.failed + plan.failed else 0


def _engine_of(options: argparse.Namespace) -> Engine:
    from ovdiar.batch.local import LocalEngine
    from ovdiar.batch.pool import TimeLimit

    limit = None if options.time_limit is None else TimeLimit(options.time_limit)
    if options.engine == "ray":
        from ovdiar.batch.ray_engine import RayEngine

        return RayEngine(options.address, options.workers, options.threads, limit)
    if options.address is not None:
        raise ConfigError("--address is for --engine ray: leave it out, or name that engine")
    return LocalEngine(options.workers, options.threads, limit)


def _list(plan: Plan, options: argparse.Namespace) -> None:
    for job in plan.jobs:
        sys.stdout.write(f"{job.uri}\t{job.path}\n")
    hours = plan.expected_s / 3600
    remark(
        f"{counted(len(plan.jobs), 'recording')} would be diarized "
        f"(about {hours:.1f} h by size), {_before(plan)}",
        options,
    )


def _run(archive: Archive, plan: Plan, engine: Engine, options: argparse.Namespace) -> Summary:
    import time

    from ovdiar.batch.outcome import FAILED
    from ovdiar.batch.progress import ArchiveProgress, in_hours

    failures = []
    began = time.monotonic()
    with ArchiveProgress(plan.jobs, disable=progress_disabled(options)) as progress:

        def observe(row: Any, job: Any) -> None:
            progress(row, job)
            if row["status"] == FAILED:
                failures.append(f"{row['uri']}: {row['error']['message']}\n")

        summary = archive.run(plan, engine, observe)
    spent_s = time.monotonic() - began
    sys.stderr.writelines(failures[:SHOWN])
    if len(failures) > SHOWN:
        sys.stderr.write(f"and {len(failures) - SHOWN} more\n")
    remark(
        f"{counted(summary.done, 'recording')} diarized ({summary.audio_s / 3600:.1f} h in "
        f"{in_hours(spent_s)}), {summary.failed} failed, {summary.unchanged} unchanged, "
        f"{_before(plan)}",
        options,
    )
    return summary


def _before(plan: Plan) -> str:
    texts = [f"{plan.finished} were done before", f"{plan.failed} had failed before"]
    if plan.left_out:
        suffixes = ", ".join(f"{name} {count}" for name, count in sorted(plan.left_out.items()))
        texts.append(f"{sum(plan.left_out.values())} files are no recordings ({suffixes})")
    return ", ".join(texts)


def _link(options: argparse.Namespace) -> None:
    from ovdiar.batch.identities import link

    linked = link(options.output, options.link_threshold)
    remark(
        f"{linked.speakers} speakers are {linked.identities} voices, {linked.shared} of them in "
        "several recordings",
        options,
    )
