"""An enrolled voice, and the embedding that it was enrolled with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ovdiar.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from ovdiar.voices.voiceprint import Voiceprint

MAX_NAME = 200
"""Characters of a name."""
MAX_CONSENT = 2000
"""Characters of a consent note."""


@dataclass(frozen=True, eq=False)
class Exemplar:
    """The voiceprint of one enrolment recording, and the day on which it was added."""

    voiceprint: Voiceprint
    added: date


@dataclass(frozen=True, eq=False)
class Voice:
    """A person's voice, enrolled from one recording or several.

    Parameters
    ----------
    name : as speakers are labelled
    exemplars : one for each enrolment recording, at least one
    consent : a note on the person's consent, such as where the signed form lies
    expires : the first day on which the voice is no longer used; None for never

    Raises
    ------
    ConfigError
        The name or the note is empty, too long or not printable.
    """

    name: str
    exemplars: tuple[Exemplar, ...]
    consent: str | None = None
    expires: date | None = None

    def __post_init__(self) -> None:
        """Check the texts."""
        checked_name(self.name)
        if self.consent is not None:
            _checked_text(self.consent, "consent note", MAX_CONSENT)

    @property
    def enrolled(self) -> date:
        """The day of the first enrolment."""
        return min(each.added for each in self.exemplars)

    @property
    def seconds(self) -> float:
        """Clean speech of all exemplars, s."""
        return sum(each.voiceprint.seconds for each in self.exemplars)

    def expired(self, on: date) -> bool:
        """Tell whether the voice may no longer be used on a day."""
        return self.expires is not None and self.expires <= on

    def extended(
        self, exemplar: Exemplar, consent: str | None = None, expires: date | None = None
    ) -> Voice:
        """Return the voice with another exemplar; a new note or day replaces the old one."""
        return replace(
            self,
            exemplars=(*self.exemplars, exemplar),
            consent=self.consent if consent is None else consent,
            expires=self.expires if expires is None else expires,
        )


@dataclass(frozen=True)
class EmbeddingIdentity:
    """The embedding that voiceprints were computed with; those of others are not comparable.

    Parameters
    ----------
    bundle : name of the bundle, for messages; not compared
    revision, sha256 : of the weights, as the bundle's manifest states them
    dimension : of the embedding
    """

    bundle: str
    revision: str
    sha256: str
    dimension: int

    @classmethod
    def of(cls, described: Mapping[str, Any] | None, dimension: int) -> EmbeddingIdentity:
        """Read a bundle's description (see `ovdiar.pipelines.diarization.provenance.describe`).

        Raises
        ------
        ConfigError
            It is unknown which embedding was used.
        """
        stated = {} if described is None else described.get("embedding", {})
        if described is None or not {"revision", "sha256"} <= stated.keys():
            raise ConfigError(
                "it is not known which embedding this recording was prepared with, and embeddings "
                "of different models cannot be compared: prepare it with a bundle"
            )
        return cls(
            str(described.get("name")), str(stated["revision"]), str(stated["sha256"]), dimension
        )

    @property
    def key(self) -> tuple[str, int]:
        """What is compared: the weights, and the embedding's dimension."""
        return self.sha256, self.dimension

    def __str__(self) -> str:
        """Describe the embedding in a few words."""
        return f"{self.revision} ({self.sha256[:12]}, bundle {self.bundle!r})"


def checked_name(name: str) -> str:
    """Return a name, if speakers can be labelled with it.

    Raises
    ------
    ConfigError
        See `Voice`; or the name looks like the label of a speaker without one.
    """
    _checked_text(name, "name", MAX_NAME)
    if name.startswith("SPEAKER_"):
        raise ConfigError(
            f"name {name!r} looks like the label of an unknown speaker: choose one that does not "
            "start with SPEAKER_"
        )
    return name


def _checked_text(text: str, what: str, longest: int) -> None:
    if not text.strip() or text != text.strip() or not text.isprintable() or len(text) > longest:
        raise ConfigError(
            f"{what} {text[:40]!r}: give 1 to {longest} printable characters, without spaces at "
            "either end"
        )
