"""The image, the unit and the proxies of docs/serve.md are what their programs accept."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from conftest import CHECKOUT
from httpx_sse import connect_sse
from reference.documents import blocks
from reference.material import missing
from reference.serving import PATH, Server, serving, wav
from websockets.sync.client import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (CHECKOUT / "docs" / "serve.md").read_text(encoding="utf-8")
UNIT = (CHECKOUT / "deploy" / "ovdiar.service").read_text(encoding="utf-8")
EXPOSED = 20
"""Most exposure of a unit, in tenths of `systemd-analyze security`."""
PLACES = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"], "/usr/sbin"])


def program(name: str, source: str) -> str:
    """Find a program, also beside this Python."""
    found = shutil.which(name, path=PLACES)
    return found or missing(f"{name} is missing: {source}")


def run(*command: object) -> str:
    """Run a command that must succeed; return what it says."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_image_pleases_its_linter() -> None:
    assert run(program("hadolint", "install the extra test"), CHECKOUT / "Containerfile") == ""


def test_the_image_copies_only_what_the_build_sees() -> None:
    ignored = (CHECKOUT / ".dockerignore").read_text("utf-8").splitlines()
    seen = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    text = (CHECKOUT / "Containerfile").read_text("utf-8")
    copied = {
        name
        for line in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE)
        for name in line.split()
    }
    assert copied == seen
    assert all((CHECKOUT / name).exists() for name in copied)


def test_the_unit_is_valid(tmp_path: Path) -> None:
    analyze = program("systemd-analyze", "install systemd")
    (tmp_path / "ovdiar.service").write_text(UNIT.replace("/opt/ovdiar/bin/ovdiar", "/bin/true"))
    assert run(analyze, "verify", "--man=no", tmp_path / "ovdiar.service") == ""


def test_the_unit_is_hardened(tmp_path: Path) -> None:
    analyze = program("systemd-analyze", "install systemd")
    (tmp_path / "ovdiar.service").write_text(UNIT)
    told = run(
        *(analyze, "security", "--offline=true", "--no-pager", f"--threshold={EXPOSED}"),
        tmp_path / "ovdiar.service",
    )
    assert "Overall exposure level" in told
    assert f"exposure below {EXPOSED // 10} of 10" in " ".join(PAGE.split())


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def proxied(command: list[str], folder: Path, port: int) -> Iterator[None]:
    """Run a proxy with TLS until it has its certificate, which comes after it listens; end it."""
    homes = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    log = folder / "proxy.log"
    anyone = ssl.create_default_context()
    anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
    with (
        log.open("w") as file,
        subprocess.Popen(command, stdout=file, stderr=file, env=os.environ | homes) as proxy,
    ):
        try:
            for _ in range(400):
                assert proxy.poll() is None, log.read_text()
                with (
                    contextlib.suppress(OSError),
                    socket.create_connection(("127.0.0.1", port)) as plain,
                    anyone.wrap_socket(plain, server_hostname="localhost"),
                ):
                    break
                time.sleep(0.05)
            yield
        finally:
            proxy.terminate()
            proxy.wait(20)


def check_proxy(port: int, trusted: ssl.SSLContext, server: Server, audio: bytes) -> None:
    """Check answers, events, WebSocket, HEAD, metrics and the client's address, all over TLS."""
    with httpx.Client(base_url=f"https://localhost:{port}", verify=trusted, timeout=120) as client:
        files = {"file": ("talk.wav", audio)}
        answer = client.post(PATH, files=files)
        assert answer.json() == server.diarize(audio).json()
        with connect_sse(client, "POST", PATH, files=files, data={"stream": "true"}) as source:
            events = list(source.iter_sse())
        assert events[0].event == "progress"
        assert events[-1].event == "result"
        assert json.loads(events[-1].data) == answer.json()
        assert client.head("/docs").status_code == 200
        assert client.get("/", follow_redirects=True).url.path == "/docs"
        assert client.get("/metrics").status_code == 404
    url = f"wss://localhost:{port}/v1/audio/stream"
    with connect(url, ssl=trusted, proxy=None, open_timeout=60) as stream:
        assert json.loads(stream.recv(timeout=60))["type"] == "ready"


@pytest.fixture
def server(tiny: Path, tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "log", "--models", tiny) as server:
        yield server


def test_caddy_serves_it_with_tls(server: Server, tmp_path: Path, conversation: Path) -> None:
    caddy = program("caddy", "install the extra test")
    (block,) = blocks(PAGE, "caddyfile")
    assert run(caddy, "adapt", "--config", _written(tmp_path / "Caddyfile", block.code))
    port = free_port()
    here = block.code.replace("diarize.example.org {", f"localhost:{port} {{\n    tls internal")
    here = here.replace("127.0.0.1:8000", server.url.removeprefix("http://"))
    options = "{\n    admin off\n    skip_install_trust\n    auto_https disable_redirects\n}\n"
    config = _written(tmp_path / "Caddyfile", options + here)
    command = [caddy, "run", "--adapter", "caddyfile", "--config", str(config)]
    with proxied(command, tmp_path, port):
        root = tmp_path / "caddy" / "pki" / "authorities" / "local" / "root.crt"
        while not root.exists():
            time.sleep(0.05)
        trusted = ssl.create_default_context(cafile=str(root))
        check_proxy(port, trusted, server, wav(conversation, 6))


def test_nginx_serves_it_with_tls(server: Server, tmp_path: Path, conversation: Path) -> None:
    nginx = program("nginx", "install it with the system's package manager")
    openssl = program("openssl", "install it with the system's package manager")
    key, certificate, port = tmp_path / "key.pem", tmp_path / "certificate.pem", free_port()
    run(
        *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
        *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
        *("-keyout", key, "-out", certificate),
    )
    (block,) = blocks(PAGE, "nginx")
    here = block.code.replace("/etc/ssl/diarize.pem", str(certificate))
    here = here.replace("/etc/ssl/diarize.key", str(key)).replace("listen 443", f"listen {port}")
    here = here.replace("http://127.0.0.1:8000", server.url)
    kept = ["client_body", "fastcgi", "proxy", "scgi", "uwsgi"]
    places = "".join(f"{name}_temp_path {tmp_path / name};\n" for name in kept)
    config = _written(
        tmp_path / "nginx.conf",
        f"daemon off;\npid {tmp_path / 'pid'};\nerror_log {tmp_path / 'error.log'};\nevents {{}}\n"
        f"http {{\naccess_log off;\n{places}{here}}}\n",
    )
    with proxied([nginx, "-p", str(tmp_path), "-c", str(config)], tmp_path, port):
        trusted = ssl.create_default_context(cafile=str(certificate))
        check_proxy(port, trusted, server, wav(conversation, 6))


def _written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
