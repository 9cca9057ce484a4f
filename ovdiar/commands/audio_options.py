"""Options of commands over a recording: the file, its channel and track, and limits."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from ovdiar.commands.options import add_networks, add_output


def add_audio(parser: argparse.ArgumentParser, nargs: str | None = None) -> None:
    """Add the recording, or ``nargs`` of them, the output and the networks."""
    more = "; several, or a folder, need a folder OUT" if nargs else ""
    help_text = f"the recording; - reads standard input{more}"
    parser.add_argument("audio", nargs=nargs, metavar="AUDIO", help=help_text)
    add_channel(parser)
    add_output(parser)
    add_networks(parser)


def add_channel(parser: argparse.ArgumentParser) -> None:
    """Add what to read of a recording, and how long a stream may be."""
    add_selection(parser)
    parser.add_argument(
        "--max-stream-mb",
        type=float,
        metavar="MB",
        help="refuse a longer pipe, device or standard input (default: 4096)",
    )


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Add what to read of a file: its channel and track, and whether all of it must be read."""
    parser.add_argument(
        "--channel",
        type=_channel,
        metavar="N|mix",
        help="use one channel, numbered from 0 (default: mix all)",
    )
    parser.add_argument(
        "--track",
        type=_track,
        metavar="N",
        help="use this audio track of a video, numbered from 0 (default: the first)",
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="refuse a recording that cannot be read to its end (default: a warning)",
    )


def selection_of(options: argparse.Namespace) -> dict[str, Any]:
    """Return what to read of each recording of several, where its manifest states nothing."""
    from ovdiar.batch.job import SELECTED

    return {name: getattr(options, name) for name in SELECTED}


def audio_of(options: argparse.Namespace, audio: str | None = None) -> Any:
    """Return the file that was named, or standard input, and what to read of it."""
    from ovdiar.audio.selection import SELECTED

    selected = {name: getattr(options, name) for name in SELECTED}
    audio = options.audio if audio is None else audio
    if audio == "-":
        return {"audio": sys.stdin.buffer, **selected}
    uri = Path(audio).stem.encode(errors="replace").decode()  # ? for what is no UTF-8
    return {"audio": audio, "uri": uri, **selected}


def _channel(text: str) -> int | None:
    if text == "mix":
        return None
    if text.isdecimal():
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no channel: give a number from 0, or mix")


def _track(text: str) -> int:
    if text.isdecimal():
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no track: give a number from 0")
