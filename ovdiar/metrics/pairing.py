"""Files and folders of RTTM, and which recordings of the two sides belong together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ovdiar.annotation import Annotation
from ovdiar.errors import FormatError
from ovdiar.formats import rttm, uem
from ovdiar.formats.columns import ABSENT

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator

    from ovdiar.segment import Segment

    PathLike = str | os.PathLike[str]

T = TypeVar("T")


@dataclass(frozen=True)
class Pair:
    """One recording: its reference, what was found, and the scored parts (None: all)."""

    uri: str
    reference: Annotation
    hypothesis: Annotation
    uem: tuple[Segment, ...] | None = None


@dataclass(frozen=True)
class Pairing:
    """The recordings of the reference, in the order of their names.

    ``missing`` names those without a hypothesis, which are scored as if nothing had been found;
    ``extra`` those of the hypothesis that have no reference and are not scored.
    """

    pairs: tuple[Pair, ...]
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()


def pair_files(
    reference: PathLike, hypothesis: PathLike, *, uem_path: PathLike | None = None
) -> Pairing:
    """Read both sides and pair recordings by the names within the files.

    Each path is a file or a folder (all its ``.rttm``, or ``.uem``, files). A file without turns,
    or with turns of a nameless recording, goes by the file's name. Two files with one recording
    each belong together whatever they call it.

    Raises
    ------
    FormatError
        When a path cannot be read or parsed, when two files of a folder tell of the same
        recording, when the sides have no recording in common, or when the UEM lacks one.
    """
    expected, found = _read_turns(reference), _read_turns(hypothesis)
    lone = len(expected) == len(found) == 1 and not Path(hypothesis).is_dir()
    if lone:
        found = dict(zip(expected, found.values(), strict=True))
    if not expected.keys() & found.keys():
        raise FormatError(
            f"{reference} ({_some(expected)}) and {hypothesis} ({_some(found)}) have no recording "
            "in common: give both the same names in their second columns"
        )
    parts = None if uem_path is None else _read(uem_path, ".uem", uem.load)
    if parts is not None and lone and len(parts) == 1:
        parts = dict(zip(expected, parts.values(), strict=True))
    if parts is not None and (unknown := expected.keys() - parts.keys()):
        raise FormatError(f"{uem_path} does not say what is scored of {_some(unknown)}: add it")
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
    return ", ".join(first) + (", ..." if len(names) > len(first) else "")


def _read_turns(path: PathLike) -> dict[str, Annotation]:
    def load(file: Path) -> dict[str, Annotation]:
        return rttm.load(file) or {file.stem: Annotation(uri=file.stem)}

    return _read(path, ".rttm", load)


def _read(path: PathLike, suffix: str, load: Callable[[Path], dict[str, T]]) -> dict[str, T]:
    found: dict[str, T] = {}
    source: dict[str, Path] = {}
    for file in _files(Path(path), suffix):
        for name, content in load(file).items():
            uri = file.stem if name == ABSENT else name
            if uri in found:
                raise FormatError(
                    f"{source[uri].name} and {file.name} in {path} both tell of {uri}: keep one"
                )
            found[uri], source[uri] = content, file
    return found


def _files(path: Path, suffix: str) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    files = sorted(path.glob(f"*{suffix}"))
    if not files:
        raise FormatError(f"{path} holds no {suffix} file: give a folder that does, or a file")
    yield from files
