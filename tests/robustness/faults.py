"""Signals at random moments, full disks and folders without rights: all or nothing, one line."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustness.tally import Tally

if TYPE_CHECKING:
    from robustness.commands import Command, Place

LIMIT_S = 300
STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}
LIMITED = (
    "import resource, runpy, sys\n"
    "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)\n"
    "name = sys.argv[3]\n"
    "sys.argv[:4] = [name]\n"
    "runpy.run_module(name, run_name='__main__', alter_sys=True)\n"
)

UNMEASURED = dict.fromkeys(("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"), "")
"""Coverage writes files of its own, which would be limited, too."""
WITHOUT_RIGHTS = "-dac_override,-dac_read_search"
"""Capabilities that let root write anywhere."""


def kill(place: Place, command: Command, number: signal.Signals, tries: int, seed: int) -> Tally:
    """Send a signal at random moments, from where the process handles signals to its end.

    An output is absent or whole. Nothing temporary is left, after SIGKILL: by the next run.
    """
    tally = Tally(f"{command.name}, {number.name}", seed)
    wanted, whole_s = undisturbed(place, command)
    moments = random.Random(seed)  # noqa: S311 - no secret
    for _ in range(tries):
        command.forget()
        moment_s = moments.uniform(0, whole_s)
        with tally.one():
            process = place.start(command.arguments)
            _wait_for_handlers(process)
            time.sleep(moment_s)
            process.send_signal(number)
            out, err = process.communicate(timeout=LIMIT_S)
        what = f"{tally.what} after {moment_s:.3f} s: {process.returncode} {out!r} {err[-300:]!r}"
        _judge(tally, command, number, wanted, what, (process.returncode, err))
        if number is signal.SIGKILL:
            again = place.start(command.arguments)
            again.communicate(timeout=LIMIT_S)
            tally.expect(again.returncode == 0 and command.whole(wanted), f"{what}; run again")
        tally.expect(not place.left(), f"{what}; left {place.left()}")
    command.forget()
    return tally


def undisturbed(place: Place, command: Command) -> tuple[Any, float]:
    """Run a command twice; return what it writes, and how long it takes the second time, s."""
    took_s = 0.0
    for _ in range(2):
        command.forget()
        start = time.perf_counter()
        process = place.start(command.arguments)
        _, err = process.communicate(timeout=LIMIT_S)
        took_s = time.perf_counter() - start
        if process.returncode:
            raise RuntimeError(err)
    return command.content(command.output), took_s


def _judge(
    tally: Tally,
    command: Command,
    number: signal.Signals,
    wanted: Any,
    what: str,
    ended: tuple[int, str],
) -> None:
    """Compare the end of a process with what is right."""
    status, err = ended
    if status == 0:
        tally.expect(command.whole(wanted), f"{what}; the output is not whole")
        return
    told = number is signal.SIGKILL or len(err.splitlines()) == 1
    tally.expect(status == STATUS[number] and told, what)
    tally.expect(command.undamaged(wanted), f"{what}; the output is damaged")


def _wait_for_handlers(process: subprocess.Popen[str]) -> None:
    """Wait until a process catches SIGTERM, which Python itself does not; or until it ends."""
    while process.poll() is None:
        status = Path("/proc", str(process.pid), "status").read_text(encoding="ascii")
        caught = next((x.split()[1] for x in status.splitlines() if x.startswith("SigCgt")), "0")
        if int(caught, 16) >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.001)


def full_disk(place: Place, command: Command, tries: int, seed: int) -> Tally:
    """Limit the size of files at random below the largest's: status 2, one line, nothing half."""
    tally = Tally(f"{command.name}, full disk", seed)
    wanted, _ = undisturbed(place, command)
    limited = replace(place, more={**place.more, **UNMEASURED})
    sizes = random.Random(seed)  # noqa: S311 - no secret
    files = [command.output, *command.output.rglob("*")]
    largest = max(path.stat().st_size for path in files if path.is_file())
    for _ in range(tries):
        command.forget()
        size = sizes.randrange(largest)
        with tally.one():
            process = limited.start(["-c", LIMITED, str(size), *command.arguments])
            _, err = process.communicate(timeout=LIMIT_S)
        what = f"{tally.what} of {size} bytes: {process.returncode} {err[-300:]!r}"
        tally.expect(process.returncode == 2 and len(err.splitlines()) == 1, what)
        fits = command.undamaged(wanted) and (command.parts or not command.output.exists())
        tally.expect(fits and not place.left(), f"{what}; something is left")
    return tally


def without_rights(place: Place, command: Command) -> Tally:
    """Run where root itself may not write: status 2, one line. Needs root and ``setpriv``."""
    tally = Tally(f"{command.name}, write-protected folder")
    command.forget()
    for folder in (place.out, place.cache):
        folder.chmod(0o555)
    try:
        with tally.one():
            done = subprocess.run(
                [
                    shutil.which("setpriv") or "setpriv",
                    f"--bounding-set={WITHOUT_RIGHTS}",
                    f"--inh-caps={WITHOUT_RIGHTS}",
                    sys.executable,
                    *command.arguments,
                ],
                env=place.environment(),
                capture_output=True,
                text=True,
                timeout=LIMIT_S,
                check=False,
            )
    finally:
        for folder in (place.out, place.cache):
            folder.chmod(0o755)
    what = f"{tally.what}: {done.returncode} {done.stderr[-300:]!r}"
    tally.expect(done.returncode == 2 and len(done.stderr.splitlines()) == 1, what)
    tally.expect("write-protected" in done.stderr or "cannot be written" in done.stderr, what)
    return tally
