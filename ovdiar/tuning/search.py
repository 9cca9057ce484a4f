"""Try hyper-parameters on recordings with references."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from ovdiar.errors import ConfigError
from ovdiar.metrics.der import DiarizationErrors, diarization_errors
from ovdiar.metrics.scoring import STRICT, Scoring
from ovdiar.pipelines.speaker_diarization import SpeakerDiarization
from ovdiar.tuning.evidence import EvidenceCache
from ovdiar.tuning.outcome import Tuning, split
from ovdiar.tuning.space import candidates, space_around

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ovdiar.models import Models
    from ovdiar.presets import DiarizationParameters
    from ovdiar.tuning.corpus import Sample

TRIALS = 200


def tune(
    models: Models,
    corpus: Sequence[Sample],
    *,
    trials: int = TRIALS,
    folds: int | None = None,
    seed: int = 0,
    scoring: Scoring = STRICT,
    cache: Path | None = None,
    quiet: bool | None = None,
) -> Tuning:
    """Look for hyper-parameters that suit a bundle on these recordings better than its own.

    Every candidate is scored on every recording. For each fold, what is best on the other folds
    is scored on the fold itself; since no candidate depends on a score, the recordings held out
    have had no part in the choice. Ctrl-C ends the trials early, with those that are done; while
    the networks still run it is passed on, and what they said is kept.

    Parameters
    ----------
    models : the bundle
    corpus : recordings with references, see `read_corpus`
    trials : how many candidates, with the bundle's own hyper-parameters
    folds : how many groups of recordings are held out in turn; by default each recording alone
    seed : of the candidates and the folds; the same gives the same
    scoring : collar and overlap
    cache : folder for what the networks say, by default in the user's cache
    quiet : True draws no progress bars, None only on a terminal

    Raises
    ------
    ConfigError, AudioError
        Too few recordings, a number out of its range, or a recording that cannot be read.
    """
    from tqdm import tqdm  # noqa: PLC0415 - only who tunes loads it

    if trials < 1 or seed < 0:
        raise ConfigError(f"{trials} trials with the seed {seed}: give at least 1, and 0 or more")
    groups = split(len(corpus), folds, seed)
    default = SpeakerDiarization(models).parameters
    space = space_around(
        default,
        sigmoid=models.segmentation.spec.powerset is None,
        plda=models.bundle.plda() is not None,
    )
    chosen = candidates(space, trials, seed)
    heard = EvidenceCache(models, default, cache)
    onsets = dict.fromkeys(each.segmentation_threshold for each in chosen)
    passes = [(sample, onset) for sample in corpus for onset in onsets]
    for sample, onset in tqdm(passes, desc="networks", unit="pass", disable=quiet):
        heard.hear(sample, onset)
    errors: list[tuple[DiarizationErrors, ...]] = []
    interrupted = False
    try:
        for parameters in tqdm(chosen, desc="trials", unit="trial", disable=quiet):
            row = _try(models, parameters, corpus, heard, scoring)
            errors.append(row)
    except KeyboardInterrupt:
        if not errors:
            raise
        interrupted = True
    uris = tuple(sample.uri for sample in corpus)
    return Tuning(uris, chosen, tuple(errors), groups, scoring, interrupted)


def _try(
    models: Models,
    parameters: DiarizationParameters,
    corpus: Sequence[Sample],
    heard: EvidenceCache,
    scoring: Scoring,
) -> tuple[DiarizationErrors, ...]:
    """Score one candidate on every recording, of which one is in memory at a time."""
    pipeline = SpeakerDiarization(models, **asdict(parameters))
    errors = []
    for sample in corpus:
        evidence = heard.hear(sample, parameters.segmentation_threshold)
        result = pipeline.decode(
            evidence.scores.data,
            evidence.embeddings,
            window_s=evidence.scores.windows.width_s,
            step_s=evidence.scores.windows.step_s,
            grid=evidence.scores.frames,
            uri=sample.uri,
        )
        found = result.speaker_diarization
        errors.append(diarization_errors(sample.reference, found, uem=sample.uem, scoring=scoring))
    return tuple(errors)
