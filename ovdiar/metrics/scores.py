"""All metrics of one recording, or summed over several."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ovdiar.metrics.clusters import ClusterPurity, coverage, purity
from ovdiar.metrics.counts import Counts
from ovdiar.metrics.der import DiarizationErrors, diarization_errors
from ovdiar.metrics.detection import DetectionErrors, detection_errors
from ovdiar.metrics.jer import JaccardErrors, jaccard_errors
from ovdiar.metrics.scoring import STRICT, Scoring
from ovdiar.metrics.speakers import SpeakerCounts, speaker_counts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ovdiar.annotation import Annotation
    from ovdiar.metrics.mapping import Mapping
    from ovdiar.segment import Segment


@dataclass(frozen=True)
class Scores(Counts):
    """Counts of every metric."""

    diarization: DiarizationErrors = field(default_factory=DiarizationErrors)
    jaccard: JaccardErrors = field(default_factory=JaccardErrors)
    detection: DetectionErrors = field(default_factory=DetectionErrors)
    purity: ClusterPurity = field(default_factory=ClusterPurity)
    coverage: ClusterPurity = field(default_factory=ClusterPurity)
    speakers: SpeakerCounts = field(default_factory=SpeakerCounts)

    @property
    def rate(self) -> float:
        """Diarization error rate."""
        return self.diarization.rate

    def figures(self) -> dict[str, float]:
        """Return every metric by name: shares from 0 to 1, and seconds if it ends in ``_s``."""
        return {
            "diarization_error_rate": self.diarization.rate,
            "miss_s": self.diarization.miss_s,
            "false_alarm_s": self.diarization.false_alarm_s,
            "confusion_s": self.diarization.confusion_s,
            "total_s": self.diarization.total_s,
            "jaccard_error_rate": self.jaccard.rate,
            "detection_error_rate": self.detection.rate,
            "detection_accuracy": self.detection.accuracy,
            "detection_precision": self.detection.precision,
            "detection_recall": self.detection.recall,
            "detection_f_measure": self.detection.f_measure(),
            "detection_cost": self.detection.cost(),
            "purity": self.purity.rate,
            "coverage": self.coverage.rate,
            "speakers_expected": self.speakers.expected,
            "speakers_found": self.speakers.found,
            "speaker_count_error": self.speakers.rate,
            "speaker_count_exact": self.speakers.accuracy,
        }


def score(
    reference: Annotation,
    hypothesis: Annotation,
    *,
    uem: Iterable[Segment] | None = None,
    scoring: Scoring = STRICT,
    mapping: Mapping = "optimal",
) -> Scores:
    """Compute all metrics of one recording.

    Parameters
    ----------
    reference, hypothesis
        Turns to compare.
    uem
        Segments to score. By default, everything from the first to the last turn of either side.
    scoring
        Collar and overlap; the number of speakers is counted without them.
    mapping
        How speakers are mapped for the diarization error rate, ``"optimal"`` or ``"greedy"``. The
        Jaccard error rate always uses the optimal mapping.

    Raises
    ------
    ConfigError
        If the mapping is unknown.
    """
    parts = None if uem is None else tuple(uem)
    return Scores(
        diarization_errors(reference, hypothesis, uem=parts, scoring=scoring, mapping=mapping),
        jaccard_errors(reference, hypothesis, uem=parts, scoring=scoring),
        detection_errors(reference, hypothesis, uem=parts, scoring=scoring),
        purity(reference, hypothesis, uem=parts, scoring=scoring),
        coverage(reference, hypothesis, uem=parts, scoring=scoring),
        speaker_counts(reference, hypothesis, uem=parts),
    )
