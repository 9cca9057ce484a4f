"""Conversations simulated beyond the development set, from voices that are not in it.

Needs the reference material: its ``tools/simulate.py`` makes them out of its ``data/voices``. The
voices are dealt out to two sets, so that what is tuned on one is tested on other people.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest.mock import patch

import numpy as np
from benchmarks.development import DATA

if TYPE_CHECKING:
    from collections.abc import Iterator

KNOWN = frozenset({"ls1998", "ls2609", "ls3005", "ls533", "vctkp226", "vctkp228"})
"""Voices of the development set's ``simulated``."""
LEAST_S = 8.0
"""Speech that a voice must hold to be cast."""
CAST = 14
"""Voices offered to one conversation; the tool takes the richest of them."""
SPEAKERS = (
    *((2, False), (4, True), (3, False), (2, True), (6, False), (3, True)),
    *((5, False), (6, True), (4, False), (5, True), (2, True), (8, False)),
)
"""Of each conversation of three minutes: how many, and whether over the telephone."""
MIXED = (2, 3, 4)
"""Of each dry minute without overlap, in the manner of ``mixes``."""
SETS = {"tune": (100, SPEAKERS[:5], ()), "test": (200, SPEAKERS, MIXED)}
"""The first seed of each set, its conversations, its dry minutes."""


class Conversation(NamedTuple):
    """What one recording is made of: a seed, a number of speakers, the tool's options."""

    group: str
    name: str
    seed: int
    options: tuple[str, ...]


def planned() -> Iterator[Conversation]:
    """List the conversations of both sets."""
    dry = ("--minutes", "1", "--overlap", "0", "--snr", "40", "--rt60", "0.05")
    for group, (first, conversations, minutes) in SETS.items():
        for seed, (count, telephone) in enumerate(conversations, first):
            name = f"{group}_{count}spk{'_tel' if telephone else ''}_s{seed}"
            line = ("--telephone",) if telephone else ()
            options = ("--speakers", str(count), "--minutes", "3", *line)
            yield Conversation(group, name, seed, options)
        for seed, count in enumerate(minutes, first + 50):
            name = f"{group}_mix_{count}spk_s{seed}"
            yield Conversation(group, name, seed, ("--speakers", str(count), *dry))


def simulate(folder: Path) -> dict[str, list[Path]]:
    """Make what is not there yet, and list the audio files of both sets."""
    phrases = json.loads((DATA / "voices" / "phrases.json").read_text(encoding="utf-8"))
    sets = _voices(phrases)
    tool = _tool()
    made: dict[str, list[Path]] = {group: [] for group in sets}
    for each in planned():
        out = folder / each.group / each.name
        if not out.with_suffix(".uem").exists():
            rng = np.random.default_rng(each.seed)
            cast = set(rng.choice(sets[each.group], CAST, replace=False).tolist())
            chosen = [row for row in phrases if row["speaker"] in cast]
            argv = ["simulate", str(out), "--seed", str(each.seed), *each.options]
            with tempfile.TemporaryDirectory() as voices, patch.object(sys, "argv", argv):
                _link(chosen, Path(voices))
                tool.VOICES = Path(voices)
                tool.main()
        made[each.group].append(out.with_suffix(".flac"))
    return made


def _voices(phrases: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Deal the voices that are new and rich enough out to the two sets."""
    seconds: dict[str, float] = {}
    for row in phrases:
        spoken = sum(end - start for start, end in row["phrases"])
        seconds[row["speaker"]] = seconds.get(row["speaker"], 0) + spoken
    rich = sorted(k for k, held in seconds.items() if held >= LEAST_S and k not in KNOWN)
    dealt = np.random.default_rng(2026).permutation(rich)
    return {group: sorted(dealt[i::2].tolist()) for i, group in enumerate(SETS)}


def _tool() -> Any:
    path = DATA.parent / "tools" / "simulate.py"
    spec = importlib.util.spec_from_file_location("simulate", path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _link(chosen: list[dict[str, Any]], folder: Path) -> None:
    for name in {row["file"] for row in chosen}:
        (folder / name).symlink_to(DATA / "voices" / name)
    (folder / "phrases.json").write_text(json.dumps(chosen), encoding="utf-8")
