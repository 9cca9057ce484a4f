"""A large archive on machines that fail, simulated: prints Markdown.

cd tests && python -m benchmarks.failures [--hours 1000000] [--machines 25] [--cores 64]
[--speed 25] [--mtbf-hours 24 168] [--blocks 1 16] [--write PAGE]

Each core diarizes one recording after another, at ``--speed`` times real time; recordings have
log-normal lengths, long ones first. A machine fails after an exponentially distributed time: what
its cores were doing is lost, and is put back; the machine is back after ``--repair-minutes``. Some
recordings end the process of whoever tries them, and are given up after two attempts. Every
outcome is recorded at once, so that nothing that ended is done again; with ``--block`` recordings
are handed out and recorded in groups instead, and a failure loses the whole group.
"""

from __future__ import annotations

import argparse
import heapq
from pathlib import Path
from typing import NamedTuple

import numpy as np
from benchmarks.machine import put

ATTEMPTS = 2
POISON = 1e-5
"""Share of recordings that end a process."""


class Case(NamedTuple):
    """One archive and its machines; lengths and times in hours."""

    hours: float
    mean_length: float
    machines: int
    cores: int
    speed: float
    mtbf: float
    repair: float
    block: int = 1


class Outcome(NamedTuple):
    """What a run took: hours of the clock, shares of the work, and counts."""

    clock: float
    ideal: float
    lost: float
    failures: int
    done: int
    given_up: int
    twice: int
    recordings: int


class Run:
    """One run of an archive, event by event: cores end their groups, machines fail and return."""

    def __init__(self, case: Case, seed: int = 0) -> None:
        self.case, self._rng = case, np.random.default_rng(seed)
        self.count = max(1, round(case.hours / case.mean_length))
        lengths = self._rng.lognormal(0, 1, self.count)
        self._hours = -np.sort(-lengths * case.hours / lengths.sum()) / case.speed
        self._poison = self._rng.random(self.count) < POISON
        firsts = range(0, self.count, case.block)
        self._waiting = [tuple(range(each, min(each + case.block, self.count))) for each in firsts]
        self._waiting.reverse()
        self._attempts = np.zeros(self.count, int)
        self.finished = np.zeros(self.count, int)
        self._events: list[tuple[float, int, str, int, int]] = []
        self._order = 0
        self._running: list[dict[int, tuple[float, tuple[int, ...]]]] = [
            {} for _ in range(case.machines)
        ]
        self._is_up = [True] * case.machines
        self.clock = self.lost = 0.0
        self.failures = 0

    def to_its_end(self) -> Outcome:
        """Run until nothing waits and nothing is in work."""
        for machine in range(self.case.machines):
            self._fail_later(0.0, machine)
            self._fill(0.0, machine)
        handlers = {"fails": self._fails, "returns": self._returns, "ends": self._ends}
        while self._waiting or any(self._running):
            now, _, kind, machine, key = heapq.heappop(self._events)
            handlers[kind](now, machine, key)
        case = self.case
        return Outcome(
            clock=self.clock,
            ideal=case.hours / case.speed / (case.machines * case.cores),
            lost=self.lost * case.speed / case.hours,
            failures=self.failures,
            done=int((self.finished == 1).sum()),
            given_up=int((self._attempts >= ATTEMPTS).sum()),
            twice=int((self.finished > 1).sum()),
            recordings=self.count,
        )

    def _later(self, when: float, kind: str, machine: int, key: int = 0) -> None:
        self._order += 1
        heapq.heappush(self._events, (when, self._order, kind, machine, key))

    def _fail_later(self, now: float, machine: int) -> None:
        self._later(now + self._rng.exponential(self.case.mtbf), "fails", machine)

    def _fill(self, now: float, machine: int) -> None:
        running = self._running[machine]
        while self._is_up[machine] and self._waiting and len(running) < self.case.cores:
            group = self._waiting.pop()
            self._later(now + self._hours[list(group)].sum(), "ends", machine, self._order + 1)
            running[self._order] = now, group

    def _fails(self, now: float, machine: int, _key: int) -> None:
        self.failures += 1
        self._is_up[machine] = False
        for began, group in self._running[machine].values():
            self.lost += now - began
            self._waiting.append(group)
        self._running[machine].clear()
        self._later(now + self.case.repair, "returns", machine)

    def _returns(self, now: float, machine: int, _key: int) -> None:
        self._is_up[machine] = True
        self._fail_later(now, machine)
        self._fill(now, machine)

    def _ends(self, now: float, machine: int, key: int) -> None:
        if key not in self._running[machine]:
            return  # its machine had failed
        _, group = self._running[machine].pop(key)
        self.clock = now
        for each in group:
            if not self._poison[each]:
                self.finished[each] += 1
                continue
            self._attempts[each] += 1
            self.lost += self._hours[each]
            if self._attempts[each] < ATTEMPTS:
                self._waiting.insert(0, (each,))
        self._fill(now, machine)


def markdown(case: Case, mtbfs: list[float], blocks: list[int]) -> str:
    """Render a row for each mean time between failures, and number of recordings of a group."""
    lines = ["| a machine fails every | recordings at once | failures | days | over the ideal "]
    lines[0] += "| done twice in vain | done | given up |"
    lines.append("| --- " * 8 + "|")
    for mtbf in mtbfs:
        for block in blocks:
            found = Run(case._replace(mtbf=mtbf, block=block)).to_its_end()
            if found.done + found.given_up != found.recordings or found.twice:
                raise SystemExit(f"recordings were lost or doubled: {found}")
            lines.append(
                f"| {mtbf:g} h | {block} | {found.failures} | {found.clock / 24:.2f} "
                f"| {found.clock / found.ideal - 1:.2%} | {found.lost:.2%} "
                f"| {found.done} | {found.given_up} |"
            )
    return "\n".join(lines)


def main() -> None:
    """Simulate, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--hours", type=float, default=1e6)
    parser.add_argument("--mean-length", type=float, default=0.5, help="of a recording, hours")
    parser.add_argument("--machines", type=int, default=25)
    parser.add_argument("--cores", type=int, default=64)
    parser.add_argument("--speed", type=float, default=25, help="times real time, of one core")
    parser.add_argument("--mtbf-hours", type=float, nargs="+", default=[1, 6, 24, 1000])
    parser.add_argument("--repair-minutes", type=float, default=10)
    parser.add_argument("--blocks", type=int, nargs="+", default=[1, 64])
    parser.add_argument("--write", type=Path, metavar="PAGE")
    options = parser.parse_args()
    case = Case(
        options.hours,
        options.mean_length,
        options.machines,
        options.cores,
        options.speed,
        mtbf=1,
        repair=options.repair_minutes / 60,
    )
    table = markdown(case, options.mtbf_hours, options.blocks)
    print(table)
    if options.write:
        put(options.write, "failures", table)


if __name__ == "__main__":
    main()
