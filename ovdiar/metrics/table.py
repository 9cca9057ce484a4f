"""Scores of several recordings, as a text table, JSON or CSV.

Each output states the scoring conditions, without which error rates cannot be compared.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovdiar.metrics.counts import error_share
from ovdiar.metrics.pairing import pair_files
from ovdiar.metrics.scores import Scores, score
from ovdiar.metrics.scoring import STRICT, Scoring
from ovdiar.texts import counted

if TYPE_CHECKING:
    import os

    from ovdiar.metrics.mapping import Mapping

    PathLike = str | os.PathLike[str]

POOLED = "TOTAL"
HEADERS = ("DER", "miss", "FA", "conf", "JER", "detect", "prec", "recall", "F", "purity", "cover")


@dataclass(frozen=True)
class ScoreTable:
    """Scores by recording, with the scoring conditions.

    Parameters
    ----------
    rows
        Name and scores of each recording.
    source
        Path of the reference.
    scoring, mapping
        Collar and overlap, and how speakers were mapped.
    within_uem
        Whether a UEM selected the scored time.
    missing, extra
        Recordings without a hypothesis (entirely missed), and without a reference (not scored).
    """

    rows: tuple[tuple[str, Scores], ...]
    source: str
    scoring: Scoring = STRICT
    mapping: Mapping = "optimal"
    within_uem: bool = False
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()

    @property
    def pooled(self) -> Scores:
        """Sum over recordings; its rates weight every second of speech equally."""
        return sum((scores for _, scores in self.rows), start=Scores())

    def describe(self) -> str:
        """Describe the scoring conditions and the reference in one line."""
        key = f"{self.scoring.key}: " if self.scoring.key else ""
        where = "within the UEM" if self.within_uem else "from the first to the last turn"
        number = counted(len(self.rows), "recording")
        return (
            f"{key}{self.scoring.describe()}, {self.mapping} mapping, {where}; "
            f"{number} against {self.source}"
        )

    def to_text(self) -> str:
        """Return a table in percent, with the scoring conditions below."""
        rows = [*self.rows, (POOLED, self.pooled)] if len(self.rows) > 1 else list(self.rows)
        width = max(len("recording"), *(len(name) for name, _ in rows))
        lines = ["  ".join([f"{'recording':{width}}", *(f"{h:>6}" for h in HEADERS), "speakers"])]
        for name, scores in rows:
            cells = (f"{100 * share:6.2f}" for share in _shares(scores))
            count = f"{scores.speakers.found}/{scores.speakers.expected}"
            lines.append("  ".join([f"{name:{width}}", *cells, f"{count:>8}"]))
        lines += ["", f"scoring {self.describe()}"]
        if self.missing:
            lines.append(f"no hypothesis (all missed): {', '.join(self.missing)}")
        if self.extra:
            lines.append(f"no reference (not scored): {', '.join(self.extra)}")
        return "\n".join(lines) + "\n"

    def to_json(self) -> str:
        """Return unrounded metrics of each recording and of all, with the scoring conditions."""
        content = {
            "scoring": {
                "description": self.scoring.describe(),
                "key": self.scoring.key,
                "collar_each_side_s": self.scoring.side_s,
                "overlap_scored": not self.scoring.skip_overlap,
                "mapping": self.mapping,
                "within_uem": self.within_uem,
                "reference": self.source,
            },
            "recordings": [{"recording": name, **row.figures()} for name, row in self.rows],
            "pooled": self.pooled.figures(),
            "missing": list(self.missing),
            "extra": list(self.extra),
        }
        return json.dumps(content, indent=2, ensure_ascii=False) + "\n"

    def to_csv(self) -> str:
        """Return one row per recording and one for all, unrounded, with the scoring conditions."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["recording", *self.pooled.figures(), "scoring"])
        for name, scores in [*self.rows, (POOLED, self.pooled)]:
            writer.writerow([name, *scores.figures().values(), self.describe()])
        return text.getvalue()


def _shares(scores: Scores) -> tuple[float, ...]:
    errors, detection = scores.diarization, scores.detection
    parts_s = (errors.miss_s, errors.false_alarm_s, errors.confusion_s)
    return (
        errors.rate,
        *(error_share(part_s, errors.total_s) for part_s in parts_s),
        scores.jaccard.rate,
        detection.rate,
        detection.precision,
        detection.recall,
        detection.f_measure(),
        scores.purity.rate,
        scores.coverage.rate,
    )


def score_files(
    reference: PathLike,
    hypothesis: PathLike,
    *,
    uem: PathLike | None = None,
    scoring: Scoring = STRICT,
    mapping: Mapping = "optimal",
) -> ScoreTable:
    """Score files of turns against a reference.

    Parameters
    ----------
    reference, hypothesis
        File of turns in any format, or a folder of them, see `pair_files`.
    uem
        UEM file, or a folder of them, with the segments to score of each recording.
    scoring, mapping
        As in `score`.

    Raises
    ------
    FormatError
        If files cannot be read, parsed or paired, see `pair_files`.
    """
    pairing = pair_files(reference, hypothesis, uem_path=uem)
    rows = tuple(
        (p.uri, score(p.reference, p.hypothesis, uem=p.uem, scoring=scoring, mapping=mapping))
        for p in pairing.pairs
    )
    return ScoreTable(
        rows, str(reference), scoring, mapping, uem is not None, pairing.missing, pairing.extra
    )
