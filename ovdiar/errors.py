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


class OutOfMemoryError(OvdiarError, MemoryError):
    """There is not enough memory, or a limit forbids to use it."""


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


OUT_OF_MEMORY = (
    *("bad_alloc", "alloc memory", "can't alloc", "annot allocate memory", "Unable to allocate"),
    *("failed to map segment", "Resource temporarily unavailable", "can't start new thread"),
)
"""What libraries say when there is no memory; the last two: for the stack of a thread."""


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an exception of any library means that there is no memory."""
    if isinstance(error, MemoryError):
        return True
    return any(words in str(error) for words in OUT_OF_MEMORY)


def out_of_memory(what: str, error: BaseException) -> OutOfMemoryError:
    """Return the error to raise: ``what`` could not be done, and why."""
    reason = next((line for line in reversed(str(error).splitlines()) if line.strip()), "")
    reason = reason.strip()[:200] or type(error).__name__
    return OutOfMemoryError(
        f"out of memory {what} ({reason}): close other programs, lower --batch-size, or raise "
        "the limit of memory (ulimit -v)"
    )
