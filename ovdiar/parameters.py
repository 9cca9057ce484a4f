"""Hyper-parameters: each one is declared here, once.

A declaration holds the meaning, the default, the range or choices, the value that
``strict_parity`` sets and the values that tuning tries. Everything else derives from it: the
keyword arguments of the pipelines and their documentation, preset files, manifests, command
options, ``strict_parity`` and the search space of ``ovdiar tune``.

Sections group the parameters by stage, and a pipeline's parameters inherit from its sections. The
front end (`FrontEndParameters`) determines what the networks compute, the back end
(`BackEndParameters`) everything behind them.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, fields, replace
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from ovdiar.errors import ConfigError
from ovdiar.texts import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import Self

T = TypeVar("T")
Section = TypeVar("Section", bound="Parameters")

DECLARED = "declared"
SHARES = (0.0, 1.0)
SECONDS = (0.0, math.inf)
SCALES = (1e-6, 1e6)
"""Ranges that several parameters have."""

Linkage = Literal["centroid", "median", "ward", "average", "complete", "single", "weighted"]


def parameter(
    default: T,
    meaning: str,
    *,
    within: tuple[float, float] = (-math.inf, math.inf),
    parity: T | None = None,
    tried: tuple[T, ...] = (),
) -> T:
    """Declare a field.

    Parameters
    ----------
    default : the value in the absence of a preset
    meaning : one line (or sentence) for documentation and ``--help``
    within : least and largest value, inclusive; of strings, ``Literal`` lists the choices
    parity : the value under ``strict_parity``, of a parameter that pyannote does not have
    tried : the values that ``ovdiar tune`` tries; empty for none
    """
    declared = {"meaning": meaning, "within": within, "parity": parity, "tried": tried}
    value: T = field(default=default, metadata={DECLARED: declared})
    return value


@dataclass(frozen=True)
class Declaration:
    """What is declared of one field; ``choices`` of strings, ``kind`` of everything else."""

    name: str
    kind: type
    choices: tuple[str, ...]
    default: Any
    meaning: str
    within: tuple[float, float]
    parity: Any
    tried: tuple[Any, ...]

    def checked(self, value: Any) -> Any:
        """Return a value as the field's kind.

        Raises
        ------
        ConfigError
            It is of another kind, out of range, or none of the choices.
        """
        if self.choices:
            if value not in self.choices:
                raise ConfigError(
                    f"{self.name} {quoted(value)} is unknown: choose from {', '.join(self.choices)}"
                )
            return value
        if self.kind in (int, float):
            return self._checked_number(value)
        if self.kind is bool and not isinstance(value, bool):
            raise self._wrong_kind(value)
        return value

    def _checked_number(self, value: Any) -> Any:
        """Return a number within the range, as the field's kind."""
        if isinstance(value, bool) or not isinstance(value, Real):
            raise self._wrong_kind(value)
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if self.kind is int and not number.is_integer():
            raise self._wrong_kind(value)
        least, most = self.within
        if not least <= number <= most:
            raise ConfigError(
                f"{self.name} is {number:g}: give a number from {least:g} to {most:g}"
            )
        return int(number) if self.kind is int else number

    def _wrong_kind(self, value: Any) -> ConfigError:
        return ConfigError(
            f"{self.name} = {quoted(value)} is not of the kind {self.kind.__name__}: correct it"
        )


_declarations: dict[type[Any], dict[str, Declaration]] = {}


def declarations(section: type[Parameters]) -> dict[str, Declaration]:
    """Return the declarations of a section, by name and in order."""
    if section in _declarations:
        return _declarations[section]
    hints = get_type_hints(section)
    found = _declarations[section] = {}
    for each in fields(section):
        hint, choices = hints[each.name], ()
        if get_origin(hint) is Literal:
            choices, hint = get_args(hint), str
        kind = hint if isinstance(hint, type) else object
        declared = each.metadata[DECLARED]
        found[each.name] = Declaration(each.name, kind, choices, each.default, **declared)
    return found


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Base of all sections: values are checked when they are set.

    Raises
    ------
    ConfigError
        A value is of another kind, or out of its range.
    """

    def __post_init__(self) -> None:
        """Check every value."""
        for name, declaration in declarations(type(self)).items():
            object.__setattr__(self, name, declaration.checked(getattr(self, name)))

    def with_values(self, values: Mapping[str, Any]) -> Self:
        """Return these parameters with other values by name; a value of None is not given.

        Raises
        ------
        ConfigError
            A name is unknown, or see the class.
        """
        known = declarations(type(self))
        given = {name: value for name, value in values.items() if value is not None}
        for name in given:
            if name not in known:
                raise ConfigError(
                    f"hyper-parameter {quoted(name)} is unknown: choose from {', '.join(known)}"
                )
        return replace(self, **given)

    def with_parity(self) -> Self:
        """Return these parameters with whatever pyannote does not have switched off."""
        declared = declarations(type(self))
        return self.with_values({name: each.parity for name, each in declared.items()})

    def to_dict(self) -> dict[str, Any]:
        """Return the values by name."""
        return asdict(self)

    def section(self, section: type[Section]) -> Section:
        """Return the values of one section alone."""
        return section(**{name: getattr(self, name) for name in declarations(section)})


@dataclass(frozen=True, kw_only=True)
class SegmentationParameters(Parameters):
    """How the segmentation network is run, and how its scores become activity."""

    segmentation_threshold: float = parameter(
        0.5,
        "a speaker is active where the score exceeds it (sigmoid networks)",
        within=SHARES,
        tried=(0.3, 0.4, 0.5, 0.6, 0.7),
    )
    segmentation_step: float = parameter(
        0.1, "distance between windows, as a share of a window", within=(1e-3, 1.0)
    )


@dataclass(frozen=True, kw_only=True)
class ConditioningParameters(Parameters):
    """How the waveform is conditioned before the networks (see `ovdiar.conditioning`)."""

    recording_level: float = parameter(
        0.0,
        "level that the louder parts of a recording are brought to before any network, dBFS; 0 for "
        "the recording as it is",
        within=(-60.0, 0.0),
        parity=0.0,
    )
    segmentation_highpass: float = parameter(
        0.0,
        "cutoff of the high-pass filter before the segmentation, Hz; 0 for none",
        within=(0.0, 1000.0),
        parity=0.0,
    )
    segmentation_lowpass: float = parameter(
        0.0,
        "cutoff of the low-pass filter before the segmentation, Hz; 0 for none",
        within=(0.0, math.inf),
        parity=0.0,
    )
    segmentation_noise: float = parameter(
        0.0,
        "white noise added before the segmentation, as a share of each window's level",
        within=SHARES,
        parity=0.0,
    )


@dataclass(frozen=True, kw_only=True)
class EmbeddingParameters(Parameters):
    """What speakers' embeddings are computed from."""

    embedding_highpass: float = parameter(
        0.0,
        "cutoff of the high-pass filter before the embedding, Hz; 0 for none",
        within=(0.0, 1000.0),
        parity=0.0,
    )
    embedding_exclude_overlap: bool = parameter(
        True, "embed a speaker from frames without overlap, where there are enough"
    )
    embedding_reuse: Literal["window", "shared"] = parameter(
        "window",
        "window: embed the speakers of every window, as pyannote does; shared: run the embedding "
        "once over the recording (its trunk, or pieces of clean speech), many times faster",
    )


@dataclass(frozen=True, kw_only=True)
class ClusteringParameters(Parameters):
    """Which window speakers are clustered, and how."""

    training_filter: Literal["active", "clean"] = parameter(
        "active",
        "window speakers to cluster: active ones (pyannote 3.x), or those with enough clean speech "
        "(4.x)",
        tried=("active", "clean"),
    )
    clean_share: float = parameter(
        0.2,
        "clean speech that training_filter=clean requires, as a share of the window",
        within=SHARES,
        tried=(0.2, 0.3, 0.4),
    )
    clustering: Literal["ahc", "corrected", "vbx", "kmeans"] = parameter(
        "ahc",
        "agglomerative (ahc), agglomerative by similarity corrected for attenuation (corrected), "
        "VBx (needs a PLDA), or k-means (needs the number of speakers)",
    )
    linkage: Linkage = parameter(
        "centroid",
        "linkage of agglomerative clustering, by SciPy's names",
        tried=("average", "centroid", "complete", "weighted"),
    )
    side_by_side: float = parameter(
        0.0,
        "penalty for merging clusters that are active in the same windows: added to their cosine "
        "distance, or with clustering=corrected to the threshold",
        within=(0.0, 2.0),
        parity=0.0,
        tried=(0.0, 0.1, 0.3, 1.0),
    )
    threshold: float = parameter(
        0.7,
        "where agglomerative clustering stops (0 to 2): the Euclidean distance of normalised "
        "embeddings with centroid, median and Ward linkage, else the cosine distance; with "
        "clustering=corrected the least corrected similarity of one speaker's clusters",
        within=(0.0, 2.0),
    )
    margin_s: float = parameter(
        0.25,
        "clustering=corrected: the threshold is lowered by margin_s / d for clusters of d seconds",
        within=(0.0, 10.0),
    )
    fade_s: float = parameter(
        0.66,
        "clustering=corrected: an embedding of d seconds keeps 1 - exp(-d / fade_s) of its "
        "similarity; depends on the embedding",
        within=(0.01, 10.0),
    )
    usual_level: float = parameter(
        0.68,
        "clustering=corrected: usual cosine similarity of one voice's long embeddings; depends on "
        "the embedding",
        within=(0.01, 1.0),
    )
    min_cluster_size: int = parameter(
        12,
        "smaller clusters are assigned to the nearest large one",
        within=(1, math.inf),
        tried=(1, 2, 4, 8, 15, 30),
    )
    refine_clusters: bool = parameter(
        False,
        "refine agglomerative clusters by k-means from their centroids",
        parity=False,
        tried=(False, True),
    )
    fa: float = parameter(0.07, "VBx: scale of the acoustic likelihoods", within=SCALES)
    fb: float = parameter(0.8, "VBx: scale of the speaker prior", within=SCALES)


@dataclass(frozen=True, kw_only=True)
class DurationParameters(Parameters):
    """Minimum durations of turns and of the gaps within a speaker's turns."""

    min_duration_on: float = parameter(
        0.0,
        "shorter turns are dropped, s",
        within=SECONDS,
        parity=0.0,
        tried=(0.0, 0.1, 0.2, 0.3),
    )
    min_duration_off: float = parameter(
        0.0,
        "shorter gaps within a speaker's turns are filled, s",
        within=SECONDS,
        tried=(0.1, 0.25, 0.5, 1.0),
    )


@dataclass(frozen=True, kw_only=True)
class DecodingParameters(DurationParameters):
    """How clusters become turns."""

    ghosts: Literal["keep", "fold", "report"] = parameter(
        "keep",
        "speakers with under 2 % of the speech and no turn over 2 s: keep them, fold them into the "
        "most similar speaker, or report them",
    )


@dataclass(frozen=True, kw_only=True)
class FrontEndParameters(EmbeddingParameters, ConditioningParameters, SegmentationParameters):
    """Everything that the networks' outputs depend on."""


@dataclass(frozen=True, kw_only=True)
class BackEndParameters(DecodingParameters, ClusteringParameters):
    """Everything behind the networks."""


@dataclass(frozen=True, kw_only=True)
class DiarizationParameters(BackEndParameters, FrontEndParameters):
    """Hyper-parameters of `ovdiar.SpeakerDiarization`."""


@dataclass(frozen=True, kw_only=True)
class ActivityParameters(ConditioningParameters, DurationParameters):
    """Conditioning, hysteresis thresholds and minimum durations of a detection task."""

    onset: float = parameter(
        0.5, "scores above it switch on (sigmoid networks only)", within=SHARES
    )
    offset: float = parameter(
        0.5,
        "scores below it switch off; 0 stands for the onset, as in pyannote (sigmoid networks "
        "only)",
        within=SHARES,
    )

    @property
    def thresholds(self) -> tuple[float, float]:
        """Onset and offset, as they are applied."""
        return self.onset, self.offset or self.onset


@dataclass(frozen=True, kw_only=True)
class SpeakerSegmentationParameters(ActivityParameters):
    """Hyper-parameters of `ovdiar.SpeakerSegmentation`."""

    stitch_threshold: float = parameter(
        0.39,
        "speakers of two windows are joined up to this mean absolute difference of their scores",
        within=SHARES,
    )


@dataclass(frozen=True, kw_only=True)
class ResegmentationParameters(ActivityParameters):
    """Hyper-parameters of `ovdiar.Resegmentation`."""

    warm_up: float = parameter(
        0.05, "share of a window left out at its start and at its end, below 0.5"
    )

    def __post_init__(self) -> None:
        """Check every value."""
        super().__post_init__()
        if not 0 <= self.warm_up < 0.5:
            raise ConfigError(f"warm_up is {self.warm_up:g}: give a share from 0 to below 0.5")


@dataclass(frozen=True, kw_only=True)
class IdentificationParameters(Parameters):
    """When a speaker gets the name of a known voice (see `ovdiar.voices.identification`)."""

    identification_threshold: float = parameter(
        0.9, "least probability that a speaker is a known voice", within=SHARES
    )
    identification_margin: float = parameter(
        0.05,
        "least difference between the cosine similarities of the most similar voice and the next",
        within=(0.0, 2.0),
    )
    identification_similarity: float = parameter(
        0.0,
        "least cosine similarity of a speaker and a known voice; needed only with bundles that "
        "state no calibration of voices",
        within=SHARES,
    )
    identification_seconds: float = parameter(
        1.0, "speakers with less clean speech get no name, s", within=SECONDS
    )
