"""What the README says works as printed."""

from __future__ import annotations

import contextlib
import io
import re

import pytest
from conftest import CHECKOUT
from ovdiar_export.cli import main as export

from ovdiar.cli import main

README = (CHECKOUT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def test_set_up_takes_exactly_two_commands_of_one_line() -> None:
    assert [block.count("\n") for block in blocks("bash")] == [1, 1]


def test_the_page_stays_short() -> None:
    assert README.count("\n") < 250


def test_every_language_of_a_block_is_run() -> None:
    assert {*re.findall(r"^```(\w+)$", README, flags=re.MULTILINE)} == {"bash", "sh", "python"}


def _paths() -> list[str]:
    named = re.findall(r"`((?:tests|ovdiar|export)/[\w./-]*|[\w-]+\.(?:md|toml))`", README)
    linked = re.findall(r"(?:^|[ (])(tests/data/[\w./]+)", README)
    return sorted({*named, *linked})


@pytest.mark.parametrize("path", _paths())
def test_every_path_exists(path: str) -> None:
    assert (CHECKOUT / path).exists()


PROGRAMS = {"ovdiar": main, "ovdiar-export": export}
OPTION = re.compile(r"(?<![\w-])--?[a-z][\w-]*")


def helps(program: str, *command: str) -> str:
    """Return what a command's ``--help`` prints; refused where there is no such command."""
    with contextlib.redirect_stdout(io.StringIO()) as printed, pytest.raises(SystemExit) as stop:
        PROGRAMS[program]([*command, "--help"])
    assert stop.value.code == 0, f"{program} has no command {' '.join(command)}"
    return printed.getvalue()


def command_lines() -> list[list[str]]:
    """List what the README shows of our commands, in words: in code spans and in blocks."""
    shown = [*re.findall(r"`([^`\n]+)`", README), *"&&".join(blocks("bash")).split("&&")]
    return [words for text in shown if (words := text.split())[0] in PROGRAMS and len(words) > 1]


@pytest.mark.parametrize("words", command_lines(), ids=" ".join)
def test_every_command_line_has_a_command_and_options_that_exist(words: list[str]) -> None:
    program, *rest = words
    command = [rest[0]] if rest[0].islower() or rest[0][0].isdigit() else []
    text = helps(program, *command)
    assert "example: ovdiar" in text
    assert {*OPTION.findall(" ".join(rest))} <= {*OPTION.findall(text)}


def test_every_option_that_stands_alone_exists() -> None:
    named = {*re.findall(rf"`({OPTION.pattern})", README)}
    known: set[str] = set()
    for program in PROGRAMS:
        for command in re.findall(r"^    ([\w.-]+)", helps(program), flags=re.MULTILINE):
            known.update(OPTION.findall(helps(program, command)))
    assert named <= known
    assert "--wheels" in named
