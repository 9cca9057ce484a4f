"""Which decoder reads a file, a stream or a file object: soundfile, or else ffmpeg."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ovdiar.audio.continued import ContinuedSource
from ovdiar.audio.ffmpeg import FfmpegSource
from ovdiar.audio.headers import sample_data
from ovdiar.audio.joined import count_files
from ovdiar.audio.ogg import file_size, is_ogg, read_pages
from ovdiar.audio.sound_file import FileSource, MissingLengthError
from ovdiar.audio.streams import InputFile, copy, is_stream, open_path, spooled
from ovdiar.audio.virtual_file import unreadable
from ovdiar.errors import AudioError, MissingPackageError
from ovdiar.temporary import folder_in

if TYPE_CHECKING:
    from contextlib import ExitStack

    from ovdiar.audio.selection import Selection
    from ovdiar.audio.source import Source


def open_source(audio: Any, selection: Selection, stack: ExitStack) -> tuple[str, Source]:
    """Return the recording's name and source; the stack closes whatever is opened."""
    if isinstance(audio, (str, os.PathLike)):
        path = Path(audio)
        file = stack.enter_context(open_path(path))
        if is_stream(path):
            limit = selection.stream_bytes
            spool = stack.enter_context(spooled(file, str(path), limit))
            return path.stem, _decode(spool, str(path), None, selection, stack, piped=True)
        return path.stem, _decode(file, str(path), path, selection, stack)
    try:
        binary = isinstance(audio.read(0), bytes)
    except OSError as error:
        raise unreadable("stream", error) from error
    except (AttributeError, TypeError, ValueError):
        binary = False
    if not binary:
        raise AudioError(
            f"audio of type {type(audio).__name__} cannot be read: give a path, an open binary "
            "file, or a mapping with 'waveform' and 'sample_rate'"
        )
    try:
        audio.seek(0)
    except (AttributeError, OSError):
        spool = stack.enter_context(spooled(audio, "stream", selection.stream_bytes))
        return "stream", _decode(spool, "stream", None, selection, stack, piped=True)
    stack.callback(audio.seek, 0)
    return "stream", _decode(audio, "stream", None, selection, stack)


def _decode(
    opened: IO[bytes],
    name: str,
    path: Path | None,
    selection: Selection,
    stack: ExitStack,
    *,
    piped: bool = False,
) -> Source:
    file: Any = InputFile(opened, name)
    if not file.read(1):
        raise AudioError(f"{name}: is empty (0 bytes): copy or record it again")
    try:
        import soundfile  # noqa: PLC0415 - not needed for audio in memory
    except (ImportError, OSError):  # OSError: libsndfile is missing
        raise MissingPackageError(
            f"{name}: reading audio files needs soundfile: pip install soundfile"
        ) from None

    def path_for_ffmpeg() -> Path:
        if path is not None:
            return path
        copied = Path(stack.enter_context(folder_in()), "audio")
        file.seek(0)
        with copied.open("wb") as target:
            copy(file, target, name, selection.stream_bytes)
        return copied

    try:
        source = FileSource(file, name, soundfile, piped=piped)
    except (soundfile.LibsndfileError, MissingLengthError) as error:
        reason = error.error_string.rstrip(".")
        track = selection.track or 0
        data = sample_data(file)
        share = 1.0 if data is None or (piped and data.placeholder) else data.share(file_size(file))
        return FfmpegSource(
            path_for_ffmpeg(),
            name,
            reason,
            stack,
            track=track,
            share=share,
            files=count_files(file),
            missing=read_pages(file).missing if is_ogg(file) else "",
        )
    return ContinuedSource(source, path_for_ffmpeg, stack)
