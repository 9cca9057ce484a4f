"""The hub's client against a server on the loopback address; each fetch in a process of its own.

The client reads its settings when it is imported, so they cannot be changed within one process.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from ovdiar_export.sources.addresses import Source, fetch
from ovdiar_export.sources.hub import HubFile
from reference.hub_server import COMMIT, Hub, Refusal, serve

from ovdiar.errors import ConfigError, MissingPackageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WEIGHTS = bytes(range(256)) * 40
PROGRAM = """
import sys
import time
time.sleep = lambda _: None  # the client waits for longer and longer between its attempts
from pathlib import Path
from ovdiar.errors import OvdiarError
from ovdiar_export.sources.addresses import Source, fetch
address, sha256, token = sys.argv[1:]
try:
    path = fetch(Source(address, sha256 or None), folder=Path(), token=token or None)
except OvdiarError as error:
    print(f"{type(error).__name__}: {error}", end="")
else:
    sys.stdout.buffer.write(path.read_bytes())
"""


@pytest.fixture
def hub() -> Iterator[Hub]:
    """Give a hub with one open repository and some that refuse."""
    files = {"weights/net.bin": WEIGHTS}
    refused = {
        "them/gated": Refusal(403, "GatedRepo", accepts="hf_good"),
        "them/gated-anonymous": Refusal(401, "GatedRepo", accepts="hf_good"),
        "them/unauthorised": Refusal(401, accepts="hf_good"),
        "them/forbidden": Refusal(403, accepts="hf_good"),
        "them/broken": Refusal(501),
    }
    repositories = dict.fromkeys([*refused, "us/open", "us/cut"], files)
    with serve(Hub(repositories, refused, frozenset({"us/cut"}))) as running:
        yield running


def fetched(
    hub: Hub, home: Path, address: str, *, sha256: str = "", token: str = "", **settings: str
) -> bytes:
    """Return a file's contents, or the error in one line; nothing else may be printed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    environment = {**kept, "HF_ENDPOINT": hub.url, "HF_HOME": str(home), **settings}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, address, sha256, token],
        env=environment | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


def complaint(hub: Hub, home: Path, address: str, **options: str) -> str:
    message = fetched(hub, home, address, **options).decode()
    assert "\n" not in message
    return message


@pytest.mark.parametrize("revision", ["", "@main", f"@{COMMIT}"])
def test_a_file_is_fetched_at_its_revision(revision: str, hub: Hub, tmp_path: Path) -> None:
    assert fetched(hub, tmp_path, f"hf://us/open{revision}#weights/net.bin") == WEIGHTS


def test_nothing_is_asked_but_the_file(hub: Hub, tmp_path: Path) -> None:
    fetched(hub, tmp_path, "hf://us/open#weights/net.bin")
    paths = {path for _, path in hub.requests}
    assert paths <= {f"/us/open/resolve/{at}/weights/net.bin" for at in ("main", COMMIT)}


def test_a_fetched_file_is_there_again_without_the_hub(hub: Hub, tmp_path: Path) -> None:
    address = "hf://us/open#weights/net.bin"
    fetched(hub, tmp_path, address)
    hub.requests.clear()
    assert fetched(hub, tmp_path, address, HF_HUB_OFFLINE="1") == WEIGHTS
    assert hub.requests == []
    hub.url = "http://127.0.0.1:9"  # nobody listens there
    assert fetched(hub, tmp_path, address) == WEIGHTS


def test_a_token_opens_a_gated_repository(hub: Hub, tmp_path: Path) -> None:
    address = "hf://them/gated#weights/net.bin"
    assert fetched(hub, tmp_path / "a", address, token="hf_good") == WEIGHTS  # noqa: S106 - not one
    assert fetched(hub, tmp_path / "b", address, HF_TOKEN="hf_good") == WEIGHTS  # noqa: S106 - nor this
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "token").write_text("hf_good")  # where logging in puts it
    assert fetched(hub, tmp_path / "c", address) == WEIGHTS


@pytest.mark.parametrize("token", ["", "hf_bad"])
@pytest.mark.parametrize("repository", ["them/gated", "them/gated-anonymous"])
def test_a_gated_repository_says_which_page_to_accept_and_how_to_pass_a_token(
    repository: str, token: str, hub: Hub, tmp_path: Path
) -> None:
    message = complaint(hub, tmp_path, f"hf://{repository}#weights/net.bin", token=token)
    assert message.startswith(f"DownloadError: hf://{repository}@main#weights/net.bin: it is gated")
    assert f"{hub.url}/{repository}" in message
    assert all(way in message for way in ("--token", "HF_TOKEN", "hf auth login"))
    assert "hf_bad" not in message


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("hf://us/none#weights/net.bin", "no such repository"),
        ("hf://us/open@none#weights/net.bin", "no such revision"),
        ("hf://us/open#none.bin", "no such file"),
        ("hf://them/unauthorised#weights/net.bin", "--token"),
        ("hf://them/forbidden#weights/net.bin", "--token"),
        ("hf://them/broken#weights/net.bin", "501"),
        ("hf://us/cut#weights/net.bin", "cannot be reached"),
        ("hf://us/no--name#weights/net.bin", "no name that the hub allows"),
    ],
)
def test_a_failure_names_address_and_reason(
    address: str, reason: str, hub: Hub, tmp_path: Path
) -> None:
    message = complaint(hub, tmp_path, address)
    assert message.startswith(f"DownloadError: {HubFile.parse(address)}: ")
    assert reason in message


@pytest.mark.parametrize("settings", [{}, {"HF_HUB_OFFLINE": "1"}])
def test_a_hub_out_of_reach_says_so(settings: dict[str, str], hub: Hub, tmp_path: Path) -> None:
    hub.url = "http://127.0.0.1:9"
    message = complaint(hub, tmp_path, "hf://us/open#weights/net.bin", **settings)
    assert "cannot be reached" in message


def test_another_checksum_is_refused(hub: Hub, tmp_path: Path) -> None:
    address = "hf://us/open#weights/net.bin"
    right = hashlib.sha256(WEIGHTS).hexdigest()
    assert fetched(hub, tmp_path, address, sha256=right) == WEIGHTS
    message = complaint(hub, tmp_path, address, sha256="0" * 64)
    assert message.startswith(f"ModelError: {address}: SHA-256 is {right[:12]}")


def test_a_missing_client_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingPackageError, match=r'pip install "ovdiar\[export\]"'):
        fetch(Source("hf://us/open#net.bin"), folder=tmp_path)


def test_an_address_is_taken_apart() -> None:
    assert HubFile.parse("hf://a/b-c@v1.0/x#d/e.bin") == HubFile("a/b-c", "v1.0/x", "d/e.bin")
    assert str(HubFile.parse("hf://a/b#e.bin")) == "hf://a/b@main#e.bin"


@pytest.mark.parametrize(
    "address",
    [
        "hf://",
        "hf://a#b",
        "hf://a/b",
        "hf://a/b#",
        "hf://a/b@#c",
        "hf://a/b/c#d",
        "hf://-a/b#c",
        "hf://a/b@--x#c",
        "hf://a/b#/etc/passwd",
        "hf://a/b#../c",
    ],
)
def test_an_address_that_leads_nowhere_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="write hf://"):
        HubFile.parse(address)
