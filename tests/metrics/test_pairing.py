"""Recordings of two sides are paired by their names, or refused with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ovdiar import formats
from ovdiar.annotation import Annotation
from ovdiar.errors import FormatError
from ovdiar.formats import rttm
from ovdiar.metrics.pairing import Pair, pair_files
from ovdiar.segment import Segment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _one(uri: str | None, speaker: str = "A") -> Annotation:
    return Annotation.of([(0, 1, speaker)], uri)


def _write(path: Path, *annotations: Annotation) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(map(rttm.dumps, annotations)), encoding="utf-8")
    return path


def test_two_files_of_one_recording_are_paired_whatever_they_call_it(tmp_path: Path) -> None:
    reference = _write(tmp_path / "a.rttm", _one("meeting"))
    hypothesis = _write(tmp_path / "b.rttm", _one(None, "x"))
    pairing = pair_files(reference, hypothesis)
    assert pairing.pairs == (Pair("meeting", _one("meeting"), _one("b", "x")),)
    assert pairing.missing == pairing.extra == ()


def test_files_of_several_recordings_are_paired_by_name(tmp_path: Path) -> None:
    reference = _write(tmp_path / "a.rttm", _one("two"), _one("one"))
    hypothesis = _write(tmp_path / "b.rttm", _one("one", "x"), _one("two", "y"))
    assert pair_files(reference, hypothesis).pairs == (
        Pair("one", _one("one"), _one("one", "x")),
        Pair("two", _one("two"), _one("two", "y")),
    )


def test_folders_are_paired_and_what_lacks_is_named(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        _write(tmp_path / "reference" / f"{name}.rttm", _one(name))
    for name in ("two", "three", "four"):
        _write(tmp_path / "found" / f"{name}.rttm", _one(name, "x"))
    pairing = pair_files(tmp_path / "reference", tmp_path / "found")
    assert [pair.uri for pair in pairing.pairs] == ["one", "three", "two"]
    assert pairing.pairs[0].hypothesis == Annotation(uri="one")
    assert (pairing.missing, pairing.extra) == (("one",), ("four",))


@pytest.mark.parametrize("suffix", formats.SUFFIXES.values())
@pytest.mark.parametrize("change", [str.upper, str.lower])
def test_folders_of_any_format_are_paired_whatever_the_case_of_their_suffixes(
    suffix: str, change: Callable[[str], str], tmp_path: Path
) -> None:
    reference = _write(tmp_path / "reference" / f"one{change('.rttm')}", _one("one"))
    found = tmp_path / "found" / f"one{change(suffix)}"
    found.parent.mkdir()
    formats.write(found, _one("one", "x"))
    pairing = pair_files(reference.parent, found.parent)
    assert [pair.hypothesis.labels() for pair in pairing.pairs] == [["x"]]
    assert pairing.missing == pairing.extra == ()


def test_of_several_formats_rttm_is_read_and_otherwise_they_are_refused(tmp_path: Path) -> None:
    reference = _write(tmp_path / "a.rttm", _one("one"))
    (tmp_path / "found").mkdir()
    for name, speaker in (("one.json", "x"), ("one.csv", "y")):
        formats.write(tmp_path / "found" / name, _one("one", speaker))
    with pytest.raises(FormatError, match=r"several formats \(\.json, \.csv\): give a folder"):
        pair_files(reference, tmp_path / "found")
    formats.write(tmp_path / "found" / "one.rttm", _one("one", "z"))
    assert pair_files(reference, tmp_path / "found").pairs[0].hypothesis == _one("one", "z")


def test_a_file_without_turns_is_silence_of_the_recording_it_is_named_after(
    tmp_path: Path,
) -> None:
    _write(tmp_path / "reference" / "quiet.rttm", _one("quiet"))
    _write(tmp_path / "reference" / "other.rttm", _one("other"))
    _write(tmp_path / "found" / "quiet.rttm")
    _write(tmp_path / "found" / "other.rttm", _one(None))
    pairing = pair_files(tmp_path / "reference", tmp_path / "found")
    assert pairing.missing == ()
    assert [len(pair.hypothesis) for pair in pairing.pairs] == [1, 0]
    assert [pair.hypothesis.uri for pair in pairing.pairs] == ["other", "quiet"]


def test_the_uem_selects_the_scored_time_of_each_recording(tmp_path: Path) -> None:
    both = _write(tmp_path / "a.rttm", _one("one"), _one("two"))
    uem = tmp_path / "a.uem"
    uem.write_text("two 1 0 5\none 1 1 2\none 1 3 4\n")
    pairs = pair_files(both, both, uem_path=uem).pairs
    assert [pair.uem for pair in pairs] == [(Segment(1, 2), Segment(3, 4)), (Segment(0, 5),)]


def test_a_uem_of_one_recording_serves_two_files_of_one(tmp_path: Path) -> None:
    one = _write(tmp_path / "a.rttm", _one("meeting"))
    uem = tmp_path / "a.uem"
    uem.write_text("elsewhere 1 0 5\n")
    assert pair_files(one, one, uem_path=uem).pairs[0].uem == (Segment(0, 5),)


def test_uems_of_a_folder_are_read_whatever_the_case_of_their_suffixes(tmp_path: Path) -> None:
    both = _write(tmp_path / "a.rttm", _one("one"), _one("two"))
    folder = tmp_path / "uem"
    folder.mkdir()
    (folder / "first.uem").write_text("one 1 0 3\n")
    (folder / "second.UEM").write_text("two 1 0 5\n")
    (folder / "notes.txt").write_text("one 1 0 1\n")
    pairs = pair_files(both, both, uem_path=folder).pairs
    assert [pair.uem for pair in pairs] == [(Segment(0, 3),), (Segment(0, 5),)]


def test_a_uem_that_names_no_recording_is_of_the_one_it_is_named_after(tmp_path: Path) -> None:
    both = _write(tmp_path / "a.rttm", _one("one"), _one("two"))
    folder = tmp_path / "uem"
    folder.mkdir()
    for name, end in (("one", 3), ("two", 5)):
        (folder / f"{name}.uem").write_text(f"<NA> 1 0 {end}\n")
    pairs = pair_files(both, both, uem_path=folder).pairs
    assert [pair.uem for pair in pairs] == [(Segment(0, 3),), (Segment(0, 5),)]


def test_a_uem_that_lacks_a_recording_is_refused(tmp_path: Path) -> None:
    both = _write(tmp_path / "a.rttm", _one("one"), _one("two"))
    uem = tmp_path / "a.uem"
    uem.write_text("two 1 0 5\n")
    with pytest.raises(FormatError, match=r"a\.uem has no scored segments for one: add them"):
        pair_files(both, both, uem_path=uem)


def test_sides_without_a_common_recording_are_refused(tmp_path: Path) -> None:
    reference = _write(tmp_path / "a.rttm", _one("one"), _one("two"))
    hypothesis = _write(tmp_path / "b.rttm", _one("uno"), _one("due"))
    with pytest.raises(
        FormatError,
        match=r"a\.rttm \(one, two\) and .*b\.rttm \(due, uno\) have no recording in common: "
        r"use the same names in the second column of both$",
    ):
        pair_files(reference, hypothesis)


@pytest.mark.parametrize(("count", "named"), [(3, "a, b, c"), (4, r"a, b, c, \.\.\.")])
def test_up_to_three_recordings_are_named(tmp_path: Path, count: int, named: str) -> None:
    reference = _write(tmp_path / "r.rttm", *map(_one, "abcd"[:count]))
    hypothesis = _write(tmp_path / "h.rttm", _one("x"), _one("y"))
    with pytest.raises(FormatError, match=rf"r\.rttm \({named}\) and"):
        pair_files(reference, hypothesis)


def test_two_files_that_tell_of_the_same_recording_are_refused(tmp_path: Path) -> None:
    _write(tmp_path / "r" / "m.rttm", _one("meeting"))
    _write(tmp_path / "r" / "m.words.rttm", _one("meeting"))
    with pytest.raises(
        FormatError, match=r"m\.rttm and m\.words\.rttm in .* both have the recording meeting"
    ):
        pair_files(tmp_path / "r", tmp_path / "r")


def test_a_folder_without_turns_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    file = _write(tmp_path / "a.rttm", _one("one"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(FormatError, match=r"empty has no \.rttm file"):
        pair_files(tmp_path / "empty", file)
    with pytest.raises(FormatError, match=r"gone\.rttm cannot be read"):
        pair_files(file, tmp_path / "gone.rttm")
