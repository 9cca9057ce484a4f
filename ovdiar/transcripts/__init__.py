"""Files that say what was said: Whisper's relatives, whisper.cpp, subtitles, captions and CTM.

They are told apart by what they hold. `read` gives a `Transcript`, whose ``family`` is ``whisper``,
``whisper.cpp``, ``srt``, ``vtt`` or ``ctm``; `dumps` writes it in one of `FORMATS`.
"""

from __future__ import annotations

import codecs
import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovdiar.errors import FormatError
from ovdiar.formats import columns
from ovdiar.formats.vtt import SIGNATURE
from ovdiar.transcripts import captions, ctm, lines, whisper, whisper_cpp

if TYPE_CHECKING:
    import os

    from ovdiar.transcripts.transcript import Transcript

FORMATS = ("json", "srt", "vtt", "txt", "ctm", "stm")
"""What a transcript is written in; each is the suffix of its files too."""
KNOWN = "JSON of Whisper, faster-whisper, whisperX, OpenAI or whisper.cpp, SRT, WebVTT or CTM"


def read(path: str | os.PathLike[str]) -> Transcript:
    """Read a transcript, named as its file is where it has no name.

    Raises
    ------
    FormatError
        When there is no such file, and when it is none of the known kinds or malformed.
    """
    found = parse(_content(path), str(path))
    return found if found.uri is not None else replace(found, uri=Path(path).stem)


def _content(path: str | os.PathLike[str]) -> str:
    """Read a text file; whisper.cpp's JSON may hold half characters, which are kept."""
    with suppress(OSError, UnicodeDecodeError):
        data = Path(path).read_bytes()
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return data.decode("utf-16")
        if data.lstrip().startswith(b"{") and b'"transcription"' in data:
            return data.decode("utf-8", "surrogateescape")
    return columns.read(path)


def parse(content: str, source: str = "transcript") -> Transcript:
    """Read the text of a file of any known kind; ``source`` names it in messages."""
    begin = content.lstrip()[:1]
    if content.startswith(SIGNATURE):
        return captions.parse(content, source, "vtt")
    if begin and begin in "{[":
        try:
            document = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise FormatError(f"{source} is no JSON ({error}): check the file") from None
        return from_document(document, source)
    if "-->" in content:
        return captions.parse(content, source, "srt")
    if ctm.begins(content):
        return ctm.parse(content, source)
    raise FormatError(f"{source} is no transcript that is known: give {KNOWN}")


def from_document(document: Any, source: str = "transcript") -> Transcript:
    """Read parsed JSON; told apart by its keys."""
    if isinstance(document, dict) and isinstance(document.get("transcription"), list):
        return whisper_cpp.parse(document, source)
    if isinstance(document, list) or (
        isinstance(document, dict) and document.keys() & {"segments", "words"}
    ):
        return whisper.parse(document, source)
    raise FormatError(f"{source} is no transcript that is known: give {KNOWN}")


def to_document(transcript: Transcript) -> Any:
    """Return what JSON is written of: the source's own document with speakers, or segments."""
    if transcript.family == whisper.FAMILY:
        return whisper.document(transcript)
    if transcript.family == whisper_cpp.FAMILY:
        return whisper_cpp.document(transcript)
    return whisper.anew(transcript)


def dumps(transcript: Transcript, name: str) -> str:
    """Write a transcript with its speakers.

    Raises
    ------
    FormatError
        When there is no such format, or a name does not fit into it.
    """
    if name == "json":
        return json.dumps(to_document(transcript), ensure_ascii=False, indent=1) + "\n"
    writers = {
        "srt": captions.to_srt,
        "vtt": captions.to_vtt,
        "txt": lines.to_txt,
        "ctm": ctm.dumps,
        "stm": lines.to_stm,
    }
    if name not in writers:
        raise FormatError(f"the format {name!r} is unknown: choose {', '.join(FORMATS)}")
    return writers[name](transcript)
