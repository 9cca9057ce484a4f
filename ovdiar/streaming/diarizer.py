"""Diarize audio while it comes in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.annotation import Annotation, Turn
from ovdiar.audio.source import ArraySource
from ovdiar.errors import AudioError, ConfigError
from ovdiar.notices import Notice, warn
from ovdiar.pipelines.diarization.back_end import label_of
from ovdiar.pipelines.diarization.pipeline import SpeakerDiarization
from ovdiar.pipelines.diarization.provenance import NETWORKS, describe
from ovdiar.result import DiarizationResult
from ovdiar.segment import Segment
from ovdiar.streaming.session import Session
from ovdiar.streaming.settings import OnlineSettings
from ovdiar.streaming.state import OnlineState, state_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.networks.models import Models
    from ovdiar.pipelines.steps import Cancel
    from ovdiar.streaming.events import Event


class OnlineDiarizer:
    """Diarize audio while it comes in.

    Parameters
    ----------
    models
        A loaded bundle; several diarizers may share it.
    latency
        Seconds after which it is decided who speaks, 0.5 to 5; more is more accurate.
    sample_rate
        Of the audio, Hz; by default the models' (16000).
    uri
        Name of the recording.
    settings
        ``step``, ``new_speaker_delay``, ``keep_audio``, ``keep_outputs`` and ``max_speakers`` of
        `ovdiar.streaming.settings.OnlineSettings`, and hyper-parameters of `SpeakerDiarization`.

    Raises
    ------
    ConfigError
        A setting is unknown or out of its range.
    """

    def __init__(
        self,
        models: Models,
        *,
        latency: float = 2.0,
        sample_rate: int | None = None,
        uri: str = "stream",
        **settings: Any,
    ) -> None:
        own = {name: settings.pop(name, None) for name in LIVE}
        chosen = OnlineSettings().with_values({"latency": latency, **own})
        self.pipeline = SpeakerDiarization(models, **settings)
        rate = models.segmentation.spec.frames.rate if sample_rate is None else sample_rate
        self._begin(Session.new(models, self.pipeline.parameters, chosen, rate, uri), models)

    @classmethod
    def resume(cls, models: Models, state: OnlineState) -> OnlineDiarizer:
        """Continue a stream where a state was taken, with the same events as without.

        Where the audio is resampled, and is not kept any more, samples may differ in the last
        digits.

        Raises
        ------
        ConfigError
            The state was made with another bundle.
        FormatError
            The state is damaged.
        """
        own = describe(models.bundle)
        if any(own[part] != state.bundle.get(part) for part in NETWORKS):
            raise ConfigError(
                f"this state was made with another bundle {state.bundle.get('name')!r} than "
                f"{own['name']!r}: load that bundle, or begin another OnlineDiarizer"
            )
        session = state.session()
        made = cls(
            models,
            latency=session.settings.latency,
            sample_rate=session.source_rate,
            **session.parameters.to_dict(),
        )
        session.signal.replay(session.audio.blocks())
        made._begin(session, models)
        return made

    def _begin(self, session: Session, models: Models) -> None:
        session.run_by(models)
        self._session = session
        self._waiting: list[NDArray[np.float32]] = session.waiting
        self._needed = session.needed - sum(map(len, self._waiting))

    @property
    def state(self) -> OnlineState:
        """Everything that this diarizer remembers, to be saved and resumed elsewhere."""
        session = self._session
        waiting = [np.concatenate(self._waiting)] if self._waiting else []
        held = replace(session, waiting=waiting)
        return state_of(held, describe(session.models.bundle))

    @property
    def settings(self) -> OnlineSettings:
        """The settings of this stream."""
        return self._session.settings

    @property
    def heard_s(self) -> float:
        """Length of the audio that was fed, s."""
        return self._session.heard_s + sum(map(len, self._waiting)) / self._session.source_rate

    @property
    def annotation(self) -> Annotation:
        """The turns that are final so far."""
        grid = self._session.decisions.turns.grid
        times = grid.centres_s(
            1 + max((t.end for t in self._session.decisions.turns.finals()), default=0)
        )
        return Annotation(
            tuple(
                Turn(
                    Segment(float(times[each.start]), float(times[each.end])),
                    label_of(each.number),
                    str(number),
                    each.confidence,
                )
                for number, each in enumerate(self._session.decisions.turns.finals())
            ),
            self._session.uri,
        )

    def feed(self, block: Any) -> list[Event]:
        """Hear the next samples, and report what became certain.

        The events do not depend on how the audio is divided into blocks, only their batching.

        Parameters
        ----------
        block
            (n,) or (channels, n): floats, nominally within [-1, 1], or int16 or int32. Channels are
            averaged.

        Raises
        ------
        AudioError
            A sample is not finite, or the shape is another.
        ConfigError
            The stream has ended.
        """
        if self._session.ended:
            raise ConfigError("this stream has ended: make another OnlineDiarizer for more audio")
        samples = self._mono(block)
        self._waiting.append(samples)
        self._needed -= len(samples)
        if self._needed > 0:
            return []
        heard = np.concatenate(self._waiting)
        self._waiting = []
        events = self._session.push(heard)
        self._needed = self._session.needed
        return events

    def flush(self) -> list[Event]:
        """End the stream: everything that was heard becomes final."""
        if self._session.ended:
            return []
        events = self._session.push(np.concatenate([np.zeros(0, np.float32), *self._waiting]))
        self._waiting = []
        return events + self._session.finish()

    def finalize(self, *, cancel: Cancel | None = None) -> DiarizationResult:
        """End the stream, and return the offline answer over what was heard.

        While the audio is kept (``keep_audio``), the answer is that of `SpeakerDiarization`, to the
        byte. Beyond, the networks' outputs of the stream are clustered as a whole; and beyond
        ``keep_outputs``, the answer are the live turns. A notice then says so.

        Parameters
        ----------
        cancel
            A `threading.Event`, or alike; the run stops soon after it is set.

        Raises
        ------
        CancelledError
        AudioError
            Nothing was heard.
        """
        self.flush()
        session = self._session
        given: dict[str, Any] = {
            "max_speakers": session.settings.max_speakers or None,
            "cancel": cancel,
        }
        if not session.audio.length:
            raise AudioError("nothing was heard (0 s): feed at least one sample")
        if session.audio.whole:
            audio = {
                "waveform": np.concatenate(session.audio.blocks()),
                "sample_rate": session.source_rate,
                "uri": session.uri,
            }
            return self.pipeline(audio, **given)
        if session.outputs.whole and session.outputs.scores:
            return self._told(self.pipeline.cluster(session.prepared(), **given), CLUSTERED_LIVE)
        dimension = session.models.embedding.spec.dimension
        nothing = np.zeros((len(self.annotation.labels()), dimension), np.float32)
        return self._told(DiarizationResult(self.annotation, self.annotation, nothing), LIVE_TURNS)

    def _told(self, result: DiarizationResult, notice: Notice) -> DiarizationResult:
        warn(notice)
        return replace(result, notices=(*result.notices, notice))

    def _mono(self, block: Any) -> NDArray[np.float32]:
        if isinstance(block, np.ndarray) and block.ndim == 1 and block.dtype == np.float32:
            samples = np.array(block)
        else:
            if np.size(block) == 0:
                return np.zeros(0, np.float32)
            source = ArraySource(block, self._session.source_rate)
            rows = np.ascontiguousarray(source.read(source.length).T)
            samples = np.asarray(rows.mean(axis=0), np.float32)
        finite = np.isfinite(samples)
        if not finite.all():
            first = int(np.argmin(finite))
            at_s = self.heard_s + first / self._session.source_rate
            raise AudioError(
                f"the sample at {at_s:.3f} s is {samples[first]}, not a finite number: check where "
                "the audio comes from"
            )
        return samples


LIVE = ("step", "new_speaker_delay", "keep_audio", "keep_outputs", "max_speakers")
CLUSTERED_LIVE = Notice(
    "live-outputs",
    "the stream is longer than the audio that is kept: the answer is clustered from what the "
    "networks said while it was heard; give a larger keep_audio for the offline answer",
)
LIVE_TURNS = Notice(
    "live-turns",
    "the stream is longer than what is kept of it: the answer are the live turns; give a larger "
    "keep_audio or keep_outputs",
)
