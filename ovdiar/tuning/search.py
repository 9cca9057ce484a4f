"""Try hyper-parameters on recordings with references."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ovdiar.errors import CancelledError, ConfigError
from ovdiar.metrics.der import DiarizationErrors, diarization_errors
from ovdiar.metrics.scoring import STRICT, Scoring
from ovdiar.pipelines.diarization.front_end import step_costs
from ovdiar.pipelines.diarization.pipeline import SpeakerDiarization
from ovdiar.pipelines.estimate import DECODING
from ovdiar.pipelines.steps import Steps
from ovdiar.tuning.cache import PreparedCache
from ovdiar.tuning.outcome import Tuning, split
from ovdiar.tuning.space import candidates, space_around

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ovdiar.networks.models import Models
    from ovdiar.parameters import DiarizationParameters
    from ovdiar.pipelines.steps import Cancel, FractionHook, Hook
    from ovdiar.tuning.corpus import Sample

    Lacking = Mapping[Sample, Sequence[float]]
    """The segmentation thresholds for which recordings are not prepared yet."""

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
    hook: Hook | None = None,
    progress: FractionHook | None = None,
    cancel: Cancel | None = None,
) -> Tuning:
    """Search for hyper-parameters that are better on these recordings than a bundle's own.

    Every candidate is scored on every recording. For each fold, the best candidate on the other
    folds is scored on the fold itself; no candidate depends on a score, so held-out recordings
    have no part in the choice. Ctrl-C and ``cancel`` end the trials early, with those that are
    done; before the first is done they are errors. Recordings that are prepared by then are kept.

    Parameters
    ----------
    models : the bundle
    corpus : recordings with references, see `read_corpus`
    trials : number of candidates, including the bundle's own hyper-parameters
    folds : number of groups of recordings held out in turn; by default each recording alone
    seed : of the candidates and the folds; the same seed gives the same candidates
    scoring : collar and overlap
    cache : folder for prepared recordings, by default in the user's cache
    hook : called with two steps: ``networks``, in seconds of recordings to be processed, and
        ``trials``
    progress, cancel : as of every pipeline

    Raises
    ------
    ConfigError, AudioError
        Too few recordings, a number out of its range, or a recording that cannot be read.
    CancelledError
        ``cancel`` was set before a trial was done.
    """
    if trials < 1 or seed < 0:
        raise ConfigError(f"{trials} trials with the seed {seed}: give at least 1, and 0 or more")
    groups = split(len(corpus), folds, seed)
    pipeline = SpeakerDiarization(models)
    space = space_around(
        pipeline.parameters,
        sigmoid=models.segmentation.spec.powerset is None,
        plda=models.bundle.plda() is not None,
    )
    chosen = candidates(space, trials, seed)
    prepared = PreparedCache(models, pipeline.parameters, cache)
    thresholds = dict.fromkeys(each.segmentation_threshold for each in chosen)
    lacking = {
        sample: [each for each in thresholds if not prepared.has(sample, each)] for sample in corpus
    }
    costs = _costs(models, corpus, lacking, chosen)
    errors: list[tuple[DiarizationErrors, ...]] = []
    try:
        with Steps(hook, corpus, progress=progress, cancel=cancel, costs=costs) as steps:
            _prepare(prepared, lacking, steps)
            report = steps.progress("trials")
            for parameters in chosen:
                errors.append(_try(pipeline, parameters, corpus, prepared, scoring))
                report(completed=len(errors), total=len(chosen))
            steps.done("trials", tuple(errors))
    except (KeyboardInterrupt, CancelledError):
        if not errors:
            raise
    uris = tuple(sample.uri for sample in corpus)
    interrupted = len(errors) < len(chosen)
    return Tuning(uris, chosen, tuple(errors), groups, scoring, interrupted)


def _prepare(cache: PreparedCache, lacking: Lacking, steps: Steps) -> None:
    """Run the networks over the recordings that the cache lacks."""
    report = steps.progress("networks")
    lengths_s = [_length_s(sample) * len(lacking[sample]) for sample in lacking]
    total_s = sum(lengths_s)
    for done, (sample, thresholds) in enumerate(lacking.items(), 1):
        if thresholds:
            cache.prepare(sample, thresholds)
            report(completed=sum(lengths_s[:done]), total=total_s)
    steps.done("networks", tuple(sample.uri for sample in lacking if lacking[sample]))


def _costs(
    models: Models,
    corpus: Sequence[Sample],
    lacking: Lacking,
    chosen: Sequence[DiarizationParameters],
) -> dict[str, float]:
    """Return the expected time of both steps, s for each unit of progress (see `Steps`)."""
    trials_s = DECODING * len(chosen) * sum(map(_length_s, corpus))
    lacking_s = sum(_length_s(sample) * len(lacking[sample]) for sample in lacking)
    if not lacking_s:
        return {"trials": trials_s / len(chosen)}
    window_s = models.segmentation.spec.window_samples / models.segmentation.spec.frames.rate
    costs = step_costs(models, chosen[0])
    per_window = costs["segmentation"] + costs["embeddings"]
    step_s = window_s * chosen[0].segmentation_step
    return {"networks": per_window / step_s, "trials": trials_s / lacking_s}


def _length_s(sample: Sample) -> int:
    """Estimate the length of a recording: to the end of its reference, in whole seconds."""
    return 1 + round(max((turn.segment.end for turn in sample.reference.turns), default=0.0))


def _try(
    pipeline: SpeakerDiarization,
    parameters: DiarizationParameters,
    corpus: Sequence[Sample],
    cache: PreparedCache,
    scoring: Scoring,
) -> tuple[DiarizationErrors, ...]:
    """Score one candidate on every recording, of which one is in memory at a time."""
    errors = []
    trial = SpeakerDiarization(pipeline.models, **_without_report(parameters).to_dict())
    for sample in corpus:
        prepared = cache.load(sample, parameters.segmentation_threshold)
        found = trial.cluster(prepared).speaker_diarization
        errors.append(diarization_errors(sample.reference, found, uem=sample.uem, scoring=scoring))
    return tuple(errors)


def _without_report(parameters: DiarizationParameters) -> DiarizationParameters:
    """Keep ghost speakers silently: nobody reads a trial's turns."""
    return replace(parameters, ghosts="keep") if parameters.ghosts == "report" else parameters
