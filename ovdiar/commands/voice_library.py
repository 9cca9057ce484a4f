"""The command over a library of known voices: voices list, remove, purge."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovdiar.commands.options import add_command, check_place
from ovdiar.commands.statistics import table

if TYPE_CHECKING:
    import argparse

    from ovdiar.voices.library import VoiceLibrary
    from ovdiar.voices.voice import Voice


def add(commands: Any) -> None:
    """Add this command to a parser."""
    parser = add_command(
        commands,
        "voices",
        _list,
        "list, remove or purge known voices",
        "ovdiar voices list voices.json",
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    listed = add_command(
        actions, "list", _list, "list the voices of a library", "ovdiar voices list voices.json"
    )
    removed = add_command(
        actions,
        "remove",
        _remove,
        "delete voices from a library",
        "ovdiar voices remove voices.json Ann",
    )
    purged = add_command(
        actions,
        "purge",
        _purge,
        "delete the voices that have expired",
        "ovdiar voices purge voices.json",
    )
    for each in (listed, removed, purged):
        each.add_argument("voices", type=Path, metavar="VOICES.json", help="the library")
    listed.add_argument(
        "--format", choices=["text", "json"], default="text", help="format (default: text)"
    )
    removed.add_argument("names", nargs="+", metavar="NAME", help="who is deleted")


def _list(options: argparse.Namespace) -> None:
    from ovdiar.voices.library import VoiceLibrary

    library = VoiceLibrary.load(options.voices)
    if options.format == "json":
        entries = [_facts(voice) for voice in library]
        sys.stdout.write(json.dumps(entries, ensure_ascii=False, indent=1) + "\n")
        return
    head = ("name", "exemplars", "seconds", "enrolled", "expires", "consent")
    rows = (
        tuple("" if each is None else str(each) for each in _facts(v).values()) for v in library
    )
    sys.stdout.write(table(head, rows))


def _facts(voice: Voice) -> dict[str, Any]:
    return {
        "name": voice.name,
        "exemplars": len(voice.exemplars),
        "seconds": round(voice.seconds, 1),
        "enrolled": voice.enrolled.isoformat(),
        "expires": voice.expires and voice.expires.isoformat(),
        "consent": voice.consent,
    }


def _remove(options: argparse.Namespace) -> None:
    library = _to_change(options)
    for name in dict.fromkeys(options.names):
        library.remove(name)
    library.save(options.voices)


def _purge(options: argparse.Namespace) -> None:
    library = _to_change(options)
    purged = library.purge()
    if purged:
        library.save(options.voices)
    sys.stdout.write("".join(f"{voice.name}\n" for voice in purged))


def _to_change(options: argparse.Namespace) -> VoiceLibrary:
    from ovdiar.voices.library import VoiceLibrary

    library = VoiceLibrary.load(options.voices)
    check_place(options.voices)
    return library
