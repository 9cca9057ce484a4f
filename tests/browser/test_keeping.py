"""Corrections outlive a reload, of the same turns and of no others, where the browser lets us."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference.pages import ROWS, Report, annotation, rows

from ovdiar.report import write_page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REFUSED = """
Object.defineProperty(window, "localStorage", {
    get() { throw new DOMException("refused", "SecurityError"); },
});
"""


def test_a_reload_keeps_corrections_and_the_way_back(report: Report) -> None:
    report.press("j", "Delete")
    report.name(1).fill("Bert")
    report.name(1).press("Enter")
    corrected = rows(report.turns())
    report.page.reload()
    assert rows(report.turns()) == corrected
    report.press("Control+z", "Control+z")
    assert rows(report.turns()) == rows(annotation(ROWS, ""))
    report.page.reload()
    assert rows(report.turns()) == rows(annotation(ROWS, ""))
    assert report.page.locator("#undo").is_disabled()


def test_other_turns_under_the_same_name_are_not_touched(
    report: Report, conversation: Path
) -> None:
    report.press("j", "Delete")
    file = report.page.evaluate("decodeURIComponent(location.pathname)")
    before = type(conversation)(file).read_bytes()
    try:
        write_page(file, conversation, annotation(ROWS[1:], "conversation"))
        report.page.reload()
        assert rows(report.turns()) == rows(annotation(ROWS[1:], ""))
    finally:
        type(conversation)(file).write_bytes(before)


def test_what_is_kept_but_damaged_is_passed_over(report: Report) -> None:
    report.press("j", "Delete")
    report.page.evaluate("""() => {
        const key = Object.keys(localStorage).find((name) => /^ovdiar:[0-9a-f]{16}$/.test(name));
        localStorage.setItem(key, '[{"kind": "remove", "turn": 1}, {"kind": "none"}]');
    }""")
    report.page.reload()
    assert rows(report.turns()) == rows(annotation(ROWS, ""))


def test_without_storage_all_works_and_it_is_said_that_nothing_is_kept(
    visit: Callable[..., Report], report_file: Path
) -> None:
    report = visit(report_file, script=REFUSED)
    report.press("j", "Delete")
    assert "cannot save corrections: download them" in report.said()
    assert rows(report.turns()) == rows(annotation(ROWS[1:], ""))
    report.press("t")
    assert report.page.evaluate("document.documentElement.dataset.theme") == "dark"
