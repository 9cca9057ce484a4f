"""``ovdiar report``: pages and pictures, and the one line that it says of every bad request."""

from __future__ import annotations

import io
import json
import re
import shutil
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
from reference.commands import answer_of

from ovdiar import cli, formats

if TYPE_CHECKING:
    from pathlib import Path

    from reference.commands import Run

    from ovdiar.annotation import Annotation

RTTM = "SPEAKER talk 1 0.500 1.500 <NA> <NA> A <NA> <NA>\n"


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str]) -> Run:
    """Give the command, to be run in this process."""
    return partial(answer_of, cli.main, capsys, "report")


@pytest.fixture
def folder(tmp_path: Path, conversation: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with four seconds of talk and its turns."""
    samples, rate = soundfile.read(conversation, frames=4 * 16_000)
    soundfile.write(tmp_path / "talk.wav", samples, rate)
    (tmp_path / "talk.rttm").write_text(RTTM)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(path: Path) -> Any:
    text = path.read_text(encoding="utf-8")
    found = re.search(r'id="content">(.*?)</script>', text, flags=re.DOTALL)
    assert found
    return json.loads(found[1])


def test_a_page_shows_the_turns_of_a_file(report: Run, folder: Path) -> None:
    assert report("talk.wav", "talk.rttm", "-o", "talk.html") == (0, "", "")
    page = told(folder / "talk.html")
    assert (page["title"], page["uri"], page["link"]) == ("talk", "talk", None)
    assert page["turns"] == [[0.5, 2.0, 0, None]]


def test_the_page_plays_the_channel_that_was_asked_for(report: Run, folder: Path) -> None:
    samples, rate = soundfile.read("talk.wav")
    stereo = np.stack([np.zeros_like(samples), samples], axis=1)
    soundfile.write("stereo.wav", stereo, rate)
    pages = {}
    for channel in ("0", "1"):
        assert (
            report("stereo.wav", "talk.rttm", "--channel", channel, "-o", "page.html").status == 0
        )
        pages[channel] = told(folder / "page.html")["peaks"]
    assert pages["0"] != pages["1"]


def test_without_turns_the_recording_is_diarized_as_the_other_command_does(
    report: Run, folder: Path, tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--models", tiny, "--num-speakers", 1)
    assert (
        answer_of(cli.main, capsys, "diarize", "talk.wav", *options, "-o", "talk.json").status == 0
    )
    assert report("talk.wav", "-o", "talk.html", *options) == (0, "", "")
    page = told(folder / "talk.html")
    found = formats.read(folder / "talk.json")
    assert [[round(start, 3), round(end, 3)] for start, end, *_ in page["turns"]] == [
        [segment.start, segment.end] for segment, _ in found
    ]
    assert [row[3] for row in page["turns"]] == [turn.confidence for turn in found.turns]
    assert page["provenance"]["uri"] == "talk"
    assert len(page["provenance"]) > 2


def test_json_brings_confidence_and_provenance(report: Run, folder: Path) -> None:
    made = {"ovdiar": "0", "bundle": "mine"}
    turns = [{"start": 1, "end": 2, "speaker": "A", "confidence": 0.25}]
    (folder / "talk.json").write_text(json.dumps({"diarization": turns, "provenance": made}))
    assert report("talk.wav", "talk.json", "-o", "talk.html").status == 0
    page = told(folder / "talk.html")
    assert (page["turns"], page["provenance"]) == ([[1, 2, 0, 0.25]], made)


def test_of_a_reference_with_many_recordings_this_one_is_taken(report: Run, folder: Path) -> None:
    other = RTTM.replace("talk", "other").replace(" A ", " B ")
    (folder / "all.rttm").write_text(other + RTTM)
    arguments = ("talk.wav", "talk.rttm", "--reference", "all.rttm", "-o", "talk.html")
    assert report(*arguments) == (0, "", "")
    reference = told(folder / "talk.html")["reference"]
    assert (reference["speakers"], reference["rate"]) == (["A"], 0)


def test_audio_is_linked_where_that_is_asked_for(report: Run, folder: Path) -> None:
    (folder / "pages").mkdir()
    assert report("talk.wav", "talk.rttm", "--link-audio", "-o", "pages/talk.html").status == 0
    assert told(folder / "pages" / "talk.html")["link"] == "../talk.wav"


def test_standard_input_is_read_once(
    report: Run, folder: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = io.BytesIO((folder / "talk.wav").read_bytes())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(pipe))
    assert report("-", "--models", tiny, "-o", "talk.html") == (0, "", "")
    page = told(folder / "talk.html")
    assert page["uri"] == "stream"
    assert page["duration"] == 4


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_a_picture_ends_where_the_recording_ends(
    suffix: str, report: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Any] = []

    def keep(_path: Path, annotation: Annotation, **options: Any) -> None:
        drawn.append((annotation.labels(), options["duration_s"]))

    monkeypatch.setattr("ovdiar.report.picture.write_picture", keep)
    assert report("talk.wav", "talk.rttm", "-o", f"talk.{suffix}").status == 0
    assert drawn == [(["A"], 4.0)]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("talk.wav talk.rttm", "-o/--output"),
        ("talk.wav talk.rttm -o talk.docx", ".docx"),
        ("talk.wav talk.rttm -o none/talk.html", "none/talk.html"),
        ("talk.wav talk.rttm -o .", "'.'"),
        ("none.wav talk.rttm -o talk.html", "no such file"),
        ("none.wav talk.rttm -o talk.png", "no such file"),
        ("talk.wav none.rttm -o talk.html", "none.rttm"),
        ("talk.wav talk.rttm --reference none.rttm -o talk.html", "none.rttm"),
        ("talk.wav talk.rttm --reference talk.wav -o talk.html", ".wav"),
        ("- talk.rttm --link-audio -o talk.html", "standard input"),
        ("talk.wav talk.rttm --link-audio -o talk.svg", "a picture"),
        ("talk.wav -o talk.html --models none", "none"),
        ("talk.wav -o talk.html --num-speakers 0", "num_speakers is 0"),
    ],
)
def test_what_cannot_be_meant_is_told_in_one_line_and_leaves_nothing(
    arguments: str, reason: str, report: Run, folder: Path
) -> None:
    before = sorted(folder.iterdir())
    answer = report(*arguments.split())
    assert answer.is_complaint()
    assert reason in answer.err
    assert sorted(folder.iterdir()) == before


def test_inputs_are_never_overwritten(report: Run, folder: Path) -> None:
    shutil.copy("talk.rttm", "talk.html")
    answer = report("talk.wav", "talk.html", "-o", "talk.html")
    assert answer.is_complaint()
    assert (folder / "talk.html").read_text() == RTTM


def test_a_missing_matplotlib_is_told_before_any_work(
    report: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    answer = report("talk.wav", "-o", folder / "talk.png", "--models", "none")
    assert answer.is_complaint()
    assert "pip install matplotlib" in answer.err
