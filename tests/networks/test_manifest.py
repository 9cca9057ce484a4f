"""Whatever a manifest states, a bundle is read in full or refused in one line."""

from __future__ import annotations

import json
import math
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.bundles import manifest, pooled, write_bundle

from ovdiar.calibration import Calibration, VoiceCalibration
from ovdiar.errors import ModelError, ModelNotFoundError
from ovdiar.networks.bundle import SCHEMA, Bundle, installed, load_bundle
from ovdiar.networks.manifest import PROCESSING_S, Entry, upgraded
from ovdiar.networks.models import load
from ovdiar.networks.runtime import Network

if TYPE_CHECKING:
    from pathlib import Path

REMOVED = "<removed>"


def full() -> dict[str, Any]:
    """Describe a bundle with everything that a manifest may hold."""
    content = manifest()
    content["plda"] = {"files": dict(content["segmentation"]["files"])}
    content["static"] = {"batch": 8}
    content["licenses"] = ["MIT"]
    content["segmentation"]["powerset"] = 2
    content["embedding"] |= {"partial_frames": 160, "partial_step_frames": 80, "select": "frames"}
    content["embedding"]["min_frames"] = 25
    return content


def first_schema(content: dict[str, Any]) -> dict[str, Any]:
    """Describe the same as schema 1 did."""
    older = {name: value for name, value in content.items() if name != "calibration"}
    for part in ("segmentation", "embedding"):
        older[part] = {k: v for k, v in content[part].items() if k != "processing_s"}
    return older | {"schema": 1}


def places(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the ways to every value within a tree."""
    items: list[tuple[Any, Any]] = []
    if isinstance(value, dict | list):
        items = list(value.items() if isinstance(value, dict) else enumerate(value))
    return [
        found for key, inner in items for found in ((*above, key), *places(inner, (*above, key)))
    ]


def changed(tree: Any, place: tuple[Any, ...], value: Any) -> Any:
    """Put a value into a copy of a tree."""
    tree = json.loads(json.dumps(tree))
    entry = tree
    for key in place[:-1]:
        entry = entry[key]
    if value == REMOVED:
        del entry[place[-1]]
    else:
        entry[place[-1]] = value
    return tree


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([10**5, 2**31, 10**30, -(10**30), 10**4000])
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        ["pooled", "utterance", "samples", "../up", "/etc/passwd", "a\x00b", "\ud800"]
    )
)
values = (
    st.just(REMOVED)
    | scalars
    | st.lists(scalars, max_size=3)
    | st.dictionaries(st.text(max_size=4), scalars, max_size=3)
)


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """Replace or remove up to three values of a manifest."""
    content = draw(st.sampled_from([manifest(), full(), pooled(), first_schema(full())]))
    for _ in range(draw(st.integers(1, 3))):
        options = places(content)
        content = changed(content, draw(st.sampled_from(options)), draw(values))
    return content


def assert_usable(bundle: Bundle) -> None:
    """Check what the runtime relies on: types, and numbers that are divided by or sized with."""
    segmentation, embedding = bundle.segmentation, bundle.embedding
    grid = segmentation.frames
    for count in (grid.step, grid.width, grid.rate, segmentation.min_samples, embedding.rate):
        assert type(count) is int
        assert count > 0
    for count in (embedding.hop_samples, embedding.min_samples, embedding.dimension):
        assert type(count) is int
        assert count > 0
    assert max(grid.step, grid.width) <= segmentation.window_samples < 2**31
    assert embedding.kind in ("pooled", "utterance")
    assert embedding.kind == "utterance" or embedding.channels > 0
    assert embedding.select in ("samples", "frames")
    assert not embedding.partial_frames or embedding.partial_step_frames > 0
    assert segmentation.powerset is None or segmentation.powerset <= len(segmentation.classes)
    for cost in (segmentation.processing_s, embedding.processing_s, embedding.level_dbfs or 0.0):
        assert type(cost) is float
        assert math.isfinite(cost)
    assert bundle.static_batch is None or 1 <= bundle.static_batch <= 1024
    assert isinstance(bundle.pipeline, dict)
    assert bundle.manifest["schema"] == SCHEMA


@given(content=mutated())
@settings(max_examples=500)
def test_any_manifest_makes_a_usable_bundle_or_a_refusal_in_one_line(
    content: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = write_bundle(tmp_path_factory.getbasetemp() / "mutated", content)
    refusals: list[str] = []
    try:
        assert_usable(load_bundle(folder))
    except (ModelError, ModelNotFoundError) as error:
        refusals.append(str(error))
    for refusal in refusals:
        assert refusal.isprintable()


@given(content=mutated())
def test_any_manifest_is_listed(content: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    models = tmp_path_factory.getbasetemp() / "listed"
    write_bundle(models / "small", content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OVDIAR_MODELS", str(models))
        (about,) = installed().values()
    assert len(about.splitlines()) == 1


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "1" * 5000])
def test_json_that_exhausts_its_reader_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        load_bundle(write_bundle(tmp_path, text))


def test_a_bundle_of_the_first_schema_is_filled_in_by_kind(tmp_path: Path) -> None:
    utterance = load_bundle(write_bundle(tmp_path / "a", first_schema(full())))
    assert utterance.segmentation.processing_s == PROCESSING_S["segmentation"]
    assert utterance.embedding.processing_s == PROCESSING_S["utterance"]
    assert utterance.calibration is None
    of_trunk = load_bundle(write_bundle(tmp_path / "b", first_schema(pooled())))
    assert of_trunk.embedding.processing_s == PROCESSING_S["pooled"]


def test_upgrading_leaves_the_present_schema_as_it_is() -> None:
    assert upgraded(full(), SCHEMA) == full()


def test_a_bundle_states_what_its_networks_cost_and_how_confidence_is_calibrated(
    tmp_path: Path,
) -> None:
    bundle = load_bundle(write_bundle(tmp_path))
    assert (bundle.segmentation.processing_s, bundle.embedding.processing_s) == (0.03, 0.04)
    assert bundle.calibration == Calibration(0.5, 2.0, -1.0, 1.5)


@pytest.mark.parametrize("calibration", [None, REMOVED])
def test_without_a_calibration_there_is_none(calibration: str | None, tmp_path: Path) -> None:
    content = changed(manifest(), ("calibration",), calibration)
    assert load_bundle(write_bundle(tmp_path, content)).calibration is None


VOICES = {
    "similarity": 20.0,
    "cohort": -15.0,
    "log_seconds": 0.5,
    "bias": -5.0,
    "usual_cohort": 0.3,
}


def test_the_calibration_of_voices_is_read_where_there_is_one(tmp_path: Path) -> None:
    without = load_bundle(write_bundle(tmp_path / "without"))
    content = changed(manifest(), ("calibration", "voices"), VOICES)
    stated = load_bundle(write_bundle(tmp_path / "stated", content))
    assert (without.voice_calibration, without.calibration) == (None, stated.calibration)
    assert stated.voice_calibration == VoiceCalibration(**VOICES)


def test_a_calibration_of_voices_without_a_number_is_refused_by_name(tmp_path: Path) -> None:
    content = changed(manifest(), ("calibration", "voices"), VOICES | {"cohort": "much"})
    with pytest.raises(ModelError, match="calibration: cohort is 'much', expected a number"):
        load_bundle(write_bundle(tmp_path, content))


@pytest.mark.parametrize(
    ("classes", "powerset", "complaint"),
    [
        (101, None, "101 classes, expected 1 to 100"),
        (3, 4, r"segmentation\.powerset is 4, expected a whole number from 1 to 3"),
        (40, 20, "sets of up to 20 of 40 speakers, expected up to 4096"),
    ],
)
def test_classes_that_would_fill_the_memory_are_refused(
    classes: int, powerset: int | None, complaint: str, tmp_path: Path
) -> None:
    content = manifest()
    content["segmentation"] |= {"classes": ["a"] * classes, "powerset": powerset}
    with pytest.raises(ModelError, match=complaint):
        load_bundle(write_bundle(tmp_path, content))


@pytest.mark.parametrize("path", ["../up", "/etc/passwd", "a/../../b", "c:\\d", "", "a\nb"])
def test_a_file_outside_of_the_bundle_is_refused(path: str, tmp_path: Path) -> None:
    content = manifest()
    content["segmentation"]["files"] = {path: "0" * 64}
    with pytest.raises(ModelError, match=r"a path in segmentation\.files"):
        load_bundle(write_bundle(tmp_path, content))


@pytest.mark.parametrize("value", [True, 1.0, "1", None, [1], {"1": 1}, 0, 6])
def test_a_whole_number_is_no_other_kind_and_within_its_range(value: object) -> None:
    with pytest.raises(ModelError, match=r"^a\.b is .*, expected a whole number from 1 to 5$"):
        Entry({"b": value}, "a").whole("b", 1, 5)


@pytest.mark.parametrize("value", [True, "1", None, math.nan, math.inf, -math.inf, 10**400])
def test_a_number_is_finite_and_no_other_kind(value: object) -> None:
    with pytest.raises(ModelError, match=r"^a is .*, expected a number from 0 to 5$"):
        Entry({"a": value}).number("a", 0, 5)


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("threshold", "0.5", r"pipeline: threshold = '0\.5' is not of the kind float"),
        ("threshold", -1, r"pipeline: threshold is -1: give a number from 0 to 2"),
        ("clustering", [1], r"pipeline: clustering \[1\] is unknown"),
        ("min_cluster_size", 10**400, "pipeline: min_cluster_size = 1"),
        ("loudness", 1, "pipeline: hyper-parameter 'loudness' is unknown"),
    ],
)
def test_hyper_parameters_are_checked_when_a_bundle_is_loaded(
    name: str, value: object, complaint: str, tmp_path: Path
) -> None:
    content = manifest()
    content["pipeline"] = {name: value}
    with pytest.raises(ModelError, match=complaint):
        load_bundle(write_bundle(tmp_path, content))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("segmentation", "sample_rate"), 1),
        (("segmentation", "sample_rate"), 8000),  # the embedding has another
        (("segmentation", "window_samples"), 7999),
        (("segmentation", "window_samples"), 960_001),
        (("embedding", "hop_samples"), 16_001),
        (("embedding", "min_samples"), 960_001),
        (("embedding", "partial_frames"), 6001),
        (("embedding", "min_frames"), 6001),
    ],
)
def test_numbers_with_which_a_run_would_never_end_are_refused(
    place: tuple[Any, ...], value: int, tmp_path: Path
) -> None:
    content = changed(manifest(), place, value)
    with pytest.raises(ModelError, match=rf"{place[-1]} is \d+, expected a whole number from"):
        load_bundle(write_bundle(tmp_path, content))


@pytest.mark.parametrize(
    ("place", "value", "complaint"),
    [
        (("segmentation", "classes"), ["a", "b"], "gives 3 classes, and its manifest states 2"),
        (("segmentation", "powerset"), 2, "gives 3 classes, and its manifest states 7"),
        (("segmentation", "frames", "step"), 135, "gives 293 frames, and its manifest states 586"),
        (("embedding", "dimension"), 255, "gives 256 dimensions, and its manifest states 255"),
    ],
)
def test_a_manifest_that_its_networks_contradict_is_refused(
    place: tuple[Any, ...], value: object, complaint: str, tiny: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "bundle"
    shutil.copytree(tiny, folder)
    content = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    (folder / "bundle.json").write_text(json.dumps(changed(content, place, value)), "utf-8")
    models = load(folder)
    noise = np.random.default_rng(0).normal(0, 0.1, (1, 80_000)).astype(np.float32)
    with pytest.raises(ModelError, match=complaint):
        models.embedding(noise, np.ones((1, 1, models.segmentation(noise).shape[1]), np.float32))


def test_an_input_that_a_network_cannot_take_is_an_error_of_ours(tiny: Path) -> None:
    network = Network(tiny / "embedding" / "network" / "openvino_model.xml")
    with pytest.raises(ModelError, match="cannot be run on CPU: "):
        network(np.zeros((1, 2, 3), dtype=np.float32))
