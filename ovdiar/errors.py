"""Exceptions and warnings. Each exception also derives from the matching builtin.

A message is one line with the value, the limit and the next step.
"""

from __future__ import annotations


class OvdiarError(Exception):
    """Base class of all exceptions raised by ovdiar."""


class AudioError(OvdiarError, ValueError):
    """Audio cannot be decoded, or has invalid samples."""


class AudioNotFoundError(AudioError, FileNotFoundError):
    """An audio file does not exist."""

    __str__ = Exception.__str__


class ModelError(OvdiarError, ValueError):
    """A checkpoint, network or bundle is damaged or incompatible."""


class ModelNotFoundError(ModelError, FileNotFoundError):
    """A bundle or checkpoint does not exist."""

    __str__ = Exception.__str__


class DownloadError(ModelError, ConnectionError):
    """Weights could not be downloaded during export."""

    __str__ = Exception.__str__


class ConfigError(OvdiarError, ValueError):
    """A parameter is invalid, or parameters contradict each other."""


class MissingPackageError(ConfigError, ImportError):
    """An optional package is required and not installed."""

    __str__ = Exception.__str__


class CancelledError(OvdiarError, InterruptedError):
    """A run was cancelled through its ``cancel`` event."""

    __str__ = Exception.__str__


class EnrolmentError(OvdiarError, ValueError):
    """A voice cannot be enrolled from a recording: too short, several voices, too noisy."""


class FormatError(OvdiarError, ValueError):
    """A file of turns or words (RTTM, JSON, ...) cannot be parsed or written."""


class OutputError(FormatError, ConfigError, OSError):
    """A file that cannot be written where it was asked for: its place, its rights, the disk."""

    __str__ = Exception.__str__


class OvdiarWarning(UserWarning):
    """The result differs from what was requested."""
