"""Conversations of any length, made by the shared simulator and kept for the next run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SHARED = Path(os.environ.get("OVDIAR_SHARED") or Path(__file__).parents[3] / "shared")


def conversation(folder: Path, minutes: float, *, speakers: int = 3, seed: int = 5) -> Path:
    """Return a simulated recording of so many minutes; its labels lie beside it."""
    stem = folder / f"{minutes:g}min-{speakers}speakers-{seed}"
    audio = stem.with_suffix(".flac")
    if not audio.exists():
        folder.mkdir(parents=True, exist_ok=True)
        simulator = SHARED / "tools" / "simulate.py"
        numbers = {"--minutes": minutes, "--speakers": speakers, "--seed": seed}
        options = [str(part) for pair in numbers.items() for part in pair]
        subprocess.run([sys.executable, simulator, stem, *options], check=True)
    return audio
