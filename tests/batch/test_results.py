"""``results.jsonl`` loses nothing and doubles nothing, whoever writes and however runs end."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from reference.material import require_posix

from ovdiar.batch.results import RESULTS, LocalResults, _locked, latest, rows_of
from ovdiar.batch.storage import LocalFolder

if TYPE_CHECKING:
    from pathlib import Path

WRITER = """
import sys
from ovdiar.batch.results import LocalResults
place, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
results = LocalResults(place)
for number in range(count):
    results.add({"uri": f"{name}{number}", "status": "done", "text": "x" * 500})
results.close()
"""


def row(uri: str, **values: Any) -> dict[str, Any]:
    return {"uri": uri, "status": "done", "settings": "s", "state": "1", "content": "c", **values}


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / RESULTS).read_text("utf-8").splitlines()]


def test_the_last_row_of_a_recording_holds(tmp_path: Path) -> None:
    results = LocalResults(str(tmp_path))
    for each in (row("a", state="1"), row("b"), row("a", state="2")):
        results.add(each)
    found = results.finished("a")
    assert found is not None
    assert found.state == "2"
    results.close()
    assert lines(tmp_path) == [row("a", state="2"), row("b")]


def test_a_row_that_a_killed_run_has_torn_is_dropped(tmp_path: Path) -> None:
    (tmp_path / RESULTS).write_text(json.dumps(row("a")) + '\n{"uri": "b", "sta')
    results = LocalResults(str(tmp_path))
    assert results.finished("b") is None
    results.add(row("c"))
    results.close()
    assert [each["uri"] for each in lines(tmp_path)] == ["a", "c"]


def test_a_run_sees_what_another_adds_and_what_it_puts_together(tmp_path: Path) -> None:
    one, other = LocalResults(str(tmp_path)), LocalResults(str(tmp_path))
    one.add(row("a"))
    assert other.finished("a") is not None
    other.add(row("a", state="2"))
    other.close()
    found = one.finished("a")
    assert found is not None
    assert found.state == "2"
    one.add(row("b"))
    assert [each["uri"] for each in lines(tmp_path)] == ["a", "b"]


def test_several_processes_write_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    processes = [subprocess.Popen([*command, name, "60"]) for name in "abc"]
    assert [process.wait(timeout=120) for process in processes] == [0, 0, 0]
    expected = {f"{name}{number}" for name in "abc" for number in range(60)}
    found = [each["uri"] for each in lines(tmp_path)]
    assert len(found) == len(expected)
    assert set(found) == expected
    assert [path.name for path in tmp_path.iterdir()] == [RESULTS]


def test_an_unchanged_recording_keeps_its_row_under_its_new_place(tmp_path: Path) -> None:
    results = LocalResults(str(tmp_path))
    results.add(row("a", path="old.wav", speakers=3))
    results.add({"uri": "a", "status": "unchanged", "path": "new.wav", "state": "2"})
    results.close()
    assert lines(tmp_path) == [row("a", path="new.wav", speakers=3, state="2")]


@pytest.mark.parametrize("uri", ["Zoë", "a\udce9", "a b"])
def test_any_name_is_written_and_read(uri: str, tmp_path: Path) -> None:
    results = LocalResults(str(tmp_path))
    results.add(row(uri))
    results.close()
    assert [each["uri"] for each in rows_of(LocalFolder(str(tmp_path)))] == [uri]


def test_what_is_no_row_is_no_row() -> None:
    assert latest([b"", b"[]", b"{}", b'{"uri": 3}', b"\xff", b'{"uri": "a"}']) == [
        b'{"uri": "a"}\n'
    ]


def test_a_run_without_rows_leaves_nothing(tmp_path: Path) -> None:
    LocalResults(str(tmp_path)).close()
    assert list(tmp_path.iterdir()) == []


def test_who_waited_for_a_lock_whose_file_is_gone_locks_a_new_one(tmp_path: Path) -> None:
    require_posix("files that can be removed while they are open")
    place = tmp_path / "lock"
    seen: list[bool] = []

    def wait() -> None:
        with _locked(place):
            seen.append(place.exists())

    waiting = threading.Thread(target=wait)
    with _locked(place):
        waiting.start()
        waiting.join(0.3)
        place.unlink()
        assert seen == []
    waiting.join(60)
    assert seen == [True]
