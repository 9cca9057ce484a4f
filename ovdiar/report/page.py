"""HTML report: a template filled with its style, its scripts, the turns and the audio.

The file is self-contained: its content security policy lists the hashes of its only style and its
only script, and allows no connection.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from html import escape
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ovdiar.audio.encoding import encode, measure
from ovdiar.files import make_folder_of, write_bytes
from ovdiar.report.comparison import compare
from ovdiar.report.content import content
from ovdiar.report.scripts import bundle

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ovdiar.annotation import Annotation
    from ovdiar.audio.reading import AudioInput
    from ovdiar.pipelines.steps import FractionHook
    from ovdiar.transcripts.transcript import Transcript

ASSETS = resources.files("ovdiar.report") / "assets"
PLACEHOLDER = re.compile(r"\{\{ (\w+) \}\}")


def write_page(
    path: str | os.PathLike[str],
    audio: AudioInput,
    annotation: Annotation,
    *,
    title: str | None = None,
    reference: Annotation | None = None,
    link: str | os.PathLike[str] | None = None,
    file: str | None = None,
    transcript: Transcript | None = None,
    progress: FractionHook | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> None:
    """Write an HTML page that shows, plays and corrects turns.

    Parameters
    ----------
    path
        HTML file to write; its folder is created if needed.
    audio
        Recording (see `ovdiar.audio.reading.AudioInput`), embedded as MP3.
    annotation
        Turns of the recording.
    title
        Heading. By default, the name of the recording.
    reference
        Reference turns, shown next to the turns with errors marked.
    link
        Audio file to play from its location instead of embedding the audio.
    file
        Name that is suggested when corrections are saved, with the suffix ``.rttm``, ``.json`` or
        ``.srt``. By default, the name of the recording with ``.json``.
    transcript
        Words to show with the turns (see `ovdiar.transcripts.read`); they move with corrections.
    progress
        Called with the fraction of the recording that is encoded, and the time left in seconds.
    provenance
        How the turns were made; included in downloaded JSON (see `ovdiar.serialization`).

    Raises
    ------
    AudioError
        If the recording cannot be decoded.
    OutputError
        If the page cannot be written.
    """
    text = make_page(
        audio,
        annotation,
        title=title,
        reference=reference,
        link=None if link is None else _address(Path(link), Path(path)),
        file=file,
        transcript=transcript,
        progress=progress,
        provenance=provenance,
    )
    make_folder_of(path)
    write_bytes(path, text)


def make_page(
    audio: AudioInput,
    annotation: Annotation,
    *,
    title: str | None = None,
    reference: Annotation | None = None,
    link: str | None = None,
    file: str | None = None,
    served: bool = False,
    transcript: Transcript | None = None,
    progress: FractionHook | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> bytes:
    """Return the page of `write_page`; ``link`` is a URL.

    A ``served`` page sends corrections to its server (see `ovdiar.serve.editor`).
    """
    sound = (encode if link is None else measure)(audio, progress=progress)
    data = content(
        annotation,
        sound,
        title=title or annotation.uri or "Recording",
        link=link,
        file=file,
        served=served,
        transcript=transcript,
        comparison=None if reference is None else compare(reference, annotation),
        provenance=provenance,
    )
    return page(data, sound.mp3)


def _address(audio: Path, page_path: Path) -> str:
    """Return the URL of a file relative to the page, or absolute if it is on another drive."""
    try:
        relative = os.path.relpath(audio.resolve(), page_path.resolve().parent)
    except ValueError:
        return audio.resolve().as_uri()
    return quote(Path(relative).as_posix().encode(errors="surrogateescape"), safe="/")


def page(data: dict[str, Any], mp3: bytes = b"") -> bytes:
    """Fill the template.

    Parameters
    ----------
    data
        Result of `ovdiar.report.content.content`.
    mp3
        Audio to embed.

    Returns
    -------
    HTML, encoded as UTF-8.
    """
    style, script = asset("page.css"), bundle(asset, "main.js")
    policy = [
        "default-src 'none'",
        f"style-src '{_digest(style)}'",
        f"script-src '{_digest(script)}'",
        "media-src blob:" if data["link"] is None else "media-src 'self' file:",
        "img-src data:",
        *([] if data["served"] is None else ["connect-src 'self'"]),
        "base-uri 'none'",
        "form-action 'none'",
    ]
    values = {
        "title": escape(data["title"]),
        "policy": "; ".join(policy),
        "style": style,
        "script": script,
        "content": _escape_json(json.dumps(data, separators=(",", ":"))),
    }
    text = PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), asset("page.html"))
    before, after = text.split("{{ audio }}")
    parts = [before.encode(errors="replace"), base64.b64encode(mp3), after.encode()]
    return b"".join(parts)


def asset(name: str) -> str:
    """Read a file of the page."""
    return (ASSETS / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _escape_json(text: str) -> str:
    """Escape JSON so that it cannot start or end an HTML element; it parses to the same value."""
    return text.replace("&", r"\u0026").replace("<", r"\u003c").replace(">", r"\u003e")
