"""``identities.jsonl``: one line for each voice of an archive, with its recordings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ovdiar.batch import storage
from ovdiar.batch.linking import Speakers, link_speakers
from ovdiar.batch.neighbours import import_faiss
from ovdiar.batch.outcome import DONE
from ovdiar.batch.outputs import SPEAKERS, speakers_from_bytes
from ovdiar.batch.results import rows_of
from ovdiar.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from numpy.typing import NDArray

    from ovdiar.batch.storage import Folder

IDENTITIES = "identities.jsonl"
THRESHOLDS = {"base": 0.7}
"""Cosine similarity from which two speakers are one voice for sure, by the bundle; see
docs/studies/link-speakers.md."""
LEAST_S = 3.0
"""Speakers with less speech stay apart."""


class Linked(NamedTuple):
    """How many speakers are how many voices, and how many of these are in several recordings."""

    speakers: int
    identities: int
    shared: int


def link(place: str, threshold: float | None = None, least_s: float = LEAST_S) -> Linked:
    """Find the same voices in a folder whose recordings have their speakers' embeddings.

    A line of ``identities.jsonl`` has ``identity``, and ``speakers``: ``uri``, ``speaker`` and
    ``speech_s`` of each. A voice in most recordings comes first.

    Parameters
    ----------
    place : the folder or URL of a batch with ``embeddings``
    threshold : cosine similarity; by default that of the bundle, where one was measured
    least_s : speakers with less speech stay apart, s

    Raises
    ------
    ConfigError
        The recordings were diarized with several bundles, or with one that has no threshold.
    MissingPackageError
        faiss is not installed.
    """
    folder = storage.folder(place)
    names: list[tuple[str, str]] = []
    bundles: set[str] = set()
    parts: list[NDArray[np.float16]] = []
    speech: list[NDArray[np.float32]] = []
    recordings: list[int] = []
    for number, (uri, bundle, content) in enumerate(_contents(folder)):
        labels, embeddings, speech_s = speakers_from_bytes(content, uri + SPEAKERS)
        names += [(uri, label) for label in labels]
        parts.append(embeddings.astype(np.float16))
        speech.append(speech_s)
        recordings += [number] * len(labels)
        bundles.add(bundle)
    threshold = check_linking(bundles, threshold)
    if not names:
        folder.write(IDENTITIES, b"")
        return Linked(0, 0, 0)
    speakers = Speakers(
        np.concatenate([part for part in parts if len(part)]).astype(np.float32),
        np.concatenate(speech),
        np.array(recordings, np.int64),
    )
    labels_of = link_speakers(speakers, threshold, least_s)
    lines = _lines(labels_of, names, speakers.speech_s)
    folder.write(IDENTITIES, "".join(lines).encode())
    sizes = np.bincount(labels_of)
    return Linked(len(names), len(sizes), int((sizes > 1).sum()))


def check_linking(bundles: Collection[str], threshold: float | None) -> float:
    """Return the threshold to use; see `link` for the errors."""
    import_faiss()
    if threshold is not None and not -1 <= threshold <= 1:
        raise ConfigError(f"the threshold is {threshold:g}: give a cosine similarity, -1 to 1")
    if len(bundles) > 1:
        raise ConfigError(
            f"recordings were diarized with the bundles {', '.join(sorted(bundles))}, whose "
            "embeddings cannot be compared: use one folder for each"
        )
    name = next(iter(bundles), next(iter(THRESHOLDS)))
    if threshold is not None:
        return threshold
    if name not in THRESHOLDS:
        raise ConfigError(
            f"no threshold was measured for speakers of bundle {name!r}: give --link-threshold, or "
            f"use {', '.join(THRESHOLDS)}"
        )
    return THRESHOLDS[name]


def _contents(folder: Folder) -> Iterator[tuple[str, str, bytes]]:
    """Read the speakers of each recording that is done: its name, its bundle, the file."""
    for row in rows_of(folder):
        name = row["uri"] + SPEAKERS
        if row.get("status") != DONE or name not in row.get("outputs", ()):
            continue
        content = folder.read(name)
        if content is not None:
            yield row["uri"], (row.get("bundle") or {}).get("name", ""), content


def _lines(
    labels: NDArray[np.int64], names: list[tuple[str, str]], speech_s: NDArray[np.float32]
) -> Iterator[str]:
    """Write a voice a line, those with most speakers first."""
    sizes = np.bincount(labels)
    ranks = np.argsort(np.argsort(-sizes, kind="stable"), kind="stable")
    members: list[list[dict[str, Any]]] = [[] for _ in sizes]
    for label, (uri, speaker), seconds in zip(labels, names, speech_s, strict=True):
        members[ranks[label]].append(
            {"uri": uri, "speaker": speaker, "speech_s": round(float(seconds), 3)}
        )
    for number, speakers in enumerate(members):
        row = {"identity": f"VOICE_{number:06d}", "speakers": speakers}
        yield json.dumps(row, ensure_ascii=False) + "\n"
