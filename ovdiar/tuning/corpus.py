"""Recordings with their references: the files of one folder, paired by their names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ovdiar import formats
from ovdiar.audio.suffixes import AUDIO_SUFFIXES
from ovdiar.errors import ConfigError, FormatError
from ovdiar.formats import uem
from ovdiar.notices import warn
from ovdiar.texts import files_of

if TYPE_CHECKING:
    import os

    from ovdiar.annotation import Annotation
    from ovdiar.segment import Segment


@dataclass(frozen=True)
class Sample:
    """One recording, its reference, and the scored parts (None: all)."""

    uri: str
    audio: Path
    reference: Annotation
    uem: tuple[Segment, ...] | None = None


def read_corpus(folder: str | os.PathLike[str]) -> tuple[Sample, ...]:
    """Read a folder of ``NAME.wav`` (or another format), ``NAME.rttm`` and perhaps ``NAME.uem``.

    Samples come in the order of their names. An RTTM file without audio is left out, with a
    warning.

    Raises
    ------
    ConfigError
        There is no such folder, no pair in it, audio without a reference, or no speech at all.
    FormatError
        A reference or a UEM file cannot be read.
    """
    root = Path(folder)
    if not root.is_dir():
        raise ConfigError(f"{str(root)!r} is no folder: give one with audio and RTTM files")
    visible = (path for path in root.iterdir() if not path.name.startswith("."))
    files = sorted(path for path in visible if path.is_file())
    audio: dict[str, Path] = {}
    for path in files:
        if path.suffix.lower() not in AUDIO_SUFFIXES:
            continue
        if path.stem in audio:
            raise ConfigError(
                f"{audio[path.stem].name} and {path.name} in {root} would share one reference: "
                "keep one"
            )
        audio[path.stem] = path
    references = {path.stem: path for path in files_of(root, ".rttm")}
    scored = {path.stem: path for path in files_of(root, ".uem")}
    if not audio:
        raise ConfigError(f"{root} holds no audio file: give a folder of audio and RTTM files")
    if lacking := sorted(audio.keys() - references.keys()):
        more = f" (and {len(lacking) - 1} more)" if len(lacking) > 1 else ""
        raise ConfigError(
            f"{audio[lacking[0]]} has no {lacking[0]}.rttm beside it{more}: add it, or move the "
            "audio elsewhere"
        )
    if unheard := sorted(references.keys() - audio.keys()):
        names = ", ".join(references[name].name for name in unheard)
        warn(f"no audio belongs to {names} in {root}: left out")
    samples = tuple(
        _sample(audio[name], references[name], scored.get(name)) for name in sorted(audio)
    )
    if not any(len(sample.reference.turns) for sample in samples):
        raise ConfigError(f"the references in {root} hold no speech: give some that do")
    return samples


def _sample(audio: Path, reference: Path, scored: Path | None) -> Sample:
    return Sample(
        uri=audio.stem,
        audio=audio,
        reference=formats.read(reference, "rttm"),
        uem=None if scored is None else _scored(scored, audio.stem),
    )


def _scored(path: Path, uri: str) -> tuple[Segment, ...]:
    """Read the parts of one recording; a file that tells of one only may call it as it likes."""
    found = uem.load(path)
    parts = next(iter(found.values())) if len(found) == 1 else found.get(uri, ())
    if not parts:
        raise FormatError(f"{path} does not say what is scored of {uri}: add it, or remove it")
    return parts
