"""A signal ends a command at once, whatever it does, and nothing temporary is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


def _end(body: str, number: signal.Signals, *arguments: object) -> tuple[int, str, str]:
    """Run a command that prints ``ready``, send it a signal, and return how it ended."""
    program = (
        "import os, sys, time\nfrom pathlib import Path\n"
        "from ovdiar.ending import run_command, undivided, at_interrupt, ignore_signals\n"
        "from ovdiar.temporary import file_in, folder_in\n"
        f"def main():\n{body}\n"
        "sys.exit(run_command('tool', lambda: main))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    return process.returncode, out, err


READY = "    print('ready', flush=True)\n"
WAIT = "    time.sleep(20)\n"


@pytest.mark.parametrize(
    ("number", "status", "word"),
    [
        (signal.SIGINT, 130, "interrupted"),
        (signal.SIGTERM, 143, "terminated"),
        (signal.SIGHUP, 129, "the terminal was closed"),
    ],
)
def test_a_signal_ends_with_its_status_and_one_line(
    number: signal.Signals, status: int, word: str
) -> None:
    assert _end(READY + WAIT, number) == (status, "", f"tool: {word}\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_temporary_files_and_folders_are_deleted(number: signal.Signals, tmp_path: Path) -> None:
    body = (
        "    place = Path(sys.argv[1])\n"
        "    with file_in(place, 0o600), folder_in(place) as folder:\n"
        "        (folder / 'below').mkdir()\n"
        "        (folder / 'below' / 'file').touch()\n"
        "        print('ready', flush=True)\n"
        "        time.sleep(20)\n"
    )
    assert _end(body, number, tmp_path)[0] == 128 + number
    assert list(tmp_path.iterdir()) == []


def test_a_callback_that_swallows_exceptions_does_not_keep_it_alive() -> None:
    body = (
        "    class Swallowing:\n"
        "        def __del__(self):\n"
        "            print('ready', flush=True)\n"
        "            time.sleep(20)\n"
        "    Swallowing()\n"
        "    print('went on')\n"
    )
    assert _end(body, signal.SIGINT) == (130, "", "tool: interrupted\n")


def test_what_is_undivided_is_finished_first(tmp_path: Path) -> None:
    body = (
        "    with undivided():\n"
        "        print('ready', flush=True)\n"
        "        for _ in range(20): time.sleep(0.02)\n"
        "        Path(sys.argv[1], 'whole').touch()\n"
        "    Path(sys.argv[1], 'more').touch()\n"
    )
    assert _end(body, signal.SIGINT, tmp_path)[0] == 130
    assert [path.name for path in tmp_path.iterdir()] == ["whole"]


def test_a_command_whose_output_is_written_ends_as_it_was_about_to() -> None:
    body = "    ignore_signals()\n" + READY + "    time.sleep(0.3)\n    return 0\n"
    assert _end(body, signal.SIGINT) == (0, "", "")


def test_a_signal_that_was_ignored_stays_ignored() -> None:
    program = (
        "import signal, sys, os\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from ovdiar.ending import run_command\n"
        "def main():\n    os.kill(os.getpid(), signal.SIGHUP)\n    return 7\n"
        "sys.exit(run_command('tool', lambda: main))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 7


def test_the_first_interrupt_calls_and_the_second_one_raises() -> None:
    """In a process of its own: libraries of other tests may have moved the stack of signals."""
    program = (
        "import signal\n"
        "from ovdiar.ending import at_interrupt\n"
        "with at_interrupt(lambda: print('called')):\n"
        "    signal.raise_signal(signal.SIGINT)\n"
        "    try:\n"
        "        signal.raise_signal(signal.SIGINT)\n"
        "    except KeyboardInterrupt:\n"
        "        print('raised')\n"
        "print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    )
    command = [sys.executable, "-c", program]
    assert subprocess.check_output(command, text=True) == "called\nraised\nTrue\n"


@pytest.mark.parametrize(
    "raised",
    [
        "MemoryError",
        "ImportError('libx.so: failed to map segment from shared object')",
        "RuntimeError('std::bad_alloc')",
        "OSError(12, 'Cannot allocate memory')",
        'RuntimeError("can\'t start new thread")',
    ],
)
def test_a_command_without_memory_says_so_in_one_line(raised: str) -> None:
    program = f"from ovdiar.ending import run_command\ndef find(): raise {raised}\n"
    program += "raise SystemExit(run_command('tool', find))"
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.startswith("tool: out of memory in tool (")
    assert done.stderr.count("\n") == 1


LIMITS_MB = (60, 200, 400, 700)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems limit memory otherwise")
@pytest.mark.parametrize("limit_mb", LIMITS_MB)
def test_a_run_with_little_memory_answers_or_says_so_in_one_line(
    limit_mb: int, base: Path, conversation: Path
) -> None:
    program = (
        "import resource, runpy, sys\n"
        f"resource.setrlimit(resource.RLIMIT_AS, ({limit_mb}_000_000,) * 2)\n"
        "runpy.run_module('ovdiar', run_name='__main__', alter_sys=True)"
    )
    command = [sys.executable, "-c", program, "diarize", str(conversation), "--models", str(base)]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env=environment, timeout=120
    )
    assert done.returncode in (0, 1, 2)
    assert len(done.stderr.splitlines()) == (done.returncode > 0)
    assert (done.stdout == "") == (done.returncode > 0)


@pytest.mark.parametrize("delay_s", [0.06, 0.1, 0.2, 0.4, 0.7])
def test_the_command_can_be_interrupted_while_it_imports(
    delay_s: float, base: Path, conversation: Path
) -> None:
    command = [sys.executable, "-m", "ovdiar", "diarize", str(conversation), "--models", str(base)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        _wait_for_handler(process.pid)
        time.sleep(delay_s)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) in ((130, "", "ovdiar: interrupted\n"), (0, out, ""))


def _wait_for_handler(pid: int) -> None:
    """Wait until a process catches SIGTERM, which Python itself does not."""
    for _ in range(2000):
        with open(f"/proc/{pid}/status", encoding="ascii") as file:  # noqa: PTH123 - of the kernel
            caught = next(line.split()[1] for line in file if line.startswith("SigCgt"))
        if int(caught, 16) >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.002)
    raise TimeoutError
