"""The page holds all that it needs, lets nothing else in, and is whole or not there."""

from __future__ import annotations

import base64
import fnmatch
import hashlib
import importlib
import json
import re
import sys
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from conftest import CHECKOUT
from hypothesis import given, settings
from hypothesis import strategies as st

from ovdiar.annotation import Annotation
from ovdiar.errors import AudioError, ConfigError
from ovdiar.report import write_page
from ovdiar.report.page import ASSETS, asset
from ovdiar.report.scripts import EXPORT, IMPORT, bundle

if TYPE_CHECKING:
    from pathlib import Path

TURNS = Annotation.of([(0.5, 2.0, "SPEAKER_00"), (1.5, 3.0, "SPEAKER_01")], "talk")
TONE = {"waveform": [0.1, -0.1] * 32_000, "sample_rate": 16_000}


class Page(HTMLParser):
    """Collects the elements of a page, with what the script and style elements hold."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self._texts: dict[str, str] = {}
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = dict(attrs).get("id") or tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = f"after {tag}"

    def handle_data(self, data: str) -> None:
        self._texts.setdefault(self._inside, "")
        self._texts[self._inside] += data

    def text(self, name: str) -> str:
        return self._texts.get(name, "")

    def policy(self) -> dict[str, list[str]]:
        found = next(a["content"] for tag, a in self.elements if "http-equiv" in a)
        parts = [part.split() for part in (found or "").split(";")]
        return {name: values for name, *values in parts}


def written(folder: Path, annotation: Annotation = TURNS, **options: Any) -> Page:
    path = folder / "page.html"
    write_page(path, TONE, annotation, **options)
    assert list(folder.iterdir()) == [path]
    return Page(path.read_text(encoding="utf-8"))


def test_the_policy_allows_the_pages_own_script_and_style_and_no_connection(tmp_path: Path) -> None:
    page = written(tmp_path)
    policy = page.policy()
    assert policy["default-src"] == ["'none'"]
    assert "connect-src" not in policy
    for kind in ("script", "style"):
        digest = base64.b64encode(hashlib.sha256(page.text(kind).encode()).digest()).decode()
        assert policy[f"{kind}-src"] == [f"'sha256-{digest}'"]
    assert policy["media-src"] == ["blob:"]


def test_nothing_is_fetched_from_anywhere(tmp_path: Path) -> None:
    page = written(tmp_path)
    addresses = [
        value
        for _, attributes in page.elements
        for name, value in attributes.items()
        if name in {"src", "href", "srcset", "action", "data", "poster"}
    ]
    assert [value.split(":")[0] for value in addresses if value] == ["data"]
    assert "url(" not in page.text("style")
    assert "@import" not in page.text("style")


def test_the_page_holds_turns_and_sound(tmp_path: Path) -> None:
    page = written(tmp_path)
    told = json.loads(page.text("content"))
    assert told["turns"] == [[0.5, 2.0, 0, None], [1.5, 3.0, 1, None]]
    assert told["speakers"] == ["SPEAKER_00", "SPEAKER_01"]
    assert told["duration"] == 4.0
    assert base64.b64decode(page.text("audio"))[:1] == b"\xff"


@settings(max_examples=30)  # each encodes a recording
@given(name=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_no_name_leaves_its_place(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    plain = written(tmp_path_factory.mktemp("plain"), title="x")
    annotation = TURNS.rename_labels({"SPEAKER_00": name})
    page = written(tmp_path_factory.mktemp("named"), annotation, title=f"x{name}x")
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in plain.elements]
    assert name in json.loads(page.text("content"))["speakers"]
    assert page.policy().keys() == plain.policy().keys()


def test_a_linked_recording_is_named_as_seen_from_the_page(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    path = tmp_path / "pages" / "page.html"
    write_page(path, TONE, TURNS, link=tmp_path / 'my #1 50% "talk".wav')
    page = Page(path.read_text(encoding="utf-8"))
    assert json.loads(page.text("content"))["link"] == "../my%20%231%2050%25%20%22talk%22.wav"
    assert page.policy()["media-src"] == ["'self'", "file:"]
    assert page.text("audio") == ""


def test_corrections_are_kept_by_what_the_turns_say(tmp_path: Path) -> None:
    def key(folder: str, annotation: Annotation, **options: Any) -> Any:
        (tmp_path / folder).mkdir()
        return json.loads(written(tmp_path / folder, annotation, **options).text("content"))["key"]

    first = key("a", TURNS)
    assert first == key("b", TURNS, title="another", reference=TURNS)
    assert first != key("c", TURNS.rename_labels({"SPEAKER_00": "Ann"}))
    assert first != key("d", Annotation.of([(0.5, 2.0, "SPEAKER_00")], "talk"))


def test_a_recording_that_cannot_be_read_leaves_no_page(tmp_path: Path) -> None:
    with pytest.raises(AudioError):
        write_page(tmp_path / "page.html", tmp_path / "none.wav", TURNS)
    with pytest.raises(ConfigError, match="cannot be written"):
        write_page(tmp_path / f"{'x' * 300}.html", TONE, TURNS)
    assert list(tmp_path.iterdir()) == []


SCRIPTS = sorted(path.name for path in (CHECKOUT / "ovdiar/report/assets").glob("*.js"))


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_build_the_page_from_text_alone(name: str) -> None:
    text = asset(name)
    for way in ("innerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert way not in text
    assert not re.search(r"outerHTML\s*\+?=", text)
    ways = ("fetch(",) if name != "served.js" else ()  # used by a served page only
    for way in (*ways, "XMLHttpRequest", "WebSocket", "sendBeacon", "http:", "https:"):
        assert way not in text
    assert not re.search(r"</script|<!--", text, flags=re.IGNORECASE)
    assert len(text.splitlines()) <= 300


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_import_what_others_export_and_no_circle_is_made(name: str) -> None:
    def needs(module: str) -> list[str]:
        return IMPORT.findall(asset(module))

    reached, waiting = set(), needs(name)
    while waiting:
        each = waiting.pop()
        if each not in reached:
            reached.add(each)
            waiting += needs(each)
    assert name not in reached
    for names, module in re.findall(
        r'^import \{([^}]*)\} from "\./([\w.-]+)"', asset(name), re.MULTILINE
    ):
        wanted = {word.strip() for word in names.split(",") if word.strip()}
        assert wanted <= set(EXPORT.findall(asset(module)))
    assert asset(name).count("\nimport ") + asset(name).startswith("import ") == len(needs(name))


def test_every_script_is_in_the_page_once() -> None:
    text = bundle(asset, "main.js")
    assert sorted(re.findall(r"^// ([\w-]+\.js)$", text, flags=re.MULTILINE)) == SCRIPTS


def test_scripts_are_joined_after_what_they_need() -> None:
    files = {
        "main.js": 'import { a } from "./a.js";\nimport { b } from "./b.js";\n\nuse(a, b);\n',
        "a.js": 'import { b } from "./b.js";\n\nconst own = b;\nexport function a() {}\n',
        "b.js": "export const b = 1;\n",
    }
    assert bundle(files.__getitem__, "main.js") == (
        "// b.js\nconst { b } = (() => {\nconst b = 1;\nreturn { b };\n})();\n\n"
        "// a.js\nconst { a } = (() => {\nconst own = b;\nfunction a() {}\nreturn { a };\n})();\n\n"
        "// main.js\n(() => {\nuse(a, b);\nreturn {  };\n})();\n"
    )


def test_what_is_installed_has_every_part_of_the_page() -> None:
    ours = {path.name for path in (CHECKOUT / "ovdiar/report/assets").iterdir()}
    assert {path.name for path in ASSETS.iterdir()} == ours


def test_what_is_no_code_is_listed_as_package_data() -> None:
    toml = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    settings = toml.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = settings["tool"]["setuptools"]["package-data"]["ovdiar"]
    root = CHECKOUT / "ovdiar"
    files = [path.relative_to(root) for path in root.rglob("*") if path.is_file()]
    data = [f.as_posix() for f in files if f.suffix not in {".py", ".pyc"}]
    assert [f for f in data if not any(fnmatch.fnmatch(f, pattern) for pattern in patterns)] == []
