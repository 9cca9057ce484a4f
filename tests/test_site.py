"""The site: each page has its place, and what is inserted from the code is all there is."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
import re
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from conftest import CHECKOUT
from ovdiar_export.recipes import RECIPES

import ovdiar
from ovdiar import cli

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

DOCS = CHECKOUT / "docs"


SETTINGS: Any = yaml.safe_load((CHECKOUT / "mkdocs.yml").read_text(encoding="utf-8"))


def load(name: str) -> ModuleType:
    """Import a script of the site, which is no package."""
    spec = importlib.util.spec_from_file_location(name, DOCS / "site" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


reference = load("reference")
addresses = load("addresses")


def pages_of(entry: Any) -> Iterator[str]:
    """List the pages of a navigation, or of a part of it."""
    if isinstance(entry, str):
        yield entry
    else:
        for below in entry.values() if isinstance(entry, dict) else entry:
            yield from pages_of(below)


def test_every_page_has_one_place_in_the_navigation() -> None:
    placed = list(pages_of(SETTINGS["nav"]))
    assert len(placed) == len({*placed})
    assert {*placed} == {path.name for path in DOCS.glob("*.md")} | {"studies/README.md"}


def test_the_theme_fetches_no_fonts() -> None:
    assert SETTINGS["theme"]["font"] is False


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_every_marker_of_a_page_is_replaced(page: Any) -> None:
    left = reference.insert(page.read_text(encoding="utf-8"))
    markers = {*reference.MARKER.findall(page.read_text(encoding="utf-8"))}
    assert markers <= {*reference.INSERTED}
    assert not reference.MARKER.search(left)


def helped(*arguments: str) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as printed, pytest.raises(SystemExit):
        cli.main([*arguments, "--help"])
    return printed.getvalue().rstrip()


def test_every_command_is_in_the_reference_with_its_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", reference.WIDTH)
    text = reference.commands()
    names = re.findall(r"^    ([a-z]+)\b", helped(), flags=re.MULTILINE)
    assert "diarize" in names
    for name in names:
        assert f"### ovdiar {name}\n\n```text\n{helped(name)}\n```" in text
    assert {f"### ovdiar-export {name}" for name in RECIPES} <= {*text.splitlines()}


def test_every_public_name_is_in_the_reference() -> None:
    named = re.findall(r"^::: ovdiar\.(\w+)$", reference.names(), flags=re.MULTILINE)
    assert named == sorted(ovdiar.__all__)


def test_every_example_is_shown_whole() -> None:
    for path in (DOCS / "examples").glob("*.py"):
        assert path.read_text(encoding="utf-8").rstrip() in reference.programs()


@pytest.mark.parametrize(
    ("base", "link"),
    [
        (None, "see `CONTRIBUTING`."),
        ("https://host/us", "see [CONTRIBUTING](https://host/us/blob/main/CONTRIBUTING.md#style)."),
    ],
)
def test_links_that_leave_the_site_lead_to_the_repository_or_nowhere(
    base: str | None, link: str
) -> None:
    text = "see [CONTRIBUTING](../../CONTRIBUTING.md#style)."
    assert reference.link_outside(text, base) == link


def test_the_readme_of_a_release_has_no_relative_links() -> None:
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    released = addresses.absolute(readme, "https://host/us", "v1")
    assert "![The report" in released
    assert "](https://host/us/raw/v1/docs/report.png)" in released
    assert "](https://host/us/blob/v1/docs/migration.md)" in released
    assert re.findall(r"\]\((?!https://)", released) == []
    assert "src=" not in released


def test_a_release_has_the_addresses_of_its_repository() -> None:
    toml = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    settings = (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")
    released = toml.loads(addresses.with_urls(settings, "https://host/us"))
    assert released["project"].pop("urls")["Source"] == "https://host/us"
    assert released == toml.loads(settings)
