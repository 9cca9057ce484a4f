"""Live diarization over a WebSocket, with a client that is not ours."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
from reference.live import Viewer
from reference.serving import Server, serving
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from ovdiar import SpeakerDiarization, load
from ovdiar.streaming.events import Event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RATE = 16_000


@pytest.fixture(scope="module")
def server(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("stream") / "log"
    options = ("--models", tiny, "--max-streams", 1, "--max-stream", 20, "--timeout", 30)
    with serving(log, *options) as server:
        yield server


@pytest.fixture(scope="module")
def pcm(conversation: Path) -> bytes:
    samples, _ = soundfile.read(conversation, frames=8 * RATE, dtype="int16")
    return bytes(samples.astype("<i2").tobytes())


def talk(server: Server, query: str, messages: list[bytes | str]) -> tuple[list[Any], int | None]:
    """Send messages; return all answers, and the code with which the connection was closed."""
    answers = []
    url = server.url.replace("http", "ws") + f"/v1/audio/stream?{query}"
    with connect(url, proxy=None) as socket:
        try:
            for message in messages:
                socket.send(message)
            while True:
                answers.append(json.loads(socket.recv(timeout=60)))
        except ConnectionClosed:
            pass
        while not isinstance(socket.close_code, int):
            answers.append(json.loads(socket.recv(timeout=60)))
        return answers, socket.close_code


def test_events_come_and_then_the_offline_answer(server: Server, pcm: bytes, tiny: Path) -> None:
    parts: list[bytes | str] = [pcm[first : first + 7777] for first in range(0, len(pcm), 7777)]
    answers, code = talk(server, "latency=1", [*parts, '{"type": "end"}'])
    assert code == 1000
    assert answers[0]["type"] == "ready"
    assert Viewer(Event(**each["event"]) for each in answers[1:-1]).final
    assert answers[-1]["type"] == "result"
    waveform = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768
    offline = SpeakerDiarization(load(tiny))({"waveform": waveform, "sample_rate": RATE})
    expected = [
        (round(segment.start, 3), round(segment.end, 3), speaker)
        for segment, speaker in offline.speaker_diarization
    ]
    found = [(each["start"], each["end"], each["speaker"]) for each in answers[-1]["segments"]]
    assert found == expected


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("latency=9", "invalid_request"),
        ("encoding=mp3", "invalid_parameter"),
        ("unknown=1", "invalid_parameter"),
        ("model=other", "model_not_found"),
    ],
)
def test_a_wrong_query_is_refused(server: Server, query: str, code: str) -> None:
    answers, closed = talk(server, query, [])
    assert ([each["error"]["code"] for each in answers], closed) == ([code], 1008)


def test_a_wrong_message_is_refused(server: Server) -> None:
    answers, closed = talk(server, "", ["hello"])
    assert (answers[-1]["error"]["code"], closed) == ("invalid_message", 1008)


def test_a_message_that_is_too_large_is_refused(server: Server) -> None:
    assert talk(server, "", [bytes(2**20 + 2)])[1] == 1009


def test_a_stream_has_a_greatest_length(server: Server) -> None:
    answers, closed = talk(server, "sample_rate=8000&result=live", [bytes(2 * 8000 * 21)])
    assert (answers[-1]["error"]["code"], closed) == ("stream_too_long", 1008)


def test_more_streams_than_allowed_are_refused(server: Server) -> None:
    url = server.url.replace("http", "ws") + "/v1/audio/stream"
    with connect(url, proxy=None) as first:
        first.recv(timeout=60)
        answers, closed = talk(server, "", [])
    assert (answers[-1]["error"]["code"], closed) == ("too_many_streams", 1013)
