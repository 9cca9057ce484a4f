"""Voices are enrolled, identified, listed and deleted by commands."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest
import soundfile
from reference.sounds import RATE, write_float

from ovdiar import Prepared, SpeakerDiarization, VoiceLibrary, load
from ovdiar.formats import rttm

if TYPE_CHECKING:
    from pathlib import Path

    from reference.commands import Answer, Run

PEOPLE = ("slt", "rms")
"""Voices of our own recording that have enough speech in its first part."""
FIRST_PART_S = 38.0


class Material(NamedTuple):
    """Recordings of one voice each by name, the rest of the conversation, and what is prepared."""

    alone: dict[str, Path]
    rest: Path
    kept: Path


@pytest.fixture(scope="module")
def material(conversation: Path, base: Path, tmp_path_factory: pytest.TempPathFactory) -> Material:
    """Cut the first part of our recording into voices; the rest is prepared with ``base``."""
    folder = tmp_path_factory.mktemp("voices")
    samples, _ = soundfile.read(conversation)
    (turns,) = rttm.load(conversation.with_suffix(".rttm")).values()
    overlaps = turns.get_overlap()
    alone = {}
    for name in PEOPLE:
        parts = [
            samples[int(segment.start * RATE) : int(segment.end * RATE)]
            for segment in turns.label_timeline(name)
            if segment.end < FIRST_PART_S and not any(segment.intersects(o) for o in overlaps)
        ]
        if name == "rms":  # its turns overlap others at their ends
            parts = [samples[int(a * RATE) : int(b * RATE)] for a, b in ((8.0, 10.6), (31.2, 34.5))]
        pause = np.zeros(RATE // 2)
        pieces = [piece for part in parts for piece in (pause, part)]
        alone[name] = write_float(folder / f"{name}.wav", np.concatenate(pieces))
    rest = write_float(folder / "rest.wav", samples[int(FIRST_PART_S * RATE) :])
    SpeakerDiarization(load(base)).prepare(rest).save(folder / "rest.npz")
    return Material(alone, rest, folder / "rest.npz")


@pytest.fixture(scope="module")
def enrolled(material: Material, base: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Give the content of a library of both voices."""
    pipeline = SpeakerDiarization(load(base))
    library = VoiceLibrary(load(base))
    for name, path in material.alone.items():
        library.enroll(name, pipeline.prepare(path), consent="synthetic")
    path = tmp_path_factory.mktemp("library") / "voices.json"
    library.save(path)
    return path.read_bytes()


@pytest.fixture
def voices(enrolled: bytes, tmp_path: Path) -> Path:
    """Give a library that may be changed."""
    path = tmp_path / "voices.json"
    path.write_bytes(enrolled)
    return path


def _numbers(library: Path) -> list[str]:
    """List the embeddings' numbers, to five decimals."""
    content = json.loads(library.read_text("utf-8"))
    vectors = [each["embedding"] for v in content["voices"] for each in v["exemplars"]]
    return [f"{abs(value):.6f}"[1:7] for vector in vectors for value in vector]


def _holds_no_embedding(answer: Answer, library: Path) -> bool:
    """Tell whether no number of an embedding is printed, to five decimals."""
    printed = set(re.findall(r"\.\d{5}", answer.out + answer.err))
    return printed.isdisjoint(_numbers(library))


def test_enrolled_voices_are_listed_and_say_what_they_are_worth(
    ovdiar: Run, material: Material, base: Path, tmp_path: Path
) -> None:
    path = tmp_path / "new.json"
    more = ("--consent", "form 1", "--expires", "2090-01-31", "--models", base)
    answer = ovdiar("enroll", "Ann", material.alone["slt"], "--voices", path, *more)
    assert (answer.status, answer.out) == (0, "")
    assert re.search(r"slt\.wav: \d+\.\d s of clean speech of one voice", answer.err)
    assert _holds_no_embedding(answer, path)
    listed = ovdiar("voices", "list", path, "--format", "json")
    (ann,) = json.loads(listed.out)
    assert (ann["name"], ann["exemplars"], ann["consent"]) == ("Ann", 1, "form 1")
    assert ann["expires"] == "2090-01-31"
    table = ovdiar("voices", "list", path)
    assert table.out.splitlines()[1].startswith("Ann ")
    assert _holds_no_embedding(listed, path)


def test_known_voices_are_identified_in_other_speech(
    ovdiar: Run, material: Material, voices: Path, base: Path
) -> None:
    answer = ovdiar(
        "identify", material.rest, "--voices", voices, "--models", base, "--format", "json"
    )
    found = json.loads(answer.out)
    assert {each["name"] for each in found} >= set(PEOPLE)
    assert all(each["probability"] >= 0.9 for each in found if each["name"])
    assert _holds_no_embedding(answer, voices)


def test_a_prepared_recording_needs_no_audio(
    ovdiar: Run, material: Material, voices: Path, base: Path
) -> None:
    line = ("--voices", voices, "--models", base)
    assert ovdiar("identify", material.kept, *line) == ovdiar("identify", material.rest, *line)
    answer = ovdiar("enroll", "Two", material.kept, *line)
    assert answer.status == 2
    assert "rest: two voices: " in answer.err


def test_diarize_and_recluster_write_the_names(
    ovdiar: Run, material: Material, voices: Path, base: Path
) -> None:
    diarized = ovdiar("diarize", material.rest, "--voices", voices, "--models", base)
    again = ovdiar("recluster", material.kept, "--voices", voices)
    assert diarized == again
    (turns,) = rttm.loads(diarized.out).values()
    assert set(turns.labels()) >= set(PEOPLE)
    assert "are known voices: " in diarized.err


def test_json_says_who_is_known_and_how_sure_without_embeddings(
    ovdiar: Run, material: Material, voices: Path
) -> None:
    answer = ovdiar("recluster", material.kept, "--voices", voices, "--format", "json")
    content = json.loads(answer.out)
    (notice,) = (each for each in content["notices"] if each["code"] == "known-voices")
    assert {each["name"] for each in notice["values"]["speakers"]} >= set(PEOPLE)
    assert _holds_no_embedding(answer, voices)


def test_a_threshold_that_nobody_reaches_names_nobody(
    ovdiar: Run, material: Material, voices: Path
) -> None:
    line = ("--voices", voices, "--identification-similarity", "1")
    answer = ovdiar("recluster", material.kept, *line)
    (turns,) = rttm.loads(answer.out).values()
    assert all(label.startswith("SPEAKER_") for label in turns.labels())


def test_a_removed_voice_is_gone_from_the_file_and_names_nobody(
    ovdiar: Run, material: Material, voices: Path
) -> None:
    numbers = set(_numbers(voices))
    assert ovdiar("voices", "remove", voices, *PEOPLE) == (0, "", "")
    assert set(_numbers(voices)).isdisjoint(numbers)
    assert not any(name in voices.read_text("utf-8") for name in PEOPLE)
    assert list(voices.parent.iterdir()) == [voices]
    answer = ovdiar("recluster", material.kept, "--voices", voices)
    assert not any(name in answer.out for name in PEOPLE)


def test_purge_deletes_what_has_expired(ovdiar: Run, voices: Path) -> None:
    content = json.loads(voices.read_text("utf-8"))
    content["voices"][0]["expires"] = "2020-01-01"
    voices.write_text(json.dumps(content), encoding="utf-8")
    expired, kept = (voice["name"] for voice in content["voices"])
    assert ovdiar("voices", "purge", voices) == (0, f"{expired}\n", "")
    assert [voice.name for voice in VoiceLibrary.load(voices)] == [kept]
    before = voices.read_bytes()
    assert ovdiar("voices", "purge", voices) == (0, "", "")
    assert voices.read_bytes() == before


def test_an_enrolment_that_is_refused_changes_nothing(
    ovdiar: Run, material: Material, voices: Path, base: Path
) -> None:
    before = voices.read_bytes()
    line = ("enroll", "Eve", material.alone["slt"], material.rest, "--voices", voices)
    answer = ovdiar(*line, "--models", base)
    assert answer.is_complaint()
    assert "rest: two voices" in answer.err
    assert voices.read_bytes() == before


def test_a_library_of_another_model_is_refused(
    ovdiar: Run, excerpt: Path, voices: Path, tiny: Path
) -> None:
    answer = ovdiar("identify", excerpt, "--voices", voices, "--models", tiny)
    assert answer.is_complaint()
    assert "which cannot be compared: use bundle 'base'" in answer.err


def test_a_bundle_without_a_calibration_asks_for_a_similarity(
    ovdiar: Run, conversation: Path, tiny: Path, tmp_path: Path
) -> None:
    samples, _ = soundfile.read(conversation)
    parts = [samples[int(a * RATE) : int(b * RATE)] for a, b in ((1, 3.86), (4.31, 7.42))]
    once = np.concatenate(parts)
    alone = write_float(tmp_path / "alone.wav", once)
    path = tmp_path / "voices.json"
    line = ("--voices", path, "--models", tiny)
    assert ovdiar("enroll", "Ann", alone, *line).status == 0
    answer = ovdiar("identify", alone, *line)
    assert answer.is_complaint()
    assert "give the least similarity of a known voice, identification_similarity" in answer.err
    named = ovdiar("identify", alone, *line, "--identification-similarity", "0.8")
    assert "Ann" in named.out


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("enroll SPEAKER_00 {audio} --voices {voices}", "does not start with SPEAKER_"),
        ("enroll Ann {audio} --voices {audio}", "is one of the inputs"),
        ("enroll Ann {audio} --voices {folder}/no/voices.json", "a folder that exists"),
        ("enroll Ann {audio} --voices {audio}.json --expires soon", "give it as 2027-01-31"),
        ("enroll Ann {audio} --voices {audio}.json --keep-days 0", "days from 1 to 36500"),
        ("identify {audio} --voices {folder}/none.json", "cannot be read"),
        ("identify {audio} --voices {audio}", "is not UTF-8 text"),
        ("voices remove {voices} Nobody", "'Nobody' is not in the library"),
        ("diarize {audio} --voices {voices} --identification-threshold 2", "from 0 to 1"),
        ("voices", "ACTION"),
    ],
)
def test_mistakes_are_answered_in_one_line(
    ovdiar: Run, material: Material, voices: Path, base: Path, line: str, message: str
) -> None:
    places = {"audio": material.rest, "voices": voices, "folder": voices.parent}
    words = line.format(**places).split()
    if words[0] != "voices":
        words += ["--models", str(base)]
    answer = ovdiar(*words)
    assert answer.is_complaint()
    assert message in answer.err


def test_names_that_the_format_cannot_hold_are_refused_before_the_networks_run(
    ovdiar: Run, material: Material, voices: Path, tmp_path: Path
) -> None:
    content = json.loads(voices.read_text("utf-8"))
    content["voices"][0]["name"] = "Ann Smith"
    voices.write_text(json.dumps(content), encoding="utf-8")
    out = tmp_path / "talk.json"
    refused = ovdiar("diarize", tmp_path / "missing.wav", "--voices", voices)
    assert "Ann Smith" in refused.err
    answer = ovdiar("recluster", material.kept, "--voices", voices, "-o", out)
    assert answer.status == 0
    assert "Ann Smith" in out.read_text("utf-8")


def test_what_is_kept_of_a_recording_is_not_changed_by_names(
    ovdiar: Run, material: Material, voices: Path, base: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "again.npz"
    line = ("diarize", material.rest, "--keep", kept, "--voices", voices, "--models", base)
    assert ovdiar(*line).status == 0
    one, two = Prepared.load(kept), Prepared.load(material.kept)
    np.testing.assert_array_equal(one.embeddings, two.embeddings)
