"""The page: a template that is filled with its style, its scripts, the turns and the audio.

Everything is in one file, and the file forbids itself everything else: its content security policy
names the digests of its one style and its one script, and allows no connection.
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
from ovdiar.report.comparison import compare
from ovdiar.report.content import content
from ovdiar.report.scripts import bundle
from ovdiar.tuning.writing import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ovdiar.annotation import Annotation
    from ovdiar.audio.reading import AudioInput

ASSETS = resources.files("ovdiar.report") / "assets"
PLACE = re.compile(r"\{\{ (\w+) \}\}")


def write_page(
    path: str | os.PathLike[str],
    audio: AudioInput,
    annotation: Annotation,
    *,
    title: str | None = None,
    reference: Annotation | None = None,
    link: str | os.PathLike[str] | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> None:
    """Write a page that shows turns, plays them, and lets them be corrected.

    Parameters
    ----------
    path
        The HTML file; it is whole, or not there.
    audio
        The recording (see `ovdiar.audio.reading.AudioInput`), embedded as MP3.
    annotation
        Its turns.
    title
        The headline; by default the recording's name.
    reference
        The truth, shown beside with errors marked.
    link
        The recording's file, to be played from where it lies, seen from the page, and not embedded.
    provenance
        What made the turns, kept in JSON that is downloaded (see `ovdiar.serialization`).

    Raises
    ------
    AudioError
        When the recording cannot be decoded.
    ConfigError
        When the page cannot be written.
    """
    sound = encode(audio) if link is None else measure(audio)
    told = content(
        annotation,
        sound,
        title=title or annotation.uri or "Recording",
        link=None if link is None else _address(Path(link), Path(path)),
        comparison=None if reference is None else compare(reference, annotation),
        provenance=provenance,
    )
    write_whole(Path(path), page(told, sound.mp3))


def _address(audio: Path, page_path: Path) -> str:
    """Say where a file lies, seen from the page: relative, unless it is on another drive."""
    try:
        way = os.path.relpath(audio.resolve(), page_path.resolve().parent)
    except ValueError:
        return audio.resolve().as_uri()
    return quote(Path(way).as_posix().encode(errors="surrogateescape"), safe="/")


def page(told: dict[str, Any], mp3: bytes = b"") -> bytes:
    """Fill the template with what `content.content` tells, and with audio."""
    style, script = asset("page.css"), bundle(asset, "main.js")
    policy = [
        "default-src 'none'",
        f"style-src '{_digest(style)}'",
        f"script-src '{_digest(script)}'",
        "media-src blob:" if told["link"] is None else "media-src 'self' file:",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    filling = {
        "title": escape(told["title"]),
        "policy": "; ".join(policy),
        "style": style,
        "script": script,
        "content": _inert(json.dumps(told, separators=(",", ":"))),
    }
    text = PLACE.sub(lambda place: filling.get(place[1], place[0]), asset("page.html"))
    before, after = text.split("{{ audio }}")
    parts = [before.encode(errors="replace"), base64.b64encode(mp3), after.encode()]
    return b"".join(parts)


def asset(name: str) -> str:
    """Read a part of the page."""
    return (ASSETS / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _inert(text: str) -> str:
    """Write JSON so that nothing in it ends, or begins, an element; it says the same."""
    return text.replace("&", r"\u0026").replace("<", r"\u003c").replace(">", r"\u003e")
