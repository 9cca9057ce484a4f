"""Every format reads what it writes, and files are found and written by their suffix."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference.material import require_posix
from reference.spoken import PHRASES, WORDS, by_tier, conversations, rows

from ovdiar import formats
from ovdiar.annotation import Annotation
from ovdiar.errors import FormatError
from ovdiar.formats import audacity, csv, elan, json, rttm, srt, stm, textgrid, vtt

if TYPE_CHECKING:
    from pathlib import Path

TURNS = Annotation.of([(0.5, 2.25, "SPEAKER_00"), (2.0, 3.5, "SPEAKER_01")], "call")
SINGLE = {"json": json, "csv": csv, "srt": srt, "vtt": vtt, "audacity": audacity}
TIERS = {"textgrid": textgrid, "elan": elan}
SEVERAL = {"rttm": rttm, "stm": stm}


@pytest.mark.parametrize("name", SINGLE)
@given(annotation=conversations(PHRASES))
def test_turns_come_back_in_their_order(name: str, annotation: Annotation) -> None:
    assert rows(SINGLE[name].loads(SINGLE[name].dumps(annotation))) == rows(annotation)


@pytest.mark.parametrize("name", TIERS)
@given(annotation=conversations(PHRASES))
def test_tiers_come_back_with_own_overlaps_joined(name: str, annotation: Annotation) -> None:
    assert sorted(rows(TIERS[name].loads(TIERS[name].dumps(annotation)))) == by_tier(annotation)


@pytest.mark.parametrize("name", SEVERAL)
@given(annotation=conversations(WORDS), uri=WORDS)
def test_recordings_come_back_by_name(name: str, annotation: Annotation, uri: str) -> None:
    back = SEVERAL[name].loads(SEVERAL[name].dumps(replace(annotation, uri=uri)))
    found = [
        (start, round(end, 3), who) for other in back.values() for start, end, who in rows(other)
    ]
    assert list(back) == [uri] * bool(annotation)
    assert found == rows(annotation)


@pytest.mark.parametrize("name", formats.SUFFIXES)
@given(st.text(max_size=99))
def test_whatever_the_text_only_a_format_error_comes_of_it(name: str, text: str) -> None:
    module = {**SINGLE, **TIERS, **SEVERAL}[name]
    for attempt in (text, module.dumps(TURNS) + text, text + module.dumps(TURNS)):
        with suppress(FormatError):
            module.loads(attempt)


@pytest.mark.parametrize("suffix", formats.SUFFIXES.values())
@pytest.mark.parametrize("annotation", [TURNS, Annotation()], ids=["turns", "silence"])
def test_files_are_written_and_read_by_suffix(
    tmp_path: Path, suffix: str, annotation: Annotation
) -> None:
    for path in (tmp_path / f"call{suffix}", tmp_path / f"call{suffix.upper()}"):
        formats.write(path, annotation)
        back = formats.read(path)
        assert (back.uri, rows(back)) == ("call", rows(annotation))
    assert len(list(tmp_path.iterdir())) == 2


def test_a_format_may_be_named_instead(tmp_path: Path) -> None:
    formats.write(tmp_path / "call.out", TURNS, "vtt")
    assert (tmp_path / "call.out").read_text().startswith("WEBVTT")
    assert rows(formats.read(tmp_path / "call.out", "vtt")) == rows(TURNS)
    assert formats.dumps(TURNS, "srt") == srt.dumps(TURNS)


def test_unknown_formats_name_the_known() -> None:
    with pytest.raises(FormatError, match=r"'\.docx' belongs to no known format: choose \.rttm, "):
        formats.format_of("minutes.docx")
    with pytest.raises(FormatError, match="lists the scored parts of a recording"):
        formats.format_of("meeting.uem")
    with pytest.raises(FormatError, match="assign writes it"):
        formats.format_of("meeting.CTM")
    with pytest.raises(FormatError, match="'docx' is unknown: choose rttm, json"):
        formats.dumps(TURNS, "docx")
    with pytest.raises(FormatError, match="'__init__' is unknown"):
        formats.dumps(TURNS, "__init__")


def test_several_recordings_are_not_taken_for_one(tmp_path: Path) -> None:
    path = tmp_path / "day.rttm"
    path.write_text(rttm.dumps(TURNS) + rttm.dumps(replace(TURNS, uri="other")))
    with pytest.raises(FormatError, match=r"has 2 recordings \('call', 'other'"):
        formats.read(path)


@pytest.mark.parametrize("code", ["utf-8-sig", "utf-16", "utf-16-be"])
def test_files_with_a_byte_order_mark_are_read(tmp_path: Path, code: str) -> None:
    mark = "\ufeff" if code == "utf-16-be" else ""
    path = tmp_path / "call.TextGrid"
    path.write_bytes(
        (mark + textgrid.dumps(TURNS.rename_labels({"SPEAKER_00": "Zoë"}))).encode(code)
    )
    assert formats.read(path).labels() == ["SPEAKER_01", "Zoë"]


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"\x80\x81"])
def test_binary_files_raise_an_error(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "call.csv").write_bytes(data)
    with pytest.raises(FormatError, match=r"is not UTF-(8|16) text \(byte"):
        formats.read(tmp_path / "call.csv")


def test_missing_files_raise_an_error(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="cannot be read"):
        formats.read(tmp_path / "lost.json")


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="cannot be written"):
        formats.write(tmp_path / "no" / "call.csv", TURNS)
    with pytest.raises(FormatError, match="cannot be written"):
        formats.write(tmp_path / "call.csv", TURNS.rename_labels({"SPEAKER_00": "\ud800"}))
    assert not list(tmp_path.iterdir())


def test_an_old_file_stays_when_the_new_one_cannot_be(tmp_path: Path) -> None:
    path = tmp_path / "call.srt"
    path.write_text("old")
    with pytest.raises(FormatError, match="rename it"):
        formats.write(path, TURNS.rename_labels({"SPEAKER_00": "[A]"}))
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    require_posix("named pipes among its files")
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    program = "import pathlib, sys; print(pathlib.Path(sys.argv[1]).read_text())"
    reader = subprocess.Popen([sys.executable, "-c", program, str(pipe)], stdout=subprocess.PIPE)
    formats.write(pipe, TURNS)
    assert reader.communicate()[0].decode().strip() == csv.dumps(TURNS).strip()
    assert pipe.is_fifo()
