"""The one reader of text files: their size, encoding, line ends and JSON, and what messages quote.

Files of turns and of words, scored parts, names and presets all come through `read` or, where a
format may hold invalid UTF-8, `read_bytes` and `decode`.
"""

from __future__ import annotations

import codecs
import json
import re
import reprlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovdiar.errors import FormatError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

MAX_BYTES = 2**28
"""Largest text file; a day of words with their times takes a tenth of it."""
MAX_QUOTED = 200
"""Characters of a value that a message quotes."""
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte-order marks, and the encodings that drop them."""
NEWLINE = re.compile(r"\r{0,2}\n|\r")
r"""The end of a line: of Unix, Windows and old Macs, and ``\r\r\n``, which a second translation of
Windows' line ends leaves."""
_quotes = reprlib.Repr()
_quotes.maxlevel = 3
_quotes.maxlong = _quotes.maxother = MAX_QUOTED


def read(path: str | os.PathLike[str]) -> str:
    """Read a text file in UTF-8, UTF-16 or UTF-32; a byte-order mark is dropped.

    Raises
    ------
    FormatError
        If the file cannot be read, is larger than `MAX_BYTES`, or is not text.
    """
    return decode(read_bytes(path), str(path))


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """Read the bytes of a text file; errors as in `read`."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = getattr(error, "strerror", None) or error
        raise FormatError(f"{path} cannot be read ({reason}): check the path") from error
    if len(data) > MAX_BYTES:
        raise FormatError(
            f"{path} has more than {MAX_BYTES >> 20} MiB: give a text file, or split it"
        )
    return data


def decode(data: bytes, source: str, errors: str = "strict") -> str:
    """Decode a text file; UTF-16 is also recognised without a byte-order mark.

    Parameters
    ----------
    data
        Bytes of the file.
    source
        Name of the file in error messages.
    errors
        Treatment of bytes that are not UTF-8, as in `bytes.decode`.

    Raises
    ------
    FormatError
        If the bytes are not text in the encoding.
    """
    encoding = next((name for mark, name in MARKS if data.startswith(mark)), "utf-8")
    if encoding == "utf-8" and 0 in data[:2]:
        encoding = "utf-16-be" if data[0] == 0 else "utf-16-le"
    try:
        return data.decode(encoding, errors if encoding.startswith("utf-8") else "strict")
    except UnicodeDecodeError as error:
        name = encoding[:6].removesuffix("-").upper()
        raise FormatError(
            f"{source} is not {name} text (byte {error.start}): save it as UTF-8 text"
        ) from error


def files_of(folder: Path, suffix: str) -> list[Path]:
    """Return the files of a folder with a suffix, in any case, by name; hidden ones are skipped."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() == suffix and not path.name.startswith(".") and path.is_file()
    )


def split_lines(text: str) -> list[str]:
    """Split a text at its line ends, see `NEWLINE`."""
    return NEWLINE.split(text)


def parse_json(text: str, source: str, hint: str = "check the file") -> Any:
    """Parse JSON.

    Parameters
    ----------
    text
        Text of a file.
    source
        Name of the file in error messages.
    hint
        Next step in error messages.

    Raises
    ------
    FormatError
        If the text is not JSON, or too deeply nested.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{source} is not valid JSON ({error}): {hint}") from None


def dump_json(content: Any) -> str:
    """Serialize values as JSON with a line for each, and a line end.

    Raises
    ------
    FormatError
        If the values are too deeply nested.
    """
    try:
        return json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    except RecursionError:
        raise FormatError(
            "the JSON is nested too deeply to be written: remove what is no turn and no word"
        ) from None


def quoted(value: Any, most: int = MAX_QUOTED) -> str:
    """Return a value as a message quotes it: its ``repr`` in up to ``most`` characters."""
    text = repr(value[:most]) if isinstance(value, str) else _quotes.repr(value)
    whole = len(text) <= most and not (isinstance(value, str) and len(value) > most)
    return text if whole else f"{text[: most - 3]}..."


def counted(count: int, noun: str) -> str:
    """Return a number with its noun: ``1 turn``, ``2 turns``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def listed(names: Iterable[str], most: int = MAX_QUOTED) -> str:
    """Return names as a message lists them, in up to ``most`` characters."""
    text = ", ".join(names)
    return text if len(text) <= most else f"{text[: most - 3]}..."
