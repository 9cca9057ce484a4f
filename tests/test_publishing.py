"""What a release consists of: one version, a dated changelog, an archive that is complete."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from conftest import CHECKOUT
from reference.material import missing

if TYPE_CHECKING:
    from pathlib import Path

TOP = ("README.md", "CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "SECURITY.md", "mkdocs.yml")
SHIPPED = {".ci", ".github", "docs", "export", "ovdiar", "tests"}


def settings() -> Any:
    toml = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    return toml.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))


VERSION = settings()["project"]["version"]
CHANGELOG = (CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8")
CITATION = yaml.safe_load((CHECKOUT / "CITATION.cff").read_text(encoding="utf-8"))


def test_the_changelog_has_unreleased_first_then_this_version_with_its_date() -> None:
    first, second, *_ = re.findall(r"^## (.+)$", CHANGELOG, flags=re.MULTILINE)
    assert first == "[Unreleased]"
    assert second == f"[{VERSION}] - {CITATION['date-released']}"


def test_the_citation_is_of_this_version() -> None:
    assert CITATION["version"] == VERSION
    assert CITATION["license"] == settings()["project"]["license"]


@pytest.mark.parametrize("work", ["pyannote.audio", "CAM++", "Generalized End-to-End", "OpenVINO"])
def test_the_work_that_ovdiar_runs_is_cited(work: str) -> None:
    assert [each for each in CITATION["references"] if work in each["title"]]


def test_every_supported_python_has_a_classifier() -> None:
    project = settings()["project"]
    minors = [
        int(each.rpartition(".")[2])
        for each in project["classifiers"]
        if re.fullmatch(r"Programming Language :: Python :: 3\.\d+", each)
    ]
    assert minors == [*range(minors[0], minors[-1] + 1)]
    assert project["requires-python"] == f">=3.{minors[0]}"
    workflow = (CHECKOUT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8")
    assert f'python: ["3.{minors[0]}", "3.{minors[-1]}"]' in workflow


def test_the_oldest_versions_are_those_that_the_requirements_allow() -> None:
    allowed = dict(each.split(">=") for each in settings()["project"]["dependencies"])
    lines = (CHECKOUT / "tests" / "oldest.txt").read_text(encoding="utf-8").splitlines()
    oldest = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert oldest.keys() == allowed.keys()
    assert all(f"{oldest[name]}.".startswith(f"{allowed[name]}.") for name in allowed)


def test_a_release_is_published_without_a_token() -> None:
    text = (CHECKOUT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    publish = yaml.safe_load(text)["jobs"]["publish"]
    assert publish["permissions"] == {"id-token": "write"}
    assert "secrets." not in text


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the source archive, built without downloads."""
    if importlib.util.find_spec("build") is None:
        missing("build is missing: install the extra test")
    folder = tmp_path_factory.mktemp("dist")
    copy = tmp_path_factory.mktemp("checkout") / "ovdiar"
    _copy_tracked(copy)
    command = [sys.executable, "-m", "build", "--sdist", "--outdir", str(folder), str(copy)]
    subprocess.run(command, check=True, capture_output=True)
    return next(folder.glob("*.tar.gz"))


def _tracked() -> list[str]:
    command = ["git", "-C", str(CHECKOUT), "ls-files", "-z"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        missing("git does not list the files here: run it in a checkout")
    return [name for name in done.stdout.split("\0") if name]


def _copy_tracked(to: Path) -> None:
    for name in _tracked():
        source, target = CHECKOUT / name, to / name
        if source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())


def test_the_source_archive_has_what_the_repository_has(archive: Path) -> None:
    with tarfile.open(archive) as opened:
        held = {name.partition("/")[2] for name in opened.getnames()}
    wanted = {name for name in _tracked() if name.partition("/")[0] in SHIPPED or name in TOP}
    assert wanted - held == set()
    assert [name for name in held if name.endswith(".pyc")] == []
