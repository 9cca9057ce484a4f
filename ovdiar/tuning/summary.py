"""The outcome of tuning as a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovdiar.tuning.outcome import pooled

if TYPE_CHECKING:
    from ovdiar.metrics.der import DiarizationErrors
    from ovdiar.tuning.outcome import Tuning

HEADERS = ("default", "held out", "fitted")


def to_text(tuning: Tuning) -> str:
    """Return a table of error rates in per cent, how they were computed, and the gain."""
    columns = (tuning.default, tuning.held_out, tuning.fitted)
    width = max(len("recording"), *map(len, tuning.uris))
    lines = ["  ".join([f"{'recording':{width}}", *(f"{h:>8}" for h in HEADERS)])]
    for name, *errors in zip(tuning.uris, *columns, strict=True):
        lines.append(_row(name, width, errors))
    lines.append(_row("TOTAL", width, [pooled(column) for column in columns]))
    return "\n".join([*lines, "", *_words(tuning)]) + "\n"


def _row(name: str, width: int, errors: list[DiarizationErrors]) -> str:
    return "  ".join([f"{name:{width}}", *(f"{100 * each.rate:8.2f}" for each in errors)])


def _words(tuning: Tuning) -> list[str]:
    key = f"{tuning.scoring.key}: " if tuning.scoring.key else ""
    tried = f"{len(tuning.errors)} of {len(tuning.candidates)} trials"
    tried += ", interrupted" if tuning.interrupted else ""
    alone = len(tuning.folds) == len(tuning.uris)
    folds = "each held out alone" if alone else f"held out in {len(tuning.folds)} folds"
    before, after = pooled(tuning.default).rate, pooled(tuning.held_out).rate
    pairs = list(zip(tuning.default, tuning.held_out, strict=True))
    better = sum(new.error_s < old.error_s for old, new in pairs)
    worse = sum(new.error_s > old.error_s for old, new in pairs)
    gained = (
        f"held-out DER {100 * before:.2f} -> {100 * after:.2f} % "
        f"(better on {better} recordings, worse on {worse})"
    )
    lines = [
        f"DER in %, scoring {key}{tuning.scoring.describe()}, optimal mapping",
        f"{tried}; {len(tuning.uris)} recordings, {folds}",
        gained,
    ]
    if tuning.gain <= 0:
        return [*lines, "tuning does not gain: the preset keeps the bundle's hyper-parameters"]
    default = tuning.candidates[0].to_dict()
    changed = {k: v for k, v in tuning.parameters.to_dict().items() if v != default[k]}
    words = ", ".join(f"{name} {default[name]} -> {value}" for name, value in changed.items())
    return [*lines, f"gain {100 * tuning.gain:.2f} points with {words}"]
