"""Print how well ``tiny`` does on the development set, beside pyannote's pipeline on its networks.

cd tests && python -m benchmarks.accuracy [--ghosts keep|fold] [--json FILE]

Needs the reference material (OVDIAR_SHARED, else ../shared) and the bundle ``tiny``. No number of
speakers is given. ``pyannote`` is the algorithm of pyannote.audio 3.3.2 with the published
hyper-parameters of pyannote/speaker-diarization 2.1, in parity mode, on the same two networks;
both take the outputs of ``tiny``'s front end, each at its own segmentation threshold.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.development import recordings

import ovdiar
from ovdiar import SpeakerDiarization
from ovdiar.errors import OvdiarWarning
from ovdiar.metrics import (
    STRICT,
    DiarizationErrors,
    Scoring,
    SpeakerCounts,
    diarization_errors,
    speaker_counts,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

FOLDERS = ("simulated", "sample", "calls", "mixes", "programmes", "ami")
POOLS = {
    "simulated": ("simulated",),
    "sample + calls": ("sample", "calls"),
    "simulated + sample + calls": ("simulated", "sample", "calls"),
    "mixes": ("mixes",),
    "programmes": ("programmes",),
    "ami": ("ami",),
    "ami, only words": ("ami, only words",),
    "counts: all but programmes and ami": ("simulated", "sample", "calls", "mixes"),
}
SCORINGS = {"programmes": Scoring(nist_collar_s=0.25)}
"""Labels of turn changes only, scored with a collar; all else is scored strictly."""
LABELS = {"ami": {"ami": "rttm", "ami, only words": "only_words.rttm"}}
BASELINE: dict[str, Any] = {"preset": "2.1", "strict_parity": True}


class Row(NamedTuple):
    """What one pipeline did on one recording, or on several."""

    errors: DiarizationErrors
    counts: SpeakerCounts

    @classmethod
    def pooled(cls, rows: Iterable[Row]) -> Row:
        rows = list(rows)
        return cls(
            sum((row.errors for row in rows), start=DiarizationErrors()),
            sum((row.counts for row in rows), start=SpeakerCounts()),
        )

    def shares(self) -> dict[str, float]:
        """Errors by the reference's speech, and speakers."""
        total = self.errors.total_s
        return {
            "der": self.errors.rate,
            "miss": self.errors.miss_s / total,
            "false_alarm": self.errors.false_alarm_s / total,
            "confusion": self.errors.confusion_s / total,
            "expected": self.counts.expected,
            "found": self.counts.found,
            "exact": self.counts.exact,
            "recordings": self.counts.recordings,
        }


def measure(
    models: ovdiar.Models, options: dict[str, Any]
) -> dict[str, dict[tuple[str, str], Row]]:
    """Score both pipelines on every recording: by pipeline, then group and recording."""
    pipelines = {
        "tiny": SpeakerDiarization(models, **options),
        "pyannote": SpeakerDiarization(None, **BASELINE),
    }
    found: dict[str, dict[tuple[str, str], Row]] = defaultdict(dict)
    for name, pipeline in pipelines.items():
        threshold = pipeline.parameters.segmentation_threshold
        front_end = SpeakerDiarization(models, segmentation_threshold=threshold)
        for each in recordings(front_end, FOLDERS):
            hypothesis = pipeline.cluster(each.prepared).speaker_diarization
            for group, suffix in LABELS.get(each.group, {each.group: "rttm"}).items():
                reference = each.reference(suffix)
                found[name][group, each.audio.stem] = Row(
                    diarization_errors(
                        reference,
                        hypothesis,
                        uem=each.uem,
                        scoring=SCORINGS.get(each.group, STRICT),
                    ),
                    speaker_counts(reference, hypothesis, uem=each.uem),
                )
    return found


def tables(found: dict[str, dict[tuple[str, str], Row]]) -> dict[str, dict[str, Row]]:
    """Name the rows: each recording's, then the pools'."""
    named: dict[str, dict[str, Row]] = {}
    for pipeline, rows in found.items():
        named[pipeline] = {f"{group}/{name}": row for (group, name), row in rows.items()}
        for pool, groups in POOLS.items():
            named[pipeline][pool] = Row.pooled(
                r for (group, _), r in rows.items() if group in groups
            )
    return named


def markdown(named: dict[str, dict[str, Row]]) -> str:
    """Render a row for each recording and pool, both pipelines side by side."""
    lines = [
        "| recordings | "
        + " | ".join(f"{name}: DER | miss + FA + conf. | speakers" for name in named)
        + " |"
    ]
    lines.append("| --- " * (1 + 3 * len(named)) + "|")
    for name in next(iter(named.values())):
        cells = [name]
        for rows in named.values():
            share = rows[name].shares()
            parts = (100 * share[key] for key in ("miss", "false_alarm", "confusion"))
            cells.append(f"{100 * share['der']:.1f} %")
            cells.append(" + ".join(f"{part:.1f}" for part in parts))
            cells.append(
                f"{share['found']} of {share['expected']}"
                if share["recordings"] == 1
                else f"exact in {share['exact']} of {share['recordings']}"
            )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Print the table, and with ``--json`` write it to a file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--ghosts", choices=["keep", "fold"])
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    warnings.simplefilter("ignore", OvdiarWarning)
    given = {} if options.ghosts is None else {"ghosts": options.ghosts}
    named = tables(measure(ovdiar.load("tiny"), given))
    print(markdown(named))
    if options.json is not None:
        content = {
            pipeline: {name: row.shares() for name, row in rows.items()}
            for pipeline, rows in named.items()
        }
        options.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
