"""Speech or not, whoever speaks: detection error, precision, recall, F, accuracy, cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovdiar.metrics.cells import cut
from ovdiar.metrics.counts import Counts, correct_share, error_share
from ovdiar.metrics.scoring import STRICT, Scoring

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ovdiar.annotation import Annotation
    from ovdiar.segment import Segment


@dataclass(frozen=True)
class DetectionErrors(Counts):
    """Seconds by what they are and what they were taken for."""

    true_positive_s: float = 0.0
    false_positive_s: float = 0.0
    false_negative_s: float = 0.0
    true_negative_s: float = 0.0

    @property
    def total_s(self) -> float:
        """Speech in the reference, s."""
        return self.true_positive_s + self.false_negative_s

    @property
    def rate(self) -> float:
        """The detection error rate: missed and invented speech by the reference's speech."""
        return error_share(self.false_positive_s + self.false_negative_s, self.total_s)

    @property
    def accuracy(self) -> float:
        """The share of the time that was taken for what it is."""
        right_s = self.true_positive_s + self.true_negative_s
        return correct_share(right_s, right_s + self.false_positive_s + self.false_negative_s)

    @property
    def precision(self) -> float:
        """The share of what was taken for speech that is speech; 1 where nothing was."""
        return correct_share(self.true_positive_s, self.true_positive_s + self.false_positive_s)

    @property
    def recall(self) -> float:
        """The share of the speech that was found; 1 where there is none."""
        return correct_share(self.true_positive_s, self.total_s)

    def f_measure(self, beta: float = 1.0) -> float:
        """Weigh precision and recall into one: (1 + b^2) P R / (b^2 P + R); above 1, b is for R."""
        precision, recall = self.precision, self.recall
        if precision + recall == 0:
            return 0.0
        return (1 + beta**2) * precision * recall / (beta**2 * precision + recall)

    def cost(self, false_alarm_weight: float = 0.25, miss_weight: float = 0.75) -> float:
        """NIST's detection cost function: weighted shares of non-speech invented, speech missed.

        The weights are those of OpenSAT 2019 (evaluation plan, version 2).
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
    """Compare where anybody speaks.

    Parameters
    ----------
    uem
        The parts to score; without them all from the first to the last turn of either side.
    scoring
        Collar and overlap.
    """
    cells = cut(reference, hypothesis, uem=uem, scoring=scoring)
    speech, found = cells.reference.any(axis=1), cells.hypothesis.any(axis=1)
    return DetectionErrors(
        true_positive_s=float(cells.durations_s @ (speech & found)),
        false_positive_s=float(cells.durations_s @ (~speech & found)),
        false_negative_s=float(cells.durations_s @ (speech & ~found)),
        true_negative_s=float(cells.durations_s @ (~speech & ~found)),
    )
