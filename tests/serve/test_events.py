"""Runs as server-sent events: the queue, progress, and the same answers as without a stream."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from httpx_sse import connect_sse
from reference.serving import PATH, Server, serving, wav

from ovdiar.serve.event_stream import event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from httpx_sse import ServerSentEvent


@pytest.fixture(scope="module")
def server(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("events") / "log"
    options = ("--models", tiny, "--max-concurrent", 1, "--max-queue", 2, "--max-upload-mb", 3)
    with serving(log, *options) as server:
        yield server


@pytest.fixture(scope="module")
def talk(conversation: Path) -> bytes:
    return wav(conversation, 12)


@pytest.fixture(scope="module")
def long(conversation: Path) -> bytes:
    return wav(conversation, 60)


class Following(threading.Thread):
    """Follows a run in the background; leaves as soon as it has seen an event ``until``."""

    def __init__(self, server: Server, audio: bytes, until: str = "", **fields: str) -> None:
        super().__init__()
        self.events: list[ServerSentEvent] = []
        self._server, self._audio, self._until = server, audio, until
        self._fields = {"stream": "true", **fields}
        self.start()

    def run(self) -> None:
        with (
            httpx.Client(base_url=self._server.url, timeout=120) as client,
            connect_sse(
                client, "POST", PATH, files={"file": ("a.wav", self._audio)}, data=self._fields
            ) as source,
        ):
            source.response.raise_for_status()
            for each in source.iter_sse():
                self.events.append(each)
                if each.event == self._until:
                    return

    def data(self, name: str) -> list[Any]:
        """Return the parsed data of all events of a kind."""
        return [json.loads(each.data) for each in self.events if each.event == name]

    def ended(self) -> Following:
        self.join(120)
        assert not self.is_alive()
        return self


def test_progress_rises_and_the_result_is_the_answer(server: Server, talk: bytes) -> None:
    followed = Following(server, talk, response_format="verbose_json").ended()
    assert followed.data("result") == [
        server.diarize(talk, name="a.wav", response_format="verbose_json").json()
    ]
    assert [each.event for each in followed.events][-2:] == ["progress", "result"]
    fractions = [each["fraction"] for each in followed.data("progress")]
    assert fractions == sorted(fractions)
    assert fractions[0] == 0
    assert len(fractions) > 2


@pytest.mark.parametrize("form", ["rttm", "csv", "textgrid", "elan", "srt"])
def test_a_text_is_the_same_line_by_line(server: Server, talk: bytes, form: str) -> None:
    *_, notices, result = (
        Following(server, talk, response_format=form, num_speakers="19").ended().events
    )
    answer = server.diarize(talk, name="a.wav", response_format=form, num_speakers=19)
    assert result.data.split("\n") == answer.text.replace("\r\n", "\n").split("\n")
    assert notices.event == "notices"
    assert notices.json() == json.loads(answer.headers["x-ovdiar-notices"]) != []


def test_what_needs_no_run_is_refused_with_a_status(server: Server, talk: bytes) -> None:
    assert server.diarize(talk, stream="true", num_speakers=-1).status_code == 422
    assert server.diarize(talk, stream="true", model="huge").status_code == 404
    assert server.diarize(bytes(3_500_000), stream="true").status_code == 413


def test_an_error_of_the_run_is_an_event_with_the_body_of_an_error(server: Server) -> None:
    followed = Following(server, b"no sound").ended()
    assert followed.events[-1].event == "error"
    assert followed.data("error") == [server.diarize(b"no sound", name="a.wav").json()]


def test_the_queue_tells_positions_that_fall(server: Server, long: bytes, talk: bytes) -> None:
    running = Following(server, long)
    server.wait_until_running(1, within_s=10)
    first = Following(server, talk)
    while server.waiting() < 1:
        pass
    second = Following(server, talk)
    while server.waiting() < 2:
        pass
    full = server.diarize(talk)
    assert (full.status_code, full.json()["error"]["code"]) == (503, "too_many_requests")
    assert int(full.headers["retry-after"]) >= 1
    assert running.ended().data("queued") == []
    assert first.ended().data("queued") == [{"position": 1}]
    assert second.ended().data("queued") == [{"position": 2}, {"position": 1}]
    for each in (running, first, second):
        assert each.events[-1].event == "result"


def test_who_leaves_the_queue_makes_room(server: Server, long: bytes, talk: bytes) -> None:
    running = Following(server, long)
    server.wait_until_running(1, within_s=10)
    leaving = Following(server, talk, until="queued")
    staying = Following(server, talk)
    leaving.ended()
    while server.waiting() != 1 or not staying.data("queued"):
        pass
    running.ended()
    assert staying.ended().data("queued")[-1] == {"position": 1}
    assert staying.events[-1].event == "result"
    server.wait_until_running(0, within_s=10)


def test_who_leaves_a_run_ends_it(server: Server, long: bytes) -> None:
    Following(server, long, until="progress").ended()
    assert server.wait_until_running(0, within_s=10) < 5


def test_time_that_is_up_is_an_event(slow: Path, tmp_path: Path, long: bytes) -> None:
    with serving(tmp_path / "log", "--models", slow, "--timeout", 3) as server:
        followed = Following(server, long).ended()
        assert followed.events[-1].event == "error"
        assert followed.data("error")[0]["error"]["code"] == "timeout"
        server.wait_until_running(0, within_s=10)


@pytest.mark.parametrize("text", ["", "a", "a\nb\n", "\n\n", "a\r\nb\rc"])
def test_an_event_holds_every_line(text: str) -> None:
    name, *lines, blank, end = event("result", text).decode().split("\n")
    assert (name, blank, end) == ("event: result", "", "")
    assert [line.removeprefix("data: ") for line in lines] == text.replace("\r\n", "\n").replace(
        "\r", "\n"
    ).split("\n")
