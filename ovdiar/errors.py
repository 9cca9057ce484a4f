"""What can go wrong, by whose fault: each error is ours and also the builtin a caller would guess.

Every message is one line that names the value, the limit and the next step.
"""

from __future__ import annotations


class OvdiarError(Exception):
    """Base of everything that ovdiar raises on purpose."""


class AudioError(OvdiarError, ValueError):
    """Audio that cannot be decoded or that holds impossible samples."""


class AudioNotFoundError(AudioError, FileNotFoundError):
    """An audio path that leads nowhere."""

    __str__ = Exception.__str__


class ModelError(OvdiarError, ValueError):
    """A checkpoint, a network or a bundle that is damaged, foreign or does not fit."""


class ModelNotFoundError(ModelError, FileNotFoundError):
    """A bundle or a checkpoint that is not where it was looked for."""

    __str__ = Exception.__str__


class DownloadError(ModelError, ConnectionError):
    """Weights that could not be fetched while exporting."""

    __str__ = Exception.__str__


class ConfigError(OvdiarError, ValueError):
    """A parameter out of its range, or parameters that contradict each other."""


class MissingPackageError(ConfigError, ImportError):
    """An optional package that the request needs and the environment lacks."""

    __str__ = Exception.__str__


class CancelledError(OvdiarError, InterruptedError):
    """A run that was stopped because its ``cancel`` was set."""

    __str__ = Exception.__str__


class FormatError(OvdiarError, ValueError):
    """A file of turns (RTTM, JSON, ...) that cannot be parsed or written."""


class OvdiarWarning(UserWarning):
    """An answer that was given, but not quite the one that was asked for."""
