"""Calibrations that bundles are given: of confidence, and of voices."""

from __future__ import annotations

from ovdiar.calibration import Calibration, VoiceCalibration

TINY_CONFIDENCE = Calibration(activation=0.575, margin=2.118, bias=-1.049, largest_margin=1.5)
"""Fitted to the bundle ``tiny`` by ``tests/benchmarks/confidence.py``.

Bundles of other networks borrow it: a mean score and a logarithm of a ratio of distances have no
scale of their networks. To those it has not been fitted.
"""

BASE_CONFIDENCE = Calibration(activation=4.577, margin=0.971, bias=-3.032, largest_margin=1.5)
"""Fitted to the bundle ``base`` on 180 simulated conversations, likewise."""

CAMPPLUS_VOICES = VoiceCalibration(
    similarity=21.842, cohort=-16.261, log_seconds=-0.564, bias=-5.306, usual_cohort=0.3
)
"""Fitted to CAM++ by ``tests/benchmarks/voices.py``; other embeddings have none."""
