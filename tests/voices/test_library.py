"""A library is one file: whole, private, of one model; and what is deleted is gone."""

from __future__ import annotations

import json
import os
import stat
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from reference.voice_libraries import conversation, diarized, library, models_of, prepared

from ovdiar import VoiceLibrary
from ovdiar.errors import ConfigError, FormatError, OutputError, OvdiarWarning

if TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2026, 11, 26)


def _expiring() -> VoiceLibrary:
    known = library(0)
    known.enroll(
        "Bob",
        prepared(conversation(1)),
        consent="form 7",
        expires=date(2026, 12, 1),
        today=TODAY,
    )
    return known


def test_a_library_is_read_as_it_was_written(tmp_path: Path) -> None:
    known = _expiring()
    known.save(tmp_path / "voices.json")
    again = VoiceLibrary.load(tmp_path / "voices.json")
    assert (again.model, again.calibration) == (known.model, known.calibration)
    for one, two in zip(known, again, strict=True):
        assert (one.name, one.consent, one.expires) == (two.name, two.consent, two.expires)
        assert [each.added for each in one.exemplars] == [each.added for each in two.exemplars]
        for left, right in zip(one.exemplars, two.exemplars, strict=True):
            np.testing.assert_allclose(
                left.voiceprint.embedding, right.voiceprint.embedding, atol=1e-6
            )
            assert left.voiceprint.seconds == pytest.approx(right.voiceprint.seconds, abs=1e-3)


def test_writing_again_changes_nothing(tmp_path: Path) -> None:
    first, second = tmp_path / "a.json", tmp_path / "b.json"
    _expiring().save(first)
    VoiceLibrary.load(first).save(second)
    VoiceLibrary.load(second).save(second)
    assert VoiceLibrary.load(second).voices[0].name == "Ann"
    assert json.loads(first.read_text())["counts"] == json.loads(second.read_text())["counts"]


def test_the_file_says_what_it_holds(tmp_path: Path) -> None:
    _expiring().save(tmp_path / "voices.json")
    content = json.loads((tmp_path / "voices.json").read_text("utf-8"))
    assert content["format"] == "ovdiar voice library"
    assert "biometric" in content["about"]
    assert "No audio" in content["about"]
    assert content["model"]["sha256"] == "ab" * 32
    assert (content["counts"]["voices"], content["counts"]["exemplars"]) == (2, 2)
    bob = content["voices"][1]
    assert (bob["name"], bob["consent"], bob["expires"]) == ("Bob", "form 7", "2026-12-01")
    assert bob["exemplars"][0].keys() == {"added", "seconds", "embedding"}
    assert bob["exemplars"][0]["added"] == "2026-11-26"


@pytest.mark.skipif(os.name == "nt", reason="modes are those of POSIX")
def test_a_new_file_is_its_owners_alone_and_an_old_one_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "voices.json"
    library(0).save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    library(0, 1).save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_what_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "voices.json"
    library(0).save(path)
    before = path.read_bytes()
    with pytest.raises(OutputError):
        library(0, 1).save(tmp_path / "nowhere" / "voices.json")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_removed_voice_is_in_no_file(tmp_path: Path) -> None:
    path = tmp_path / "voices.json"
    library(0, 1).save(path)
    ann = json.loads(path.read_text("utf-8"))["voices"][0]
    numbers = json.dumps(ann["exemplars"][0]["embedding"])
    assert numbers in path.read_text("utf-8")
    known = VoiceLibrary.load(path)
    known.remove("Ann")
    known.save(path)
    assert list(tmp_path.iterdir()) == [path]
    left = path.read_text("utf-8")
    assert numbers not in left
    assert "Ann" not in left
    prepared_again, result = diarized(conversation(0))
    names = VoiceLibrary.load(path).identify(prepared_again, result.speaker_diarization)
    assert [each.name for each in names] == [None]


def test_nobody_can_be_removed_who_is_not_there() -> None:
    with pytest.raises(ConfigError, match="'Cem' is not in the library, which holds Ann, Bob"):
        library(0, 1).remove("Cem")


def test_an_expired_voice_names_nobody_and_is_purged() -> None:
    known = _expiring()
    recording, result = diarized(conversation(1))
    turns = result.speaker_diarization
    last, first = date(2026, 11, 30), date(2026, 12, 1)
    assert [each.name for each in known.identify(recording, turns, today=last)] == ["Bob"]
    with pytest.warns(OvdiarWarning, match="1 of 2 voices have expired"):
        assert [each.name for each in known.identify(recording, turns, today=first)] == [None]
    assert known.purge(last) == ()
    assert [voice.name for voice in known.purge(first)] == ["Bob"]
    assert [voice.name for voice in known] == ["Ann"]


def test_a_recording_of_another_model_is_never_compared() -> None:
    recording = conversation(0)
    other = prepared(recording, sha256="cd" * 32)
    _, result = diarized(recording)
    known = library(0)
    with pytest.raises(ConfigError, match=r"abababababab.*cdcdcdcdcdcd.*cannot be compared"):
        known.identify(other, result.speaker_diarization)
    with pytest.raises(ConfigError, match="cannot be compared"):
        known.identify_embeddings(
            models_of(recording, sha256="cd" * 32), result.speaker_embeddings, np.array([9.0])
        )


def test_neither_a_library_nor_its_parts_print_embeddings() -> None:
    known = library(0, 1)
    (ann, _) = known
    texts = [repr(known), repr(ann), repr(ann.exemplars[0]), repr(ann.exemplars[0].voiceprint)]
    digits = [f"{value:.4f}" for value in ann.exemplars[0].voiceprint.embedding]
    assert not [text for text in texts for each in digits if each in text or "array" in text]


def _changed(path: Path, *keys: Any, value: Any) -> None:
    content = json.loads(path.read_text("utf-8"))
    inner = content
    for key in keys[:-1]:
        inner = inner[key]
    if value is KeyError:
        del inner[keys[-1]]
    else:
        inner[keys[-1]] = value
    path.write_text(json.dumps(content), encoding="utf-8")


EXEMPLAR = ("voices", 0, "exemplars", 0)


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("format",), "something else"),
        (("schema",), "1"),
        (("model",), {"bundle": "base"}),
        (("model", "dimension"), True),
        (("model", "sha256"), 7),
        (("calibration", "bias"), "x"),
        (("voices",), {}),
        (("voices", 0, "name"), ""),
        (("voices", 0, "name"), "Bob"),
        (("voices", 0, "name"), 7),
        (("voices", 0, "expires"), "soon"),
        (("voices", 0, "exemplars"), []),
        ((*EXEMPLAR, "embedding"), [1.0]),
        ((*EXEMPLAR, "embedding"), [0.0] * 16),
        ((*EXEMPLAR, "embedding"), [float("nan")] * 16),
        ((*EXEMPLAR, "embedding"), "AAAA"),
        ((*EXEMPLAR, "seconds"), -1),
        ((*EXEMPLAR, "seconds"), "x"),
        ((*EXEMPLAR, "added"), KeyError),
    ],
)
def test_a_damaged_file_is_refused_in_one_line(
    tmp_path: Path, keys: tuple[Any, ...], value: Any
) -> None:
    path = tmp_path / "voices.json"
    library(0, 1).save(path)
    _changed(path, *keys, value=value)
    with pytest.raises(FormatError, match="is no voice library, or it is damaged") as caught:
        VoiceLibrary.load(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '{"format": 1}', "[" * 100_000])
def test_a_file_of_something_else_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "voices.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FormatError, match="is no voice library"):
        VoiceLibrary.load(path)


def test_a_newer_file_asks_for_a_newer_ovdiar(tmp_path: Path) -> None:
    path = tmp_path / "voices.json"
    library(0).save(path)
    _changed(path, "schema", value=2)
    with pytest.raises(FormatError, match=r"schema 2, and this ovdiar reads up to 1: upgrade"):
        VoiceLibrary.load(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"voices\.json cannot be read"):
        VoiceLibrary.load(tmp_path / "voices.json")
