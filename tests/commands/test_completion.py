"""Shells complete the commands and their options."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from reference.material import missing

from ovdiar.commands.completion import SHELLS

if TYPE_CHECKING:
    from reference.commands import Run


@pytest.fixture
def complete(ovdiar: Run) -> Run:
    """Give ``ovdiar completion``."""
    try:
        import shtab  # noqa: F401
    except ImportError:
        missing("shtab is missing: pip install shtab")
    return lambda shell: ovdiar("completion", shell)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_takes_what_is_printed(shell: str, complete: Run) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    script = complete(shell)
    assert (script.status, script.err) == (0, "")
    subprocess.run([program, "-n"], input=script.out, text=True, check=True)


@pytest.mark.parametrize("shell", SHELLS)
def test_commands_and_their_options_are_in_it(shell: str, complete: Run) -> None:
    script = complete(shell).out
    assert all(name in script for name in ("recluster", "num-speakers", "completion"))


@pytest.mark.parametrize(
    ("words", "found"),
    [(("ovdiar", "reclu"), "recluster"), (("ovdiar", "score", "--nist"), "--nist-collar")],
)
def test_bash_completes(words: tuple[str, ...], found: str, complete: Run) -> None:
    bash = shutil.which("bash")
    if bash is None:
        missing("bash is missing: install it with the system's package manager")
    typed = " ".join(words)
    ask = f"COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}\n_shtab_ovdiar ovdiar {words[-1]}"
    script = f'{complete("bash").out}\n{ask}\necho "${{COMPREPLY[@]}}"'
    done = subprocess.run([bash], input=script, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [found]


def test_without_shtab_the_error_names_what_to_install(
    ovdiar: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    answer = ovdiar("completion", "bash")
    assert answer.is_complaint()
    assert "pip install 'ovdiar[completion]'" in answer.err
