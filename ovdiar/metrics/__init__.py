"""Evaluation metrics for speaker diarization.

Each metric takes two annotations, the scored segments and a `Scoring`, and returns counts that can
be summed over recordings; their ``rate`` is the metric. Rates equal pyannote.metrics' to 1e-6.
"""

from ovdiar.metrics.clusters import ClusterPurity, coverage, purity
from ovdiar.metrics.der import DiarizationErrors, diarization_errors
from ovdiar.metrics.detection import DetectionErrors, detection_errors
from ovdiar.metrics.jer import JaccardErrors, jaccard_errors
from ovdiar.metrics.mapping import speaker_mapping
from ovdiar.metrics.scores import Scores, score
from ovdiar.metrics.scoring import STRICT, Scoring
from ovdiar.metrics.speakers import SpeakerCounts, speaker_counts
from ovdiar.metrics.table import ScoreTable, score_files

__all__ = [
    "STRICT",
    "ClusterPurity",
    "DetectionErrors",
    "DiarizationErrors",
    "JaccardErrors",
    "ScoreTable",
    "Scores",
    "Scoring",
    "SpeakerCounts",
    "coverage",
    "detection_errors",
    "diarization_errors",
    "jaccard_errors",
    "purity",
    "score",
    "score_files",
    "speaker_counts",
    "speaker_mapping",
]
