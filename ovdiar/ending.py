"""The end of a command by a signal: at once, with one line, and without temporary files.

Python would raise KeyboardInterrupt wherever it is: in a callback of a library, which drops it and
goes on with damaged data, or in an import, which leaves half a module. A command has nothing to
save: files are written beside their places and renamed. So it cleans up and exits, as
``128 + signal``. Only the commands do this; in other programs signals are theirs.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

EXIT_STATUS = 2
REASONS = {"SIGINT": "interrupted", "SIGTERM": "terminated", "SIGHUP": "the terminal was closed"}

_before: list[Callable[[], None]] = []
_name = "ovdiar"
_waiting: list[int] = []
_busy = 0


def run_command(name: str, find: Callable[[], Callable[[], int]]) -> int:
    """Run the command of this process; return its exit status.

    Parameters
    ----------
    name
        Name of the command, for messages.
    find
        Imports the command, which takes a tenth of a second, and returns it.
    """
    end_at_signals(name)
    try:
        status = find()()
    except Exception as error:
        from ovdiar.errors import is_out_of_memory, out_of_memory  # noqa: PLC0415 - seldom needed

        if not is_out_of_memory(error):
            raise
        _print(f"{name}: {out_of_memory(f'in {name}', error)}")
        status = EXIT_STATUS
    ignore_signals()
    return status


def exit_status(name: str, run: Callable[[], int | None]) -> int:
    """Run a command; return its exit status, 0 where it returns None.

    It is 2 with one line that says what is wrong, 130 after Ctrl-C, and 0 where the reader of our
    output has left.
    """
    from ovdiar.errors import OvdiarError  # noqa: PLC0415 - not at the start

    try:
        status = run()
        sys.stdout.flush()
    except OvdiarError as error:
        say(f"{name}: {error}")
        return EXIT_STATUS
    except KeyboardInterrupt:
        say(f"{name}: interrupted")
        return 130
    except BrokenPipeError:
        forget_output()
        return 0
    except OSError as error:
        forget_output()
        say(f"{name}: {error.strerror or error}: check the disk, and where the output goes")
        return EXIT_STATUS
    return status or 0


def say(line: str) -> None:
    """Write one line to standard error."""
    sys.stderr.write(" ".join(line.splitlines()) + "\n")


def end_at_signals(name: str) -> None:
    """End this process, a command of that name, at SIGINT, SIGTERM and SIGHUP.

    A signal that is ignored already, as by ``nohup``, stays ignored.
    """
    global _name  # noqa: PLW0603 - a process is one command
    _name = name
    for number in _signals():
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _end)


def ignore_signals() -> None:
    """Let a command whose output is written end as it is about to, with status 0."""
    for number in _signals():
        if signal.getsignal(number) == _end:
            signal.signal(number, signal.SIG_IGN)


def before_the_end(action: Callable[[], None]) -> None:
    """Call a function before a signal ends the process, such as one that deletes files."""
    _before.append(action)


@contextmanager
def undivided() -> Iterator[None]:
    """Let a signal end the process only after this block, which must be short."""
    global _busy  # noqa: PLW0603 - signals belong to the whole process
    _busy += 1
    try:
        yield
    finally:
        _busy -= 1
        if _waiting and not _busy:
            _end(_waiting[0], None)


@contextmanager
def at_interrupt(action: Callable[[], None]) -> Iterator[None]:
    """Let the first Ctrl-C in this block call a function; the second one does as it did before."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)
    if before == signal.SIG_IGN:
        yield
        return

    def once(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        action()

    signal.signal(signal.SIGINT, once)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def forget_output() -> None:
    """Drop what standard output does not take, lest Python tries again when it ends."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _signals() -> list[signal.Signals]:
    return [signal.Signals[name] for name in REASONS if hasattr(signal, name)]


def _end(number: int, _frame: FrameType | None) -> None:
    """Clean up and exit; the signal handler."""
    if _busy:
        _waiting.append(number)
        return
    _exit(number)


def _exit(number: int) -> NoReturn:
    for number_of_signal in _signals():
        signal.signal(number_of_signal, signal.SIG_IGN)
    try:
        for action in _before:
            action()
        start = "\n" if os.isatty(2) else ""  # a progress bar may stand in the line
        _print(f"{start}{_name}: {REASONS[signal.Signals(number).name]}")
    finally:
        os._exit(128 + number)


def _print(line: str) -> None:
    """Write to standard error, which may be closed."""
    with suppress(OSError):
        os.write(2, f"{line}\n".encode())
