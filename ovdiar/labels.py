"""Names of tracks and speakers that have none: A to Z, AA, AB, ..."""

from __future__ import annotations


def letters(index: int) -> str:
    """Return the name of a column as in spreadsheets: A to Z, AA, AB, ..."""
    name = ""
    index += 1
    while index:
        index, digit = divmod(index - 1, 26)
        name = chr(ord("A") + digit) + name
    return name
