"""Candidates begin with the default, follow a seed alone, and stay within what is allowed."""

from __future__ import annotations

from dataclasses import asdict, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from ovdiar.parameters import BackEndParameters, DiarizationParameters, declarations
from ovdiar.pipelines.diarization.pipeline import SpeakerDiarization
from ovdiar.presets import DIARIZATION
from ovdiar.tuning.space import Space, candidates, space_around

TINY = DiarizationParameters(
    training_filter="clean", linkage="average", threshold=0.25, min_cluster_size=15
)
TRIED = {name: each.tried for name, each in declarations(DiarizationParameters).items()}
BACK_END = {"segmentation_threshold", *declarations(BackEndParameters)}
SIGMOID = space_around(TINY, sigmoid=True, plda=False)
POWERSET = space_around(DIARIZATION["3.1"], sigmoid=False, plda=False)
VBX = space_around(DIARIZATION["community-1"], sigmoid=False, plda=True)
SPACES = st.sampled_from([SIGMOID, POWERSET, VBX])


@settings(max_examples=30, deadline=None)
@given(space=SPACES, trials=st.integers(1, 300), seed=st.integers(0, 9))
def test_candidates_differ_begin_with_the_default_and_change_the_back_end_only(
    space: Space, trials: int, seed: int
) -> None:
    found = candidates(space, trials, seed)
    assert found[0] == space.default
    assert len(found) == len(set(found)) == trials
    for each in found:
        values, default = asdict(each), asdict(found[0])
        assert {name for name in values if values[name] != default[name]} <= BACK_END


@settings(max_examples=20, deadline=None)
@given(space=SPACES, trials=st.integers(1, 150), more=st.integers(0, 150))
def test_more_trials_begin_with_the_same(space: Space, trials: int, more: int) -> None:
    longer = candidates(space, trials + more, 3)
    assert longer[:trials] == candidates(space, trials, 3)


def test_another_seed_draws_others() -> None:
    assert set(candidates(SIGMOID, 150, 0)) != set(candidates(SIGMOID, 150, 1))


def test_the_first_candidates_change_one_thing_each() -> None:
    for each in candidates(SIGMOID, 30, 0)[1:]:
        changed = {n for n, v in asdict(each).items() if v != asdict(TINY)[n]}
        assert len(changed) == 1 or changed == {"linkage", "threshold"}


def test_every_parameter_is_tried_and_the_thresholds_of_scores_are_few() -> None:
    tried = candidates(SIGMOID, 200, 0)
    few = {"segmentation_threshold", "linkage", "side_by_side"}
    for name, values in TRIED.items():
        found = {getattr(each, name) for each in tried}
        assert found >= set(values)
        if name in few:
            assert found == set(values)
    assert len({each.min_cluster_size for each in tried}) > 10
    assert len({each.min_duration_off for each in tried}) > 10
    assert min(each.threshold for each in tried) < 0.15
    assert {each.clustering for each in tried} == {"ahc"}


def test_a_default_threshold_off_the_grid_is_tried_too() -> None:
    space = space_around(replace(TINY, segmentation_threshold=0.444), sigmoid=True, plda=False)
    assert space.thresholds == (0.444, *TRIED["segmentation_threshold"])


def test_a_powerset_network_has_no_threshold_to_tune() -> None:
    assert {each.segmentation_threshold for each in candidates(POWERSET, 200, 0)} == {0.5}


def test_vbx_is_tried_where_there_is_a_plda_and_its_scales_with_it() -> None:
    tried = candidates(VBX, 200, 0)
    assert {each.clustering for each in tried} == {"ahc", "vbx"}
    for name in ("threshold", "fa", "fb"):
        assert len({getattr(each, name) for each in tried if each.clustering == "vbx"}) > 10


def test_a_changed_linkage_keeps_the_cosine_distance_of_the_cut() -> None:
    changed = [each for each in candidates(SIGMOID, 30, 0) if each.linkage != "average"]
    assert [(each.linkage, each.threshold) for each in changed] == [
        ("centroid", 0.707),  # sqrt(2 * 0.25)
        ("complete", 0.25),
        ("weighted", 0.25),
    ]


def test_every_candidate_is_one_that_the_pipeline_takes() -> None:
    priced = replace(TINY, side_by_side=0.3)
    for each in candidates(space_around(priced, sigmoid=True, plda=False), 300, 0):
        SpeakerDiarization(None, **each.to_dict())


def test_extreme_defaults_make_no_impossible_candidates() -> None:
    for threshold in (0.0, 2.0):
        for clustering in ("ahc", "vbx"):
            default = replace(TINY, threshold=threshold, clustering=clustering, fa=1e6, fb=1e-6)
            assert len(candidates(space_around(default, sigmoid=True, plda=True), 99, 0)) == 99
