"""Saving: to a chosen file where the browser can, by download where it cannot, and as a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from reference.pages import ROWS, Report, annotation, rows

from ovdiar import formats
from ovdiar.report import write_page
from ovdiar.report.page import make_page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PICKER = """
window.asked = [];
window.showSaveFilePicker = async (options) => {
    window.asked.push(options);
    return {
        name: window.named ?? options.suggestedName,
        createWritable: async () => {
            let text = "";
            return {
                write: async (blob) => { text += await blob.text(); },
                close: async () => { window.written = text; },
            };
        },
    };
};
"""
NO_PICKER = "delete window.showSaveFilePicker;"


def written(report: Report) -> Any:
    report.until(lambda: report.said().startswith("Saved to"))
    return report.page.evaluate("window.written")


def test_save_writes_the_chosen_file_and_asks_once(
    visit: Callable[..., Report], report_file: Path, tmp_path: Path
) -> None:
    report = visit(report_file, script=PICKER)
    report.press("j", "Delete")
    assert "not saved to a file" in report.page.inner_text("#summary")
    report.page.click("#save")
    (tmp_path / "told.json").write_text(written(report))
    assert rows(formats.read(tmp_path / "told.json")) == rows(annotation(ROWS[1:], ""))
    assert report.said() == "Saved to conversation.json"
    assert "not saved" not in report.page.inner_text("#summary")
    report.press("Control+z", "Control+s")
    report.until(lambda: len(report.page.evaluate("window.written")) > 0)
    assert len(report.page.evaluate("window.asked")) == 1


def test_the_suffix_of_the_chosen_file_is_its_format(
    visit: Callable[..., Report], report_file: Path
) -> None:
    report = visit(report_file, script=PICKER + "window.named = 'mine.rttm';")
    report.page.click("#save")
    assert written(report) == report.download("rttm").read_text()
    report.page.evaluate("window.named = 'mine.doc'")
    report.press("Control+Shift+S")
    report.until(lambda: report.said().startswith("mine.doc is not saved"))


def test_the_diarizations_own_name_is_suggested(
    visit: Callable[..., Report], conversation: Path, tmp_path: Path
) -> None:
    write_page(tmp_path / "a.html", conversation, annotation(ROWS, "talk"), file="corrected.rttm")
    report = visit(tmp_path / "a.html", script=PICKER)
    report.page.click("#save")
    assert written(report).startswith("SPEAKER talk 1 1.000 3.000")
    assert report.said() == "Saved to corrected.rttm"


@pytest.mark.parametrize("name", ["AbortError", "NotAllowedError"])
def test_what_is_not_written_is_not_called_saved(
    visit: Callable[..., Report], report_file: Path, name: str
) -> None:
    refuse = f"throw new DOMException('no', '{name}');"
    script = f"window.showSaveFilePicker = async () => {{ {refuse} }};"
    report = visit(report_file, script=script)
    report.press("j", "Delete")
    report.page.click("#save")
    expected = {"AbortError": "Not saved", "NotAllowedError": "The file cannot be written (no)"}
    report.until(lambda: report.said().startswith(expected[name]))
    assert "not saved to a file" in report.page.inner_text("#summary")


def test_without_file_access_it_is_said_where_the_download_went(
    visit: Callable[..., Report], report_file: Path
) -> None:
    report = visit(report_file, script=NO_PICKER)
    assert report.downloaded(lambda: report.page.click("#save")).name == "conversation.json"
    assert report.said().startswith("conversation.json is in this browser's download folder")


def test_downloaded_turns_are_saved(report: Report) -> None:
    report.press("j", "Delete")
    assert "not saved to a file" in report.page.inner_text("#summary")
    report.download("json")
    assert "not saved" not in report.page.inner_text("#summary")
    report.press("j", "Delete")
    assert "not saved to a file" in report.page.inner_text("#summary")


def test_a_saved_page_opens_with_its_corrections_and_can_be_saved_again(
    visit: Callable[..., Report], report_file: Path, tmp_path: Path
) -> None:
    report = visit(report_file)
    expected = rows(annotation(ROWS, ""))
    for _ in range(2):
        report.press("j", "Delete")
        page = report.downloaded(report.page.locator("#download-page").click)
        path = page.replace(tmp_path / "saved.html")
        expected = expected[1:]
        report.page.close()
        report = visit(path)
        assert rows(report.turns()) == expected
        assert "not saved" not in report.page.inner_text("#summary")
    report.page.click("#play")
    report.until(lambda: report.time() > 0)
    report.press("Control+z", "Control+z")
    assert rows(report.turns()) == rows(annotation(ROWS, ""))
    report.page.reload()
    assert rows(report.turns()) == rows(annotation(ROWS, ""))


def test_a_copy_of_a_served_page_saves_without_its_server(
    visit: Callable[..., Report], conversation: Path, tmp_path: Path
) -> None:
    text = make_page(conversation, annotation(ROWS, "talk"), file="talk.rttm", served=True)
    (tmp_path / "copy.html").write_bytes(text)
    report = visit(tmp_path / "copy.html", script=PICKER)
    report.press("j", "Delete", "Control+s")
    assert written(report).startswith("SPEAKER talk 1 4.250 3.250")


def test_a_saved_page_with_linked_audio_still_plays_it(
    visit: Callable[..., Report], conversation: Path, tmp_path: Path
) -> None:
    audio = tmp_path / "talk.flac"
    audio.write_bytes(conversation.read_bytes())
    write_page(tmp_path / "a.html", audio, annotation(ROWS, "talk"), link=audio)
    report = visit(tmp_path / "a.html", allowed=[audio.as_uri()])
    report.press("j", "Delete")
    page = report.downloaded(report.page.locator("#download-page").click)
    report = visit(page.replace(tmp_path / "b.html"), allowed=[audio.as_uri()])
    assert rows(report.turns()) == rows(annotation(ROWS[1:], ""))
    report.page.click("#play")
    report.until(lambda: report.time() > 0)
