"""Pair the recordings of a reference and a hypothesis: files of turns, or folders of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ovdiar.annotation import Annotation
from ovdiar.errors import FormatError
from ovdiar.formats import SUFFIXES, read_recordings, uem
from ovdiar.formats.columns import ABSENT
from ovdiar.texts import files_of, listed

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator

    from ovdiar.segment import Segment

    PathLike = str | os.PathLike[str]

T = TypeVar("T")
RTTM = ".rttm"


@dataclass(frozen=True)
class Pair:
    """One recording: reference, hypothesis, and the scored segments (None: all)."""

    uri: str
    reference: Annotation
    hypothesis: Annotation
    uem: tuple[Segment, ...] | None = None


@dataclass(frozen=True)
class Pairing:
    """Recordings of the reference, sorted by name.

    Parameters
    ----------
    pairs
        One pair per recording of the reference.
    missing
        Recordings without a hypothesis; they are scored as entirely missed.
    extra
        Recordings of the hypothesis without a reference; they are not scored.
    """

    pairs: tuple[Pair, ...]
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()


def pair_files(
    reference: PathLike, hypothesis: PathLike, *, uem_path: PathLike | None = None
) -> Pairing:
    """Read both sides and pair their recordings by the names within the files.

    A file without turns, or without a name for its recording, is named by its stem. Two files with
    one recording each are paired whatever their names.

    Parameters
    ----------
    reference, hypothesis
        File of turns in any format, or a folder of them. Where a folder has several formats, its
        ``.rttm`` files are read.
    uem_path
        UEM file, or a folder whose ``.uem`` files are read.

    Raises
    ------
    FormatError
        If a path cannot be read or parsed, a folder has several formats but no RTTM, two of its
        files have the same recording, the sides have no recording in common, or the UEM lacks a
        recording.
    """
    expected, found = _read_turns(reference), _read_turns(hypothesis)
    single = len(expected) == len(found) == 1 and not Path(hypothesis).is_dir()
    if single:
        found = dict(zip(expected, found.values(), strict=True))
    if not expected.keys() & found.keys():
        raise FormatError(
            f"{reference} ({_some(expected)}) and {hypothesis} ({_some(found)}) have no recording "
            "in common: use the same names in the second column of both"
        )
    parts = None if uem_path is None else _read(uem_path, ".uem", uem.load)
    if parts is not None and single and len(parts) == 1:
        parts = dict(zip(expected, parts.values(), strict=True))
    if parts is not None and (unknown := expected.keys() - parts.keys()):
        raise FormatError(f"{uem_path} has no scored segments for {_some(unknown)}: add them")
    return Pairing(
        tuple(
            Pair(
                uri,
                expected[uri],
                found.get(uri, Annotation(uri=uri)),
                None if parts is None else parts[uri],
            )
            for uri in sorted(expected)
        ),
        missing=tuple(sorted(expected.keys() - found.keys())),
        extra=tuple(sorted(found.keys() - expected.keys())),
    )


def _some(names: dict[str, Annotation] | set[str]) -> str:
    first = sorted(names)[:3]
    return listed([*first, *["..."] * (len(names) > len(first))])


def _read_turns(path: PathLike) -> dict[str, Annotation]:
    def load(file: Path) -> dict[str, Annotation]:
        return read_recordings(file) or {file.stem: Annotation(uri=file.stem)}

    return _read(path, _suffix_of_turns(Path(path)), load)


def _suffix_of_turns(path: Path) -> str:
    """Return the suffix of the files to read of a folder: RTTM, or the only format it has."""
    suffixes = [suffix.lower() for suffix in SUFFIXES.values()]
    found = [suffix for suffix in suffixes if path.is_dir() and files_of(path, suffix)]
    if len(found) > 1 and RTTM not in found:
        raise FormatError(
            f"{path} has turns in several formats ({', '.join(found)}): give a folder with one"
        )
    return RTTM if RTTM in found or not found else found[0]


def _read(path: PathLike, suffix: str, load: Callable[[Path], dict[str, T]]) -> dict[str, T]:
    found: dict[str, T] = {}
    source: dict[str, Path] = {}
    for file in _files(Path(path), suffix):
        for name, content in load(file).items():
            uri = file.stem if name == ABSENT else name
            if uri in found:
                raise FormatError(
                    f"{source[uri].name} and {file.name} in {path} both have "
                    f"the recording {uri}: keep one"
                )
            found[uri], source[uri] = content, file
    return found


def _files(path: Path, suffix: str) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    files = files_of(path, suffix)
    if not files:
        raise FormatError(f"{path} has no {suffix} file: give a folder with one, or a file")
    yield from files
