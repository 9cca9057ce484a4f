"""Speech detection metrics: error rate, precision, recall, F-measure, accuracy, cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovdiar.metrics.cells import scored_cells
from ovdiar.metrics.counts import Counts, correct_share, error_share
from ovdiar.metrics.scoring import STRICT, Scoring

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ovdiar.annotation import Annotation
    from ovdiar.segment import Segment


@dataclass(frozen=True)
class DetectionErrors(Counts):
    """Durations of true and false positives and negatives, in seconds."""

    true_positive_s: float = 0.0
    false_positive_s: float = 0.0
    false_negative_s: float = 0.0
    true_negative_s: float = 0.0

    @property
    def total_s(self) -> float:
        """Speech in the reference, in seconds."""
        return self.true_positive_s + self.false_negative_s

    @property
    def rate(self) -> float:
        """Detection error rate: misses and false alarms relative to the reference's speech."""
        return error_share(self.false_positive_s + self.false_negative_s, self.total_s)

    @property
    def accuracy(self) -> float:
        """Share of the scored time that is classified correctly."""
        right_s = self.true_positive_s + self.true_negative_s
        return correct_share(right_s, right_s + self.false_positive_s + self.false_negative_s)

    @property
    def precision(self) -> float:
        """Share of detected speech that is speech; 1 if none is detected."""
        return correct_share(self.true_positive_s, self.true_positive_s + self.false_positive_s)

    @property
    def recall(self) -> float:
        """Share of speech that is detected; 1 if there is none."""
        return correct_share(self.true_positive_s, self.total_s)

    def f_measure(self, beta: float = 1.0) -> float:
        """Return (1 + b^2) P R / (b^2 P + R); ``beta`` above 1 favours recall."""
        precision, recall = self.precision, self.recall
        if precision + recall == 0:
            return 0.0
        return (1 + beta**2) * precision * recall / (beta**2 * precision + recall)

    def cost(self, false_alarm_weight: float = 0.25, miss_weight: float = 0.75) -> float:
        """Return NIST's detection cost: the weighted sum of the false alarm rate and the miss rate.

        The default weights are those of OpenSAT 2019 (evaluation plan, version 2).
        """
        silence_s = self.true_negative_s + self.false_positive_s
        return false_alarm_weight * error_share(
            self.false_positive_s, silence_s
        ) + miss_weight * error_share(self.false_negative_s, self.total_s)


def detection_errors(
    reference: Annotation,
    hypothesis: Annotation,
    *,
    uem: Iterable[Segment] | None = None,
    scoring: Scoring = STRICT,
) -> DetectionErrors:
    """Compare the regions in which any speaker is active.

    Parameters
    ----------
    reference, hypothesis
        Turns to compare.
    uem
        Segments to score. By default, everything from the first to the last turn of either side.
    scoring
        Collar and overlap.
    """
    cells = scored_cells(reference, hypothesis, uem=uem, scoring=scoring)
    speech, found = cells.reference.any(axis=1), cells.hypothesis.any(axis=1)
    return DetectionErrors(
        true_positive_s=float(cells.durations_s @ (speech & found)),
        false_positive_s=float(cells.durations_s @ (~speech & found)),
        false_negative_s=float(cells.durations_s @ (speech & ~found)),
        true_negative_s=float(cells.durations_s @ (~speech & ~found)),
    )
