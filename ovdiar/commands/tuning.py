"""The command over recordings with references: tune."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovdiar.commands.options import add_bundle, add_command, add_scoring, check_output, models_of
from ovdiar.commands.verbosity import progress_disabled
from ovdiar.ending import at_interrupt, ignore_signals
from ovdiar.errors import CancelledError

if TYPE_CHECKING:
    import argparse


def add(commands: Any) -> None:
    """Add this command to a parser."""
    tune = add_command(
        commands,
        "tune",
        _tune,
        "search hyper-parameters on your recordings, and write a preset",
        "ovdiar tune meetings/ --trials 300 -o meetings.json",
    )
    tune.add_argument(
        "folder", metavar="FOLDER", help="recordings, each beside NAME.rttm and perhaps NAME.uem"
    )
    tune.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("preset.json"),
        metavar="OUT",
        help="write the preset to this file (default: preset.json)",
    )
    tune.set_defaults(format="json")  # of the preset, whatever its suffix
    add_bundle(tune)
    tune.add_argument(
        "--trials",
        type=int,
        default=200,
        metavar="N",
        help="number of candidates (default: 200); Ctrl-C writes the best so far, with status 0",
    )
    tune.add_argument(
        "--folds",
        type=int,
        metavar="K",
        help="number of groups held out in turn (default: each recording alone)",
    )
    tune.add_argument(
        "--seed", type=int, default=0, metavar="N", help="seed of candidates and folds (default: 0)"
    )
    tune.add_argument(
        "--cache",
        type=Path,
        metavar="FOLDER",
        help="folder for the networks' outputs (default: in the user's cache)",
    )
    add_scoring(tune)


def _tune(options: argparse.Namespace) -> None:
    from ovdiar.files import write_text
    from ovdiar.hooks import ProgressHook
    from ovdiar.metrics.scoring import Scoring
    from ovdiar.tuning.corpus import read_corpus
    from ovdiar.tuning.search import tune
    from ovdiar.tuning.summary import to_text

    check_output(options)
    scoring = Scoring(
        collar_width_s=options.collar_width,
        nist_collar_s=options.nist_collar,
        skip_overlap=options.skip_overlap,
    )
    models, corpus = models_of(options), read_corpus(options.folder)
    cancel = threading.Event()
    try:
        with at_interrupt(cancel.set), ProgressHook(disable=progress_disabled(options)) as hook:
            tuning = tune(
                models,
                corpus,
                trials=options.trials,
                folds=options.folds,
                seed=options.seed,
                scoring=scoring,
                cache=options.cache,
                hook=hook,
                cancel=cancel,
            )
    except CancelledError:  # before the first trial was done
        raise KeyboardInterrupt from None
    write_text(options.output, tuning.preset())
    ignore_signals()
    sys.stdout.write(to_text(tuning))
    sys.stdout.write(f"wrote {options.output}: use it with --preset {options.output}\n")
