"""Diarize audio while it comes in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.audio.source import ArraySource
from ovdiar.errors import AudioError, ConfigError
from ovdiar.parameters import IdentificationParameters, declarations
from ovdiar.pipelines.diarization.pipeline import SpeakerDiarization
from ovdiar.pipelines.diarization.provenance import NETWORKS, describe
from ovdiar.streaming.answer import answer, turns_of
from ovdiar.streaming.naming import LiveNames
from ovdiar.streaming.session import Session
from ovdiar.streaming.settings import OnlineSettings
from ovdiar.streaming.state import OnlineState, state_of
from ovdiar.voices.naming import names_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.annotation import Annotation
    from ovdiar.networks.models import Models
    from ovdiar.pipelines.steps import Cancel
    from ovdiar.result import DiarizationResult
    from ovdiar.streaming.events import Event
    from ovdiar.voices.identification import SpeakerIdentity
    from ovdiar.voices.library import VoiceLibrary


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
    voices
        Known voices, whose names events have once they are recognised.
    settings
        ``step``, ``new_speaker_delay``, ``keep_audio``, ``keep_outputs`` and ``max_speakers`` of
        `ovdiar.streaming.settings.OnlineSettings`, hyper-parameters of `SpeakerDiarization`, and of
        identification (`ovdiar.parameters.IdentificationParameters`).

    Raises
    ------
    ConfigError
        A setting is unknown or out of its range, or the voices are of another embedding.
    """

    def __init__(
        self,
        models: Models,
        *,
        latency: float = 2.0,
        sample_rate: int | None = None,
        uri: str = "stream",
        voices: VoiceLibrary | None = None,
        **settings: Any,
    ) -> None:
        own = {name: settings.pop(name, None) for name in LIVE}
        naming = {name: settings.pop(name) for name in IDENTIFICATION if name in settings}
        chosen = OnlineSettings().with_values({"latency": latency, **own})
        self.pipeline = SpeakerDiarization(models, **settings)
        rate = models.segmentation.spec.frames.rate if sample_rate is None else sample_rate
        names = None if voices is None else LiveNames(voices, models, naming)
        self._begin(Session.new(models, self.pipeline.parameters, chosen, rate, uri), models, names)

    @classmethod
    def resume(
        cls,
        models: Models,
        state: OnlineState,
        *,
        voices: VoiceLibrary | None = None,
        **identification: Any,
    ) -> OnlineDiarizer:
        """Continue a stream where a state was taken, with the same events as without.

        Known voices and the hyper-parameters of identification are no part of a state: give them
        again.

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
            voices=voices,
            **session.parameters.to_dict(),
            **identification,
        )
        session.signal.replay(session.audio.blocks())
        made._begin(session, models, made._names)
        return made

    def _begin(self, session: Session, models: Models, names: LiveNames | None) -> None:
        session.run_by(models, names)
        self._session, self._names = session, names
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
    def identities(self) -> tuple[SpeakerIdentity, ...]:
        """Who the confirmed speakers are, by what was heard so far; empty without known voices."""
        if self._names is None:
            return ()
        return self._names.identities(self._session.decisions.labelling.speakers)

    @property
    def annotation(self) -> Annotation:
        """The turns that are final so far; known voices have their names."""
        return turns_of(self._session).rename_labels(names_of(self.identities))

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
        return answer(self._session, self.pipeline, self._names, cancel)

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
IDENTIFICATION = tuple(declarations(IdentificationParameters))
