"""What the names of recordings end with, where a folder holds other files too."""

from __future__ import annotations

AUDIO_SUFFIXES = frozenset(
    {".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aac", ".mp4", ".mkv", ".mov", ".webm"}
    | {".wma", ".aif", ".aiff", ".au", ".caf", ".amr", ".w64"}
)
"""Suffixes of audio files, compared without case."""
