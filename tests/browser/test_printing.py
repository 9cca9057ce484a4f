"""On paper there is all of it: every turn, every lane, in light colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference.pages import ROWS, Report

from ovdiar.annotation import Annotation
from ovdiar.report import write_page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_all_turns_are_printed(visit: Callable[..., Report], report_file: Path) -> None:
    report = visit(report_file, color_scheme="dark")
    report.page.emulate_media(media="print")
    report.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    cells = report.page.locator("#paper tbody tr")
    assert cells.count() == len(ROWS)
    told = cells.nth(3).inner_text().split()
    assert told[:7] == ["0:10.63", "0:13.38", "2.8", "s", "SPEAKER_02", "42", "%"]
    canvas = report.page.locator("#paper canvas")
    assert canvas.count() == 1
    report.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert cells.count() == 0


def test_a_pdf_goes_on_for_as_many_pages_as_there_are_turns(
    visit: Callable[..., Report], conversation: Path, tmp_path: Path
) -> None:
    turns = Annotation.of([(place / 10, place / 10 + 0.05, "A") for place in range(500)], "talk")
    write_page(tmp_path / "a.html", conversation, turns)
    report = visit(tmp_path / "a.html")
    pdf = report.page.pdf()
    assert pdf.count(b"/Type /Page\n") >= 8
