"""The model card tells people what the manifest tells programs."""

from __future__ import annotations

from typing import Any

from ovdiar_export.card import model_card

PART = {
    "source": "a.bin",
    "license": "MIT",
    "powerset": None,
    "verified": True,
    "files": {"a.xml": "0" * 64},
}
MANIFEST: dict[str, Any] = {
    "name": "mine",
    "created_by": "ovdiar-export 1.0",
    "licenses": ["MIT", "Apache-2.0"],
    "segmentation": {**PART, "frames": {"step": 270, "width": 991}, "classes": ["a", "b|c"]},
    "embedding": {**PART, "window_s": 5.0},
    "pipeline": {"threshold": 0.25},
    "calibration": {"confidence": {"bias": -1.049}},
    "parity": {"segmentation_scores": 1.23456789e-5},
}


def test_the_card_tells_who_made_it_of_what_under_which_licence_and_how_exactly() -> None:
    card = model_card(MANIFEST).splitlines()
    assert card[0] == "# mine"
    assert "Made by ovdiar-export 1.0. Licences: MIT, Apache-2.0." in card
    for row in (
        "| source | a.bin |",
        "| license | MIT |",
        "| frames | step 270, width 991 |",
        "| window_s | 5 |",
        "| verified | yes |",
        "| threshold | 0.25 |",
        "| confidence | bias -1.049 |",
        "| segmentation_scores | 1.23457e-05 |",
    ):
        assert row in card


def test_what_is_not_there_has_no_row_and_no_title() -> None:
    card = model_card(MANIFEST)
    assert "powerset" not in card
    assert "PLDA" not in card
    assert "a.xml" not in card


def test_a_network_that_is_not_verified_is_named_in_one_line() -> None:
    assert "not verified" not in model_card(MANIFEST)
    card = model_card({**MANIFEST, "embedding": {**PART, "verified": False}}).splitlines()
    [line] = [line for line in card if "not verified" in line]
    assert line == "Embedding is not verified: no other evaluation of it could be run."
    assert "| verified | no |" in card


def test_a_bar_within_a_value_does_not_end_its_column() -> None:
    assert "| classes | a, b\\|c |" in model_card(MANIFEST)


def test_every_origin_of_a_plda_is_told() -> None:
    origins = {"plda.npz": {"license": "CC-BY-4.0"}, "xvec_transform.npz": {"license": "MIT"}}
    card = model_card({**MANIFEST, "plda": {"origins": origins}})
    assert "| origins | plda.npz license CC-BY-4.0, xvec_transform.npz license MIT |" in card
