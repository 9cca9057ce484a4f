"""A pyannote configuration, read as plain data."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ovdiar_export.configuration import CLUSTERINGS, PARAMETERS, read_configuration

from ovdiar.errors import MissingPackageError, ModelError

if TYPE_CHECKING:
    from pathlib import Path

COMMUNITY_1 = """
dependencies:
  pyannote.audio: 4.0.0

pipeline:
  name: pyannote.audio.pipelines.SpeakerDiarization
  params:
    clustering: VBxClustering
    segmentation: $model/segmentation
    segmentation_batch_size: 32
    embedding: $model/embedding
    embedding_batch_size: 32
    embedding_exclude_overlap: true
    plda: $model/plda

params:
  clustering:
    threshold: 0.6
    Fa: 0.07
    Fb: 0.8
  segmentation:
    min_duration_off: 0.0
"""
GENERATION_3 = """
version: 3.1.0
pipeline:
  name: pyannote.audio.pipelines.SpeakerDiarization
  params:
    clustering: AgglomerativeClustering
    embedding: pyannote/wespeaker-voxceleb-resnet34-LM
    embedding_batch_size: 32
    embedding_exclude_overlap: true
    segmentation: pyannote/segmentation-3.0
    segmentation_batch_size: 32
params:
  clustering:
    method: centroid
    min_cluster_size: 12
    threshold: 0.7045654963945799
  segmentation:
    min_duration_off: 0.0
"""
SMALLEST = """
pipeline:
  name: pyannote.audio.pipelines.speaker_diarization.SpeakerDiarization
  params: {clustering: AgglomerativeClustering}
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a file that may be written again and again."""
    return tmp_path_factory.mktemp("configuration") / "config.yaml"


def refusal(path: Path, text: str | bytes) -> str:
    """Return the one line with which a configuration is refused."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ModelError) as caught:
        read_configuration(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


def test_the_configuration_of_community_1_is_understood(path: Path) -> None:
    path.write_text(COMMUNITY_1)
    found = read_configuration(path)
    assert found.places == {
        "segmentation": "$model/segmentation",
        "embedding": "$model/embedding",
        "plda": "$model/plda",
    }
    assert found.pipeline == {
        "clustering": "vbx",
        "embedding_exclude_overlap": True,
        "threshold": 0.6,
        "fa": 0.07,
        "fb": 0.8,
        "min_duration_off": 0.0,
    }


def test_the_configuration_of_3_1_is_understood(path: Path) -> None:
    path.write_text(GENERATION_3)
    found = read_configuration(path)
    assert found.places["segmentation"] == "pyannote/segmentation-3.0"
    assert found.pipeline == {
        "clustering": "ahc",
        "embedding_exclude_overlap": True,
        "linkage": "centroid",
        "threshold": 0.7045654963945799,
        "min_cluster_size": 12,
        "min_duration_off": 0.0,
    }


def test_what_is_not_said_is_left_to_the_preset(path: Path) -> None:
    path.write_text(SMALLEST)
    found = read_configuration(path)
    assert found.pipeline == {"clustering": "ahc"}
    assert found.places == {}


def test_what_is_tuned_takes_precedence_over_what_is_frozen(path: Path) -> None:
    path.write_text(SMALLEST + "freeze: {clustering: {threshold: 0.4, method: average}}\n")
    assert read_configuration(path).pipeline["threshold"] == 0.4
    with path.open("a") as file:
        file.write("params: {clustering: {threshold: 0.5}}\n")
    found = read_configuration(path).pipeline
    assert (found["threshold"], found["linkage"]) == (0.5, "average")


def test_a_place_may_be_written_as_checkpoint_and_subfolder(path: Path) -> None:
    path.write_text(
        COMMUNITY_1.replace("$model/plda", "{checkpoint: owner/name, subfolder: plda, token: null}")
    )
    assert read_configuration(path).places["plda"] == "owner/name/plda"


@pytest.mark.parametrize(
    "name",
    [
        "pyannote.audio.pipelines.VoiceActivityDetection",
        "os.system",
        "antigravity",
        "pyannote.audio.pipelines.SpeakerDiarization.__init__",
        "[1, 2]",
        "null",
    ],
)
def test_another_pipeline_is_named_and_not_imported(name: str, path: Path) -> None:
    before = set(sys.modules)
    message = refusal(
        path,
        SMALLEST.replace("pyannote.audio.pipelines.speaker_diarization.SpeakerDiarization", name),
    )
    assert "only pyannote.audio.pipelines.SpeakerDiarization is supported" in message
    assert set(sys.modules) == before


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("preprocessors: {audio: /wav/x.wav}", "'preprocessors'"),
        ("params: {clustering: {span: 3}}", "'params.clustering.span'"),
        ("params: {segmentation_onset: 0.5}", "params.segmentation_onset is 0.5, not a mapping"),
        ("params: [1]", "params is [1], not a mapping"),
        ('params: {"a\\nb": 0.5}', r"'params.a\nb' is 0.5, not a mapping"),
        ("params: {clustering: {threshold: 3}}", "give a number from 0 to 2"),
        ("params: {clustering: {threshold: .nan}}", "give a number from 0 to 2"),
        ("params: {clustering: {threshold: high}}", "not of the kind float"),
        ("params: {clustering: {min_cluster_size: 2.5}}", "not of the kind int"),
        ("params: {clustering: {method: pool}}", "linkage 'pool' is unknown"),
    ],
)
def test_what_is_not_known_or_out_of_range_is_named(text: str, complaint: str, path: Path) -> None:
    assert complaint in refusal(path, SMALLEST + text + "\n")


@pytest.mark.parametrize(
    ("option", "complaint"),
    [
        ("clustering: HiddenMarkovModelClustering", "'HiddenMarkovModelClustering'"),
        ("clustering: null", "give one of " + ", ".join(CLUSTERINGS)),
        ("x: 1", "'pipeline.params.x'"),
        ("segmentation: 3", "pipeline.params.segmentation is 3"),
        ("segmentation: ''", None),
        ('segmentation: "a\\0b"', "name a folder"),
        (f"embedding: {'é' * 101}", "name a folder"),
        ("segmentation_step: 0", "give a number from 0.001 to 1"),
        ("embedding_exclude_overlap: 1", "not of the kind bool"),
    ],
)
def test_impossible_arguments_of_the_pipeline_are_named(
    option: str, complaint: str | None, path: Path
) -> None:
    text = SMALLEST.replace("{clustering: AgglomerativeClustering}", "")
    known = "" if option.startswith("clustering") else "    clustering: VBxClustering\n"
    message = refusal(path, f"{text}\n{known}    {option}\n")
    assert (complaint or "name a folder") in message


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (b"", "of the pipeline None"),
        (b"[]", "not a mapping"),
        (b"pipeline: 3", "pipeline is 3"),
        (b"{", "not YAML"),
        (b"\xff\xfe\x00", "not YAML"),
        (b"a: !!python/object/apply:os.system [id]", "not YAML"),
        (b"a: !!timestamp 2021-99-99", "not YAML"),
        (b"a: 2021-99-99", "not YAML"),
        (b"a: " + b"1" * 5000, "not YAML"),
        (b"? {a: 1}\n: 2", "not YAML"),
        (b"a: &a [x]\nb: [*a, *a]", "references"),
        (b"[" * 10_000, "nested"),
        (b"a:\n" * 40_000, "more than 65536 bytes"),
    ],
)
def test_what_is_no_configuration_is_refused(text: bytes, complaint: str, path: Path) -> None:
    assert complaint in refusal(path, text)


def test_a_configuration_that_would_run_code_under_yaml_itself_runs_none(
    path: Path, tmp_path: Path
) -> None:
    mark = tmp_path / "executed"
    text = f"a: !!python/object/apply:os.mkdir [{mark}]"
    yaml.unsafe_load(text)
    mark.rmdir()
    refusal(path, text)
    assert not mark.exists()


def test_without_pyyaml_the_extra_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text(SMALLEST)
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(MissingPackageError, match=r'pip install "ovdiar\[export\]"'):
        read_configuration(path)


names = st.sampled_from(["clustering", "segmentation", "threshold", "pipeline", "name", "params"])
trees = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text() | names,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text() | names, inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(params=trees, given=trees, text=st.text(max_size=20), where=st.integers(0, 400))
def test_any_configuration_is_understood_or_refused_in_one_line(
    params: object, given: object, text: str, where: int, path: Path
) -> None:
    tree = yaml.safe_load(GENERATION_3) | {"params": params}
    tree["pipeline"]["params"] |= given if isinstance(given, dict) else {}
    whole = yaml.safe_dump(tree)
    path.write_text(whole[:where] + text + whole[where:], encoding="utf-8", errors="replace")
    try:
        found = read_configuration(path)
    except ModelError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either outcome is right
    else:
        assert set(found.pipeline) <= {*PARAMETERS.values(), "clustering", "segmentation_step"} | {
            "embedding_exclude_overlap"
        }
