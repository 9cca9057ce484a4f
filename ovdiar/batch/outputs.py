"""What a batch writes for each recording, and where."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar import formats
from ovdiar.batch import storage
from ovdiar.errors import ConfigError, FormatError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from ovdiar.batch.storage import Folder
    from ovdiar.pipelines.diarization.prepared import Prepared
    from ovdiar.result import DiarizationResult

KEPT = ".npz"
SPEAKERS = ".speakers.npz"
"""What the names of networks' outputs, and of speakers' embeddings, end with."""


@dataclass(frozen=True)
class Outputs:
    """The files of each recording.

    Parameters
    ----------
    place : the folder, by its path or URL
    formats : the formats of the turns, keys of `ovdiar.formats.SUFFIXES`
    keep : also write the networks' outputs, for ``ovdiar recluster``
    embeddings : also write the embedding and speech of each speaker, to link speakers

    Raises
    ------
    ConfigError
        There is no format, or one is unknown.
    """

    place: str
    formats: tuple[str, ...] = ("rttm",)
    keep: bool = False
    embeddings: bool = False

    def __post_init__(self) -> None:
        """Check the formats."""
        check_formats(self.formats)

    def folder(self) -> Folder:
        """Return the folder."""
        return storage.folder(self.place)

    def names(self, uri: str) -> list[str]:
        """List the names of a recording's files, from the folder."""
        suffixes = [formats.SUFFIXES[name] for name in self.formats]
        suffixes += [KEPT] * self.keep + [SPEAKERS] * self.embeddings
        return [uri + suffix for suffix in suffixes]

    def writer(self, uri: str) -> Callable[[DiarizationResult, Prepared], list[str]]:
        """Return a function that writes a recording's files, and returns their names."""

        def write(result: DiarizationResult, prepared: Prepared) -> list[str]:
            folder, contents = self.folder(), self.contents(uri, result, prepared)
            for name, content in contents.items():
                folder.write(name, content)
            return list(contents)

        return write

    def contents(self, uri: str, result: DiarizationResult, prepared: Prepared) -> dict[str, bytes]:
        """Return the content of each file, by the names that `names` lists."""
        found: list[bytes] = [text_of(result, name).encode() for name in self.formats]
        found += [prepared.to_bytes()] * self.keep
        found += [speakers_to_bytes(result)] * self.embeddings
        return dict(zip(self.names(uri), found, strict=True))


def check_formats(names: tuple[str, ...]) -> None:
    """Refuse no format at all, and unknown ones."""
    if not names:
        raise ConfigError(f"no format was given: choose from {', '.join(formats.SUFFIXES)}")
    for name in names:
        if name not in formats.SUFFIXES:
            known = ", ".join(formats.SUFFIXES)
            raise ConfigError(f"the format {name!r} is unknown: choose from {known}")


def text_of(result: DiarizationResult, name: str) -> str:
    """Return a result in a format of `ovdiar.formats`."""
    return formats.dumps(
        result.speaker_diarization,
        name,
        exclusive=result.exclusive_speaker_diarization,
        provenance=result.provenance,
        notices=result.notices,
    )


def speakers_to_bytes(result: DiarizationResult) -> bytes:
    """Return the speakers' labels, embeddings (K, D) and speech (K,), s, as an ``.npz``."""
    annotation = result.speaker_diarization
    labels = annotation.labels()
    file = io.BytesIO()
    np.savez_compressed(
        file,
        labels=np.array(labels, dtype=str),
        embeddings=np.asarray(result.speaker_embeddings, np.float16),
        speech_s=np.array([annotation.label_duration(label) for label in labels], np.float32),
    )
    return file.getvalue()


def speakers_from_bytes(
    content: bytes, name: str
) -> tuple[list[str], NDArray[np.float32], NDArray[np.float32]]:
    """Return the labels, embeddings and speech that `speakers_to_bytes` wrote.

    Raises
    ------
    FormatError
        The content is damaged or something else.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            found: Mapping[str, Any] = dict(arrays)
        labels = [str(label) for label in found["labels"]]
        embeddings = found["embeddings"].astype(np.float32).reshape(len(labels), -1)
        speech_s = found["speech_s"].astype(np.float32)
    except Exception as error:  # a damaged archive raises many kinds
        reason = " ".join(str(error).split())
        raise FormatError(f"{name} cannot be read ({reason}): delete it, and run again") from error
    return labels, embeddings, speech_s
