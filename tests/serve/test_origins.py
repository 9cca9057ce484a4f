"""Without a token, pages of other sites that are open in a user's browser get nothing."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from reference.serving import PATH, Server, serving, wav
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from ovdiar.cli import main
from ovdiar.serve.paths import PATHS
from ovdiar.serve.request_log import ID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

APP = "https://app.example.org"
TOKEN = "0123456789abcdef"  # noqa: S105 - it opens nothing else


@pytest.fixture(scope="module")
def server(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("origins") / "log"
    with serving(log, "--models", tiny, "--allow-origin", APP) as server:
        yield server


@pytest.fixture(scope="module")
def talk(conversation: Path) -> bytes:
    return wav(conversation, 3)


def port(server: Server) -> str:
    return server.url.rpartition(":")[2]


def post(server: Server, talk: bytes, **headers: str) -> httpx.Response:
    return server.client.post(PATH, files={"file": ("a.wav", talk)}, headers=headers)


def open_socket(server: Server, **headers: str) -> int:
    """Open a stream; return the status of its handshake."""
    url = server.url.replace("http", "ws") + "/v1/audio/stream"
    try:
        with connect(url, proxy=None, additional_headers=headers) as stream:
            assert '"ready"' in str(stream.recv(timeout=60))
            return 101
    except InvalidStatus as refusal:
        return refusal.response.status_code


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "https://app.example.org.evil.example",
        "http://app.example.org",
        "https://app.example.org:8443",
        "http://127.0.0.1",
        "http://localhost:{port}",
        "http://127.0.0.1:{port}.evil.example",
        "null",
        "",
    ],
)
def test_a_page_of_another_site_is_refused(server: Server, talk: bytes, origin: str) -> None:
    origin = origin.format(port=port(server))
    answer = post(server, talk, Origin=origin)
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "forbidden_origin"
    assert "--allow-origin" in answer.json()["error"]["message"]
    assert open_socket(server, Origin=origin) == 403
    assert "access-control-allow-origin" not in answer.headers


def test_pages_of_the_service_and_programs_are_answered(server: Server, talk: bytes) -> None:
    for headers in ({}, {"Origin": server.url}, {"Origin": server.url.upper()}):
        assert post(server, talk, **headers).status_code == 200
        assert open_socket(server, **headers) == 101


@pytest.mark.parametrize("path", sorted(PATHS))
@pytest.mark.parametrize("name", ["evil.example", "rebound.evil.example:8000", "127.0.0.1.nip.io."])
def test_a_name_that_was_made_to_lead_here_is_refused_everywhere(
    server: Server, path: str, name: str
) -> None:
    """As in DNS rebinding: the origin is the service's own."""
    answer = server.client.get(path, headers={"Host": name, "Origin": f"http://{name}"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden_host")


def test_a_stream_is_refused_under_such_a_name(server: Server) -> None:
    url = f"ws://evil.example:{port(server)}/v1/audio/stream"
    with pytest.raises(InvalidStatus) as refusal:
        connect(url, proxy=None, sock=socket.create_connection(("127.0.0.1", int(port(server)))))
    assert refusal.value.response.status_code == 403


@pytest.mark.parametrize(
    "name",
    [
        "127.0.0.1",
        "[::1]",
        "192.168.1.9:80",
        "localhost",
        "LOCALHOST.",
        "nas",
        "nas.local",
        "a.b.internal",
    ],
)
def test_addresses_and_names_of_private_networks_are_known(server: Server, name: str) -> None:
    for headers in ({"Host": name}, {"Host": name, "Origin": f"http://{name.removesuffix(':80')}"}):
        assert server.client.get("/v1/models", headers=headers).status_code == 200


def test_pages_of_a_named_origin_may_read_answers(server: Server, talk: bytes) -> None:
    answer = post(server, talk, Origin=APP)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == APP
    assert ID in answer.headers["access-control-expose-headers"]
    assert open_socket(server, Origin=APP) == 101
    asked = {"Origin": APP, "Access-Control-Request-Method": "POST"}
    assert server.client.options(PATH, headers=asked).status_code == 200


def test_a_proxy_may_pass_on_the_name_of_a_named_origin(server: Server) -> None:
    headers = {"Host": "app.example.org"}
    assert server.client.get("/v1/models", headers=headers).status_code == 200


def test_with_tokens_every_name_is_good_and_named_origins_may_send_them(
    tiny: Path, tmp_path: Path
) -> None:
    (tmp_path / "tokens").write_text(TOKEN)
    options = ("--models", tiny, "--token-file", tmp_path / "tokens", "--allow-origin", APP)
    given = {"Authorization": f"Bearer {TOKEN}"}
    asked = {
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }
    with serving(tmp_path / "log", *options) as server:
        for origin in (APP, "https://diarize.example.org"):
            headers = {"Host": "diarize.example.org", "Origin": origin}
            assert open_socket(server, Origin=origin) == 401
            assert open_socket(server, Origin=origin, **given) == 101
            answer = server.client.get("/v1/models", headers=headers | given)
            assert answer.status_code == 200
            assert answer.headers.get("access-control-allow-origin") == (
                APP if origin == APP else None
            )
        assert server.client.options("/v1/models", headers={"Origin": APP} | asked).is_success


@pytest.mark.parametrize(
    "origin", ["*", "null", "app.example.org", "https://a.example/app", "https://"]
)
def test_what_is_no_origin_is_refused_at_the_start(
    tiny: Path, capsys: pytest.CaptureFixture[str], origin: str
) -> None:
    assert main(["serve", "--models", str(tiny), "--allow-origin", origin]) == 2
    assert f"--allow-origin is '{origin}': give scheme, host and port" in capsys.readouterr().err
