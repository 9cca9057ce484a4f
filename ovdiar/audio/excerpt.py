"""A part of a recording, as a file of its own for as long as it is needed."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ovdiar.audio.reading import open_audio
from ovdiar.errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ovdiar.audio.reading import AudioInput, AudioReader
    from ovdiar.notices import Notice


class Excerpt(NamedTuple):
    """The file of a part, and what was noticed while the recording was read to the part's end."""

    path: Path
    notices: tuple[Notice, ...]


@contextmanager
def excerpt(
    audio: AudioInput, start_s: float, end_s: float | None, *, rate: int = 16000
) -> Iterator[Excerpt]:
    """Give a WAV file of a part of a recording: mono, float32, at ``rate``.

    Parameters
    ----------
    audio : see `AudioInput`
    start_s, end_s : the part, s; an end that is None or later than the recording's is its end
    rate : in Hz

    Raises
    ------
    AudioError
        The recording cannot be decoded, or ends before ``start_s``.
    """
    with tempfile.TemporaryDirectory(prefix="ovdiar-") as folder:
        path = Path(folder, "excerpt.wav")
        with open_audio(audio, rate=rate) as reader:
            _copy(
                reader, path, round(start_s * rate), None if end_s is None else round(end_s * rate)
            )
            notices = reader.notices
        yield Excerpt(path, notices)


def _copy(reader: AudioReader, path: Path, start: int, end: int | None) -> None:
    done = written = 0
    with _writer(path, reader.rate) as file:
        for block in reader.blocks():
            part = block[max(0, start - done) : None if end is None else max(0, end - done)]
            file.write(part)
            written += len(part)
            done += len(block)
            if end is not None and done >= end:
                break
    if not written:
        raise AudioError(
            f"{reader.uri}: the part from {start / reader.rate:g} s is empty, as the recording has "
            f"{done / reader.rate:.3f} s: correct start and end"
        )


def _writer(path: Path, rate: int) -> Any:
    import soundfile  # noqa: PLC0415 - not needed for audio in memory

    return soundfile.SoundFile(path, "w", rate, 1, "FLOAT", format="WAV")
