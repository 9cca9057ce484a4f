"""What the report shows: errors, doubts, overlap; in both themes, on a phone, to every reader."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from reference.pages import PHONE, ROWS, Report, annotation

from ovdiar import formats
from ovdiar.metrics.der import diarization_errors
from ovdiar.report import write_page
from ovdiar.report.page import asset
from ovdiar.timeline_svg import COLOURS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Browser


def test_errors_against_the_reference_are_told_as_scored(
    report: Report, conversation: Path
) -> None:
    reference = formats.read(conversation.with_suffix(".rttm"))
    errors = diarization_errors(reference, annotation(ROWS, ""))
    told = report.page.inner_text("#legend")
    assert f"Diarization error rate {100 * errors.rate:.0f} %" in told
    assert f"{errors.miss_s:.1f} s missed" in told
    assert f"{errors.false_alarm_s:.1f} s false alarm" in told
    assert f"{errors.confusion_s:.1f} s confusion" in told
    report.press("j", "Delete")
    assert "before corrections" in report.page.inner_text("#legend")


def test_confusion_is_marked_where_it_is_and_nowhere_else(report: Report) -> None:
    box = report.box("#timeline")
    last_row = box["y"] + box["height"] - 6 - 18 / 2
    (wrong,) = report.ink(report.x_of(19.75), last_row)
    assert wrong[0] > 150 > wrong[1]
    assert report.ink(report.x_of(16), last_row)[0][3] == 0


def test_low_confidence_is_marked_in_words_and_by_shape(report: Report) -> None:
    labels = [report.option(place).get_attribute("aria-label") or "" for place in range(7)]
    assert [", low" in label for label in labels] == [c is not None and c < 0.7 for *_, c in ROWS]
    assert report.option(3).locator(".sure").inner_text() == "? 42 %"
    assert "Confidence below 70 % (2 turns)" in report.page.inner_text("#legend")
    report.page.select_option("#filter", "low")
    assert report.page.locator("#list [role=option]").count() == 2


def test_overlap_is_marked(report: Report) -> None:
    report.page.select_option("#filter", "overlap")
    options = report.page.locator("#list [role=option]")
    assert [
        label.split(",")[0] for label in options.evaluate_all("all => all.map(x => x.ariaLabel)")
    ] == [
        "SPEAKER_01",
        "SPEAKER_02",
        "SPEAKER_00",
        "SPEAKER_03",
    ]
    assert "overlap 6.1 %" in report.page.inner_text("#summary")


def test_the_theme_is_the_systems_until_the_reader_chooses(
    visit: Callable[..., Report], report_file: Path, browser: Browser
) -> None:
    if browser.browser_type.name == "firefox":
        pytest.skip("Playwright chooses no theme of the system for its Firefox")
    for scheme, card in [("light", "rgb(255, 255, 255)"), ("dark", "rgb(22, 26, 32)")]:
        report = visit(report_file, color_scheme=scheme)
        look = "getComputedStyle(document.querySelector('.card')).backgroundColor"
        assert report.page.evaluate(look) == card
        report.page.click("#theme")
        assert report.page.evaluate(look) != card
        report.page.reload()
        assert report.page.evaluate(look) != card


def test_nothing_is_wider_than_a_phone(visit: Callable[..., Report], report_file: Path) -> None:
    report = visit(report_file, **PHONE)
    report.name(0).fill("A name that is far longer than any screen of a telephone is wide")
    report.name(0).press("Enter")
    assert report.page.evaluate("[document.documentElement.scrollWidth, innerWidth]") == [390, 390]
    for dialog in ("keys", "choice"):
        report.page.evaluate(f"document.getElementById('{dialog}').showModal()")
        assert report.box(f"#{dialog}")["width"] <= 390 - 32
        report.press("Escape")
    small = report.page.locator("button:visible, select:visible").evaluate_all(
        "all => all.filter(x => x.getBoundingClientRect().height < 38).map(x => x.id)"
    )
    assert small == []


def test_a_finger_plays_turns_on_a_phone(visit: Callable[..., Report], report_file: Path) -> None:
    report = visit(report_file, **PHONE)
    report.option(6).tap()
    report.until(report.plays)
    assert report.page.inner_text("#chosen").startswith("SPEAKER_03, 0:19.5")


def test_screen_readers_get_names_values_and_places(report: Report) -> None:
    page = report.page
    for role, name in [
        ("slider", "Position in the recording"),
        ("listbox", "Turns"),
        ("table", ""),
        ("button", "Play"),
        ("button", "Download RTTM"),
        ("textbox", "Name of SPEAKER_00"),
    ]:
        assert page.get_by_role(role, name=name or None).count() == 1  # type: ignore[arg-type]
    unnamed = page.locator("button, input, select").evaluate_all(
        """all => all.filter(x => !(x.ariaLabel || x.labels?.length || x.innerText.trim()))
                     .map(x => x.outerHTML)"""
    )
    assert unnamed == []
    report.press("j", "j", "j")
    focus = page.get_attribute("#list", "aria-activedescendant")
    chosen = page.locator(f"#{focus}")
    assert chosen.get_attribute("aria-posinset") == "3"
    assert chosen.get_attribute("aria-setsize") == "7"
    label = "SPEAKER_01, 0:08.0 to 0:11.3, confidence 93 percent, overlaps"
    assert chosen.get_attribute("aria-label") == label
    report.press("ArrowRight")
    assert page.get_attribute("#timeline", "aria-valuetext") == "13 seconds"


def test_focus_is_always_to_be_seen(report: Report) -> None:
    for _ in range(20):
        report.press("Tab")
        shown = report.page.evaluate(
            """() => {
                const style = getComputedStyle(document.activeElement);
                return document.activeElement.matches("#speakers input")
                    ? style.borderTopColor !== "rgba(0, 0, 0, 0)"
                    : style.outlineStyle === "solid" && parseFloat(style.outlineWidth) >= 2;
            }"""
        )
        assert shown, report.page.evaluate("document.activeElement.outerHTML")


def test_nobody_speaking_is_a_report_too(
    visit: Callable[..., Report], conversation: Path, tmp_path: Path
) -> None:
    write_page(tmp_path / "empty.html", conversation, annotation([], "silence"))
    report = visit(tmp_path / "empty.html")
    assert "0 speakers · 0 turns" in report.page.inner_text("#summary")
    report.press("j", "s", "m", "1", "n", "Enter", "Delete")
    assert report.said() == "Select a turn first."
    assert report.turns().turns == ()


def pairs() -> dict[str, tuple[str, str]]:
    found = re.findall(r"--([\w-]+): light-dark\((#\w+), (#\w+)\)", asset("page.css"))
    return {name: (light, dark) for name, light, dark in found}


def channels(colour: str) -> list[float]:
    return [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]


def luminance(values: list[float]) -> float:
    """Relative luminance (WCAG 2.2)."""
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
    return sum(weight * v for weight, v in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: list[float], other: list[float]) -> float:
    """Contrast ratio (WCAG 2.2)."""
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


TEXTS = [
    *[(ink, ground) for ink in ("ink", "soft") for ground in ("page", "card", "field", "wash")],
    *[("accent", "card"), ("on-accent", "accent"), ("wrong", "card"), ("wrong", "wash")],
]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXTS)
def test_text_has_the_contrast_of_wcag_aa(ink: str, ground: str, theme: int) -> None:
    colours = pairs()
    ratio = contrast(channels(colours[ink][theme]), channels(colours[ground][theme]))
    assert ratio >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("colour", COLOURS)
def test_bars_stand_out_from_the_card(colour: str, theme: int) -> None:
    ink, card = (channels(pairs()[name][theme]) for name in ("ink", "card"))
    edge = [0.55 * mine + 0.45 * its for mine, its in zip(channels(colour), ink, strict=True)]
    assert max(contrast(edge, card), contrast(channels(colour), card)) >= 3


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_the_borders_of_buttons_stand_out(theme: int) -> None:
    edge, card = (channels(pairs()[name][theme]) for name in ("edge", "card"))
    assert contrast(edge, card) >= 3
