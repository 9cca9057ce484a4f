"""The work list: recordings of files, folders, globs and manifests, each with a name of its own."""

from __future__ import annotations

import glob
import os
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from ovdiar.audio.suffixes import AUDIO_SUFFIXES
from ovdiar.batch import manifest, storage
from ovdiar.batch.job import SELECTED, Job, checked_uri
from ovdiar.batch.manifest import name_of
from ovdiar.errors import ConfigError, OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


@dataclass(frozen=True)
class WorkList:
    """Recordings, long ones first, and how many files of a folder were left out, by suffix."""

    jobs: tuple[Job, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def expected_s(self) -> float:
        """How long all are together, s, as stated or guessed from their sizes."""
        return sum(job.expected_s for job in self.jobs)


def collect(inputs: Iterable[str | os.PathLike[str]]) -> WorkList:
    """List the recordings of inputs, long ones first.

    A recording of a folder or glob is named by its path from there, without suffix; others by the
    name of their file. Where two of them would have one name, the suffix stays. A file that is
    named twice counts once. Missing files stay in the list, to be reported as failed.

    Parameters
    ----------
    inputs : recordings, folders, globs (``**`` for any folders), manifests (``.jsonl``, ``.csv``);
        paths or URLs

    Raises
    ------
    ConfigError
        Nothing is found, or two recordings would have one name.
    FormatError
        A manifest is malformed.
    """
    left_out: Counter[str] = Counter()
    jobs: dict[tuple[Any, ...], Job] = {}
    for each in inputs:
        given = os.fspath(each)
        found = list(_jobs_of(given, left_out))
        if not found:
            raise ConfigError(f"{given!r} has no recordings: check the path and the suffixes")
        for job in found:
            jobs.setdefault((_absolute(job.path), *job.request().values()), job)
    named = _named(list(jobs.values()))
    return WorkList(tuple(sorted(named, key=lambda job: (-job.expected_s, job.uri))), left_out)


def with_defaults(jobs: Iterable[Job], defaults: Mapping[str, Any]) -> tuple[Job, ...]:
    """Fill in numbers of speakers, where a recording states none, and what to read, one by one."""
    given = {name: value for name, value in defaults.items() if value is not None}
    selected = {name: given.pop(name) for name in SELECTED if name in given}
    return tuple(
        replace(
            job,
            **({} if any(value is not None for value in job.counts().values()) else given),
            **{name: each for name, each in selected.items() if getattr(job, name) is None},
        )
        for job in jobs
    )


def _jobs_of(given: str, left_out: Counter[str]) -> Iterator[Job]:
    remote = storage.is_remote(given)
    if given.lower().endswith(manifest.SUFFIXES):
        for job in manifest.read(given):
            size, state = storage.state_of(job.path)
            yield replace(job, size=size, state=state)
    elif remote:
        yield from _remote(given, left_out)
    elif Path(given).is_dir():
        paths = (str(Path(top, name)) for top, name in _walk(given))
        yield from _local(_recordings(paths, left_out), given)
    elif glob.has_magic(given) and not os.path.lexists(given):
        found = glob.iglob(given, recursive=True)  # noqa: PTH207 - takes absolute patterns too
        paths = (path for path in found if Path(path).is_file())
        yield from _local(_recordings(paths, left_out), _fixed_part(given))
    else:
        yield from _local([given], os.path.dirname(given))  # noqa: PTH120 - "" for the current one


def _walk(folder: str) -> Iterator[tuple[str, str]]:
    for top, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from ((top, name) for name in sorted(names) if not name.startswith("."))


def _recordings(paths: Iterable[str], left_out: Counter[str]) -> Iterator[str]:
    for path in paths:
        suffix = PurePosixPath(path).suffix.lower()
        if suffix in AUDIO_SUFFIXES:
            yield path
        else:
            left_out[suffix or "no suffix"] += 1


def _fixed_part(pattern: str) -> str:
    """Return the folder that a pattern starts in."""
    parts = Path(pattern).parts
    fixed = parts[: _first_magic(parts)]
    return str(Path(*fixed)) if fixed else ""


def _first_magic(parts: tuple[str, ...]) -> int:
    return next((n for n, part in enumerate(parts) if glob.has_magic(part)), len(parts))


def _local(paths: Iterable[str], root: str) -> Iterator[Job]:
    for path in paths:
        size, state = storage.state_of(path)
        name = Path(os.path.relpath(path, root or ".")).as_posix()
        yield Job(path, _name_below(name), size=size, state=state)


def _remote(url: str, left_out: Counter[str]) -> Iterator[Job]:
    """List the recordings below a URL, or that match its pattern, or the one that it is."""
    system, root = storage.filesystem(url)
    try:
        if glob.has_magic(root):
            found = system.glob(root, detail=True)
            parts = PurePosixPath(root).parts
            root = str(PurePosixPath(*parts[: _first_magic(parts)]))
        elif system.isdir(root):
            found = system.find(root, detail=True)
        else:
            yield _remote_job(system, root, PurePosixPath(root).name, None)
            return
    except Exception as error:  # file systems raise their own
        reason = " ".join(str(error).split()) or type(error).__name__
        raise OutputError(f"{url} cannot be listed ({reason}): check the URL") from error
    for path in _recordings(sorted(found), left_out):
        if found[path].get("type") != "directory":
            yield _remote_job(system, path, path[len(root) :].lstrip("/"), found[path])


def _remote_job(system: Any, path: str, name: str, found: Mapping[str, Any] | None) -> Job:
    url = system.unstrip_protocol(path)
    size, state = storage.state_of(url, found)
    return Job(url, _name_below(name), size=size, state=state)


def _name_below(path: str) -> str:
    """Name a recording by its path from the folder that was given."""
    parent, _, name = path.encode(errors="replace").decode().rpartition("/")
    stem = name_of(name)
    return stem if parent in ("", ".") or ".." in parent else f"{parent}/{stem}"


def _absolute(path: str) -> str:
    return path if storage.is_remote(path) else os.path.abspath(path)  # noqa: PTH100 - any text


def _named(jobs: list[Job]) -> list[Job]:
    """Keep the suffix of recordings that would share one name; refuse those that still would."""
    shared = {uri for uri, count in Counter(_folded(job.uri) for job in jobs).items() if count > 1}
    named: dict[str, Job] = {}
    for job in jobs:
        uri = job.uri
        if _folded(uri) in shared and uri.endswith(name_of(job.path)):
            uri += PurePosixPath(job.path).suffix
        other = named.setdefault(_folded(uri), replace(job, uri=checked_uri(uri, job.path)))
        if other.path != job.path or other.request() != job.request():
            raise ConfigError(
                f"{other.path} and {job.path} would both be called {uri!r}: give the folder above "
                "them, or a manifest with a uri for each"
            )
    return list(named.values())


def _folded(uri: str) -> str:
    """Compare names as file systems without case do, where both would be one file."""
    return uri.casefold()
