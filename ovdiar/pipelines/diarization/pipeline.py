"""Speaker diarization: the whole pipeline, in three published generations."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar import presets
from ovdiar.audio.recording import open_recording
from ovdiar.cancellation import check_cancelled
from ovdiar.clustering.cluster import cluster_speakers, plausible_counts
from ovdiar.clustering.window_speakers import tree_settings
from ovdiar.errors import ConfigError
from ovdiar.log import LOGGER
from ovdiar.networks.bundle import find_bundle, load_plda
from ovdiar.notices import warn
from ovdiar.options import DiarizationOptions, RunOptions, accepts, documented
from ovdiar.parameters import (
    BackEndParameters,
    DiarizationParameters,
    FrontEndParameters,
    declarations,
)
from ovdiar.pipelines.diarization import front_end
from ovdiar.pipelines.diarization.back_end import (
    decode,
    intermediates,
    order_of_labels,
    silence,
    to_result,
)
from ovdiar.pipelines.diarization.ghosts import fold_ghosts, ghost_notice
from ovdiar.pipelines.diarization.provenance import NETWORKS, describe, provenance
from ovdiar.pipelines.diarization.speaker_count import count_notice, speaker_bounds, within_bounds
from ovdiar.pipelines.steps import Steps
from ovdiar.presets import PYANNET_FRAMES

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from numpy.typing import NDArray

    from ovdiar.audio.reading import AudioInput
    from ovdiar.clustering.ahc import CountBounds
    from ovdiar.clustering.corrected import Alternative
    from ovdiar.clustering.plda import Plda
    from ovdiar.frames import FrameGrid
    from ovdiar.networks.models import Models
    from ovdiar.notices import Notice
    from ovdiar.pipelines.diarization.back_end import Decoded
    from ovdiar.pipelines.diarization.prepared import Prepared
    from ovdiar.pipelines.steps import Cancel, FractionHook, Hook
    from ovdiar.result import DiarizationResult

FAST_STEP = 0.2
"""Default ``segmentation_step`` with ``embedding_reuse="shared"``."""


@documented(DiarizationOptions)
class SpeakerDiarization:
    """Speaker diarization of a recording.

    Parameters
    ----------
    models : a loaded bundle; None where only `decode` or `cluster` is used
    {options}

    Raises
    ------
    ConfigError
        A hyper-parameter is unknown or out of its range, or VBx lacks a PLDA.

    Notes
    -----
    One convention of frames and rounding serves all generations: that of pyannote 3.2 and later
    (the receptive field's own grid; durations rounded to samples). ``2.1`` stands for its
    published networks and hyper-parameters with the algorithm of 3.3.2. With
    ``embedding_reuse="shared"`` the default ``segmentation_step`` is `FAST_STEP`, and the step is
    rounded to a multiple of the trunk's own.
    """

    @accepts(DiarizationOptions)
    def __init__(self, models: Models | None, **given: Any) -> None:
        preset, plda = given.pop("preset", None), given.pop("plda", None)
        self.strict_parity: bool = given.pop("strict_parity", False)
        self.batch_size = RunOptions(batch_size=given.pop("batch_size", None)).batch_size
        if given.get("embedding_reuse") == "shared":
            given.setdefault("segmentation_step", FAST_STEP)
        default = DiarizationParameters()
        if models is not None:
            default = default.with_values(models.bundle.pipeline)
        chosen = presets.choose(presets.DIARIZATION, preset, default, given)
        self.models = models
        self.parameters = chosen.with_parity() if self.strict_parity else chosen
        if self.strict_parity and chosen.clustering == "corrected":
            raise ConfigError(
                "clustering 'corrected' is not pyannote's, which strict_parity asks for: give "
                f"preset= one of {', '.join(presets.DIARIZATION)}"
            )
        tree_settings(self.parameters)  # refuses a linkage that side_by_side does not fit
        self._plda = None if plda is None else load_plda(plda)
        self._plda = self._plda_for(self.parameters)

    @classmethod
    def for_prepared(cls, prepared: Prepared, **given: Any) -> SpeakerDiarization:
        """Return a pipeline for `cluster`, with the hyper-parameters a recording was prepared with.

        It needs no bundle, save for the PLDA of VBx, which is looked up by the bundle's name
        unless ``plda`` is given.

        Parameters
        ----------
        prepared : a prepared recording
        given : keyword arguments of the class that differ

        Raises
        ------
        ConfigError, ModelNotFoundError
            See the class, or the bundle with the PLDA is not installed.
        """
        options = prepared.parameters.to_dict() | {"strict_parity": prepared.strict_parity} | given
        vbx = options["clustering"] == "vbx"
        if vbx and options.get("plda") is None and prepared.bundle is not None:
            options["plda"] = find_bundle(prepared.bundle["name"]) / "plda"
        return cls(None, **options)

    def __call__(
        self,
        audio: AudioInput,
        *,
        num_speakers: int | None = None,
        min_speakers: int | None = None,
        max_speakers: int | None = None,
        hook: Hook | None = None,
        progress: FractionHook | None = None,
        cancel: Cancel | None = None,
        trace: MutableMapping[str, Any] | None = None,
    ) -> DiarizationResult:
        """Diarize a recording: `prepare`, then `cluster`.

        Parameters
        ----------
        audio : a path, a binary file object, or a mapping of ``waveform`` (samples,) or
            (channels, samples) and ``sample_rate``
        num_speakers, min_speakers, max_speakers : the number of speakers, or bounds of it
        hook : called with the name and outcome of each step, as pyannote's
        progress : called with the completed share of the run and the time left, s
        cancel : a `threading.Event`, or alike; the run stops soon after it is set
        trace : receives every intermediate by name

        Raises
        ------
        AudioError, ConfigError, CancelledError
        """
        bounds = speaker_bounds(num_speakers, min_speakers, max_speakers)
        LOGGER.debug("hyper-parameters: %s", self.parameters.to_dict())
        with self._steps(audio, hook, progress, cancel) as steps:
            prepared = self._prepare(audio, steps)
            return self._cluster(prepared, self.parameters, bounds, steps, trace)

    def prepare(
        self,
        audio: AudioInput,
        *,
        hook: Hook | None = None,
        progress: FractionHook | None = None,
        cancel: Cancel | None = None,
    ) -> Prepared:
        """Run the networks over a recording: everything that `cluster` needs.

        Parameters
        ----------
        audio, hook, progress, cancel : as in a call

        Raises
        ------
        AudioError, ConfigError, CancelledError
        """
        with self._steps(audio, hook, progress, cancel) as steps:
            return self._prepare(audio, steps)

    def cluster(
        self,
        prepared: Prepared,
        *,
        num_speakers: int | None = None,
        min_speakers: int | None = None,
        max_speakers: int | None = None,
        hook: Hook | None = None,
        progress: FractionHook | None = None,
        cancel: Cancel | None = None,
        trace: MutableMapping[str, Any] | None = None,
        **parameters: Any,
    ) -> DiarizationResult:
        """Run everything behind the networks, as often as wanted.

        Parameters
        ----------
        prepared : what `prepare` returned, with this bundle and these hyper-parameters of the
            front end
        num_speakers, min_speakers, max_speakers, hook, progress, cancel, trace : as in a call
        parameters : hyper-parameters of the back end that differ from the pipeline's

        Raises
        ------
        ConfigError
            The recording was prepared with another bundle or other hyper-parameters, or a
            hyper-parameter is unknown, out of its range, or one of the front end.
        CancelledError
        """
        bounds = speaker_bounds(num_speakers, min_speakers, max_speakers)
        chosen = self._back_end(parameters)
        self._check_prepared(prepared)
        with Steps(hook, prepared.uri, progress=progress, cancel=cancel) as steps:
            return self._cluster(prepared, chosen, bounds, steps, trace)

    def alternatives(self, prepared: Prepared, **parameters: Any) -> list[Alternative]:
        """List the plausible numbers of speakers, the most plausible first.

        Parameters
        ----------
        prepared, parameters : as in `cluster`

        Returns
        -------
        Up to five numbers, each with its plausibility; these sum to 1.

        Raises
        ------
        ConfigError
            As `cluster`, or ``clustering`` is another than ``corrected``.
        """
        chosen = self._back_end(parameters)
        self._check_prepared(prepared)
        return plausible_counts(prepared.window_speakers(), chosen)

    def decode(
        self,
        scores: NDArray[Any],
        embeddings: NDArray[Any],
        *,
        window_s: float = 10.0,
        step_s: float = 1.0,
        grid: FrameGrid | None = None,
        uri: str | None = None,
        num_speakers: int | None = None,
        min_speakers: int | None = None,
        max_speakers: int | None = None,
        hook: Hook | None = None,
        progress: FractionHook | None = None,
        cancel: Cancel | None = None,
        trace: MutableMapping[str, Any] | None = None,
    ) -> DiarizationResult:
        """Run everything behind the networks on tensors from elsewhere.

        Parameters
        ----------
        scores : (C, F, S), each speaker's activity in C windows: probabilities, or 0 and 1
        embeddings : (C, S, D), NaN where a speaker is inactive
        window_s, step_s : length of the windows and distance between them, s
        grid : the frames of a window, by default those of the published networks
        uri : the recording's name
        num_speakers, min_speakers, max_speakers, hook, progress, cancel, trace : as in a call

        Raises
        ------
        ConfigError
            The shapes do not fit each other, or a parameter is out of range.
        CancelledError
        """
        bounds = speaker_bounds(num_speakers, min_speakers, max_speakers)
        scores, embeddings = np.asarray(scores), np.asarray(embeddings)
        frames = PYANNET_FRAMES if grid is None else grid
        windowed = front_end.windowed_scores(scores, embeddings, window_s, step_s, frames)
        with Steps(hook, uri, progress=progress, cancel=cancel) as steps:
            prepared = front_end.from_scores(windowed, embeddings, self.parameters, uri)
            if self.models is not None:
                prepared = replace(prepared, calibration=self.models.bundle.calibration)
            return self._cluster(prepared, self.parameters, bounds, steps, trace)

    def identity(self) -> dict[str, Any]:
        """Return what determines the answers: networks, hyper-parameters, PLDA and parity.

        Device, threads and batch size, which change speed and the last digits at most, are no part
        of it.

        Raises
        ------
        ConfigError
            The pipeline was made without models.
        """
        if self.models is None:
            raise ConfigError("this pipeline was made without models: give them")
        return {
            "bundle": describe(self.models.bundle),
            "parameters": self.parameters.to_dict(),
            "plda": None if self._plda is None else self._plda.digest(),
            "strict_parity": self.strict_parity,
        }

    def _steps(
        self,
        audio: AudioInput,
        hook: Hook | None,
        progress: FractionHook | None,
        cancel: Cancel | None,
    ) -> Steps:
        if self.models is None:
            raise ConfigError("this pipeline was made without models: give them, or use decode")
        costs = front_end.step_costs(self.models, self.parameters)
        return Steps(hook, audio, progress=progress, cancel=cancel, costs=costs)

    def _prepare(self, audio: AudioInput, steps: Steps) -> Prepared:
        if self.models is None:
            raise ConfigError("this pipeline was made without models: give them, or use decode")
        rate = self.models.segmentation.spec.frames.rate
        level_dbfs = self.parameters.recording_level
        with open_recording(audio, rate=rate, level_dbfs=level_dbfs) as recording:
            return front_end.prepare(
                self.models,
                recording,
                self.parameters,
                steps,
                strict_parity=self.strict_parity,
                batch_size=self.batch_size,
            )

    def _cluster(
        self,
        prepared: Prepared,
        parameters: DiarizationParameters,
        bounds: CountBounds,
        steps: Steps,
        trace: MutableMapping[str, Any] | None,
    ) -> DiarizationResult:
        decoded: Decoded | None = None
        result, notices = silence(prepared), list(prepared.notices)
        if prepared.count.data.any():
            decoded = self._decode(prepared, parameters, bounds)
            columns = order_of_labels(decoded, strict_parity=self.strict_parity)
            result = to_result(
                prepared, decoded, parameters, columns, strict_parity=self.strict_parity
            )
            if parameters.ghosts == "report" and not self.strict_parity:
                notices += _some(ghost_notice(decoded.turns, columns))
            steps.done("discrete_diarization", decoded.discrete)
        found = len(result.speaker_diarization.labels())
        notices += _some(count_notice(prepared, found, bounds))
        if trace is not None:
            trace.update(intermediates(prepared, decoded))
        for notice in notices:
            warn(notice)
        stated = provenance(
            parameters,
            uri=prepared.uri,
            bundle=prepared.bundle,
            duration_s=prepared.duration_s,
            bounds=bounds,
            strict_parity=self.strict_parity,
        )
        return replace(result, notices=tuple(notices), provenance=stated)

    def _decode(
        self, prepared: Prepared, parameters: DiarizationParameters, bounds: CountBounds
    ) -> Decoded:
        plda = self._plda_for(parameters)
        speakers = prepared.window_speakers()
        clusters = cluster_speakers(speakers, parameters, bounds, plda)
        check_cancelled()
        decoded = decode(prepared, clusters, parameters, most=bounds.most)
        check_cancelled()
        if self.strict_parity:
            return decoded
        decoded = within_bounds(prepared, speakers, decoded, parameters, bounds, plda)
        if parameters.ghosts == "fold":
            check_cancelled()
            decoded = fold_ghosts(prepared, decoded, parameters, bounds)
        return decoded

    def _back_end(self, given: dict[str, Any]) -> DiarizationParameters:
        """Return the pipeline's parameters with others of the back end."""
        known = declarations(BackEndParameters)
        for name in given:
            if name in declarations(FrontEndParameters):
                raise ConfigError(
                    f"{name} belongs to the front end, whose outputs are prepared already: prepare "
                    "again with a pipeline that has it"
                )
            if name not in known:
                raise ConfigError(
                    f"hyper-parameter {name!r} is unknown: choose from {', '.join(known)}"
                )
        chosen = self.parameters.with_values(given)
        if self.strict_parity:
            chosen = chosen.with_parity()
        tree_settings(chosen)  # as in the constructor
        return chosen

    def _check_prepared(self, prepared: Prepared) -> None:
        """Refuse outputs of other networks, or of other hyper-parameters."""
        if self.models is None or prepared.bundle is None:
            return
        own = describe(self.models.bundle)
        if any(own[part] != prepared.bundle.get(part) for part in NETWORKS):
            raise ConfigError(
                f"this recording was prepared with another bundle {prepared.bundle.get('name')!r} "
                f"than this pipeline's {own['name']!r}: prepare it again, or load that bundle"
            )
        made = prepared.parameters.section(FrontEndParameters).to_dict()
        for name, value in self.parameters.section(FrontEndParameters).to_dict().items():
            if made[name] != value:
                raise ConfigError(
                    f"this recording was prepared with {name} {made[name]} and this pipeline has "
                    f"{value}: prepare it again, or give the pipeline the same"
                )

    def _plda_for(self, parameters: DiarizationParameters) -> Plda | None:
        """Return the PLDA, where clustering needs one."""
        if parameters.clustering != "vbx" or self._plda is not None:
            return self._plda
        found = None if self.models is None else self.models.bundle.plda()
        if found is None:
            raise ConfigError(
                "clustering 'vbx' needs a PLDA: give plda=FOLDER with its two .npz files"
            )
        return found


def _some(notice: Notice | None) -> list[Notice]:
    return [] if notice is None else [notice]
