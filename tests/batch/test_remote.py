"""Recordings and outputs lie behind URLs as in folders: a real S3 server on this machine."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

import pytest
from reference.material import missing

from ovdiar.batch import Archive, LocalEngine, Outputs
from ovdiar.batch.inline import InlineEngine
from ovdiar.batch.results import RemoteResults
from ovdiar.batch.storage import RemoteFolder
from ovdiar.errors import MissingPackageError, OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import ovdiar


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Run a server with S3's interface; give its address."""
    try:
        import s3fs  # noqa: F401
        from moto.server import ThreadedMotoServer
    except ImportError:
        missing("s3fs or moto is missing: pip install s3fs moto[server]")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    running.start()
    yield f"http://127.0.0.1:{port}"
    running.stop()


@pytest.fixture
def bucket(server: str, talks: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give a file system with a bucket ``archive`` that holds the recordings, new for each test."""
    import s3fs

    for name, value in {
        "AWS_ENDPOINT_URL": server,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    system = s3fs.S3FileSystem()
    if system.exists("archive"):
        system.rm("archive", recursive=True)
    system.mkdir("archive")
    for path in talks.iterdir():
        system.pipe_file(f"archive/calls/deep/{path.name}", path.read_bytes())
    system.pipe_file("archive/calls/note.txt", b"x")
    return system


def run(pipeline: ovdiar.SpeakerDiarization, engine: Any = None, **options: Any) -> Any:
    outputs = Outputs("s3://archive/out", ("rttm", "json"))
    archive = Archive(["s3://archive/calls"], pipeline, outputs, **options)
    return archive.run(engine=engine or InlineEngine())


def rows(bucket: Any) -> dict[str, Any]:
    found = [json.loads(line) for line in bucket.cat_file("archive/out/results.jsonl").splitlines()]
    assert len({row["uri"] for row in found}) == len(found)
    return {row["uri"]: row for row in found}


def test_a_bucket_is_diarized_into_a_bucket_as_a_folder_into_a_folder(
    bucket: Any, talks: Path, tmp_path: Path, pipeline: ovdiar.SpeakerDiarization
) -> None:
    summary = run(pipeline, LocalEngine(1))
    assert (summary.done, summary.failed) == (3, 2)
    inputs = [talks / f"talk{number}.wav" for number in range(3)]
    Archive(inputs, pipeline, Outputs(str(tmp_path))).run(engine=InlineEngine())
    found = rows(bucket)
    assert found.keys() == {f"deep/{path.stem}" for path in talks.iterdir()}
    for number in range(3):
        text = (tmp_path / f"talk{number}.rttm").read_text("utf-8")
        remote = bucket.cat_file(f"archive/out/deep/talk{number}.rttm").decode()
        assert remote == text.replace(f" talk{number} ", f" deep/talk{number} ")
    assert bucket.ls("archive/out", detail=False) == [
        "archive/out/deep",
        "archive/out/results.jsonl",
    ]


def test_what_is_done_there_is_not_done_again_and_what_changed_is(
    bucket: Any, talks: Path, pipeline: ovdiar.SpeakerDiarization
) -> None:
    run(pipeline)
    again = run(pipeline)
    assert (again.done, again.failed, again.unchanged) == (0, 0, 0)
    bucket.pipe_file("archive/calls/deep/talk1.wav", (talks / "talk0.wav").read_bytes())
    assert run(pipeline).done == 1
    assert rows(bucket)["deep/talk1"]["duration_s"] == 6.0


def test_rows_of_a_run_that_was_killed_are_found_by_the_next(bucket: Any) -> None:
    first = RemoteResults(RemoteFolder("s3://archive/out"))
    first.add({"uri": "a", "status": "done", "settings": "s"})
    first._write_part()
    second = RemoteResults(RemoteFolder("s3://archive/out"))
    found = second.finished("a")
    assert found is not None
    second.add({"uri": "b", "status": "done"})
    second.close()
    assert rows(bucket).keys() == {"a", "b"}


def test_a_glob_matches_behind_a_url(bucket: Any, pipeline: ovdiar.SpeakerDiarization) -> None:
    assert bucket is not None
    archive = Archive(["s3://archive/calls/**/talk*.wav"], pipeline, Outputs("s3://archive/out"))
    assert {job.uri for job in archive.plan().jobs} == {f"deep/talk{n}" for n in range(3)}


def test_a_bucket_that_is_missing_is_told(bucket: Any) -> None:
    assert bucket is not None
    with pytest.raises(OutputError, match="cannot be written or listed"):
        RemoteFolder("s3://nowhere/out").write("a", b"x")


def test_without_fsspec_a_url_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "fsspec", None)
    with pytest.raises(MissingPackageError, match=r'pip install "ovdiar\[remote\]"'):
        RemoteFolder("s3://archive/out")
