"""Temporary files and folders: gone in the end, and what killed processes left goes next time."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ovdiar import temporary
from ovdiar.temporary import clear, file_in, folder_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows goes by age")


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make this process look again."""
    monkeypatch.setattr(temporary, "_cleared", set())


KILLED = """
import os, signal, sys
from pathlib import Path
from ovdiar.temporary import file_in, folder_in
with folder_in(Path(sys.argv[1])) as folder, file_in(Path(sys.argv[1]), 0o600) as (_, file):
    (folder / "audio").touch()
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""
LIVING = """
import sys
from pathlib import Path
from ovdiar.temporary import file_in, folder_in
with folder_in(Path(sys.argv[1])), file_in(Path(sys.argv[1]), 0o600):
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """Give a folder in which a process was killed."""
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert len(list(tmp_path.iterdir())) == 2
    return tmp_path


@pytest.fixture
def used(tmp_path: Path) -> Iterator[Path]:
    """Give a folder in which another process works."""
    command = [sys.executable, "-c", LIVING, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield tmp_path
        process.communicate()


def test_a_file_and_a_folder_are_gone_in_the_end(tmp_path: Path) -> None:
    with file_in(tmp_path, 0o600) as (path, file), folder_in(tmp_path) as folder:
        file.write(b"x")
        (folder / "below").mkdir()
        assert {path, folder} == set(tmp_path.iterdir())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_for_its_user_alone(tmp_path: Path) -> None:
    with folder_in(tmp_path) as folder:
        assert folder.stat().st_mode & 0o077 == 0


@posix
def test_what_a_killed_process_left_is_deleted_by_the_next_one(left: Path) -> None:
    with file_in(left, 0o600) as (path, _):
        assert list(left.iterdir()) == [path]


@posix
def test_what_a_living_process_uses_is_kept(used: Path) -> None:
    clear(used)
    assert len(list(used.iterdir())) == 2


@posix
def test_what_this_process_uses_is_kept(tmp_path: Path) -> None:
    with file_in(tmp_path, 0o600) as (path, _), folder_in(tmp_path) as folder:
        temporary._cleared.clear()
        clear(tmp_path)
        assert {path, folder} == set(tmp_path.iterdir())


@posix
def test_only_names_of_ours_are_deleted_and_no_link_is_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    place = tmp_path / "place"
    place.mkdir()
    (place / f".ovdiar-{0:016x}").symlink_to(outside)
    for name in (".ovdiar-", ".ovdiar-123", "ovdiar", f".ovdiar-{0:016x}.txt"):
        (place / name).touch()
    before = set(place.iterdir())
    clear(place)
    assert set(place.iterdir()) == before
    assert (outside / "kept").exists()


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs to be root")
def test_files_of_other_users_are_kept(left: Path) -> None:
    for path in left.iterdir():
        os.chown(path, 12345, -1)
    clear(left)
    assert len(list(left.iterdir())) == 2


def test_what_is_lost_before_its_lock_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = [True]
    locked = temporary._locked

    def lose_the_first(path: Path) -> object:
        if once:
            once.clear()
            path.unlink()
        return locked(path)

    monkeypatch.setattr(temporary, "_locked", lose_the_first)
    with file_in(tmp_path, 0o600) as (path, file):
        file.write(b"x")
        assert [path] == list(tmp_path.iterdir())


def test_a_folder_that_does_not_exist_is_nothing_to_clear(tmp_path: Path) -> None:
    clear(tmp_path / "missing")
    assert not (tmp_path / "missing").exists()


@posix
def test_a_child_process_leaves_what_its_parent_uses(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom ovdiar import ending\n"
        "from ovdiar.temporary import folder_in\n"
        "ending.end_at_signals('tool')\n"
        "with folder_in(Path(sys.argv[1])) as folder:\n"
        "    child = os.fork()\n"
        "    if not child: os.kill(os.getpid(), signal.SIGTERM)\n"
        "    os.waitpid(child, 0)\n"
        "    print(folder.exists())"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout == "True\n"
