"""A library of known voices."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.errors import ConfigError, EnrolmentError
from ovdiar.files import write_text
from ovdiar.notices import warn
from ovdiar.parameters import IdentificationParameters
from ovdiar.pipelines.diarization.back_end import label_of
from ovdiar.pipelines.diarization.pipeline import SpeakerDiarization
from ovdiar.pipelines.diarization.provenance import describe
from ovdiar.texts import counted, read
from ovdiar.voices import library_file
from ovdiar.voices.enrolment import assess
from ovdiar.voices.identification import identities
from ovdiar.voices.library_file import Content
from ovdiar.voices.naming import named
from ovdiar.voices.speech import clean_speech
from ovdiar.voices.voice import EmbeddingIdentity, Exemplar, Voice, checked_name
from ovdiar.voices.voiceprint import voiceprints_from

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from ovdiar.annotation import Annotation
    from ovdiar.networks.models import Models
    from ovdiar.pipelines.diarization.prepared import Prepared
    from ovdiar.result import DiarizationResult
    from ovdiar.voices.enrolment import Verdict
    from ovdiar.voices.identification import SpeakerIdentity
    from ovdiar.voices.voiceprint import Voiceprint


class VoiceLibrary:
    """Voices that are known by name, and the recordings' speakers that they are.

    A library holds embeddings of one model, no audio. Voices that have expired are never used.

    Parameters
    ----------
    models : the bundle whose embedding the voices are enrolled with
    """

    def __init__(self, models: Models | Content) -> None:
        content = models if isinstance(models, Content) else _empty(models)
        self.model, self.calibration = content.model, content.calibration
        self._voices = {voice.name: voice for voice in content.voices}

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> VoiceLibrary:
        """Read a library that `save` wrote.

        Raises
        ------
        FormatError
            There is no such file, it is damaged or something else, or a newer ovdiar wrote it.
        """
        return cls(library_file.loads(read(path), str(path)))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the library to one JSON file, whole or not at all; a new file is the owner's alone.

        Raises
        ------
        OutputError
            The file cannot be written.
        """
        content = Content(self.model, self.calibration, self.voices)
        write_text(path, library_file.dumps(content), private=True)

    @property
    def voices(self) -> tuple[Voice, ...]:
        """The voices, expired ones too, sorted by name."""
        return tuple(sorted(self._voices.values(), key=lambda voice: voice.name))

    def __len__(self) -> int:
        """Count the voices."""
        return len(self._voices)

    def __iter__(self) -> Iterator[Voice]:
        """Iterate over the voices, sorted by name."""
        return iter(self.voices)

    def __contains__(self, name: object) -> bool:
        """Tell whether a name is enrolled."""
        return name in self._voices

    def __repr__(self) -> str:
        """Describe the library without its contents."""
        return f"VoiceLibrary({counted(len(self), 'voice')}, {self.model})"

    def enroll(
        self,
        name: str,
        prepared: Prepared,
        turns: Annotation | None = None,
        *,
        consent: str | None = None,
        expires: date | None = None,
        today: date | None = None,
    ) -> Verdict:
        """Enrol a voice from a recording of it alone, or add an exemplar to a voice.

        Parameters
        ----------
        name : of the person
        prepared : the recording, as `SpeakerDiarization.prepare` returned it
        turns : its diarization; by default it is clustered as it was prepared
        consent : a note on the person's consent
        expires : the first day on which the voice is no longer used
        today : the day of enrolment, by default today

        Returns
        -------
        What the recording is worth.

        Raises
        ------
        EnrolmentError
            It is too short or too noisy, or holds several voices; the library stays as it is.
        ConfigError
            It was prepared with another embedding, or the name cannot label a speaker.
        """
        self._check(prepared)
        checked_name(name)
        if turns is None:
            turns = SpeakerDiarization.for_prepared(prepared).cluster(prepared).speaker_diarization
        verdict = assess(prepared, turns)
        if not verdict.usable or verdict.voiceprint is None:
            raise EnrolmentError(f"{prepared.uri or name}: {verdict.finding}: {verdict.text}")
        exemplar = Exemplar(verdict.voiceprint, today or date.today())  # noqa: DTZ011 - local day
        voice = self._voices.get(name)
        if voice is None:
            added = Voice(name, (exemplar,), consent, expires)
        else:
            added = voice.extended(exemplar, consent, expires)
        self._voices = {**self._voices, name: added}
        return verdict

    def remove(self, name: str) -> Voice:
        """Forget a voice.

        Raises
        ------
        ConfigError
            It is not in the library.
        """
        if name not in self._voices:
            names = ", ".join(voice.name for voice in self.voices) or "nobody"
            raise ConfigError(f"{name!r} is not in the library, which holds {names}")
        voice = self._voices[name]
        self._voices = {key: each for key, each in self._voices.items() if key != name}
        return voice

    def purge(self, today: date | None = None) -> tuple[Voice, ...]:
        """Forget the voices that have expired, and return them."""
        on = today or date.today()  # noqa: DTZ011 - local day
        expired = tuple(voice for voice in self.voices if voice.expired(on))
        for voice in expired:
            self.remove(voice.name)
        return expired

    def in_force(self, today: date | None = None) -> VoiceLibrary:
        """Return a library of the voices that have not expired; a warning counts the others."""
        on = today or date.today()  # noqa: DTZ011 - local day
        voices = tuple(voice for voice in self.voices if not voice.expired(on))
        if expired := len(self) - len(voices):
            warn(
                f"{expired} of {len(self)} voices have expired and are not used: purge the library"
            )
        return VoiceLibrary(Content(self.model, self.calibration, voices))

    def identify(
        self,
        prepared: Prepared,
        turns: Annotation,
        *,
        today: date | None = None,
        **parameters: Any,
    ) -> tuple[SpeakerIdentity, ...]:
        """Identify the speakers of a recording; it needs no networks and no audio.

        Parameters
        ----------
        prepared : the recording
        turns : its diarization
        today : the day on which voices must not have expired, by default today
        parameters : see `ovdiar.parameters.IdentificationParameters`

        Returns
        -------
        One for each speaker, in the order of ``turns.labels()``.

        Raises
        ------
        ConfigError
            The recording was prepared with another embedding, or a parameter is wrong.
        """
        self._check(prepared)
        found = clean_speech(prepared, turns).voiceprints()
        return self._identify(turns.labels(), found, today, parameters)

    def identify_embeddings(
        self,
        models: Models,
        embeddings: NDArray[Any],
        seconds: NDArray[Any],
        speakers: Sequence[str] | None = None,
        *,
        today: date | None = None,
        **parameters: Any,
    ) -> tuple[SpeakerIdentity, ...]:
        """Identify speakers by their mean embeddings alone, as a stream has them.

        Parameters
        ----------
        models : the bundle that computed the embeddings
        embeddings : (N, D); a speaker whose row is zero or NaN stays unknown
        seconds : (N,), clean speech of each
        speakers : their labels; by default SPEAKER_00, SPEAKER_01, ...
        today, parameters : as in `identify`

        Raises
        ------
        ConfigError
            As `identify`, or the shapes do not fit each other.
        """
        identity = _identity_of(models)
        self._check_model(identity)
        rows, spoken = (np.asarray(each, dtype=np.float64) for each in (embeddings, seconds))
        if rows.ndim == 2:
            self._check_model(replace(identity, dimension=rows.shape[1]))
        labels = [label_of(index) for index in range(len(rows))] if speakers is None else speakers
        return self._identify(labels, voiceprints_from(labels, rows, spoken), today, parameters)

    def name_speakers(
        self,
        prepared: Prepared,
        result: DiarizationResult,
        *,
        today: date | None = None,
        **parameters: Any,
    ) -> DiarizationResult:
        """Return a result whose known speakers have their names.

        A notice ``known-voices`` lists who was identified and how sure that is; it holds no
        embeddings.

        Parameters
        ----------
        prepared : the recording
        result : what clustering it returned
        today, parameters : as in `identify`

        Raises
        ------
        ConfigError
            As `identify`, or a speaker has the name of a known voice already.
        """
        found = self.identify(prepared, result.speaker_diarization, today=today, **parameters)
        return named(result, found)

    def _identify(
        self,
        labels: Sequence[str],
        found: Mapping[str, Voiceprint],
        today: date | None,
        parameters: dict[str, Any],
    ) -> tuple[SpeakerIdentity, ...]:
        chosen = IdentificationParameters().with_values(parameters)
        return identities(labels, found, self.in_force(today).voices, chosen, self.calibration)

    def _check(self, prepared: Prepared) -> None:
        self._check_model(EmbeddingIdentity.of(prepared.bundle, prepared.embeddings.shape[2]))

    def _check_model(self, other: EmbeddingIdentity) -> None:
        """Refuse embeddings of another model."""
        if other.key != self.model.key:
            raise ConfigError(
                f"the library holds embeddings of {self.model}, and the recording's are of "
                f"{other}, which cannot be compared: use bundle {self.model.bundle!r}, or enrol "
                "the voices again"
            )


def _empty(models: Models) -> Content:
    return Content(_identity_of(models), models.bundle.voice_calibration, ())


def _identity_of(models: Models) -> EmbeddingIdentity:
    return EmbeddingIdentity.of(describe(models.bundle), models.bundle.embedding.dimension)
