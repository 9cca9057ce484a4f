"""Every command reads its texts through one door: encodings, suffixes, formats, large numbers."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

import pytest
from reference.commands import answer_of
from reference.spoken import rows

from ovdiar import cli, formats, presets, transcripts
from ovdiar.annotation import Annotation
from ovdiar.errors import FormatError
from ovdiar.formats import elan, names, rttm, uem
from ovdiar.formats.json import Saved
from ovdiar.notices import Notice
from ovdiar.pipelines.resegmentation import read_baseline
from ovdiar.segment import Segment
from ovdiar.serve.schema import diarization
from ovdiar.tuning.corpus import read_corpus

if TYPE_CHECKING:
    from pathlib import Path

    from reference.commands import Run

TURNS = Annotation.of([(0.0, 5.0, "Ann"), (5.0, 6.5, "Bob")], "call")
WIDE = ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Give the command in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return partial(answer_of, cli.main, capsys)


@pytest.mark.parametrize("code", WIDE)
def test_every_reader_takes_every_encoding(code: str, run: Run, tmp_path: Path) -> None:
    def write(name: str, text: str) -> Path:
        (tmp_path / name).write_bytes(text.encode(code))
        return tmp_path / name

    turns = write("call.rttm", rttm.dumps(TURNS))
    for name, suffix in formats.SUFFIXES.items():
        written = write(f"turns{suffix}", formats.dumps(TURNS, name))
        assert rows(formats.read(written)) == rows(TURNS)
    assert read_baseline(turns, "call") == TURNS
    parts = write("call.uem", uem.dumps([Segment(0, 9)], "call"))
    assert uem.load(parts) == {"call": (Segment(0, 9),)}
    assert names.load(write("names.json", '{"Ann": "Zoë"}')) == {"Ann": "Zoë"}
    words = '{"segments": [{"start": 0, "end": 1, "text": "so"}]}'
    assert transcripts.read(write("words.json", words)).words[0].text == "so"
    preset = write("preset.json", '{"threshold": 0.25}')
    chosen = presets.choose(presets.DIARIZATION, preset, presets.DIARIZATION["3.1"], {})
    assert chosen.threshold == 0.25
    assert run("score", "call.rttm", "call.rttm", "--uem", "call.uem").status == 0
    assert run("convert", "call.rttm", "--format", "srt", "--names", "names.json").status == 0
    assert run("assign", "words.json", "call.rttm") == (0, "Ann: so\n", "")


def test_suffixes_in_capitals_are_found_in_folders(run: Run, tmp_path: Path) -> None:
    for folder in ("refs", "hyps", "corpus"):
        (tmp_path / folder).mkdir()
    formats.write(tmp_path / "refs" / "A.RTTM", TURNS)
    formats.write(tmp_path / "hyps" / "a.rttm", TURNS)
    (tmp_path / "refs" / "._A.rttm").write_bytes(b"\x00\x05\x16")  # what macOS leaves beside
    (tmp_path / "call.UEM").write_text(uem.dumps([Segment(0, 9)], "call"))
    assert run("score", "refs", "hyps").out.splitlines()[1].split()[:2] == ["call", "0.00"]
    assert run("score", "refs", "hyps", "--uem", ".").status == 0
    (tmp_path / "corpus" / "call.WAV").write_bytes(b"")
    formats.write(tmp_path / "corpus" / "call.RTTM", TURNS)
    (tmp_path / "corpus" / "call.UEM").write_text(uem.dumps([Segment(0, 9)], "call"))
    (sample,) = read_corpus(tmp_path / "corpus")
    assert (sample.reference, sample.uem) == (TURNS, (Segment(0, 9),))


@pytest.mark.parametrize("name", formats.SUFFIXES)
def test_turns_of_every_format_are_scored_and_refined(name: str, run: Run, tmp_path: Path) -> None:
    path = tmp_path / f"call{formats.SUFFIXES[name]}"
    formats.write(path, TURNS)
    formats.write(tmp_path / "reference.rttm", TURNS)
    assert run("score", "reference.rttm", path).out.splitlines()[1].split()[:2] == ["call", "0.00"]
    assert rows(read_baseline(path, "call")) == rows(TURNS)


@pytest.mark.parametrize("name", formats.SUFFIXES)
@pytest.mark.parametrize("suffix", [".txt", ".out", ""])
def test_a_format_is_found_by_the_content(name: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"call{suffix}"
    formats.write(path, TURNS, name)
    assert rows(formats.read(path)) == rows(TURNS)
    path.write_text("so it goes")
    with pytest.raises(FormatError, match=r"is not start, end|belongs to no known format"):
        formats.read(path)


def test_answers_of_the_service_are_read(run: Run, tmp_path: Path) -> None:
    notice = Notice("minor-speakers", "one", {"speakers": ["A"]})
    answer = diarization(TURNS, 9, [notice])
    for name, content in [
        ("brief", {"segments"}),
        ("verbose", None),
        ("whole", {"segments", "task"}),
    ]:
        (tmp_path / f"{name}.json").write_text(answer.model_dump_json(include=content))
        found = formats.read_saved(tmp_path / f"{name}.json")
        assert (found.annotation.uri, rows(found.annotation)) == (name, rows(TURNS))
    assert formats.read_saved(tmp_path / "verbose.json").notices == (notice,)
    (tmp_path / "silence.json").write_text(diarization(Annotation(), 9).model_dump_json())
    assert not len(formats.read(tmp_path / "silence.json"))
    assert run("convert", "brief.json", "a.rttm") == (0, "", "")
    assert run("assign", "brief.json", "brief.json").is_complaint()


def test_notices_are_kept_from_json_to_json(run: Run, tmp_path: Path) -> None:
    saved = Saved(TURNS, notices=(Notice("a-code", "a text", {"n": 1}),))
    formats.write("a.json", saved.annotation, notices=saved.notices)
    assert run("convert", "a.json", "-o", "b.json") == (0, "", "")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert run("convert", "a.json", "c.json", "-o", "b.json").is_complaint()


@pytest.mark.parametrize("time", ["1e308", "-1e308", "1e10", "9" * 400, "1" + "0" * 4000])
@pytest.mark.parametrize("suffix", formats.SUFFIXES.values())
def test_times_that_no_clock_holds_are_refused(
    time: str, suffix: str, run: Run, tmp_path: Path
) -> None:
    row = f'{{"start": 0, "end": {time}, "speaker": "A"}}'
    (tmp_path / "a.json").write_text(f'{{"diarization": [{row}]}}')
    answer = run("convert", "a.json", f"b{suffix}")
    assert answer.is_complaint()
    assert len(answer.err) < 300
    huge = Annotation.of([(0, 2e9, "A")])
    with pytest.raises(FormatError, match=r"the end 2e\+09 s is beyond 1e\+09 s"):
        formats.dumps(huge, formats.format_of(f"b{suffix}"))
    with pytest.raises(
        FormatError, match=r"is beyond|is not a number|before the start|is not a time"
    ):
        formats.read(_with_time(tmp_path, suffix, time))


def _with_time(folder: Path, suffix: str, time: str) -> Path:
    """Write a file of one turn whose end is a text."""
    milliseconds = f"{time}000" if time.isdecimal() else "9" * 30
    texts = {
        ".rttm": f"SPEAKER a 1 0 {time.lstrip('-')} <NA> <NA> A <NA> <NA>\n",
        ".json": f'[{{"start": 0, "end": {time}, "speaker": "A"}}]',
        ".csv": f"start,end,speaker\n0,{time},A\n",
        ".TextGrid": f'"ooTextFile" "TextGrid" 0 {time} <exists> 1 "IntervalTier" "A" 0 1 0',
        ".eaf": elan.dumps(Annotation.of([(0, 1, "A")])).replace('"1000"', f'"{milliseconds}"'),
        ".txt": f"0\t{time}\tA\n",
        ".stm": f"a 1 A 0 {time}\n",
        ".srt": f"1\n00:00:00,000 --> {'9' * 9}:00:00,000\n[A]\n",
        ".vtt": f"WEBVTT\n\n00:00.000 --> {'9' * 9}:00:00.000\n<v A>\n",
    }
    path = folder / f"long{suffix}"
    path.write_text(texts[suffix])
    return path


@pytest.mark.parametrize("time", ["1e308", "1e999", "-1e308", "9" * 400])
@pytest.mark.parametrize(
    "text",
    [
        '{"segments": [{"start": %s, "end": 2, "text": "a"}]}',
        '{"segments": [{"start": 0, "end": %s, "text": "a"}]}',
        '{"words": [{"word": "a", "start": 0, "end": %s}]}',
        '{"transcription": [{"offsets": {"from": 0, "to": %s}, "text": "a"}]}',
        "a 1 0.5 %s so\n",
    ],
)
def test_times_of_words_that_no_clock_holds_are_refused(
    text: str, time: str, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "words").write_text(text % time)
    formats.write("call.rttm", TURNS)
    answer = run("assign", "words", "call.rttm", "-o", "out.srt")
    assert answer.is_complaint() or (text[0] == "a" and time[0] == "-")
    assert len(answer.err) < 300


@pytest.mark.parametrize(
    "document_type",
    [
        "<!DOCTYPE ANNOTATION_DOCUMENT>",
        '<!DOCTYPE a [<!ENTITY b "c">]>',
        '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE a SYSTEM "http://localhost/a.dtd">',
    ],
)
def test_xml_with_a_document_type_is_refused(document_type: str) -> None:
    text = elan.dumps(TURNS)
    head, _, rest = text.partition("\n")
    assert rows(elan.loads(text)) == rows(TURNS)
    with pytest.raises(FormatError, match=r"has a document type .*: remove it"):
        elan.loads(f"{head}\n{document_type}\n{rest}")


def test_xml_in_any_declared_encoding_is_read(tmp_path: Path) -> None:
    text = elan.dumps(TURNS.rename_labels({"Ann": "Zoë"})).replace("UTF-8", "UTF-16")
    (tmp_path / "call.eaf").write_bytes(text.encode("utf-16"))
    assert formats.read(tmp_path / "call.eaf").labels() == ["Bob", "Zoë"]


def test_names_of_speakers_may_be_as_many_as_turns(tmp_path: Path) -> None:
    many = Annotation.of([(n, n + 1, f"S{n}") for n in range(3000)], "call")
    for suffix in formats.SUFFIXES.values():
        formats.write(tmp_path / f"call{suffix}", many)
        assert len(formats.read(tmp_path / f"call{suffix}")) == 3000
    assert json.loads((tmp_path / "call.json").read_text())["speakers"][0]["turns"] == 1
