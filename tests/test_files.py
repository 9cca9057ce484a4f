"""A file is whole or not there, links and devices stay what they were, nothing is left over."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ovdiar.errors import ConfigError, FormatError, OutputError
from ovdiar.files import check_writable, make_folder_of, write_bytes, write_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WRITE = "import sys; from ovdiar.files import write_text; write_text(sys.argv[1], sys.argv[2])"
CHECK = "import sys; from ovdiar.files import check_writable; check_writable(*sys.argv[1:])"
NOBODY = 65534

posix = pytest.mark.skipif(os.name != "posix", reason="modes, links, pipes and /dev are POSIX")
root = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0, reason="acting for other users needs rights of root"
)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def refusal(function: Callable[..., None], *arguments: Any) -> str:
    """Return the one line that an output is refused with."""
    with pytest.raises(OutputError) as caught:
        function(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o027)
    yield
    os.umask(before)


@pytest.fixture
def mounts(tmp_path: Path) -> Callable[[str], subprocess.CompletedProcess[str]]:
    """Give a shell in which file systems can be mounted, for itself alone; else skip by name."""

    def run(script: str) -> subprocess.CompletedProcess[str]:
        command = ["unshare", "-m", "sh", "-ec", script]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    if shutil.which("unshare") is None or run("mkdir t; mount -t tmpfs t t").returncode:
        pytest.skip("mounting file systems needs Linux and the rights of root")
    (tmp_path / "t").rmdir()
    return run


def python(code: str, *arguments: str) -> str:
    """Return a shell command that runs Python code."""
    return " ".join(f"'{each}'" for each in (sys.executable, "-c", code, *arguments))


@posix
@pytest.mark.usefixtures("umask")
def test_a_new_file_has_the_mode_of_the_umask(tmp_path: Path) -> None:
    write_text(tmp_path / "a.rttm", "text\n")
    assert mode_of(tmp_path / "a.rttm") == 0o640
    assert (tmp_path / "a.rttm").read_bytes() == b"text\n"


@posix
@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("mode", [0o600, 0o644, 0o666, 0o755, 0o200])
def test_a_replaced_file_keeps_its_mode(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "a.rttm"
    path.touch()
    path.chmod(mode)
    write_text(path, "text")
    assert mode_of(path) == mode


@root
def test_a_replaced_file_keeps_its_owner_and_group(tmp_path: Path) -> None:
    path = tmp_path / "a.rttm"
    path.touch()
    os.chown(path, 1234, 5678)
    write_text(path, "text")
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 5678)
    assert path.read_text() == "text"


@posix
def test_a_file_whose_owner_cannot_be_kept_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    path = tmp_path / "a.rttm"
    path.touch(0o640)
    monkeypatch.setattr(os, "chown", refuse)
    write_text(path, "text")
    assert (path.read_text(), mode_of(path)) == ("text", 0o640)


@posix
@pytest.mark.parametrize("there", [True, False], ids=["a file", "nothing"])
@pytest.mark.parametrize("way", ["relative", "absolute", "link to a link"])
def test_a_link_stays_and_what_it_leads_to_is_written(
    tmp_path: Path, way: str, *, there: bool
) -> None:
    target = tmp_path / "real" / "t.rttm"
    target.parent.mkdir()
    if there:
        target.write_text("old")
    link = tmp_path / "link.rttm"
    link.symlink_to("real/t.rttm" if way == "relative" else target)
    if way == "link to a link":
        link = tmp_path / "another.rttm"
        link.symlink_to("link.rttm")
    check_writable(link)
    write_text(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert [path.name for path in target.parent.iterdir()] == ["t.rttm"]


@pytest.mark.parametrize("length", [1, 253, 255])
def test_a_name_may_be_as_long_as_the_system_allows(tmp_path: Path, length: int) -> None:
    path = tmp_path / ("y" * length)
    for text in ("new", "newer"):
        check_writable(path)
        write_text(path, text)
        assert path.read_text() == text
    assert list(tmp_path.iterdir()) == [path]


@posix
def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    check_writable(pipe)
    content = b"0123456789abcdef" * 2**14  # more than a pipe holds
    program = "import shutil, sys; shutil.copyfileobj(open(sys.argv[1], 'rb'), sys.stdout.buffer)"
    command = [sys.executable, "-c", program, str(pipe)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as reader:
        writer = threading.Thread(target=write_bytes, args=(pipe, content))
        writer.start()
        assert reader.communicate()[0] == content
        writer.join()
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


@posix
def test_a_device_is_written_to_and_not_replaced() -> None:
    check_writable(os.devnull)
    write_text(os.devnull, "text")
    assert Path(os.devnull).is_char_device()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is a device of Linux")
def test_a_device_that_takes_nothing_is_told() -> None:
    message = "'/dev/full' cannot be written (No space left on device): name another"
    assert refusal(write_text, "/dev/full", "text").startswith(message)


@posix
def test_a_socket_is_refused_in_one_line() -> None:
    with socket.socket(socket.AF_UNIX) as listener, tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "s")  # pytest's folders are too deep for it
        listener.bind(str(path))
        assert "cannot be written" in refusal(write_text, path, "text")
        assert path.is_socket()


@posix
@pytest.mark.parametrize("link", [False, True], ids=["itself", "a link"])
@pytest.mark.parametrize("kind", ["pipe", "socket", "file", "file to append to"])
def test_standard_output_is_written_to_wherever_it_goes(
    tmp_path: Path, kind: str, *, link: bool
) -> None:
    path = Path("/dev/stdout")
    if link:
        path = tmp_path / "stdout.rttm"
        path.symlink_to("/dev/stdout")
    got = tmp_path / "got"
    got.write_text("before\n")
    program = f"from ovdiar.files import check_writable; {WRITE}; check_writable(sys.argv[1])"
    command = [sys.executable, "-c", program, str(path), "text\n"]
    if kind == "pipe":
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        assert done.stdout == b"text\n"
    elif kind == "socket":
        ours, theirs = socket.socketpair()
        with ours, theirs:
            subprocess.run(command, stdout=theirs.fileno(), check=True)
            assert ours.recv(100) == b"text\n"
    else:
        with got.open("ab" if "append" in kind else "wb") as file:
            subprocess.run(command, stdout=file, check=True)
            subprocess.run([sys.executable, "-c", "print('after')"], stdout=file, check=True)
        before = "before\n" if "append" in kind else ""
        assert got.read_text() == f"{before}text\nafter\n"
    assert not link or path.is_symlink()


def test_a_link_to_standard_output_stays_in_a_folder_like_dev(
    mounts: Callable[[str], subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    done = mounts(
        "mkdir dev; mount -t tmpfs t dev; ln -s /proc/self/fd/1 dev/stdout\n"
        f"{python(WRITE, 'dev/stdout', 'text')} > got; ls dev; readlink dev/stdout"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == ["stdout", "/proc/self/fd/1"]
    assert (tmp_path / "got").read_text() == "text"


def test_a_mounted_file_is_written_in_place(
    mounts: Callable[[str], subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    done = mounts(
        "mkdir folder; echo old > host; echo below > folder/m.rttm\n"
        "mount --bind host folder/m.rttm\n"
        f"{python(CHECK, 'folder/m.rttm')}; {python(WRITE, 'folder/m.rttm', 'text')}"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "host").read_text() == "text"
    assert (tmp_path / "folder" / "m.rttm").read_text() == "below\n"
    assert len(list((tmp_path / "folder").iterdir())) == 1


def test_a_file_is_written_in_a_folder_that_takes_no_new_ones(
    mounts: Callable[[str], subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    done = mounts(
        "mkdir folder; echo old > host; mount -t tmpfs t folder; touch folder/m.rttm\n"
        "mount -o remount,ro folder; mount --bind host folder/m.rttm\n"
        f"{python(CHECK, 'folder/m.rttm')}; {python(WRITE, 'folder/m.rttm', 'text')}"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "host").read_text() == "text"


@pytest.mark.parametrize("name", ["new.rttm", "old.rttm"])
def test_what_is_mounted_for_reading_is_refused_even_to_root(
    mounts: Callable[[str], subprocess.CompletedProcess[str]], name: str
) -> None:
    done = mounts(
        "mkdir folder; mount -t tmpfs t folder; touch folder/old.rttm\n"
        f"mount -o remount,ro folder; {python(CHECK, f'folder/{name}')}"
    )
    assert done.returncode == 1
    assert "write-protected" in done.stderr


def test_a_disk_that_is_full_leaves_the_old_file_and_nothing_else(
    mounts: Callable[[str], subprocess.CompletedProcess[str]],
) -> None:
    text = "x" * 100_000
    done = mounts(
        "mkdir folder; mount -t tmpfs -o size=8k t folder; printf old > folder/a.rttm\n"
        f"{python(WRITE, 'folder/a.rttm', text)} 2>&1 | tail -1; cat folder/a.rttm; ls -A folder"
    )
    assert "cannot be written (No space left on device)" in done.stdout
    assert done.stdout.endswith("\nolda.rttm\n")


@posix
@pytest.mark.parametrize("code", [errno.EBUSY, errno.EXDEV, errno.EPERM, errno.EACCES])
def test_where_a_rename_is_refused_the_file_is_written_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    path = tmp_path / "a.rttm"
    path.write_text("old and longer")
    before = path.stat().st_ino
    monkeypatch.setattr(Path, "replace", refuse)
    write_text(path, "new")
    assert (path.read_text(), path.stat().st_ino) == ("new", before)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("old", [True, False])
def test_a_rename_that_fails_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, old: bool
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EIO if old else errno.EBUSY, "no luck")

    path = tmp_path / "a.rttm"
    if old:
        path.write_text("old")
    monkeypatch.setattr(Path, "replace", fail)
    assert "cannot be written (no luck)" in refusal(write_text, path, "new")
    assert [each.read_text() for each in tmp_path.iterdir()] == ["old"] * old


@pytest.mark.parametrize("old", [True, False])
def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path, *, old: bool) -> None:
    path = tmp_path / "a.rttm"
    if old:
        path.write_text("old")
    resource = pytest.importorskip("resource")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))
    try:
        message = refusal(write_bytes, path, bytes(100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, handler)
    assert "cannot be written (File too large)" in message
    assert [each.read_text() for each in tmp_path.iterdir()] == ["old"] * old


def test_an_interruption_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "a.rttm"
    path.write_text("old")
    monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_text(path, "new")
    assert [each.read_text() for each in tmp_path.iterdir()] == ["old"]


def test_threads_that_write_one_file_never_mix(tmp_path: Path) -> None:
    path = tmp_path / "a.rttm"
    contents = [bytes([65 + number]) * 100_000 for number in range(4)]
    failed: list[Exception] = []

    def write(content: bytes) -> None:
        try:
            for _ in range(20):
                write_bytes(path, content)
                assert path.read_bytes() in contents
        except Exception as error:  # noqa: BLE001 - to be raised in the test's own thread
            failed.append(error)

    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert list(tmp_path.iterdir()) == [path]


def test_a_text_that_utf_8_cannot_hold_is_refused_unless_it_may_be_bent(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    assert "surrogates not allowed" in refusal(write_text, path, "\udce4")
    assert list(tmp_path.iterdir()) == []
    write_text(path, "\udce4", "surrogateescape")
    assert path.read_bytes() == b"\xe4"


def a_missing_folder(folder: Path) -> Path:
    return folder / "none" / "a.rttm"


def a_file_as_a_folder(folder: Path) -> Path:
    (folder / "file").touch()
    return folder / "file" / "a.rttm"


def a_link_to_a_missing_folder(folder: Path) -> Path:
    (folder / "link").symlink_to("none/a.rttm")
    return folder / "link"


def the_folder_itself(folder: Path) -> Path:
    return folder


def a_link_to_a_folder(folder: Path) -> Path:
    (folder / "link").symlink_to(folder)
    return folder / "link"


def a_name_that_is_too_long(folder: Path) -> Path:
    return folder / ("x" * 256)


def a_link_to_itself(folder: Path) -> Path:
    (folder / "link").symlink_to("link")
    return folder / "link"


def a_null_character(folder: Path) -> Path:
    return folder / "a\0b"


def a_folder_of_no_new_files(_: Path) -> Path:
    return Path("/proc/a.rttm")


UNWRITABLE = {
    a_missing_folder: "name a file in a folder that exists",
    a_file_as_a_folder: "name a file in a folder that exists",
    a_link_to_a_missing_folder: "name a file in a folder that exists",
    the_folder_itself: "is a folder: name a file",
    a_link_to_a_folder: "is a folder: name a file",
    a_name_that_is_too_long: "(File name too long)",
    a_link_to_itself: "(Too many levels of symbolic links)",
    a_null_character: "(embedded null ",
    a_folder_of_no_new_files: "/proc/a.rttm",
}


@posix
@pytest.mark.parametrize(("make", "reason"), UNWRITABLE.items())
def test_what_cannot_be_written_is_found_out_before(
    make: Callable[[Path], Path], reason: str, tmp_path: Path
) -> None:
    path = make(tmp_path)
    before = sorted(tmp_path.iterdir())
    assert reason in refusal(check_writable, path)
    refusal(write_text, path, "text")
    assert sorted(tmp_path.iterdir()) == before


@root
@pytest.mark.parametrize("protected", ["file", "folder"])
def test_what_is_write_protected_is_refused(protected: str) -> None:
    with tempfile.TemporaryDirectory() as place:  # where others may go, unlike pytest's folders
        folder = Path(place)
        path = folder / "a.rttm"
        if protected == "file":
            path.write_text("old")
            path.chmod(0o444)
            os.chown(path, NOBODY, NOBODY)
        folder.chmod(0o777 if protected == "file" else 0o555)
        program = (
            "import os, sys; from ovdiar import files; from ovdiar.errors import OutputError\n"
            f"os.setgid({NOBODY}); os.setuid({NOBODY})\n"
            "for function in (files.check_writable, lambda path: files.write_text(path, 'new')):\n"
            "    try: function(sys.argv[1])\n"
            "    except OutputError as error: print(error)\n"
        )
        command = [sys.executable, "-c", program, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        check, write = done.stdout.splitlines()
        assert "write-protected" in check
        assert "cannot be written" in write
        assert [each.read_text() for each in folder.iterdir()] == ["old"] * (protected == "file")


def as_it_is(path: Path) -> Path:
    return path


def by_a_detour(path: Path) -> Path:
    return path.parent / "." / path.name


def by_a_symbolic_link(path: Path) -> Path:
    path.with_name("link").symlink_to(path.name)
    return path.with_name("link")


def by_a_hard_link(path: Path) -> Path:
    path.with_name("link").hardlink_to(path)
    return path.with_name("link")


@posix
@pytest.mark.parametrize("way", [as_it_is, by_a_detour, by_a_symbolic_link, by_a_hard_link])
def test_an_input_is_never_an_output(tmp_path: Path, way: Callable[[Path], Path]) -> None:
    path = tmp_path / "talk.wav"
    path.touch()
    output = way(path)
    assert "is one of the inputs: name" in refusal(check_writable, output, None, "", "-", path)
    assert "is one of the inputs: name" in refusal(check_writable, path, tmp_path / "no", output)


def test_other_files_are_no_inputs(tmp_path: Path) -> None:
    (tmp_path / "talk.wav").touch()
    (tmp_path / "a.rttm").touch()
    for output in ("a.rttm", "new.rttm"):
        check_writable(tmp_path / output, tmp_path / "talk.wav", None, "-", "none.wav", "a\0b")
    check_writable(os.devnull, os.devnull)


def test_a_check_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.rttm"
    path.write_text("old")
    os.utime(path, ns=(1, 1))
    check_writable(path)
    check_writable(tmp_path / "new.rttm")
    assert path.read_text() == "old"
    assert path.stat().st_mtime_ns == 1
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_made_only_where_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "c.npz"
    refusal(write_text, path, "text")
    assert list(tmp_path.iterdir()) == []
    for _ in range(2):
        make_folder_of(path)
        write_text(path, "text")
    assert path.read_text() == "text"
    assert "(File exists)" in refusal(make_folder_of, path / "d")


def test_an_output_that_fails_is_the_error_of_every_writer() -> None:
    assert issubclass(OutputError, FormatError)
    assert issubclass(OutputError, ConfigError)
    assert issubclass(OutputError, OSError)
