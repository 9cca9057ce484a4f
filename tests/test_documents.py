"""Every block of Python and shell in the README and the documentation runs as printed."""

from __future__ import annotations

import os
import runpy
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest
from conftest import CHECKOUT
from reference.documents import RUN, blocks, lay_out, run_page
from reference.material import missing, require_posix

from ovdiar.networks.bundle import models_folder

if TYPE_CHECKING:
    from pathlib import Path

DOCS = CHECKOUT / "docs"
EXAMPLES = DOCS / "examples"
PAGES = [CHECKOUT / "README.md", *sorted(DOCS.glob("*.md"))]
"""Not the studies: their commands take hours, and test_docs.py checks that their scripts exist."""
SHOWN = {"text", "json", "nginx", "caddyfile"}
"""Languages of blocks that are no programs."""
OBSTACLES = {
    ("batch.md", "needs an object store and a cluster"),
    ("correct.md", "needs a browser"),
    ("edge.md", "installs packages"),
    ("install.md", "downloads 81 MB"),
    ("install.md", "installs packages"),
    ("live.md", "needs a library of voices"),
    ("live.md", "needs a microphone, or another program"),
    ("live.md", "needs a running service"),
    ("live.md", "needs the reference material"),
    ("robustness.md", "needs hours"),
    ("scale.md", "needs minutes"),
    ("serve.md", "needs a running service"),
    ("serve.md", "needs podman or Docker"),
    ("serve.md", "needs systemd, and changes the system"),
}
"""Every block that is not run, and why. Its page says so to the reader, in the block's title."""


PACKAGES = {"batch.md": "faiss"}
"""What pages need beside the extras that every test environment has."""


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a cache that all pages share, so that networks are compiled once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def place(
    base: Path, cache: Path, conversation: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Give the folder that the reader is in, at home, with the material that pages name."""
    assert base.parent == models_folder()
    monkeypatch.setenv("OVDIAR_MODELS", str(base.parent))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.chdir(tmp_path)
    lay_out(tmp_path, conversation)
    return tmp_path


def runnable(page: Path) -> bool:
    languages = ("python", "sh") if page.name == "README.md" else RUN
    return any(block.obstacle is None for block in blocks(page.read_text("utf-8"), *languages))


@pytest.mark.parametrize("page", [*filter(runnable, PAGES)], ids=lambda page: page.name)
def test_every_block_of_a_page_runs_after_those_before_it(page: Path, place: Path) -> None:
    require_posix("the shell that the pages are written for")
    package = PACKAGES.get(page.name)
    if package and find_spec(package) is None:
        missing(f"{package} is missing: install the extra test")
    text = page.read_text(encoding="utf-8")
    if page.name == "README.md":  # its two first commands are run by .ci/run and the workflow
        text = text.replace("```bash\n", "```text\n")
    run_page(text, place)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_has_a_language_that_is_run_or_only_shown(page: Path) -> None:
    assert {block.language for block in blocks(page.read_text("utf-8"))} <= {*RUN, *SHOWN}


def test_blocks_that_are_not_run_say_why_and_are_these() -> None:
    told = {
        (page.name, block.obstacle)
        for page in PAGES
        for block in blocks(page.read_text("utf-8"))
        if block.title
    }
    assert told == OBSTACLES


PROGRAMS = {
    "captions.py": ("meeting.flac", "meeting.whisper.json", "meeting.srt"),
    "folder.py": ("recordings", "turns"),
    "how_many.py": ("meeting.flac",),
    "voices_apart.py": ("meeting.flac", "apart"),
    "who_spoke.py": ("meeting.flac",),
}
"""The example programs and what they are given."""
OUTCOMES = {
    "captions.py": "hello",
    "folder.py": "DER ",
    "how_many.py": "speakers (",
    "voices_apart.py": "SPEAKER_00.wav",
    "who_spoke.py": "longest turn: SPEAKER_0",
}
"""What they print, or the name or text of what they write."""


def test_every_example_has_a_run() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == {*PROGRAMS} == {*OUTCOMES}


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_example_does_what_it_says(
    name: str, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {*place.rglob("*")}
    monkeypatch.setattr(sys, "argv", [name, *PROGRAMS[name]])
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    written = [path for path in place.rglob("*") if path not in before and path.is_file()]
    texts = [path.read_text("utf-8") for path in written if path.suffix in {".srt", ".rttm"}]
    assert OUTCOMES[name] in "\n".join([capsys.readouterr().out, *map(str, written), *texts])


def test_the_notebook_runs(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        import ipykernel  # noqa: F401 - the notebook's kernel
        import nbclient
        import nbformat
    except ImportError as error:
        missing(f"{error.name} is missing: install the extra test")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    notebook = nbformat.read(EXAMPLES / "talk.ipynb", as_version=4)
    client = nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": place}})
    client.execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("<audio" in output.get("data", {}).get("text/html", "") for output in outputs)
    assert "SPEAKER_0" in str(outputs)
