"""Several recordings of one command, one after another."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ovdiar.commands.audio_options import selection_of
from ovdiar.commands.options import counts_of
from ovdiar.commands.verbosity import progress_disabled
from ovdiar.errors import ConfigError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from ovdiar.pipelines.diarization.pipeline import SpeakerDiarization

SOME_FAILED = 3
"""Exit status where some of several recordings failed."""
OF_ONE = ("keep", "names", "alternatives", "stats", "voices", "max_stream_mb")
"""Options that a single recording may have."""


def diarize_several(
    options: argparse.Namespace, pipeline_of: Callable[[argparse.Namespace], SpeakerDiarization]
) -> int:
    """Diarize recordings into a folder; those that fail stop no other. Return the exit status."""
    from ovdiar.batch.inline import InlineEngine
    from ovdiar.batch.outcome import FAILED
    from ovdiar.batch.outputs import Outputs
    from ovdiar.batch.progress import ArchiveProgress
    from ovdiar.batch.work_list import collect, with_defaults

    _check(options)
    outputs = Outputs(str(options.output), (options.format or "rttm",))
    defaults = counts_of(options) | selection_of(options)
    jobs = with_defaults(collect(options.audio).jobs, defaults)
    rows = InlineEngine().run(pipeline_of(options), outputs, jobs)
    failed = 0
    with ArchiveProgress(jobs, disable=progress_disabled(options)) as progress:
        for row, job in zip(rows, jobs, strict=True):
            progress(row, job)
            if row["status"] == FAILED:
                failed += 1
                sys.stderr.write(f"ovdiar: {row['error']['message']}\n")
    return SOME_FAILED if failed else 0


def _check(options: argparse.Namespace) -> None:
    if "-" in options.audio:
        raise ConfigError("standard input is one recording: give - alone")
    if options.output is None or options.output.is_file():
        raise ConfigError("several recordings need a folder for their turns: give -o FOLDER")
    for name in OF_ONE:
        if getattr(options, name, None) not in (None, False):
            option = name.replace("_", "-")
            raise ConfigError(f"--{option} is for one recording: leave it out, or use ovdiar batch")
