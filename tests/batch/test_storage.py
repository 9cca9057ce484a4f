"""A folder behind a URL is used as a folder on disk, and what fails there is said in one line."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING, Any

import pytest
from reference.material import missing

from ovdiar.batch import manifest, storage
from ovdiar.batch.results import RESULTS, RemoteResults
from ovdiar.batch.storage import RemoteFolder, local_copy, state_of
from ovdiar.batch.work_list import collect
from ovdiar.errors import AudioError, AudioNotFoundError, MissingPackageError, OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def memory() -> Iterator[Any]:
    """Give fsspec's file system in memory, empty, with a recording and other files in ``calls``."""
    try:
        import fsspec
    except ImportError:
        missing("fsspec is missing: pip install fsspec")
    system = fsspec.filesystem("memory")
    system.store.clear()
    for name in ("a.wav", "deep/b.wav", "note.txt"):
        system.pipe_file(f"/calls/{name}", name.encode())
    yield system
    system.store.clear()


@pytest.mark.usefixtures("memory")
def test_what_is_written_is_there_until_it_is_removed() -> None:
    folder = RemoteFolder("memory://out/")
    assert not folder.has("deep/a.rttm")
    folder.write("deep/a.rttm", b"one")
    folder.write("deep/a.rttm", b"two")
    assert folder.has("deep/a.rttm")
    assert folder.read("deep/a.rttm") == b"two"
    assert folder.names() == ["deep/a.rttm"]
    folder.remove("deep/a.rttm")
    assert folder.names() == []
    assert folder.read("deep/a.rttm") is None


@pytest.mark.usefixtures("memory")
def test_what_cannot_be_removed_is_named() -> None:
    with pytest.raises(OutputError, match="memory://out/none cannot be written or listed"):
        RemoteFolder("memory://out").remove("none")


def test_a_kind_of_url_that_is_unknown_is_refused() -> None:
    with pytest.raises(OutputError, match="nonsense://a cannot be opened"):
        RemoteFolder("nonsense://a")


def test_a_file_system_whose_package_is_missing_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    with pytest.raises(MissingPackageError, match=r"gs://bucket: .*gcsfs"):
        storage.filesystem("gs://bucket")


@pytest.mark.usefixtures("memory")
def test_a_recording_is_there_as_a_file_of_its_kind_for_as_long_as_used() -> None:
    with local_copy("memory://calls/a.wav") as path:
        assert path.endswith(".wav")
        with open(path, "rb") as file:  # noqa: PTH123 - the path is a text
            assert file.read() == b"a.wav"
    with pytest.raises(FileNotFoundError):
        open(path, "rb")  # noqa: PTH123, SIM115 - likewise


@pytest.mark.usefixtures("memory")
def test_a_recording_that_is_not_there_is_named() -> None:
    with (
        pytest.raises(AudioNotFoundError, match=r"memory://calls/none\.wav: no such file"),
        local_copy("memory://calls/none.wav"),
    ):
        pass


def test_a_recording_that_cannot_be_fetched_is_named(tmp_path: Path) -> None:
    (tmp_path / "call.wav").mkdir()
    url = (tmp_path / "call.wav").as_uri()
    with pytest.raises(AudioError, match=rf"{url}: cannot be fetched \(.+\)"), local_copy(url):
        pass


class Unreachable:
    """Says as fsspec's HTTP that there is no file where nothing answers."""

    def open(self, path: str, _mode: str) -> Any:
        raise FileNotFoundError(path) from ConnectionRefusedError("nobody listens")


def test_a_host_that_does_not_answer_is_not_a_missing_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "filesystem", lambda place: (Unreachable(), place))
    message = r"http://host/a\.wav: cannot be fetched \(nobody listens\)"
    with pytest.raises(AudioError, match=message), local_copy("http://host/a.wav"):
        pass


def test_the_state_changes_with_the_file(memory: Any) -> None:
    before = state_of("memory://calls/a.wav")
    assert before[0] == len(b"a.wav")
    memory.pipe_file("/calls/a.wav", b"other")
    after = state_of("memory://calls/a.wav")
    assert after[0] == before[0]
    assert after[1] != before[1]
    assert state_of("memory://calls/none.wav") == (0, "")


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize(
    ("url", "uris"),
    [
        ("memory://calls", {"a", "deep/b"}),
        ("memory://calls/*.wav", {"a"}),
        ("memory://calls/**/b.wav", {"deep/b"}),
        ("memory://calls/deep/b.wav", {"b"}),
    ],
)
def test_recordings_behind_a_url_are_listed_as_those_of_a_folder(url: str, uris: set[str]) -> None:
    assert {job.uri for job in collect([url]).jobs} == uris


def test_a_place_that_cannot_be_listed_is_named() -> None:
    pytest.importorskip("aiohttp")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/calls/*.wav"
    with pytest.raises(OutputError, match="cannot be listed"):
        collect([url])


def test_paths_of_a_manifest_behind_a_url_start_beside_it(memory: Any) -> None:
    memory.pipe_file("/calls/all.csv", b"path,uri\ndeep/b.wav,second\n")
    (job,) = manifest.read("memory://calls/all.csv")
    assert (job.path, job.uri) == ("memory://calls/deep/b.wav", "second")


def test_a_run_without_rows_leaves_no_file_behind_a_url(memory: Any) -> None:
    before = memory.find("/")
    RemoteResults(RemoteFolder("memory://out")).close()
    assert memory.find("/") == before


@pytest.mark.usefixtures("memory")
def test_rows_are_written_when_a_part_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ovdiar.batch.results.SECONDS_OF_A_PART", 0)
    folder = RemoteFolder("memory://out")
    running = RemoteResults(folder)
    running.add({"uri": "a", "status": "done", "state": "1"})
    found = RemoteResults(RemoteFolder("memory://out")).finished("a")
    assert found is not None
    assert (found.status, found.state) == ("done", "1")
    running.close()
    assert folder.names() == [RESULTS]
