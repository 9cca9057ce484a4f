"""The work list finds every recording once, gives it its own name, and drops nothing unsaid."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from ovdiar.batch.work_list import collect, with_defaults
from ovdiar.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Make a folder with recordings of several sizes, and other files."""
    folder = tmp_path / "calls"
    for name, size in {
        "a.wav": 10,
        "b.MP3": 30,
        "deep/er/a.wav": 20,
        "deep/note.txt": 5,
        "README": 5,
        ".hidden.wav": 5,
        ".git/x.wav": 5,
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
    return folder


def test_a_folder_is_walked_and_what_is_left_out_is_counted(archive: Path) -> None:
    found = collect([archive])
    assert [job.uri for job in found.jobs] == ["b", "deep/er/a", "a"]
    assert found.left_out == {".txt": 1, "no suffix": 1}


def test_long_recordings_come_first_as_stated_or_by_their_size(archive: Path) -> None:
    manifest = archive / "all.jsonl"
    manifest.write_text(
        '{"path": "a.wav", "duration": 2}\n{"path": "b.MP3"}\n'
        '{"path": "deep/er/a.wav", "uri": "c"}\n'
    )
    assert [job.uri for job in collect([manifest]).jobs] == ["a", "b", "c"]


def test_a_glob_is_expanded_and_names_start_at_its_fixed_part(archive: Path) -> None:
    found = collect([archive / "**" / "*.wav"])
    assert {job.uri for job in found.jobs} == {"a", "deep/er/a"}


def test_a_file_whose_name_looks_like_a_glob_is_itself(tmp_path: Path) -> None:
    path = tmp_path / "call[1].wav"
    path.write_bytes(b"x")
    assert [job.uri for job in collect([path]).jobs] == ["call[1]"]


def test_a_recording_that_is_named_twice_counts_once(archive: Path) -> None:
    found = collect([archive / "a.wav", archive / "a.wav", os.path.relpath(archive / "a.wav")])
    assert len(found.jobs) == 1


def test_recordings_that_differ_in_their_suffix_keep_it(archive: Path) -> None:
    (archive / "a.flac").write_bytes(b"x")
    assert {"a.wav", "a.flac"} < {job.uri for job in collect([archive]).jobs}


def test_recordings_that_would_share_a_name_are_refused(archive: Path) -> None:
    with pytest.raises(ConfigError, match=r"would both be called 'a\.wav'"):
        collect([archive / "a.wav", archive / "deep" / "er" / "a.wav"])


def test_names_that_differ_in_case_only_do_not_share_a_file(archive: Path) -> None:
    (archive / "A.flac").write_bytes(b"x")
    uris = [job.uri.casefold() for job in collect([archive]).jobs]
    assert len(uris) == len(set(uris))


def test_a_missing_recording_stays_in_the_list(tmp_path: Path) -> None:
    (job,) = collect([tmp_path / "none.wav"]).jobs
    assert (job.size, job.state) == (0, "")


def test_an_input_without_recordings_is_refused(tmp_path: Path) -> None:
    for given in (tmp_path, tmp_path / "*.wav"):
        with pytest.raises(ConfigError, match="has no recordings"):
            collect([given])


def test_defaults_fill_in_what_a_manifest_does_not_state(archive: Path) -> None:
    manifest = archive / "all.jsonl"
    manifest.write_text(
        '{"path": "a.wav", "num_speakers": 3}\n'
        '{"path": "b.MP3", "channel": 1, "track": 1, "strict": false}\n'
    )
    counts = {"num_speakers": None, "min_speakers": 2, "max_speakers": None}
    given = {**counts, "channel": 0, "track": 2, "strict": True}
    b, a = with_defaults(collect([manifest]).jobs, given)
    assert (a.num_speakers, a.min_speakers) == (3, None)
    assert (b.num_speakers, b.min_speakers) == (None, 2)
    assert a.selection() == {"channel": 0, "track": 2, "strict": True}
    assert b.selection() == {"channel": 1, "track": 1, "strict": False}
