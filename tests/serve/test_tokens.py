"""Whoever has no token gets nothing but the documentation and the probes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx
import pytest
from reference.serving import PATH, Server, serving, wav
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from ovdiar.cli import main
from ovdiar.errors import ConfigError
from ovdiar.serve.paths import OPEN
from ovdiar.serve.tokens import MIN_LENGTH, Tokens

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OLD, NEW = "0123456789abcdef", "fedcba9876543210-new"
GIVEN = {"Authorization": f"Bearer {NEW}"}


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tokens") / "log"


@pytest.fixture(scope="module")
def server(tiny: Path, log: Path) -> Iterator[Server]:
    tokens = log.with_name("tokens")
    tokens.write_text(f"{OLD}\n\n  {NEW}\r\n")
    with serving(log, "--models", tiny, "--token-file", tokens) as server:
        yield server


@pytest.fixture(scope="module")
def talk(conversation: Path) -> bytes:
    return wav(conversation, 3)


@pytest.mark.parametrize("token", [OLD, NEW])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_each_token_of_the_file_is_accepted(server: Server, token: str, scheme: str) -> None:
    answer = server.client.get("/v1/models", headers={"Authorization": f"{scheme} {token}"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "given",
    [
        "",
        "Bearer",
        f"Bearer {OLD[:-1]}",
        f"Bearer {OLD}x",
        f"Bearer {OLD.upper()}",
        f"Basic {OLD}",
        OLD,
        f"Bearer {OLD} {NEW}",
        "Bearer \xe9\xe9",
    ],
)
def test_everything_else_is_refused(server: Server, given: str) -> None:
    answer = server.client.get("/v1/models", headers={b"Authorization": given.encode("latin-1")})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "unauthorized"
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


def test_two_tokens_at_once_are_refused(server: Server) -> None:
    headers = [("Authorization", f"Bearer {OLD}"), ("Authorization", "Bearer other")]
    assert server.client.get("/v1/models", headers=headers).status_code == 401


def test_who_sends_none_is_told_how(server: Server) -> None:
    answer = server.client.get("/metrics")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert 'send the header "Authorization: Bearer TOKEN"' in answer.json()["error"]["message"]
    assert server.client.get("/nothing").status_code == 401


def test_the_documentation_and_the_probes_are_open(server: Server) -> None:
    for path in OPEN:
        assert server.client.get(path, follow_redirects=True).status_code == 200
        assert server.client.head(path, follow_redirects=True).status_code == 200


def test_an_upload_is_refused_before_it_is_read(server: Server) -> None:
    def body() -> Iterator[bytes]:
        yield b"--x\r\n"
        time.sleep(1)
        raise AssertionError("the whole body was read")

    start = time.perf_counter()
    with pytest.raises((AssertionError, httpx.HTTPError)):
        server.client.post(PATH, content=body())
    assert time.perf_counter() - start < 5
    assert server.diarize(bytes(2_000_000)).status_code == 401


def test_an_answer_is_the_same_with_a_token(server: Server, talk: bytes) -> None:
    files = {"file": ("a.wav", talk)}
    answer = server.client.post(PATH, files=files, headers=GIVEN)
    assert (answer.status_code, answer.json()["duration"]) == (200, 3)


def test_a_websocket_needs_a_token_too(server: Server) -> None:
    url = server.url.replace("http", "ws") + "/v1/audio/stream"
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        with pytest.raises(InvalidStatus) as refusal:
            connect(url, proxy=None, additional_headers=headers)
        assert refusal.value.response.status_code == 401
        assert b'"unauthorized"' in refusal.value.response.body
    with connect(url, proxy=None, additional_headers=GIVEN) as socket:
        assert '"ready"' in str(socket.recv(timeout=60))


def test_a_token_is_never_logged(server: Server, log: Path) -> None:
    while "path=/v1/models status=200" not in log.read_text():
        server.client.get("/v1/models", headers=GIVEN)
    assert OLD not in log.read_text()
    assert NEW not in log.read_text()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "there is no token"),
        ("\n \n", "there is no token"),
        ("short", f"a token has 5 characters: give at least {MIN_LENGTH}"),
        ("two words in one line", "without spaces"),
        ("a-token-in-ünicode", "printable ASCII"),
        (f"{OLD}\nshort", "a token has 5 characters"),
        ("x", "a token has 1 character: give"),
    ],
)
def test_a_file_without_good_tokens_is_refused(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=says) as refusal:
        Tokens.load(path)
    assert str(refusal.value).startswith(f"{path}: ")


def test_a_file_that_is_missing_is_told(
    tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--models", str(tiny), "--token-file", str(tmp_path / "no")]) == 2
    assert f"{tmp_path / 'no'} cannot be read" in capsys.readouterr().err
