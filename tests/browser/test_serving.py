"""A served report writes corrections back to the file of the turns."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx
import pytest
from reference.pages import ROWS, Report, annotation, rows

from ovdiar import formats

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser


@pytest.fixture
def turns_file(tmp_path: Path) -> Path:
    path = tmp_path / "talk.rttm"
    formats.write(path, annotation(ROWS, "talk"))
    return path


@pytest.fixture
def address(turns_file: Path, conversation: Path) -> Iterator[str]:
    """Serve the report of our conversation; ``BROWSER`` keeps it from opening one."""
    command = [sys.executable, "-m", "ovdiar", "report", str(conversation), str(turns_file)]
    server = subprocess.Popen(
        [*command, "--serve"],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "BROWSER": "true"},
    )
    assert server.stderr is not None
    found = re.search(r"http://\S+", server.stderr.readline())
    assert found
    yield found[0]
    server.send_signal(signal.SIGINT)
    assert server.wait(20) == 0


def test_save_writes_the_file_and_nothing_is_written_over_others_changes(
    browser: Browser, address: str, turns_file: Path, tmp_path: Path
) -> None:
    page = browser.new_context().new_page()
    page.goto(address)
    report = Report(page, tmp_path, [])
    report.press("j", "Delete", "Control+s")
    report.until(lambda: report.said() == "Saved to talk.rttm")
    assert rows(formats.read(turns_file)) == rows(annotation(ROWS[1:], ""))
    assert formats.read(turns_file).uri == "talk"
    formats.write(turns_file, annotation(ROWS[:2], "talk"))
    report.press("j", "Delete", "Control+s")
    report.until(lambda: report.said().startswith("Not saved: talk.rttm was changed"))
    assert rows(formats.read(turns_file)) == rows(annotation(ROWS[:2], ""))


@pytest.mark.parametrize(
    "told",
    [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"}],
    ids=str,
)
def test_a_page_of_another_site_that_knows_the_address_reads_and_writes_nothing(
    address: str, turns_file: Path, told: dict[str, str]
) -> None:
    before = turns_file.read_text()
    other = formats.dumps(annotation(ROWS[:1], "talk"), "json")
    with httpx.Client(base_url=address, trust_env=False, headers=told) as client:
        assert client.get("").status_code == 403
        assert client.put("turns", content=other).status_code == 403
        assert turns_file.read_text() == before
    assert httpx.put(f"{address}turns", content=other, trust_env=False).status_code == 200


def test_other_pages_of_the_browser_reach_nothing(browser: Browser, address: str) -> None:
    page = browser.new_context().new_page()
    root = re.sub(r"[^/]+/$", "", address)
    for path in ("", "turns", "wrong/", "wrong/turns"):
        answer = page.goto(root + path)
        assert answer is not None
        assert answer.status == 404
