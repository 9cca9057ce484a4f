"""A folder of audio and references becomes samples, or one line says what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ovdiar.errors import ConfigError, FormatError, OvdiarError, OvdiarWarning
from ovdiar.segment import Segment
from ovdiar.tuning import read_corpus

if TYPE_CHECKING:
    from pathlib import Path

TURN = "SPEAKER {} 1 0.000 2.000 <NA> <NA> A <NA> <NA>\n"


def _fill(folder: Path, **files: str) -> Path:
    """Write files; two underscores in a name stand for the dot."""
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return folder


def test_files_are_paired_by_name_in_order_and_others_are_no_concern(tmp_path: Path) -> None:
    _fill(tmp_path, b__FLAC="", b__rttm=TURN.format("other"), a__wav="", a__rttm="", notes__txt="")
    (tmp_path / "._a.wav").touch()  # what macOS leaves on foreign disks
    first, second = read_corpus(tmp_path)
    assert (first.uri, first.audio.name, len(first.reference.turns), first.uem) == (
        *("a", "a.wav", 0),
        None,
    )
    assert (second.uri, second.audio.name, len(second.reference.turns)) == ("b", "b.FLAC", 1)


def test_a_uem_beside_says_what_is_scored(tmp_path: Path) -> None:
    _fill(tmp_path, a__wav="", a__rttm=TURN.format("a"), a__uem="x 1 1.0 3.0\nx 1 5 6\n")
    _fill(tmp_path, b__wav="", b__rttm=TURN.format("b"), b__uem="x 1 1.0 3.0\nb 1 5 6\n")
    first, second = read_corpus(tmp_path)
    assert first.uem == (Segment(1, 3), Segment(5, 6))
    assert second.uem == (Segment(5, 6),)


def test_a_reference_without_audio_is_named_and_left_out(tmp_path: Path) -> None:
    _fill(tmp_path, a__wav="", a__rttm=TURN.format("a"), a__words__rttm=TURN.format("a"))
    with pytest.warns(OvdiarWarning, match=r"no audio belongs to a\.words\.rttm"):
        assert [sample.uri for sample in read_corpus(tmp_path)] == ["a"]


@pytest.mark.parametrize(
    ("files", "kind", "message"),
    [
        ({}, ConfigError, "holds no audio file"),
        ({"a__rttm": TURN}, ConfigError, "holds no audio file"),
        ({"a__wav": ""}, ConfigError, r"a\.wav has no a\.rttm beside it: add it"),
        ({"a__wav": "", "b__mp3": ""}, ConfigError, r"no a\.rttm beside it \(and 1 more\)"),
        (
            {"a__wav": "", "a__mp3": "", "a__rttm": TURN},
            ConfigError,
            r"a\.mp3 and a\.wav in .* share one reference",
        ),
        ({"a__wav": "", "a__rttm": ""}, ConfigError, "hold no speech"),
        ({"a__wav": "", "a__rttm": "SPEAKER a\n"}, FormatError, "line 1"),
        ({"a__wav": "", "a__rttm": TURN + TURN.format("b")}, FormatError, "has 2 recordings"),
        ({"a__wav": "", "a__rttm": TURN, "a__uem": ""}, FormatError, "what is scored of a"),
        (
            {"a__wav": "", "a__rttm": TURN, "a__uem": "x 1 0 1\ny 1 0 1\n"},
            FormatError,
            "what is scored of a",
        ),
    ],
)
def test_one_line_says_what_is_wrong(
    tmp_path: Path, files: dict[str, str], kind: type[OvdiarError], message: str
) -> None:
    _fill(tmp_path, **files)
    with pytest.raises(kind, match=message) as caught:
        read_corpus(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'nowhere' is no folder"):
        read_corpus("nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="is no folder"):
        read_corpus(tmp_path / "file")
