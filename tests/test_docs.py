"""The commands that the documentation shows exist, with the options that they are given."""

from __future__ import annotations

import re
import shlex

import pytest
from conftest import CHECKOUT
from ovdiar_export import cli as export

from ovdiar import cli

PARSERS = {"ovdiar": cli._parser, "ovdiar-export": export._parser}


def command_lines() -> list[str]:
    """List our commands in the blocks of every document."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((CHECKOUT / "docs").glob("*.md"))]
    blocks = re.findall(r"^```bash\n(.*?)^```$", "\n".join(texts), flags=re.MULTILINE | re.DOTALL)
    lines = "\n".join(blocks).splitlines()
    return [line for line in lines if line.partition(" ")[0] in PARSERS]


@pytest.mark.parametrize("line", command_lines())
def test_every_command_is_one(line: str) -> None:
    program, *arguments = shlex.split(line)
    PARSERS[program]().parse_args(arguments)


def test_there_are_commands() -> None:
    assert len(command_lines()) >= 4
