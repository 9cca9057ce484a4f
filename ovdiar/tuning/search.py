"""Try hyper-parameters on recordings with references."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovdiar.errors import CancelledError, ConfigError
from ovdiar.metrics.der import DiarizationErrors, diarization_errors
from ovdiar.metrics.scoring import STRICT, Scoring
from ovdiar.pipelines.diarization.front_end import step_costs
from ovdiar.pipelines.diarization.pipeline import SpeakerDiarization
from ovdiar.pipelines.estimate import DECODING
from ovdiar.pipelines.steps import Steps
from ovdiar.tuning.cache import EvidenceCache, trial
from ovdiar.tuning.outcome import Tuning, split
from ovdiar.tuning.space import candidates, space_around

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ovdiar.networks.models import Models
    from ovdiar.pipelines.steps import Cancel, FractionHook, Hook
    from ovdiar.presets import DiarizationParameters
    from ovdiar.tuning.corpus import Sample

    Pass = tuple[Sample, float]
    """A recording, and the segmentation threshold at which its speakers are embedded."""

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
    """Look for hyper-parameters that suit a bundle on these recordings better than its own.

    Every candidate is scored on every recording. For each fold, what is best on the other folds
    is scored on the fold itself; since no candidate depends on a score, the recordings held out
    have had no part in the choice. Ctrl-C and ``cancel`` end the trials early, with those that are
    done. Before the first is, they are errors; what the networks have said by then is kept.

    Parameters
    ----------
    models : the bundle
    corpus : recordings with references, see `read_corpus`
    trials : how many candidates, with the bundle's own hyper-parameters
    folds : how many groups of recordings are held out in turn; by default each recording alone
    seed : of the candidates and the folds; the same gives the same
    scoring : collar and overlap
    cache : folder for what the networks say, by default in the user's cache
    hook : called with two steps: ``networks``, in seconds of the recordings that they have to
        hear, and ``trials``
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
    passes = [each for each in passes if not heard.keeps(*each)]
    costs = _costs(models, corpus, passes, chosen)
    errors: list[tuple[DiarizationErrors, ...]] = []
    try:
        with Steps(hook, corpus, progress=progress, cancel=cancel, costs=costs) as steps:
            _run_networks(heard, passes, steps)
            told = steps.progress("trials")
            for parameters in chosen:
                errors.append(_try(models, parameters, corpus, heard, scoring))
                told(completed=len(errors), total=len(chosen))
            steps.done("trials", tuple(errors))
    except (KeyboardInterrupt, CancelledError):
        if not errors:
            raise
    uris = tuple(sample.uri for sample in corpus)
    interrupted = len(errors) < len(chosen)
    return Tuning(uris, chosen, tuple(errors), groups, scoring, interrupted)


def _run_networks(heard: EvidenceCache, passes: Sequence[Pass], steps: Steps) -> None:
    """Have the networks say what the cache lacks."""
    told = steps.progress("networks")
    lengths_s = [_length_s(sample) for sample, _ in passes]
    for done, (sample, onset) in enumerate(passes, 1):
        heard.hear(sample, onset)
        told(completed=sum(lengths_s[:done]), total=sum(lengths_s))
    steps.done("networks", tuple(sample.uri for sample, _ in passes))


def _costs(
    models: Models,
    corpus: Sequence[Sample],
    passes: Sequence[Pass],
    chosen: Sequence[DiarizationParameters],
) -> dict[str, float]:
    """Say what a second costs the networks, and what falls on it of the trials (see `Steps`)."""
    trials_s = DECODING * len(chosen) * sum(map(_length_s, corpus))
    unheard_s = sum(_length_s(sample) for sample, _ in passes)
    if not unheard_s:
        return {"trials": trials_s / len(chosen)}
    window_s = models.segmentation.spec.window_samples / models.segmentation.spec.frames.rate
    costs = step_costs(models, chosen[0])
    per_window = costs["segmentation"] + costs["embeddings"]
    step_s = window_s * chosen[0].segmentation_step
    return {"networks": per_window / step_s, "trials": trials_s / unheard_s}


def _length_s(sample: Sample) -> int:
    """Tell about how long a recording is: to the end of its reference, in whole seconds."""
    return 1 + round(max((turn.segment.end for turn in sample.reference.turns), default=0.0))


def _try(
    models: Models,
    parameters: DiarizationParameters,
    corpus: Sequence[Sample],
    heard: EvidenceCache,
    scoring: Scoring,
) -> tuple[DiarizationErrors, ...]:
    """Score one candidate on every recording, of which one is in memory at a time."""
    pipeline = trial(models, parameters)
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
