"""Names for speakers, a JSON object: ``{"SPEAKER_00": "Ann", "SPEAKER_01": "Bob"}``."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING

from ovdiar.errors import FormatError, OvdiarWarning
from ovdiar.formats.columns import read

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

SHOWN = '{"SPEAKER_00": "Ann"}'


def load(path: str | os.PathLike[str]) -> dict[str, str]:
    """Read which label gets which name; two labels with one name become one speaker.

    Raises
    ------
    FormatError
        When there is no such file, at what is no JSON object, and at a name that is no text.
    """
    try:
        names = json.loads(read(path))
    except (ValueError, RecursionError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(f"{path} is no JSON ({error}): give names as {SHOWN}") from None
    if not isinstance(names, dict):
        raise FormatError(f"{path} is no object of labels and names: give names as {SHOWN}")
    for label, name in names.items():
        if not isinstance(name, str) or not name.strip():
            raise FormatError(f"{path}: the name {name!r} of {label!r} is no text: correct it")
    return names


def warn_of_unknown(names: Mapping[str, str], labels: Iterable[str]) -> None:
    """Warn of names for labels that nobody has."""
    labels = sorted(labels)
    unknown = sorted(names.keys() - set(labels))
    if unknown:
        warnings.warn(
            f"nobody is called {', '.join(unknown)}: the labels are {', '.join(labels) or 'none'}",
            OvdiarWarning,
            stacklevel=2,
        )
