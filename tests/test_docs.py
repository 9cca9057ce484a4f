"""What the documentation shows and links exists: commands with their options, pages, scripts."""

from __future__ import annotations

import importlib
import re
import shlex
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from conftest import CHECKOUT
from ovdiar_export import cli as export
from reference.documents import blocks

from ovdiar import cli

if TYPE_CHECKING:
    from pathlib import Path

STUDIES = sorted((CHECKOUT / "docs" / "studies").glob("[!R]*.md"))
PAGES = [*sorted((CHECKOUT / "docs").rglob("*.md")), *sorted(CHECKOUT.glob("*.md"))]
TEXT = "\n".join(page.read_text(encoding="utf-8") for page in PAGES if page.name != "README.md")
PARSERS = {"ovdiar": cli._parser, "ovdiar-export": export._parser}


def command_lines() -> list[str]:
    """List our commands in the blocks of every document."""
    lines = "\n".join(block.code for block in blocks(TEXT, "sh", "bash")).splitlines()
    return [line for line in lines if line.partition(" ")[0] in PARSERS]


@pytest.mark.parametrize("line", command_lines())
def test_every_command_is_one(line: str) -> None:
    program, *arguments = shlex.split(line.removesuffix(" &"))
    PARSERS[program]().parse_args(arguments)


def test_there_are_commands() -> None:
    assert len(command_lines()) >= 4


def anchors(page: Path) -> set[str]:
    """List what headings may be linked by, as GitHub names them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        if not target.startswith("https://"):
            linked = page.parent / path if path else page
            assert linked.exists(), target
            assert not anchor or anchor in anchors(linked), target


def test_every_page_that_the_code_names_exists() -> None:
    sources = [path for part in ("ovdiar", "export") for path in (CHECKOUT / part).rglob("*.py")]
    texts = [path.read_text(encoding="utf-8") for path in sources]
    named = {name for text in texts for name in re.findall(r"docs/[\w/-]+\.\w+", text)}
    assert {name for name in named if not (CHECKOUT / name).is_file()} == set()
    assert "docs/studies/codecs.md" in named


NO_MODULES = {"ovdiar.requests": "a logger", "ovdiar.service": "a unit of systemd"}


def dotted_names() -> set[str]:
    """List what the pages call ``ovdiar.something``, but for what is no name of Python's."""
    pages = [*(CHECKOUT / "docs").glob("*.md"), CHECKOUT / "README.md"]
    texts = [page.read_text(encoding="utf-8") for page in pages]
    found = {name for text in texts for name in re.findall(r"\bovdiar(?:\.\w+)+", text)}
    return found - NO_MODULES.keys()


@pytest.mark.parametrize("name", sorted(dotted_names()))
def test_every_name_that_a_page_calls_ours_exists(name: str) -> None:
    module, *rest = name.split(".")
    value: Any = importlib.import_module(module)
    for part in rest:
        module += f".{part}"
        if not hasattr(value, part):
            importlib.import_module(module)
        value = getattr(value, part)


def test_every_study_is_in_the_index_by_its_question() -> None:
    index = (CHECKOUT / "docs" / "studies" / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+\?) \| \[[\w-]+\]\(([\w-]+\.md)\) \|$", index, flags=re.MULTILINE)
    questions = {page.name: page.read_text("utf-8").splitlines()[0][2:] for page in STUDIES}
    assert {page: question for question, page in rows} == questions


@pytest.mark.parametrize("page", STUDIES, ids=lambda page: page.stem)
def test_a_study_has_an_answer_figures_and_a_command_whose_script_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "\n**Answer.** " in text
    assert "\n| --- |" in text
    block = re.search(r"^```sh\n(.*?)\n```$", text, flags=re.MULTILINE | re.DOTALL)
    assert block is not None
    modules = [name.replace(".", "/") + ".py" for name in re.findall(r"-m ([\w.]+)", block[1])]
    scripts = [f"tests/{name}" for name in modules]
    scripts += re.findall(r"(?:python|pytest) (tests/\S+)", block[1])
    assert scripts or "ovdiar " in block[1]
    assert [name for name in scripts if not (CHECKOUT / name).is_file()] == []


WORKFLOW = CHECKOUT / ".github" / "workflows" / "test.yml"


def settings(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_the_workflow_runs_the_two_commands_of_the_readme() -> None:
    steps = [step["run"] for step in settings(WORKFLOW)["jobs"]["test"]["steps"] if "run" in step]
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^```bash\n(.*?)\n```$", readme, flags=re.MULTILINE)
    assert len(commands) == 2
    assert steps[-2:] == commands


def test_the_workflow_runs_the_oldest_and_a_newer_python() -> None:
    versions = settings(WORKFLOW)["jobs"]["test"]["strategy"]["matrix"]["python"]
    project = (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'requires-python = ">={versions[0]}"' in project
    assert len(versions) == 2


def test_the_hooks_before_a_commit_need_no_network() -> None:
    repositories = settings(CHECKOUT / ".pre-commit-config.yaml")["repos"]
    hooks = [(each["repo"], hook["language"]) for each in repositories for hook in each["hooks"]]
    assert {*hooks} == {("local", "system")}
