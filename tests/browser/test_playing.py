"""The report plays: what is heard is where the cursor is, and a turn is a click away."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
from reference.pages import ROWS, Report, annotation

from ovdiar.report import write_page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LANE_OF_SPEAKER_01 = 84 + 34 + 16 + 17
"""Middle of the second lane: below axis, sound, overlap, and the first lane with its reference."""


def test_the_cursor_moves_with_the_sound_and_stops_with_it(report: Report) -> None:
    cursor = report.box("#timeline .cursor")["x"]
    report.page.click("#play")
    report.until(lambda: report.time() >= 0.6)
    assert report.box("#timeline .cursor")["x"] > cursor + 5
    report.page.click("#play")
    report.until(lambda: not report.plays())
    time_s, shown = report.time(), report.page.inner_text("#now")
    assert shown == f"0:{time_s:04.1f}"
    report.page.wait_for_timeout(200)
    assert report.time() == time_s


def test_a_click_on_a_turn_of_the_list_plays_it_to_its_end(report: Report) -> None:
    report.option(6).click()  # half a second long
    report.until(report.plays)
    assert report.time() >= ROWS[6][0]
    report.until(lambda: not report.plays())
    assert report.time() == pytest.approx(ROWS[6][1], abs=0.06)
    assert report.is_chosen(6)


def test_a_click_on_a_turn_of_the_timeline_selects_and_plays_it(report: Report) -> None:
    report.page.mouse.click(report.x_of(9), report.box("#timeline")["y"] + LANE_OF_SPEAKER_01)
    report.until(report.plays)
    assert ROWS[2][0] <= report.time() < 9
    assert report.page.inner_text("#chosen").startswith("SPEAKER_01, 0:08.0 \N{EN DASH} 0:11.3")


def test_a_click_beside_turns_only_moves_the_cursor(report: Report) -> None:
    report.seek(30)
    assert report.time() == pytest.approx(30, abs=0.1)
    assert not report.plays()


def test_the_embedded_sound_lies_where_the_recording_has_it(
    visit: Callable[..., Report], tmp_path: Path
) -> None:
    samples = np.zeros(44_100 * 4)
    samples[44_100 * 3 :][:441] = 0.9
    soundfile.write(tmp_path / "click.wav", samples, 44_100)
    write_page(tmp_path / "click.html", tmp_path / "click.wav", annotation([], "click"))
    keep = """
    const blobs = (window.blobs = []);
    const make = URL.createObjectURL;
    URL.createObjectURL = (blob) => (blobs.push(blob), make.call(URL, blob));
    """
    report = visit(tmp_path / "click.html", script=keep)
    report.until(lambda: bool(report.page.evaluate("window.blobs.length")))
    begins, lasts = report.page.evaluate("""async () => {
        const context = new OfflineAudioContext(1, 1, 16000);
        const sound = await context.decodeAudioData(await window.blobs[0].arrayBuffer());
        const samples = sound.getChannelData(0);
        return [samples.findIndex((x) => Math.abs(x) > 0.3) / 16000, sound.duration];
    }""")
    assert begins == pytest.approx(3, abs=0.005)
    assert lasts == pytest.approx(4, abs=0.08)


def test_linked_audio_is_played_from_where_it_lies(
    visit: Callable[..., Report], conversation: Path, tmp_path: Path
) -> None:
    audio = tmp_path / "my talk #1.flac"
    shutil.copy(conversation, audio)
    path = tmp_path / "linked" / "report.html"
    path.parent.mkdir()
    turns = annotation(ROWS, "talk")
    write_page(path, audio, turns, link=audio)
    assert path.stat().st_size < 200_000
    report = visit(path, allowed=[audio.as_uri()])
    report.page.click("#play")
    report.until(lambda: report.time() >= 0.3)


def test_linked_audio_that_is_not_there_is_said(
    visit: Callable[..., Report], conversation: Path, tmp_path: Path
) -> None:
    audio = tmp_path / "talk.flac"
    shutil.copy(conversation, audio)
    write_page(tmp_path / "report.html", audio, annotation(ROWS, "talk"), link=audio)
    audio.unlink()
    report = visit(tmp_path / "report.html", allowed=[audio.as_uri()])
    report.page.click("#play")
    report.page.wait_for_selector("#toast:not([hidden])")
    assert "talk.flac cannot be played" in report.page.inner_text("#toast")
    assert [text for text in report.complaints if "ERR_FILE_NOT_FOUND" not in text] == []
    report.complaints.clear()
