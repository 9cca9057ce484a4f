"""Who spoke when: the whole pipeline, in three published generations."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar import presets
from ovdiar.audio.recording import open_recording
from ovdiar.cancellation import check
from ovdiar.clustering.cluster import cluster_speakers
from ovdiar.clustering.side_by_side import check_linkage
from ovdiar.errors import ConfigError
from ovdiar.networks.bundle import load_plda
from ovdiar.pipelines.diarization.back_end import Decoded, decode, silence, traces
from ovdiar.pipelines.diarization.front_end import (
    Evidence,
    hear,
    observe,
    step_costs,
    windowed_scores,
)
from ovdiar.pipelines.diarization.ghosts import lay_ghosts
from ovdiar.pipelines.diarization.provenance import provenance
from ovdiar.pipelines.diarization.speaker_count import obey, speaker_bounds, warn_unless_obeyed
from ovdiar.pipelines.sliding import checked_batch_size
from ovdiar.pipelines.steps import Steps

if TYPE_CHECKING:
    import os
    from collections.abc import MutableMapping

    from numpy.typing import NDArray

    from ovdiar.audio.reading import AudioInput
    from ovdiar.audio.recording import Recording
    from ovdiar.clustering.ahc import CountBounds
    from ovdiar.clustering.plda import Plda
    from ovdiar.frames import FrameGrid
    from ovdiar.networks.models import Models
    from ovdiar.pipelines.steps import Cancel, FractionHook, Hook
    from ovdiar.result import DiarizationResult


FAST_STEP = 0.2
"""Fast mode's distance of two windows, as a share of one."""


class SpeakerDiarization:
    """Speaker diarization of a recording.

    Parameters
    ----------
    models : a loaded bundle; None where only `decode` is used
    preset : ``"2.1"``, ``"3.1"``, ``"community-1"``, or a JSON file of hyper-parameters; by
        default those of the bundle. All of the following take precedence over it.
    segmentation_threshold : above it a speaker is active (sigmoid networks; 0 to 1)
    segmentation_step : distance of two windows as a share of one; in fast mode `FAST_STEP` unless
        given
    segmentation_lowpass : the segmentation hears nothing above, Hz; 0 is pyannote's: all
    segmentation_noise : of each window's level, added for the segmentation; 0 is pyannote's. Both
        make codecs and resamplers matter little to it (see `ovdiar.conditioning`)
    min_duration_on : a speaker's shorter turns are dropped, s; 0 is pyannote's
    min_duration_off : a speaker's shorter gaps are filled, s
    embedding_exclude_overlap : embed a speaker from frames where nobody else speaks, if enough
    training_filter : window speakers that are clustered: ``"active"`` (pyannote 3.x) all that
        speak, ``"clean"`` (4.x) those that hold enough of the window alone
    clean_share : how much of it that is, with the filter ``"clean"`` (0 to 1; pyannote: 0.2)
    clustering : ``"ahc"``, ``"vbx"`` (needs a PLDA) or ``"kmeans"`` (needs the number)
    linkage : of agglomerative clustering, by SciPy's names
    side_by_side : price of uniting clusters that speak side by side in every window, added to
        their cosine distance; less where they share fewer windows (see
        `ovdiar.clustering.side_by_side`). 0 is pyannote's
    threshold : where agglomerative clustering stops. A Euclidean distance between normalised
        embeddings with centroid, median and Ward linkage, else a cosine distance; both 0 to 2
    min_cluster_size : smaller clusters join the nearest large one
    refine_clusters : after agglomerative clustering, members move to the nearest centroid and
        centroids to their members until none moves (k-means); False is pyannote's
    fa, fb : VBx's scales of acoustics and speaker prior
    embedding_reuse : ``"window"`` runs the embedding's trunk over every window, exactly as
        pyannote; ``"shared"`` once over the recording (see `ovdiar.shared_trunk`), which is faster.
        The step of the windows then becomes a multiple of the trunk's own
    ghosts : what becomes of labels with under 2 % of the talk and no turn over 2 s: ``"keep"``,
        ``"fold"`` into the most similar voice, or ``"report"`` by a warning
    plda : folder with ``xvec_transform.npz`` and ``plda.npz``; by default the bundle's
    strict_parity : answer as pyannote does even where that disobeys the number of speakers
        asked for, name speakers in the order of their numbers' text (see `pipelines.forcing`),
        and leave out whatever is not pyannote's (`ovdiar.presets.PARITY`)
    batch_size : windows that go through a network at once, by default as many as suit the machine
        (see `ovdiar.pipelines.sliding.batch_of`); changes speed and memory only

    Notes
    -----
    One convention of frames and rounding serves all generations: that of pyannote 3.2 and later
    (the receptive field's own grid; durations rounded to samples). ``2.1`` means its published
    networks and hyper-parameters under the algorithm of 3.3.2.
    """

    def __init__(
        self,
        models: Models | None,
        *,
        preset: str | os.PathLike[str] | None = None,
        plda: str | os.PathLike[str] | None = None,
        strict_parity: bool = False,
        batch_size: int | None = None,
        segmentation_threshold: float | None = None,
        segmentation_step: float | None = None,
        segmentation_lowpass: float | None = None,
        segmentation_noise: float | None = None,
        min_duration_on: float | None = None,
        min_duration_off: float | None = None,
        embedding_exclude_overlap: bool | None = None,
        training_filter: str | None = None,
        clean_share: float | None = None,
        clustering: str | None = None,
        linkage: str | None = None,
        side_by_side: float | None = None,
        threshold: float | None = None,
        min_cluster_size: int | None = None,
        refine_clusters: bool | None = None,
        fa: float | None = None,
        fb: float | None = None,
        embedding_reuse: str | None = None,
        ghosts: str | None = None,
    ) -> None:
        if embedding_reuse == "shared" and segmentation_step is None:
            segmentation_step = FAST_STEP
        given = {
            "segmentation_threshold": segmentation_threshold,
            "segmentation_step": segmentation_step,
            "segmentation_lowpass": segmentation_lowpass,
            "segmentation_noise": segmentation_noise,
            "min_duration_on": min_duration_on,
            "min_duration_off": min_duration_off,
            "embedding_exclude_overlap": embedding_exclude_overlap,
            "training_filter": training_filter,
            "clean_share": clean_share,
            "clustering": clustering,
            "linkage": linkage,
            "side_by_side": side_by_side,
            "threshold": threshold,
            "min_cluster_size": min_cluster_size,
            "refine_clusters": refine_clusters,
            "fa": fa,
            "fb": fb,
            "embedding_reuse": embedding_reuse,
            "ghosts": ghosts,
        }
        default = presets.DiarizationParameters()
        if models is not None:
            default = presets.with_parameters(default, models.bundle.pipeline)
        self.models = models
        self.parameters = presets.choose(presets.DIARIZATION, preset, default, given)
        if strict_parity:
            self.parameters = presets.with_parameters(self.parameters, presets.PARITY)
        if self.parameters.side_by_side and self.parameters.clustering == "ahc":
            check_linkage(self.parameters.linkage)
        self.strict_parity = strict_parity
        self.batch_size = checked_batch_size(batch_size)
        self._plda: Plda | None = None
        if self.parameters.clustering == "vbx":
            if plda is not None:
                self._plda = load_plda(plda)
            elif models is not None:
                self._plda = models.bundle.plda()
            if self._plda is None:
                raise ConfigError(
                    "clustering 'vbx' needs a PLDA: give plda=FOLDER with its two .npz files"
                )

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
        """Tell who spoke when.

        Parameters
        ----------
        audio : a path, a binary file object, or a mapping of ``waveform`` (samples,) or
            (channels, samples) and ``sample_rate``
        num_speakers, min_speakers, max_speakers : what is known of the number of speakers
        hook : called with the name and outcome of each step, as pyannote's
        progress : called with the share of the run that is done, and what is left, s
        cancel : a `threading.Event`, or alike; the run stops soon after it is set
        trace : receives every intermediate by name

        Raises
        ------
        AudioError, ConfigError, CancelledError
        """
        if self.models is None:
            raise ConfigError("this pipeline was made without models: give them, or use decode")
        bounds = speaker_bounds(num_speakers, min_speakers, max_speakers)
        rate = self.models.segmentation.spec.frames.rate
        costs = step_costs(self.models, self.parameters)
        with Steps(hook, audio, progress=progress, cancel=cancel, costs=costs) as steps:
            with open_recording(audio, rate=rate) as recording:
                evidence = hear(self.models, recording, self.parameters, steps, self.batch_size)
            return self._decode(evidence, bounds, steps, trace, recording)

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
        """Run everything behind the networks, on scores and embeddings from anywhere.

        Parameters
        ----------
        scores : (C, F, S), each speaker's activity in C windows: probabilities, or 0 and 1
        embeddings : (C, S, D), a row for each of them; NaN where there is none
        window_s, step_s : length and distance of the windows, s
        grid : the frames of a window, by default PyanNet's
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
        windowed = windowed_scores(scores, embeddings, window_s, step_s, grid)
        with Steps(hook, uri, progress=progress, cancel=cancel) as steps:
            evidence = observe(
                windowed, self.parameters.segmentation_threshold, uri, embeddings.shape[2]
            )
            evidence = replace(evidence, embeddings=embeddings)
            return self._decode(evidence, bounds, steps, trace)

    def _decode(
        self,
        evidence: Evidence,
        bounds: CountBounds,
        steps: Steps,
        trace: MutableMapping[str, Any] | None,
        recording: Recording | None = None,
    ) -> DiarizationResult:
        """Cluster, obey, put together; leave traces, and tell of the recording that was heard."""
        decoded: Decoded | None = None
        result = silence(evidence)
        if evidence.count.data.any():
            parameters = self.parameters
            clusters = cluster_speakers(
                evidence.embeddings, evidence.active.data, parameters, bounds, self._plda
            )
            check()
            decoded = decode(
                evidence,
                clusters,
                most=bounds.most,
                min_duration_on=parameters.min_duration_on,
                min_duration_off=parameters.min_duration_off,
                order="text" if self.strict_parity else "number",
            )
            check()
            if not self.strict_parity:
                decoded = obey(evidence, decoded, parameters, bounds, self._plda)
                check()
                decoded = lay_ghosts(evidence, decoded, parameters, bounds)
            result = decoded.result
            steps.done("discrete_diarization", decoded.discrete)
        warn_unless_obeyed(len(result.speaker_diarization.labels()), bounds, evidence)
        if trace is not None:
            trace.update(traces(evidence, decoded))
        told = provenance(
            self.parameters,
            uri=evidence.uri,
            bundle=self.models.bundle if recording and self.models else None,
            duration_s=recording.duration_s if recording else None,
            bounds=bounds,
            strict_parity=self.strict_parity,
        )
        return replace(result, provenance=told)
