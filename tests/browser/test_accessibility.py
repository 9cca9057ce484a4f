"""The axe rules find nothing serious: light, dark, on a phone, in a dialog, with many speakers."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest
from reference.material import missing
from reference.pages import PHONE

from ovdiar.annotation import Annotation
from ovdiar.report import write_page
from ovdiar.transcripts import from_document

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reference.pages import Report

RUN = "async () => (await axe.run(document)).violations"
SERIOUS = {"serious", "critical"}


@pytest.fixture(scope="module")
def axe() -> str:
    """Read the source of axe-core, which a package for Playwright carries."""
    try:
        return (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
    except ModuleNotFoundError:
        missing("axe is not installed: pip install axe-playwright-python")


def faults(report: Report, axe: str) -> list[Any]:
    """List the serious rules that are broken, with the elements."""
    report.page.evaluate(axe)
    found = report.page.evaluate(RUN)
    return [
        (each["id"], [node["html"] for node in each["nodes"]])
        for each in found
        if each["impact"] in SERIOUS
    ]


LOOKS = pytest.mark.parametrize(
    "options",
    [{"color_scheme": "light"}, {"color_scheme": "dark"}, PHONE],
    ids=["light", "dark", "phone"],
)


@LOOKS
@pytest.mark.parametrize("keys", [[], ["j", "1"], ["j", "r"], ["?"]], ids=str)
def test_nothing_serious_is_found(
    visit: Callable[..., Report],
    report_file: Path,
    axe: str,
    options: dict[str, Any],
    keys: list[str],
) -> None:
    report = visit(report_file, **options)
    report.press(*keys)
    report.page.evaluate("scrollTo(0, 0)")
    assert faults(report, axe) == []


@LOOKS
def test_nothing_serious_is_found_with_28_speakers_and_words(
    visit: Callable[..., Report],
    conversation: Path,
    tmp_path: Path,
    axe: str,
    options: dict[str, Any],
) -> None:
    turns = Annotation.of([(start, start + 0.9, f"P{start}") for start in range(28)], "crowd")
    words = [{"word": f" {start}", "start": start, "end": start + 0.5} for start in range(28)]
    said = from_document({"segments": [{"start": 0, "end": 28, "text": "", "words": words}]})
    write_page(tmp_path / "a.html", conversation, turns, transcript=said)
    report = visit(tmp_path / "a.html", **options)
    report.press("j")
    assert faults(report, axe) == []
