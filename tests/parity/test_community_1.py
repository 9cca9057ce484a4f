"""Every intermediate of pyannote.audio 4.0.4 community-1, on four recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest
from reference.exclusive import exclusive
from reference.hysteresis import turns

from ovdiar import Annotation, DiarizationResult, SpeakerDiarization
from ovdiar.clustering.vbx import initial_responsibilities
from ovdiar.formats import rttm
from ovdiar.networks.bundle import load_plda

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

RECORDINGS = ("01_dialogue", "02_pyannote_sample", "03_dual_speaker", "06_long_recording")


class Case(NamedTuple):
    """What pyannote answered, and what we answer to the same scores and embeddings."""

    folder: Path
    embeddings: NDArray[np.float32]
    result: DiarizationResult
    trace: dict[str, Any]

    def expected(self, file: str, name: str) -> NDArray[Any]:
        with np.load(self.folder / f"{file}.npz") as arrays:
            array: NDArray[Any] = arrays[name]
            return array


@pytest.fixture(scope="module", params=RECORDINGS)
def case(request: pytest.FixtureRequest, shared: Path) -> Case:
    folder = shared / "reference" / "community-1" / request.param
    scores = np.load(folder / "segmentations.npz")["segmentations"]
    embeddings = np.load(folder / "raw_embeddings.npz")["embeddings"]
    pipeline = SpeakerDiarization(
        None, preset="community-1", plda=shared / "plda", strict_parity=True
    )
    trace: dict[str, Any] = {}
    uri = (folder / "reference.rttm").read_text().split()[1]
    result = pipeline.decode(scores, embeddings, uri=uri, trace=trace)
    return Case(folder, embeddings, result, trace)


def test_the_speaker_count_is_equal(case: Case) -> None:
    np.testing.assert_array_equal(
        case.trace["count"].data, case.expected("reconstruction", "count")
    )


def test_the_same_embeddings_train_the_clusters(case: Case) -> None:
    for mine, theirs in (("windows", "chunk"), ("speakers", "speaker")):
        np.testing.assert_array_equal(
            case.trace[f"training_{mine}"],
            case.expected("plda_embeddings", f"train_{theirs}_idx"),
        )


def test_plda_features_are_equal_up_to_the_signs_of_eigenvectors(case: Case) -> None:
    expected = case.expected("plda_embeddings", "post_plda")
    found = case.trace["plda_features"]
    signs = np.sign((found * expected).sum(axis=0))
    np.testing.assert_allclose(found * signs, expected, rtol=0, atol=1e-9)


def test_discriminant_features_and_variances_are_equal(case: Case, shared: Path) -> None:
    plda = load_plda(shared / "plda")
    rows = case.embeddings[case.trace["training_windows"], case.trace["training_speakers"]]
    expected = case.expected("plda_embeddings", "post_xvec")
    np.testing.assert_allclose(plda.discriminate(rows), expected, rtol=0, atol=1e-9)
    phi = case.expected("plda_embeddings", "phi")
    np.testing.assert_allclose(plda.phi, phi, rtol=0, atol=1e-9)


def test_agglomerative_labels_are_equal(case: Case) -> None:
    expected = np.load(case.folder / "ahc_init_labels.npy")
    np.testing.assert_array_equal(case.trace["training_labels"], expected)


def test_vbx_starts_from_equal_responsibilities(case: Case) -> None:
    np.testing.assert_allclose(
        initial_responsibilities(case.trace["training_labels"]),
        case.expected("vbx_state", "qinit"),
        rtol=0,
        atol=1e-9,
    )


@pytest.mark.parametrize(
    ("mine", "theirs"), [("responsibilities", "q_final"), ("priors", "sp_final")]
)
def test_vbx_posteriors_are_equal(case: Case, mine: str, theirs: str) -> None:
    expected = case.expected("vbx_state", theirs)
    np.testing.assert_allclose(case.trace[mine], expected, rtol=0, atol=1e-9)


def test_vbx_takes_as_many_rounds_to_the_same_bound(case: Case) -> None:
    expected = case.expected("vbx_state", "elbo_trajectory")
    np.testing.assert_allclose(case.trace["elbo"], expected, rtol=1e-9)


def test_centroids_are_equal(case: Case) -> None:
    expected = case.expected("clustering", "centroids")
    np.testing.assert_allclose(case.trace["centroids"], expected, rtol=0, atol=1e-9)


def test_similarities_are_equal(case: Case) -> None:
    expected = case.expected("clustering", "soft_clusters")
    np.testing.assert_allclose(case.trace["soft_clusters"], expected, rtol=0, atol=1e-9)


def test_hard_clusters_are_equal(case: Case) -> None:
    expected = case.expected("clustering", "hard_clusters")
    np.testing.assert_array_equal(case.trace["hard_clusters"], expected)


def test_the_discrete_diarization_is_equal(case: Case) -> None:
    expected = case.expected("reconstruction", "discrete_diarization")
    np.testing.assert_array_equal(case.trace["discrete_diarization"].data, expected)


def test_the_rttm_text_is_equal(case: Case) -> None:
    expected = (case.folder / "reference.rttm").read_text()
    assert rttm.dumps(case.result.speaker_diarization) == expected


def test_row_i_of_the_embeddings_belongs_to_label_i(case: Case) -> None:
    # what overlap invents beyond the clusters has zeros
    expected = case.expected("clustering", "centroids")
    speakers = len(case.result.speaker_diarization.labels())
    expected = np.pad(expected, ((0, speakers - len(expected)), (0, 0)))
    np.testing.assert_allclose(case.result.speaker_embeddings, expected, rtol=0, atol=1e-9)


def test_the_exclusive_diarization_is_that_of_the_slow_reference(case: Case) -> None:
    discrete = case.trace["discrete_diarization"]
    chosen = exclusive(
        case.trace["segmentations"],
        case.trace["hard_clusters"],
        case.trace["count"].data[:, 0].tolist(),
    )
    centres_s = discrete.grid.centres_s(len(discrete)).tolist()
    rows = [
        (start, end, f"SPEAKER_{cluster:02d}")
        for cluster in range(discrete.data.shape[1])
        for start, end in turns([frame == cluster for frame in chosen], centres_s)
    ]
    expected = Annotation.of(rows, case.result.speaker_diarization.uri)
    assert rttm.dumps(case.result.exclusive_speaker_diarization) == rttm.dumps(expected)
