"""Every reader takes time in proportion to its text, whatever is repeated in it."""

from __future__ import annotations

import time
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from ovdiar import formats, transcripts
from ovdiar.annotation import Annotation
from ovdiar.errors import OvdiarError
from ovdiar.formats import uem
from ovdiar.words import assign_speakers

if TYPE_CHECKING:
    from collections.abc import Callable

TALK = Annotation.of([(n / 2, n / 2 + 0.6, "AB"[n % 2]) for n in range(40)], "call")
SRT, VTT = "00:00:01,000 --> 00:00:02,000\n", "00:01.000 --> 00:02.000\n"
WORD = '{"word": "so", "start": 1, "end": 2}, '
PIECE = '{"text": " a", "offsets": {"from": 0, "to": 90}}, '
TURN = '{"start": 0, "end": 1, "speaker": "A"}, '
SEGMENT = '{"segments": [{"start": 0, "end": 9, "text": "%s", "words": [%s]}]}'
ENTRY = '{"transcription": [{"offsets": {"from": 0, "to": 9000}, "text": "%s", "tokens": [%s]}]}'
HERE = "@"
"""Where the repeated part stands."""
UNITS = (
    *("<v ", "<v a", "<v.", "<i>", "</i>", "<", ">", "a<b ", "[", "[a", "[A] ", "]", "a:", "- "),
    *("-", " ", "\t", "\n", "\r", "\r\n", " \n", "\n\n", "\x0b", '"', '""', "'", "\\\\", ",", ";"),
    *(
        ".",
        "(",
        "1",
        "1.",
        "1 ",
        "1e",
        "-->",
        "-->\n",
        "1\n",
        "00:",
        "&",
        "&amp;",
        "你",
        "か。",
        "é",
    ),
    *("a", "a ", "word ", "! ", "!\n", ";;\n", "<exists> ", '"" 0 1 ', '"a"\n', "x\ty\t", "0\t1\t"),
    *("{", "[[", "}", "\udcc3", "x 1 0 1\n", "x 1 A 0 1\n", "x 1 0.5 0.4 so\n", "0\t1\tA\n"),
    *("0,1,A\n", f"{SRT}[A]\n", f"{SRT}\n\nso\n", f"{VTT}<v A>a\n\n", "NOTE a\n\n", "a\n\n"),
    *(WORD, PIECE, TURN, "SPEAKER ", "SPEAKER x 1 0 1 <NA> <NA> A <NA> <NA>\n"),
)
"""What is repeated: beginnings of patterns, separators, and whole rows."""


def _turns(name: str, text: str) -> None:
    """Read turns as the module of a format does, and write them in every format."""
    found = import_module(f"ovdiar.formats.{name}").loads(text)
    for annotation in found.values() if isinstance(found, dict) else [found]:
        for other in formats.SUFFIXES:
            formats.dumps(annotation, other)


def _words(text: str) -> None:
    """Read words, give them speakers, and write them in every format."""
    found = assign_speakers(transcripts.parse(text), TALK)
    for name in transcripts.FORMATS:
        transcripts.dumps(found, name)


READERS: dict[str, tuple[Callable[[str], Any], tuple[str, ...]]] = {
    "rttm": (partial(_turns, "rttm"), ("@", "SPEAKER x 1 0 1 <NA> <NA> @ <NA> <NA>\n")),
    "json": (partial(_turns, "json"), ("@", '[{"start": 0, "end": 1, "speaker": "@"}]')),
    "csv": (partial(_turns, "csv"), ("@", "start,end,speaker\n@", "start,end,speaker\n0,1,@\n")),
    "srt": (partial(_turns, "srt"), ("@", f"{SRT}@", f"{SRT}[A]@\n{SRT}[B]")),
    "vtt": (partial(_turns, "vtt"), (f"WEBVTT\n\n{VTT}@", f"WEBVTT\n\n{VTT}<v @>a\n", "WEBVTT\n@")),
    "textgrid": (
        partial(_turns, "textgrid"),
        (
            "@",
            '"ooTextFile" "TextGrid" 0 1 <exists> @',
            '"ooTextFile" "TextGrid" 0 1 <exists> 1 "@',
        ),
    ),
    "elan": (partial(_turns, "elan"), ("@", "<ANNOTATION_DOCUMENT>@", '<TIER TIER_ID="@"/>')),
    "audacity": (partial(_turns, "audacity"), ("@", "0\t1\t@\n", "0\t@\tA\n")),
    "stm": (partial(_turns, "stm"), ("@", "x 1 @ 0 1 so\n", "x 1 A 0 1 @\n")),
    "uem": (uem.loads, ("@", "x 1 0 @\n")),
    "words.srt": (_words, (f"{SRT}@", f"{SRT}[A] so\n\n@\n{SRT}[B] it", f"1\n@{SRT}so")),
    "words.vtt": (_words, (f"WEBVTT\n\n{VTT}@", f"WEBVTT\n\n{VTT}<v A>so@ it</v>\n", "WEBVTT\n@")),
    "ctm": (_words, ("x 1 0.5 0.4 so\n@", "x 1 0.5 0.4 @\n")),
    "whisper": (
        _words,
        (SEGMENT % ("@", ""), SEGMENT % ("so", WORD[:-2]), SEGMENT % ("so", f"@{WORD[:-2]}")),
    ),
    "whisper words": (_words, (SEGMENT % ("@", WORD * 400 + WORD[:-2]),)),
    "whisper.cpp": (_words, (ENTRY % ("@", ""), ENTRY % ("so", f"@{PIECE[:-2]}"))),
}
"""How each reader is called, and texts with a place for what is repeated."""
SMALL, GROWTH = 2500, 4
"""Characters of the repeated part, and how many times as many are tried: two doublings."""
SLACK_S = 0.1
"""Time that says nothing about growth."""


def _seconds(read: Callable[[str], Any], text: str) -> float:
    """Measure the processor time of a reader, which may refuse the text in a short line."""
    started = time.process_time()
    try:
        read(text)
    except OvdiarError as error:
        assert len(str(error)) <= 500  # noqa: PT017 - either outcome is right
    return time.process_time() - started


@pytest.mark.filterwarnings("ignore::ovdiar.errors.OvdiarWarning")
@pytest.mark.parametrize("reader", READERS)
def test_a_reader_takes_time_in_proportion_to_its_text(reader: str) -> None:
    read, templates = READERS[reader]
    slow = []
    for template in templates:
        for unit in UNITS:
            texts = [
                template.replace(HERE, unit * (growth * SMALL // len(unit)))
                for growth in (1, GROWTH)
            ]
            if _seconds(read, texts[1]) < SLACK_S:
                continue
            short_s, long_s = (min(_seconds(read, text) for _ in range(2)) for text in texts)
            if long_s > 2 * GROWTH * short_s + SLACK_S:
                slow.append((template[:60], unit, short_s, long_s))
    assert slow == []
