"""The program ffmpeg as a maker of files, in whatever format people have them."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def encode(ffmpeg: str, sound: Path, output: Path, *how: str) -> Path:
    """Write a recording in another format, which the suffix and options say; return its path."""
    command = (ffmpeg, "-y", "-nostdin", "-v", "error", "-i", str(sound), *how, str(output))
    subprocess.run(command, check=True)
    return output
