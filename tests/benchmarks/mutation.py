"""How many changes of the code the tests notice: prints Markdown.

pip install -e ".[test]" "mutmut==3.8.1"
cd tests && CI=true python -m benchmarks.mutation [--sample N] [--again FILE] [--write PAGE]

mutmut writes the mutants of the modules that ``pyproject.toml`` names to ``mutants/``, and the
tests named there run. pytest collects them once, and every mutant is a fork of that process: a
tenth of a second where ``mutmut run`` takes one. First run the tests of the file named after the
module, then those that reached the function, until one fails. Fixtures of a module or session are
made anew in each fork; what a test file computes when it is imported is not mutated.

The order is drawn by module with seed 0, so that whatever is done is a stratified sample; results
are kept in ``mutants/results.jsonl``, and a run that was ended goes on. ``--sample`` ends after so
many, ``--again`` takes the names in a file whatever their results. ``mutmut show NAME`` prints a
mutant.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import resource
import sys
import time
from collections import Counter, defaultdict
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CHECKOUT = Path(__file__).parents[2]
MUTANTS = CHECKOUT / "mutants"
RESULTS = MUTANTS / "results.jsonl"
REACHED = MUTANTS / "reached.json"
PROCESSOR_S = 60
"""Time after which a mutant counts as an endless loop; the tests of one take 10 s at most."""
MEMORY = 8 << 30
Z = 1.96
"""Standard deviations within which 95 % of estimates lie."""


def write_mutants() -> list[str]:
    """Write all mutants, and return their names in the order in which they run."""
    from mutmut import __main__ as mutmut

    MUTANTS.mkdir(exist_ok=True)
    mutmut.config()
    mutmut.copy_src_dir()
    mutmut.copy_also_copy_files()
    mutmut.create_mutants(1)
    names: dict[str, list[str]] = defaultdict(list)
    for meta in sorted((MUTANTS / "ovdiar").rglob("*.meta")):
        for name in json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"]:
            names[module_of(name)].append(name)
    placed = []
    for module, own in sorted(names.items()):
        random.Random(f"0 {module}").shuffle(own)  # noqa: S311 - no secret
        placed += [((place + 0.5) / len(own), name) for place, name in enumerate(own)]
    return [name for _, name in sorted(placed)]


def selection() -> list[str]:
    """Return the arguments of pytest that ``pyproject.toml`` has for mutmut."""
    from mutmut.configuration import config

    return [*config().pytest_add_cli_args, *config().pytest_add_cli_args_test_selection]


def module_of(name: str) -> str:
    """Return ``clustering.ahc`` of ``ovdiar.clustering.ahc.x_in_tree__mutmut_3``."""
    return name.removeprefix("ovdiar.").rpartition(".")[0]


class Mutants:
    """pytest plugin: instead of the tests, runs the mutants, each of them in a fork."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names

    def pytest_runtestloop(self, session: Any) -> bool:
        """Run the mutants and append what came of them."""
        reached, seconds = self._reached(session)
        tests = sorted(session.items, key=lambda test: seconds[test.nodeid])
        with RESULTS.open("a", encoding="utf-8") as results:
            for done, name in enumerate(self.names):
                function = name.rpartition("__mutmut_")[0]
                file = f"test_{module_of(name).rpartition('.')[2]}.py"
                own = [test for test in tests if test.path.name == file]
                others = [
                    t for t in tests if t.nodeid in reached.get(function, ()) and t not in own
                ]
                status = _forked(session, name, [*own, *others]) if own or others else None
                results.write(json.dumps({"name": name, "status": status}) + "\n")
                results.flush()
                print(f"\r{done + 1}/{len(self.names)}", end="", file=sys.stderr)
        return True

    @staticmethod
    def _reached(session: Any) -> tuple[dict[str, list[str]], dict[str, float]]:
        """Return the tests that reach each function, and the seconds of each test."""
        if not REACHED.exists():
            status = _forked(session, "stats", session.items)
            if status:
                raise SystemExit("tests fail without any mutant: mend them")
        reached, seconds = json.loads(REACHED.read_text(encoding="utf-8"))
        return reached, defaultdict(float, seconds)


def _forked(session: Any, mutant: str, tests: Sequence[Any]) -> int:
    """Run tests in a fork, until one fails: exit status 1; negative is the signal that ended it."""
    from mutmut.mutation.trampoline import set_mutant_under_test
    from mutmut.state import state

    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    if mutant != "stats":
        limit = int(time.process_time()) + PROCESSOR_S
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    set_mutant_under_test(mutant)
    reached: dict[str, list[str]] = defaultdict(list)
    seconds = {}
    for test, following in zip(tests, [*tests[1:], None], strict=True):
        begin = time.process_time()
        test.config.hook.pytest_runtest_protocol(item=test, nextitem=following)
        seconds[test.nodeid] = time.process_time() - begin
        for function in state()._stats:
            reached[function].append(test.nodeid)
        state()._stats.clear()
        if session.testsfailed:
            os._exit(1)
    if mutant == "stats":
        REACHED.write_text(json.dumps([reached, seconds]), encoding="utf-8")
    os._exit(0)


def results() -> dict[str, int | None]:
    """Read the last result of each mutant."""
    if not RESULTS.exists():
        return {}
    rows = map(json.loads, RESULTS.read_text(encoding="utf-8").splitlines())
    return {row["name"]: row["status"] for row in rows}


def interval(part: int, whole: int) -> tuple[float, float]:
    """Return the interval of 95 % of a share (Wilson, 1927)."""
    share, spread = part / whole, Z**2 / whole
    middle = share + spread / 2
    half = Z * math.sqrt(share * (1 - share) / whole + spread / (4 * whole))
    return (middle - half) / (1 + spread), (middle + half) / (1 + spread)


def table(names: Sequence[str], found: dict[str, int | None]) -> str:
    """Render a row a module, and one of all: a stratified sample, up to the first not run."""
    return "\n".join(_lines(names, found))


def _lines(names: Sequence[str], found: dict[str, int | None]) -> Iterator[str]:
    yield "| module | mutants | run | killed | endless | survived | no test | killed, % |"
    yield "| --- " * 8 + "|"
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    sample = set(takewhile(found.__contains__, names))
    for name in names:
        for row in (module_of(name), "all"):
            kinds[row]["mutants"] += 1
            if name in sample:
                kinds[row][_kind(found[name])] += 1
    for row in [*sorted(kinds.keys() - {"all"}), "all"]:
        counts = kinds[row]
        run = counts.total() - counts["mutants"]
        killed = counts["killed"] + counts["endless"]
        share = f"{100 * killed / run:.1f}" if run else "-"
        if row == "all" and 0 < run < counts["mutants"]:
            low, high = interval(killed, run)
            share += f" ({100 * low:.1f} to {100 * high:.1f})"
        cells = [counts["mutants"], run, *(counts[kind] for kind in KINDS), share]
        yield f"| {row} | " + " | ".join(map(str, cells)) + " |"


KINDS = ("killed", "endless", "survived", "no test")


def _kind(status: int | None) -> str:
    """Name a result; a signal ends an endless loop, or one that fills the memory."""
    if status is None:
        return "no test"
    return "survived" if status == 0 else "killed" if status > 0 else "endless"


def main() -> None:
    """Run mutants, print the table and name the survivors."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sample", type=int, help="number of mutants to run")
    options.add_argument("--again", type=Path, help="file of names of mutants to run again")
    options.add_argument("--write", type=Path, help="page to put the table in")
    chosen = options.parse_args()
    again = chosen.again and set(chosen.again.read_text(encoding="utf-8").split())
    page = chosen.write and chosen.write.resolve()
    os.chdir(CHECKOUT)
    names = write_mutants()
    if again:
        left = [name for name in names if name in again]
    else:
        left = [name for name in names[: chosen.sample] if name not in results()]
    os.chdir(MUTANTS)
    sys.path[:0] = [str(MUTANTS)]
    if left:
        quiet = ["--rootdir=.", "--tb=no", "-q", "-p", "no:cacheprovider"]
        pytest.main([*quiet, *selection()], plugins=[Mutants(left)])
    text = table(names, results())
    print("\n" + text + "\n\nSurvivors:")
    print("\n".join(name for name, status in results().items() if not status))
    if page:
        from benchmarks.machine import put

        put(page, "mutants", text)


if __name__ == "__main__":
    main()
