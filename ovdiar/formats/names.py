"""Speaker names in JSON, an object ``{"SPEAKER_00": "Ann", "SPEAKER_01": "Bob"}``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovdiar.annotation import Annotation
from ovdiar.errors import FormatError
from ovdiar.notices import warn
from ovdiar.texts import listed, parse_json, quoted, read

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

EXAMPLE = '{"SPEAKER_00": "Ann"}'


def load(path: str | os.PathLike[str]) -> dict[str, str]:
    """Read a mapping from speaker labels to names. Labels with the same name become one speaker.

    Raises
    ------
    FormatError
        If the file does not exist, is not a JSON object, or has a name that is not a string.
    """
    names = parse_json(read(path), str(path), f"give names as {EXAMPLE}")
    if not isinstance(names, dict):
        raise FormatError(f"{path} is not an object of labels and names: give names as {EXAMPLE}")
    for label, name in names.items():
        if not isinstance(name, str) or not name.strip():
            raise FormatError(
                f"{path}: the name {quoted(name)} of {quoted(label)} is not a string: correct it"
            )
    return names


def check(names: Iterable[str], form: str) -> None:
    """Refuse names that a format cannot hold.

    Raises
    ------
    FormatError
        As writing turns with such a speaker.
    """
    from ovdiar.formats import dumps  # noqa: PLC0415 - which imports the formats

    dumps(Annotation.of((0, 1, name) for name in names), form)


def warn_of_unknown(names: Mapping[str, str], labels: Iterable[str]) -> None:
    """Warn of names for labels that do not occur."""
    labels = sorted(labels)
    unknown = sorted(names.keys() - set(labels))
    if unknown:
        warn(f"no speaker is named {listed(unknown)}: the labels are {listed(labels) or 'none'}")
