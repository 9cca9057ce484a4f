"""Keyword arguments of the pipelines: their hyper-parameters, and how they run.

`accepts` gives them to a constructor, so that type checkers and completion know each one, and
`documented` to its class's docstring.
"""

from __future__ import annotations

import inspect
import os
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_type_hints

from ovdiar.errors import ConfigError
from ovdiar.parameters import (
    ActivityParameters,
    DiarizationParameters,
    Parameters,
    ResegmentationParameters,
    SpeakerSegmentationParameters,
    declarations,
    parameter,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Concatenate, ParamSpec

    P = ParamSpec("P")
    Instance = TypeVar("Instance")
    First = TypeVar("First")

T = TypeVar("T")
PathLike = str | os.PathLike[str]

DETECTION_NOTES = """\
Powerset networks decide between sets of speakers: they take minimum durations only, by default
none, and an onset, an offset or a preset with either is refused.

The waveform is conditioned as the bundle states for diarization. A published preset stands for
pyannote's answer and is without conditioning, as are ``strict_parity`` and a network that is given
without its bundle."""
"""What the pipelines without embeddings have in common."""


@dataclass(frozen=True, kw_only=True)
class RunOptions(Parameters):
    """Keyword arguments of every pipeline."""

    batch_size: int | None = parameter(
        None,
        "windows of a batch; by default what suits the machine (see "
        "`ovdiar.pipelines.sliding.batch_of`). It changes speed and memory only",
    )

    def __post_init__(self) -> None:
        """Check every value."""
        super().__post_init__()
        if self.batch_size is not None and self.batch_size < 1:
            raise ConfigError(f"batch_size is {self.batch_size}: give at least 1")


@dataclass(frozen=True, kw_only=True)
class ParityOptions(Parameters):
    """Keyword arguments of the pipelines without embeddings."""

    strict_parity: bool = parameter(
        False,
        "answer exactly as pyannote does: without conditioning, whatever the bundle has, and with "
        "turns that may exceed the recording",
    )


@dataclass(frozen=True, kw_only=True)
class ActivityOptions(ParityOptions, RunOptions, ActivityParameters):
    """Keyword arguments of voice activity and overlapped speech detection."""

    preset: PathLike | None = parameter(
        None,
        "``ami``, ``dihard3``, ``voxconverse`` (tuned for ``pyannote/segmentation``), or a JSON "
        "file of hyper-parameters",
    )


@dataclass(frozen=True, kw_only=True)
class SpeakerSegmentationOptions(ParityOptions, RunOptions, SpeakerSegmentationParameters):
    """Keyword arguments of speaker segmentation."""


@dataclass(frozen=True, kw_only=True)
class ResegmentationOptions(ActivityOptions, ResegmentationParameters):
    """Keyword arguments of resegmentation."""

    strict_parity: bool = parameter(
        False,
        "answer exactly as pyannote does: without conditioning, with turns that may exceed the "
        "recording, and labelled by the "
        "positions of the baseline's sorted labels instead of by those labels",
    )


@dataclass(frozen=True, kw_only=True)
class DiarizationOptions(RunOptions, DiarizationParameters):
    """Keyword arguments of speaker diarization."""

    preset: PathLike | None = parameter(
        None,
        "``2.1``, ``3.1``, ``community-1``, or a JSON file of hyper-parameters; by default those "
        "of the bundle. Hyper-parameters that are given take precedence",
    )
    plda: PathLike | None = parameter(
        None, "folder with ``xvec_transform.npz`` and ``plda.npz``; by default the bundle's"
    )
    strict_parity: bool = parameter(
        False,
        "answer exactly as pyannote does: its number of speakers even where another was asked "
        "for, its order of labels, turns that may exceed the recording, unrounded scores and "
        "embeddings, and none of the hyper-parameters that it does not have",
    )


def accepts(
    options: Callable[P, Parameters],
) -> Callable[
    [Callable[Concatenate[Instance, First, ...], None]],
    Callable[Concatenate[Instance, First, P], None],
]:
    """Give a constructor the keyword arguments that ``options`` declares, for type checkers too.

    The constructor receives those that were given; None stands for not given.
    """
    section = cast("type[Parameters]", options)

    def decorate(constructor: Any) -> Any:
        own = list(inspect.signature(constructor).parameters.values())[:2]
        hints = get_type_hints(section)
        declared = [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=hints[name] | None
            )
            for name in declarations(section)
        ]
        signature = inspect.Signature([*own, *declared])

        @wraps(constructor)
        def checked(*arguments: Any, **keywords: Any) -> None:
            positional = signature.bind(*arguments, **keywords).args
            given = {name: value for name, value in keywords.items() if value is not None}
            constructor(*positional[:2], **{k: v for k, v in given.items() if k != own[1].name})

        checked.__signature__ = signature  # type: ignore[attr-defined]
        return checked

    return decorate


def documented(options: type[Parameters]) -> Callable[[type[T]], type[T]]:
    """Write the options into a class's docstring in place of ``{options}``.

    ``{notes}`` stands for `DETECTION_NOTES`.
    """

    def decorate(cls: type[T]) -> type[T]:
        lines = [f"{name} : {each.meaning}" for name, each in declarations(options).items()]
        text = inspect.cleandoc(cls.__doc__ or "")  # as Python 3.13 keeps docstrings
        text = text.replace("{options}", "\n".join(lines)).replace("{notes}", DETECTION_NOTES)
        cls.__doc__ = text
        return cls

    return decorate
