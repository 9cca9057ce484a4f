"""Operators see whether the service is up, what it does, and who was answered how."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics_families,
)
from prometheus_client.parser import text_string_to_metric_families
from reference.serving import PATH, Server, serving, wav
from websockets.sync.client import connect

from ovdiar import load
from ovdiar.errors import ModelError, OutOfMemoryError
from ovdiar.networks.models import Models
from ovdiar.serve import server as running
from ovdiar.serve.app import make_app
from ovdiar.serve.limits import Limits
from ovdiar.serve.service import Service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fastapi import FastAPI


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("operation") / "log"


@pytest.fixture(scope="module")
def server(tiny: Path, log: Path) -> Iterator[Server]:
    with serving(log, "--models", tiny) as server:
        yield server


@pytest.fixture(scope="module")
def talk(conversation: Path) -> bytes:
    return wav(conversation, 3)


def ask(app: FastAPI, method: str, path: str, **given: Any) -> httpx.Response:
    """Ask an application in this process."""

    async def play() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.request(method, path, **given)

    return asyncio.run(play())


def lines(log: Path, identity: str) -> list[str]:
    """Return the lines of a request, which are written once it is answered."""
    for _ in range(200):
        found = [line for line in log.read_text().splitlines() if f"request={identity}" in line]
        if found:
            return found
        time.sleep(0.01)
    return []


def test_it_is_ready_between_compiling_and_stopping(tiny: Path) -> None:
    service = Service(load(tiny), {})
    app = make_app(service, Limits())
    shared = app.state.shared
    starting = ask(app, "GET", "/readyz")
    assert (starting.status_code, starting.json()) == (503, {"status": "starting"})
    assert ask(app, "GET", "/livez").json() == {"status": "ok"}
    shared.compiled = True
    ready = ask(app, "GET", "/readyz")
    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})
    shared.runs.stop()
    stopping = ask(app, "GET", "/readyz")
    assert (stopping.status_code, stopping.json()) == (503, {"status": "stopping"})
    assert ask(app, "GET", "/livez").status_code == 200


def test_networks_that_cannot_be_compiled_end_it(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: Models) -> None:
        raise ModelError("the network cannot be compiled")

    monkeypatch.setattr(Models, "compile", fail)
    with pytest.raises(ModelError, match="cannot be compiled"):
        running.serve(Service(load(tiny), {}), Limits(), "127.0.0.1", 0)
    assert "serving on" in capsys.readouterr().err


@pytest.mark.parametrize("path", ["/", "/docs", "/livez", "/healthz", "/v1/models", "/nothing"])
def test_head_is_get_without_a_body(server: Server, path: str) -> None:
    got, head = server.client.get(path), server.client.head(path)
    assert head.status_code == got.status_code
    assert head.content == b""
    for name in ("content-type", "content-length", "location", "content-security-policy"):
        assert head.headers.get(name) == got.headers.get(name)


def test_head_of_what_is_only_posted_is_refused(server: Server) -> None:
    answer = server.client.head(PATH)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_the_root_leads_to_the_page(server: Server) -> None:
    answer = server.client.get("/", follow_redirects=True)
    assert answer.url.path == "/docs"
    assert answer.headers["content-type"].startswith("text/html")


def samples(server: Server) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Read the metrics as Prometheus does."""
    return {
        (each.name, tuple(sorted(each.labels.items()))): each.value
        for family in text_string_to_metric_families(server.client.get("/metrics").text)
        for each in family.samples
    }


def test_metrics_count_requests_audio_and_streams(server: Server, talk: bytes) -> None:
    before, stream = samples(server), "/v1/audio/stream"
    assert server.diarize(talk).status_code == 200
    assert server.diarize(b"no sound").status_code == 400
    server.client.request("BREW", "/some/pot")
    with connect(server.url.replace("http", "ws") + "/v1/audio/stream", proxy=None) as socket:
        socket.recv(timeout=60)
        assert samples(server)["ovdiar_streams", ()] == 1
        socket.send(bytes(2 * 16000))
        socket.send('{"type": "end"}')
        assert '"result"' in [str(socket.recv(timeout=60))][-1]
    ended = ("ovdiar_requests_total", (("method", "WS"), ("path", stream), ("status", "1000")))
    while ended not in (after := samples(server)):
        time.sleep(0.01)

    def more(name: str, **labels: str) -> float:
        key = (name, tuple(sorted(labels.items())))
        return after.get(key, 0) - before.get(key, 0)

    assert more("ovdiar_requests_total", method="POST", path=PATH, status="200") == 1
    assert more("ovdiar_requests_total", method="POST", path=PATH, status="400") == 1
    assert more("ovdiar_requests_total", method="other", path="other", status="404") == 1
    assert more("ovdiar_requests_total", method="WS", path=stream, status="1000") == 1
    assert more("ovdiar_audio_seconds_total", path=PATH) == pytest.approx(3)
    assert more("ovdiar_audio_seconds_total", path=stream) == pytest.approx(1)
    assert more("ovdiar_request_duration_seconds_count", path=PATH) == 2
    assert more("ovdiar_queue_duration_seconds_count") == 2
    assert more("ovdiar_received_bytes_total") > len(talk) + 32000
    assert after["ovdiar_build_info", (("model", "tiny"), ("version", _version()))] == 1
    for gauge in ("running", "waiting", "uploading", "streams"):
        assert after[f"ovdiar_{gauge}", ()] == 0
    assert after["ovdiar_ready", ()] == 1


def _version() -> str:
    from importlib.metadata import version

    return version("ovdiar")


def test_metrics_are_openmetrics_where_it_is_accepted(server: Server) -> None:
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    answer = server.client.get("/metrics", headers=accept)
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    names = {family.name for family in openmetrics_families(answer.text)}
    assert {"ovdiar_requests", "ovdiar_ready", "process_resident_memory_bytes"} <= names


def test_a_request_is_a_line_of_the_log(server: Server, log: Path, talk: bytes) -> None:
    answer = server.diarize(talk)
    (line,) = lines(log, answer.headers["x-request-id"])
    assert re.fullmatch(
        r"ovdiar: time=\S+\+00:00 client=127\.0\.0\.1 method=POST path=/v1/audio/diarization "
        r"status=200 duration_s=[\d.]+ received=\d+ sent=\d+ queued_s=0\.\d+ audio_s=3\.000 "
        r"request=[0-9a-f]{32}",
        line,
    )
    assert f"sent={len(answer.content)} " in line


def test_the_id_of_a_proxy_is_kept_unless_it_is_odd(server: Server, log: Path) -> None:
    for given, kept in (("proxy-1:a.b_c", True), ("x" * 65, False), ("a b", False)):
        headers = {"X-Request-ID": given}
        answer = server.client.get("/v1/models", headers=headers).headers["x-request-id"]
        assert (answer == given) == kept
        assert len(lines(log, answer)) == 1


def test_probes_are_not_logged(server: Server, log: Path) -> None:
    for path in ("/livez", "/readyz", "/healthz", "/metrics"):
        server.client.get(path)
    last = server.client.get("/v1/models").headers["x-request-id"]
    assert lines(log, last)
    assert not re.search(r"path=/(livez|readyz|healthz|metrics) status=200", log.read_text())


def test_a_path_adds_no_line_and_no_field_to_the_log(server: Server, log: Path) -> None:
    answer = server.client.get("/a%0Aovdiar:%20b?token=secret#c")
    (line,) = lines(log, answer.headers["x-request-id"])
    assert " path=/a%0Aovdiar:%20b status=404 " in line
    assert "secret" not in log.read_text()


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [(OutOfMemoryError("no memory"), 503, "out_of_memory"), (KeyError("x"), 500, "internal_error")],
)
@pytest.mark.parametrize("stream", ["false", "true"])
def test_what_fails_inside_is_an_answer_and_the_log_has_the_cause(
    error: Exception,
    status: int,
    code: str,
    stream: str,
    tiny: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(Service, "diarize", fail)
    app = make_app(Service(load(tiny), {}), Limits())
    with caplog.at_level(logging.ERROR, "ovdiar"):
        answer = ask(app, "POST", PATH, files={"file": b"x"}, data={"stream": stream})
    assert f'"code":"{code}"' in answer.text
    if stream == "false":
        assert answer.status_code == status
    causes = [record.exc_info[1] for record in caplog.records if record.exc_info]
    assert causes == ([error] if status == 500 else [])
    if status == 500:
        assert answer.headers["x-request-id"] in answer.text
