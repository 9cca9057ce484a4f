"""Transcripts: JSON of Whisper, its derivatives and whisper.cpp, subtitles, captions and CTM.

The format is detected from the content. `read` returns a `Transcript` whose ``family`` is
``whisper``, ``whisper.cpp``, ``srt``, ``vtt`` or ``ctm``. `dumps` writes one of `FORMATS`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovdiar.errors import FormatError
from ovdiar.formats.vtt import SIGNATURE
from ovdiar.texts import decode, dump_json, parse_json, quoted, read_bytes
from ovdiar.transcripts import captions, ctm, lines, whisper, whisper_cpp

if TYPE_CHECKING:
    import os

    from ovdiar.transcripts.transcript import Transcript

FORMATS = ("json", "srt", "vtt", "txt", "ctm", "stm")
"""Output formats; each is also the suffix of its files."""
KNOWN = (
    "JSON of Whisper, faster-whisper, whisperX, OpenAI, pyannoteAI or whisper.cpp, SRT, WebVTT or "
    "CTM"
)


def read(path: str | os.PathLike[str]) -> Transcript:
    """Read a transcript; the stem of the path is the ``uri`` if the file names no recording.

    Raises
    ------
    FormatError
        If the file does not exist, has no known format, or is malformed.
    """
    data = read_bytes(path)
    errors = "surrogateescape" if whisper_cpp.MARK in data else "strict"
    found = parse(decode(data, str(path), errors), str(path))
    return found if found.uri is not None else replace(found, uri=Path(path).stem)


def parse(content: str, source: str = "transcript") -> Transcript:
    """Parse a transcript in any known format.

    Parameters
    ----------
    content
        Text of a file.
    source
        Name of the text in error messages.

    Raises
    ------
    FormatError
        If the format is unknown, or the text is malformed.
    """
    begin = content.lstrip()[:1]
    if content.startswith(SIGNATURE):
        return captions.parse(content, source, "vtt")
    if begin and begin in "{[":
        return from_document(parse_json(content, source), source)
    if "-->" in content:
        return captions.parse(content, source, "srt")
    if ctm.is_ctm(content):
        return ctm.parse(content, source)
    raise FormatError(f"{source} is not a known transcript format: give {KNOWN}")


def from_document(document: Any, source: str = "transcript") -> Transcript:
    """Parse decoded JSON; its keys determine the format. Errors as in `parse`."""
    if isinstance(document, dict) and isinstance(document.get("transcription"), list):
        return whisper_cpp.parse(document, source)
    if isinstance(document, dict) and (words := _words_of_job(document)) is not None:
        return whisper.parse({"words": words}, source)
    if isinstance(document, list) or (
        isinstance(document, dict) and document.keys() & {"segments", "words"}
    ):
        return whisper.parse(document, source)
    raise FormatError(f"{source} is not a known transcript format: give {KNOWN}")


def _words_of_job(document: dict[str, Any]) -> list[Any] | None:
    """Return the words of pyannoteAI's job, or of its output; None if it is none."""
    output = document.get("output")
    words = (output if isinstance(output, dict) else document).get("wordLevelTranscription")
    return words if isinstance(words, list) else None


def to_document(transcript: Transcript) -> Any:
    """Return the JSON content: the original document with speakers, or a list of segments."""
    if transcript.family == whisper.FAMILY:
        return whisper.document(transcript)
    if transcript.family == whisper_cpp.FAMILY:
        return whisper_cpp.document(transcript)
    return whisper.new_document(transcript)


def dumps(transcript: Transcript, name: str) -> str:
    """Serialize a transcript with its speakers.

    Parameters
    ----------
    transcript
        Transcript to serialize.
    name
        One of `FORMATS`.

    Raises
    ------
    FormatError
        If the format is unknown, or cannot express a speaker's name.
    """
    if name == "json":
        return dump_json(to_document(transcript))
    writers = {
        "srt": captions.to_srt,
        "vtt": captions.to_vtt,
        "txt": lines.to_txt,
        "ctm": ctm.dumps,
        "stm": lines.to_stm,
    }
    if name not in writers:
        raise FormatError(f"the format {quoted(name)} is unknown: choose {', '.join(FORMATS)}")
    return writers[name](transcript)
