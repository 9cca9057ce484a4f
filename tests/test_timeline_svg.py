"""A timeline is well-formed, to scale, and no larger than it must be."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from ovdiar import Annotation, Segment
from ovdiar.timeline_svg import COLOURS, GUTTER, PATTERNS, WIDTH, format_time, ticks

SVG = "{http://www.w3.org/2000/svg}"


def _draw(annotation: Annotation) -> ET.Element:
    return ET.fromstring(annotation._repr_svg_())  # noqa: S314 - our own text


def _bars(picture: ET.Element) -> list[tuple[float, float, str | None]]:
    return [
        (float(bar.attrib["x"]), float(bar.attrib["width"]), bar.findtext(f"{SVG}title"))
        for bar in picture.iter(f"{SVG}rect")
    ]


def test_turns_lie_to_scale_from_the_first_start_to_the_last_end() -> None:
    annotation = Annotation.of([(10, 20, "A"), (20, 30, "B"), (15, 20, "B")])
    half = (WIDTH - GUTTER - 10) / 2
    assert _bars(_draw(annotation)) == [
        (GUTTER, half, "A [ 00:00:10.000 -->  00:00:20.000]"),
        (GUTTER + half / 2, 1.5 * half, "B [ 00:00:15.000 -->  00:00:30.000]"),
    ]


def test_every_speaker_has_a_named_lane_of_one_colour() -> None:
    annotation = Annotation.of([(k, k + 1, f"voice {k % 8}") for k in range(32)])
    picture = _draw(annotation)
    texts = [text.text for text in picture.iter(f"{SVG}text")]
    assert texts[:8] == annotation.labels()
    lanes: dict[str, set[str]] = {}
    for bar in picture.iter(f"{SVG}rect"):
        lanes.setdefault(bar.attrib["y"], set()).add(bar.attrib["fill"])
    assert len(lanes) == 8
    assert all(len(colours) == 1 for colours in lanes.values())
    assert {*COLOURS} == set().union(*lanes.values())


def test_speakers_of_one_colour_differ_in_pattern() -> None:
    most = len(COLOURS) * len(PATTERNS)
    picture = _draw(Annotation.of([(k, k + 1, f"voice {k:02d}") for k in range(most)]))
    looks = {bar.attrib["y"]: bar.attrib["fill"] for bar in picture.iter(f"{SVG}rect")}
    over = {
        path.attrib["d"].split("h")[0].split()[1]: path.attrib["fill"]
        for path in picture.iter(f"{SVG}path")
        if "url(" in path.attrib.get("fill", "")
    }
    assert len({(colour, over.get(y)) for y, colour in looks.items()}) == most
    drawn = {pattern.attrib["id"] for pattern in picture.iter(f"{SVG}pattern")}
    assert {f"url(#{name})" for name in drawn} == set(over.values())


def test_a_few_speakers_need_no_patterns() -> None:
    picture = _draw(Annotation.of([(k, k + 1, f"voice {k}") for k in range(len(COLOURS))]))
    assert not list(picture.iter(f"{SVG}pattern"))


def test_names_are_escaped_and_shortened() -> None:
    annotation = Annotation.of([(0, 1, "<b>&co"), (1, 2, "x" * 40)], "<uri>")
    picture = _draw(annotation)
    texts = [text.text for text in picture.iter(f"{SVG}text")]
    assert texts[:1] == ["<b>&co"]
    assert "x" * 17 + "…" in texts
    assert picture.findtext(f"{SVG}title") == "<uri>: 2 speakers, 2 turns"


def test_a_picture_of_a_day_is_no_larger_than_its_pixels() -> None:
    rows = [(2.0 * k, 2.0 * k + 1, f"S{k % 2}") for k in range(43_200)]
    assert len(_bars(_draw(Annotation.of(rows)))) <= 2 * 2 * WIDTH


def test_a_timeline_without_turns_says_so() -> None:
    picture = _draw(Annotation(uri="meeting"))
    assert [text.text for text in picture.iter(f"{SVG}text")] == ["meeting: no speech"]


@pytest.mark.parametrize("length", [0.05, 0.7, 3, 59, 61, 600, 3601, 36_000, 10**6])
@pytest.mark.parametrize("start", [0.0, 123.4])
def test_ticks_are_few_and_within(start: float, length: float) -> None:
    times = [time_s for time_s, _ in ticks(Segment(start, start + length))]
    assert len(times) <= 11
    assert len(times) >= (2 if length > 0.2 else 0)
    assert all(start <= time_s <= start + length for time_s in times)


@pytest.mark.parametrize(
    ("time_s", "fine", "text"),
    [
        (0, False, "0:00"),
        (75, False, "1:15"),
        (0.30000000000000004, True, "0:00.3"),
        (59.99, True, "1:00.0"),
        (3725, False, "1:02:05"),
        (-5, False, "-0:05"),
    ],
)
def test_clock_times_are_short(time_s: float, *, fine: bool, text: str) -> None:
    assert format_time(time_s, fine=fine) == text
