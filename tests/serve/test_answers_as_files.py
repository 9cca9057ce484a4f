"""What the service answers, saved as it comes, is read by every command that reads turns."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from reference.serving import Server, serving, wav
from reference.spoken import rows
from websockets.sync.client import connect

from ovdiar import formats
from ovdiar.formats import rttm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reference.commands import Run

KINDS = ("json", "verbose_json", "websocket")


@pytest.fixture(scope="module")
def server(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("answers") / "log", "--models", tiny) as server:
        yield server


@pytest.fixture(params=KINDS)
def folder(
    request: pytest.FixtureRequest, server: Server, tmp_path: Path, conversation: Path
) -> Path:
    """Give a folder with a recording, and its answer in JSON beside the same in RTTM."""
    audio = wav(conversation, 12)
    (tmp_path / "talk.wav").write_bytes(audio)
    (tmp_path / "talk.rttm").write_text(server.diarize(audio, response_format="rttm").text)
    if request.param == "websocket":
        url = server.url.replace("http", "ws") + "/v1/audio/stream"
        with connect(url, proxy=None, max_size=None) as socket:
            socket.send(audio[44:])
            socket.send('{"type": "end"}')
            *_, answer = map(str, socket)
    else:
        answer = server.diarize(audio, response_format=request.param).text
    (tmp_path / "talk.json").write_text(answer)
    return tmp_path


def test_every_command_reads_it(
    folder: Path, ovdiar: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    words = {"segments": [{"start": 1, "end": 2, "text": "so"}]}
    (folder / "words.json").write_text(json.dumps(words))
    converted = ovdiar("convert", "talk.json", "--format", "rttm")
    assert [speaker for _, _, speaker in rows(rttm.loads(converted.out)["talk"])] == [
        speaker for _, _, speaker in rows(formats.read("talk.rttm"))
    ]
    assert [times for *times, _ in rows(rttm.loads(converted.out)["talk"])] == [
        pytest.approx(times, abs=0.0021) for *times, _ in rows(formats.read("talk.rttm"))
    ]
    for command in (
        ("score", "talk.rttm", "talk.json"),
        ("score", "talk.json", "talk.rttm"),
        ("convert", "talk.json", "again.json"),
        ("convert", "talk.json", "talk.srt", "--stats"),
        ("assign", "words.json", "talk.json"),
        ("resegment", "talk.wav", "talk.json", "--models", tiny),
        ("report", "talk.wav", "talk.json", "-o", "talk.html"),
        ("report", "talk.wav", "talk.rttm", "--reference", "talk.json", "-o", "both.html"),
    ):
        answer = ovdiar(*command)
        assert (command, answer.status, answer.err.count("Traceback")) == (command, 0, 0)


def test_its_notices_are_kept(server: Server, tmp_path: Path, conversation: Path) -> None:
    answer = server.diarize(wav(conversation, 12), num_speakers=19)
    (tmp_path / "talk.json").write_text(answer.text)
    saved = formats.read_saved(tmp_path / "talk.json")
    notices = [notice.to_dict() for notice in saved.notices or ()]
    assert notices == answer.json()["notices"] != []
