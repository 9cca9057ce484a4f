"""The service answers as LocalAI does, keeps its limits, and stops what nobody waits for."""

from __future__ import annotations

import io
import json
import re
import signal
import socket
import threading
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from reference.material import require_posix
from reference.serving import PATH, Server, serving, wav

from ovdiar import SpeakerDiarization, load
from ovdiar.formats import rttm
from ovdiar.serve.limits import UPLOADS_PER_RUN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from typing_extensions import Self


@pytest.fixture(scope="module")
def talk(conversation: Path) -> bytes:
    return wav(conversation, 12)


@pytest.fixture(scope="module")
def spool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spool")


@pytest.fixture(scope="module")
def server(tiny: Path, spool: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("serve") / "log"
    options = ("--models", tiny, "--max-upload-mb", 3, "--max-queue", 0)
    with serving(log, *options, TMPDIR=str(spool)) as server:
        yield server


def is_refusal(answer: httpx.Response, status: int, code: str) -> bool:
    """Tell whether an answer has this status and the one shape of errors."""
    error = answer.json()["error"]
    fault = "server_error" if status >= 500 else "invalid_request_error"
    return (
        answer.status_code == status
        and list(answer.json()) == ["error"]
        and sorted(error) == ["code", "message", "type"]
        and (error["type"], error["code"]) == (fault, code)
        and error["message"].splitlines() == [error["message"]] != [""]
    )


def test_it_listens_on_this_machine_only(server: Server) -> None:
    assert server.url.startswith("http://127.0.0.1:")


def test_it_tells_that_it_is_up_and_what_it_serves(server: Server) -> None:
    health = server.client.get("/healthz")
    assert health.json() == {
        "status": "ok",
        "running": 0,
        "waiting": 0,
        "uploading": 0,
        "streams": 0,
        "max_concurrent": 2,
        "max_queue": 0,
    }
    models = server.client.get("/v1/models").json()
    assert models == {
        "object": "list",
        "data": [{"id": "tiny", "object": "model", "owned_by": "ovdiar"}],
    }


def test_turns_are_those_of_the_pipeline(server: Server, talk: bytes, tiny: Path) -> None:
    answer = server.diarize(talk, response_format="rttm", name="a talk.wav", num_speakers=2)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    wanted = SpeakerDiarization(load(tiny))(io.BytesIO(talk), num_speakers=2)
    assert rttm.loads(answer.text)["a_talk"].turns == wanted.speaker_diarization.turns or (
        answer.text.replace(" a_talk ", " stream ") == rttm.dumps(wanted.speaker_diarization)
    )


def test_json_is_what_localai_answers(server: Server, talk: bytes) -> None:
    answer = server.diarize(talk, model="tiny", language="en", include_text="true").json()
    assert list(answer) == ["task", "duration", "num_speakers", "segments", "notices"]
    assert (answer["task"], answer["duration"]) == ("diarize", 12.0)
    segments = answer["segments"]
    assert [segment["id"] for segment in segments] == list(range(len(segments)))
    assert {frozenset(each) for each in segments} == {
        frozenset({"id", "speaker", "label", "start", "end"})
    }
    assert len({segment["speaker"] for segment in segments}) == answer["num_speakers"]
    assert all(each["speaker"] == f"SPEAKER_{int(each['label']):02d}" for each in segments)


def test_verbose_json_adds_speakers_and_confidence(server: Server, talk: bytes) -> None:
    answer = server.diarize(talk, response_format="verbose_json", num_speakers=2).json()
    assert [each["id"] for each in answer["speakers"]] == ["SPEAKER_00", "SPEAKER_01"]
    for speaker in answer["speakers"]:
        mine = [each for each in answer["segments"] if each["speaker"] == speaker["id"]]
        assert speaker["segment_count"] == len(mine)
        said = sum(each["end"] - each["start"] for each in mine)
        assert speaker["total_speech_duration"] == pytest.approx(said, abs=0.002 * len(mine))
    assert all(0 <= each["confidence"] <= 1 for each in answer["segments"])


@pytest.mark.parametrize("form", ["json", "verbose_json"])
def test_a_recording_that_is_cut_is_answered_with_a_notice(
    server: Server, talk: bytes, form: str
) -> None:
    answer = server.diarize(talk[: len(talk) // 2], response_format=form).json()
    (notice,) = (each for each in answer["notices"] if each["code"] == "incomplete-audio")
    assert notice["values"]["announced_s"] == 12
    assert notice["values"]["heard_s"] == pytest.approx(6, abs=0.01)
    assert "6.000 s of 12.000 s" in notice["text"] or "5.99" in notice["text"]


def test_shorter_turns_are_dropped_on_request(server: Server, talk: bytes) -> None:
    every = server.diarize(talk).json()["segments"]
    lengths = sorted(each["end"] - each["start"] for each in every)
    limit = (lengths[0] + lengths[-1]) / 2
    kept = server.diarize(talk, min_duration_on=limit).json()["segments"]
    assert len(kept) == sum(length > limit for length in lengths) < len(every)


@pytest.mark.parametrize("seconds", [0, 0.05, 1.0])
def test_the_shortest_turn_is_the_pipelines_hyper_parameter(
    server: Server, tiny: Path, talk: bytes, seconds: float
) -> None:
    pipeline = SpeakerDiarization(load(tiny), min_duration_on=seconds)
    wanted = pipeline(io.BytesIO(talk)).speaker_diarization
    answer = server.diarize(talk, min_duration_on=seconds).json()
    assert [(each["speaker"], each["start"]) for each in answer["segments"]] == [
        (turn.speaker, round(turn.segment.start, 3)) for turn in wanted.turns
    ]
    labels = {each["label"] for each in answer["segments"]}
    assert labels == {str(number) for number in range(answer["num_speakers"])}


def test_notices_are_in_json_and_in_a_header_of_text(server: Server, talk: bytes) -> None:
    answer = server.diarize(talk, num_speakers=19).json()
    assert "speaker-count" in {notice["code"] for notice in answer["notices"]}
    text = server.diarize(talk, num_speakers=19, response_format="rttm")
    assert json.loads(text.headers["x-ovdiar-notices"]) == answer["notices"]


@pytest.mark.parametrize("form", ["csv", "srt", "vtt", "textgrid", "elan", "audacity"])
def test_other_formats_come_as_text(server: Server, talk: bytes, form: str) -> None:
    answer = server.diarize(talk, response_format=form)
    assert answer.status_code == 200
    assert "SPEAKER_00" in answer.text


@pytest.mark.parametrize(
    ("fields", "code", "says"),
    [
        ({"num_speakers": -1}, "invalid_parameter", "num_speakers: "),
        ({"num_speakers": "two"}, "invalid_parameter", "num_speakers: "),
        ({"clustering_threshold": 3}, "invalid_parameter", "clustering_threshold: "),
        ({"min_duration_off": "nan"}, "invalid_parameter", "min_duration_off"),
        ({"min_duration_on": "inf"}, "invalid_parameter", "min_duration_on"),
        ({"response_format": "mp3"}, "invalid_parameter", "response_format: "),
        ({"min_speakers": 3, "max_speakers": 2}, "invalid_parameter", "min_speakers 3 exceeds"),
    ],
)
def test_a_parameter_out_of_range_is_named(
    server: Server, talk: bytes, fields: dict[str, Any], code: str, says: str
) -> None:
    answer = server.diarize(talk, **fields)
    assert is_refusal(answer, 422, code)
    assert says in answer.json()["error"]["message"]


def test_every_refusal_has_one_shape(server: Server, talk: bytes) -> None:
    assert is_refusal(server.client.get("/nothing"), 404, "not_found")
    assert is_refusal(server.client.put(PATH), 405, "method_not_allowed")
    assert is_refusal(server.client.post(PATH), 422, "missing_parameter")
    broken = server.client.post(
        PATH, content=b"--", headers={"content-type": "multipart/form-data"}
    )
    assert is_refusal(broken, 400, "bad_request")
    assert is_refusal(server.diarize(talk, model="huge"), 404, "model_not_found")
    assert is_refusal(server.diarize(b"no sound"), 400, "invalid_audio")
    assert is_refusal(server.diarize(b""), 400, "invalid_audio")


def test_an_upload_that_names_files_of_the_server_is_refused(
    server: Server, conversation: Path
) -> None:
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:60\n#EXTINF:60,\n{conversation}\n#EXT-X-ENDLIST\n"
    for name in ("talk.m3u8", "talk.m4a"):
        answer = server.diarize(playlist.encode(), name=name)
        assert is_refusal(answer, 400, "invalid_audio")
        assert "only refers to other files" in answer.json()["error"]["message"]


def test_a_request_that_is_too_large_is_refused(server: Server) -> None:
    answer = server.diarize(bytes(3_500_000))
    assert is_refusal(answer, 413, "too_large")
    assert "larger than 3 MB" in answer.json()["error"]["message"]


def test_a_request_that_does_not_say_how_large_it_is_is_refused_too(server: Server) -> None:
    def body() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(100):
            yield bytes(100_000)

    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = server.client.post(PATH, content=body(), headers=headers)
    assert is_refusal(answer, 413, "too_large")


def test_the_page_needs_no_other_host(server: Server) -> None:
    page = server.client.get("/docs")
    assert page.status_code == 200
    assert not re.findall(r"(?:https?:)?//[\w.-]+\.\w+", page.text)
    assert "default-src 'none'" in page.headers["content-security-policy"]


class Asking(threading.Thread):
    """Asks in the background, over a connection of its own; leaves when it is told to."""

    def __init__(self, server: Server, audio: bytes) -> None:
        super().__init__()
        self._server, self._audio = server, audio
        self.answer: httpx.Response | None = None
        self.patience = httpx.Timeout(120)
        self.start()

    def run(self) -> None:
        with (
            suppress(httpx.ReadTimeout),
            httpx.Client(base_url=self._server.url, timeout=self.patience) as client,
        ):
            self.answer = client.post(PATH, files={"file": ("a.wav", self._audio)})


class Leaving(Asking):
    """Leaves after a second."""

    def start(self) -> None:
        self.patience = httpx.Timeout(120, read=1)
        super().start()


@pytest.fixture(scope="module")
def long(conversation: Path) -> bytes:
    return wav(conversation, 60)


def test_others_are_answered_at_once_while_it_computes(server: Server, long: bytes) -> None:
    asking = Leaving(server, long)
    server.wait_until_running(1, within_s=5)
    waits = []
    for _ in range(10):
        start = time.perf_counter()
        server.client.get("/healthz")
        waits.append(time.perf_counter() - start)
        time.sleep(0.05)
    asking.join()
    server.wait_until_running(0, within_s=5)
    assert sorted(waits)[5] < 0.25


def test_a_client_that_leaves_ends_its_run(server: Server, long: bytes) -> None:
    leaving = Leaving(server, long)
    server.wait_until_running(1, within_s=5)
    leaving.join()
    assert leaving.answer is None
    assert server.wait_until_running(0, within_s=10) < 2


def test_no_upload_is_left_behind(server: Server, spool: Path, talk: bytes, long: bytes) -> None:
    server.diarize(talk)
    server.diarize(b"no sound")
    Leaving(server, long).join()
    server.wait_until_running(0, within_s=5)
    assert list(spool.rglob("*")) == []


def test_more_requests_than_allowed_are_refused(server: Server, long: bytes, talk: bytes) -> None:
    asking = [Leaving(server, long) for _ in range(2)]
    server.wait_until_running(2, within_s=5)
    answer = server.diarize(talk)
    for each in asking:
        each.join()
    server.wait_until_running(0, within_s=5)
    assert is_refusal(answer, 503, "too_many_requests")
    assert answer.headers["retry-after"].isdigit()
    assert server.diarize(talk).status_code == 200


class Uploading:
    """An upload whose head and first byte are sent, and no more."""

    def __init__(self, server: Server, stated_bytes: int = 100_000) -> None:
        url = httpx.URL(server.url)
        self._socket = socket.create_connection((url.host, url.port or 80), timeout=30)
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {stated_bytes}\r\n"
            "Content-Type: multipart/form-data; boundary=x\r\n\r\n-"
        )
        self._socket.sendall(head.encode())

    def answer(self) -> str:
        """Wait for the first line and the body of the answer."""
        received = b""
        while block := self._socket.recv(65536):
            received += block
        return received.decode()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()


def test_slow_uploads_take_no_place_of_others(server: Server, talk: bytes) -> None:
    with Uploading(server), Uploading(server), Uploading(server):
        while server.client.get("/healthz").json()["uploading"] < 3:
            time.sleep(0.02)
        assert server.diarize(talk).status_code == 200
        server.wait_until_running(0, within_s=5)
    while server.client.get("/healthz").json()["uploading"]:
        time.sleep(0.02)


def test_an_upload_that_is_too_slow_is_refused(tiny: Path, tmp_path: Path) -> None:
    with (
        serving(tmp_path / "log", "--models", tiny, "--min-upload-kb-s", 20) as server,
        Uploading(server) as upload,
    ):
        start = time.perf_counter()
        answer = upload.answer()
        assert 9 < time.perf_counter() - start < 30
        assert answer.startswith("HTTP/1.1 408 ")
        assert '"code":"upload_too_slow"' in answer
        assert "fewer than 20 kB a second" in answer
        assert server.client.get("/healthz").json()["uploading"] == 0


def test_uploads_are_limited_in_number(tiny: Path, tmp_path: Path, talk: bytes) -> None:
    with (
        serving(tmp_path / "log", "--models", tiny, "--max-concurrent", 1) as server,
        ExitStack() as uploads,
    ):
        for _ in range(UPLOADS_PER_RUN):
            uploads.enter_context(Uploading(server))
        while server.client.get("/healthz").json()["uploading"] < UPLOADS_PER_RUN:
            time.sleep(0.02)
        assert is_refusal(server.diarize(talk), 503, "too_many_requests")


def test_time_that_is_up_ends_the_run(slow: Path, tmp_path: Path, long: bytes) -> None:
    with serving(tmp_path / "log", "--models", slow, "--timeout", 3) as server:
        start = time.perf_counter()
        answer = server.diarize(long)
        assert is_refusal(answer, 504, "timeout")
        assert time.perf_counter() - start < 3 + 2
        assert server.running() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_soon_and_tells_who_waits(
    slow: Path, tmp_path: Path, long: bytes, number: signal.Signals
) -> None:
    require_posix("signals to other processes")
    with serving(tmp_path / "log", "--models", slow) as server:
        asking = Asking(server, long)
        server.wait_until_running(1, within_s=5)
        time.sleep(3)  # until its networks run
        start = time.perf_counter()
        server.process.send_signal(number)
        assert server.process.wait(timeout=20) == 0
        took_s = time.perf_counter() - start
        asking.join()
    assert took_s < 3
    assert asking.answer is not None
    assert is_refusal(asking.answer, 503, "stopped")
    served, asked, stopped = (tmp_path / "log").read_text().splitlines()
    assert served.startswith("ovdiar: serving on ")
    assert f"path={PATH} status=503 " in asked
    assert stopped == "ovdiar: stopped"
