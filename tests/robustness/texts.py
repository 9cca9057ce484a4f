"""Damaged texts of every format: each is read, or refused in one line, in bounded time.

Run ``python -m robustness.texts --count 50000 --seed 0`` in ``tests/``; it prints a table as JSON,
and its exit status is 1 if there is any fault. Ctrl-C ends it with the table so far.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from ovdiar import formats, presets, transcripts
from ovdiar.annotation import Annotation
from ovdiar.errors import OvdiarError
from ovdiar.formats import names, uem
from ovdiar.words import assign_speakers
from robustness.material import OTHERS, SUFFIXES, TRANSCRIPTS, TURNS
from robustness.outcomes import Tally, report

Mutation = Callable[[str, Random], str]
KINDS = (*TURNS, *TRANSCRIPTS, *OTHERS)
TALK = Annotation.of([(n, n + 1.2, "AB"[n % 2]) for n in range(60)], "call")
NUMBERS = (
    *("-1", "0", "1e308", "-1e308", "1e999", "9" * 400, "9" * 5000, "nan", "inf", "0x10", "1_000"),
    *("١٢", "1,5", "--1", "00:61:00,000", "999999:59:59,999", "", "null", "true", '"1"', "[1]"),
)
PIECES = (
    *("-->", "<v ", "</v>", "[A]", "[", "]", "{", "}", '"', '""', "\t", ";;", ":", "<NA>", "&#0;"),
    *("<!DOCTYPE a [<!ENTITY b 'c'>]>", "&b;", "<![CDATA[", "-->\n", "WEBVTT\n", "\n\n", " \n"),
    *(
        "SPEAKER ",
        "IntervalTier",
        "\\",
        "\\u",
        "\\ud800",
        "\u2028",
        "\ufeff",
        "\ufffd",
        "\U0010ffff",
    ),
)
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, -0.5, 1e308, -1e308, 10**30, 10**400, float("nan")),
    *(float("inf"), "", " ", "x", "a" * 5000, "\ud800", "\udcc3", [], {}, [[]], [{}], {"a": []}),
)
LINE_ENDS = ("\n", "\r\n", "\r", "\r\r\n", "\n\n", "\x0b", "\x0c", "\x85", "\u2028")
ENCODINGS = (
    *("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"),
    *("latin-1", "cp1252", "shift-jis", "utf-7"),
)


def _cut(text: str, random: Random) -> str:
    start = random.randint(0, len(text))
    return random.choice((text[:start], text[start:], text[:start] + text[start + 9 :]))


def _lines(text: str, random: Random) -> str:
    lines = text.split("\n")
    at, to = random.randrange(len(lines)), random.randrange(len(lines))
    match random.choice(("double", "many", "drop", "swap", "shuffle")):
        case "double":
            lines.insert(to, lines[at])
        case "many":
            lines[to:to] = [lines[at]] * 500
        case "drop":
            del lines[at]
        case "swap":
            lines[at], lines[to] = lines[to], lines[at]
        case "shuffle":
            random.shuffle(lines)
    return "\n".join(lines)


def _long(text: str, random: Random) -> str:
    at = random.randint(0, len(text))
    repeated: str = random.choice((*PIECES, *"a0 -.,:<>\n\t\"'", "ab ", "1 ", "<a", "[A]: "))
    return text[:at] + repeated * random.choice((50, 1000, 5000)) + text[at:]


def _number(text: str, random: Random) -> str:
    found = list(re.finditer(r"[\d.]+", text))
    if not found:
        return text
    match = random.choice(found)
    return text[: match.start()] + random.choice(NUMBERS) + text[match.end() :]


def _piece(text: str, random: Random) -> str:
    at = random.randint(0, len(text))
    return text[:at] + random.choice(PIECES) + text[at + random.randint(0, 3) :]


def _control(text: str, random: Random) -> str:
    characters = list(text)
    for _ in range(random.randint(1, 8)):
        code = random.choice((random.randrange(32), 127, random.randrange(0x80, 0xA0), 0xD800))
        characters.insert(random.randint(0, len(characters)), chr(code))
    return "".join(characters)


def _nesting(text: str, random: Random) -> str:
    pairs = (("[", "]"), ('{"a":', "}"), ("<a>", "</a>"), ("<i>", "</i>"))
    opening, closing = random.choice(pairs)
    depth = random.choice((3, 300, 600, 900, 990, 3000, 100_000))
    found = list(re.finditer(r'[\d.]+|"[^"\n]*"', text))
    start, end = random.choice(found).span() if found else (0, 0)
    inner = text[start:end] or "1"
    return f"{text[:start]}{opening * depth}{inner}{closing * depth}{text[end:]}"


def _value(text: str, random: Random) -> str:
    """Replace or remove a value of JSON; of other texts, a number."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return _number(text, random)
    places = [(None, None), *_places(content)]
    holder, key = random.choice(places[1:] or places)
    if holder is None:
        return json.dumps(random.choice(VALUES))
    if random.random() < 0.2:
        del holder[key]
    else:
        holder[key] = random.choice(VALUES)
    return json.dumps(content, ensure_ascii=random.random() < 0.5)


def _places(content: Any) -> list[tuple[Any, Any]]:
    """List the places of all values within lists and objects."""
    found: list[tuple[Any, Any]] = []
    if isinstance(content, (list, dict)):
        for key in list(content) if isinstance(content, dict) else range(len(content)):
            found += [(content, key), *_places(content[key])]
    return found


def _newlines(text: str, random: Random) -> str:
    one = random.choice(LINE_ENDS)
    return "".join(
        random.choice((one, "\n")) if character == "\n" else character for character in text
    )


MUTATIONS: tuple[Mutation, ...] = (
    *(_cut, _lines, _long, _number, _number, _piece, _piece, _control, _nesting, _newlines),
    *(_value, _value),
)


def damaged(kind: str, number: int, seed: int) -> bytes:
    """Draw a text of a kind, damage it once to three times, and encode it.

    The same arguments make the same bytes.
    """
    random = Random(f"{seed} {kind} {number}")  # noqa: S311 - not for secrets
    text = {**TURNS, **TRANSCRIPTS, **OTHERS}[kind](random)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        text = random.choice(MUTATIONS)(text, random)
    encoding = random.choice(ENCODINGS) if random.random() < 0.1 else "utf-8"
    errors = "surrogatepass" if encoding.startswith("utf-") and encoding != "utf-7" else "replace"
    data = bytearray(text.encode(encoding, errors))
    for _ in range(random.randint(1, 4) if data and random.random() < 0.05 else 0):
        data[random.randrange(len(data))] = random.randrange(256)
    return bytes(data)


def read(kind: str, path: Path) -> None:
    """Read a file as the commands do, and write what it holds in every format."""
    if kind in TURNS:
        saved = formats.read_saved(path)
        formats.read_recording(path, "call")
        for name in formats.SUFFIXES:
            with suppress(OvdiarError):
                formats.dumps(
                    saved.annotation,
                    name,
                    exclusive=saved.exclusive,
                    provenance=saved.provenance,
                    notices=saved.notices,
                )
    elif kind in TRANSCRIPTS:
        assigned = assign_speakers(transcripts.read(path), TALK)
        for name in transcripts.FORMATS:
            with suppress(OvdiarError):
                transcripts.dumps(assigned, name)
    elif kind == "uem":
        uem.load(path)
    elif kind == "names":
        names.load(path)
    else:
        presets.choose(presets.DIARIZATION, path, presets.DIARIZATION["3.1"], {})


def run(count: int, seed: int) -> dict[str, Tally]:
    """Read so many damaged texts, as many of each kind."""
    tallies = {kind: Tally() for kind in KINDS}
    with TemporaryDirectory() as folder, suppress(KeyboardInterrupt):
        for number in range(count):
            kind = KINDS[number % len(KINDS)]
            path = Path(folder, f"call{SUFFIXES.get(kind, '.txt')}")
            path.write_bytes(damaged(kind, number, seed))
            tallies[kind].attempt(f"{kind} {number}", partial(read, kind, path))
    return tallies


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Read damaged texts of every format.")
    parser.add_argument("--count", type=int, default=50_000, help="number of texts")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    return report(run(options.count, options.seed), count=options.count, seed=options.seed)


if __name__ == "__main__":
    sys.exit(main())
