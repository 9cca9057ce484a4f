"""Print how good live diarization is at each latency, beside the offline answer.

cd tests && python -m benchmarks.streaming [--models NAME] [--scenes FOLDER] [--keep FOLDER]
[--latencies S ...] [--minutes M] [--speed] [--hours H]

Without --speed and --hours: DER (strict), label switches, and time until final, over the
development set and the simulated conversations that lie in FOLDER (``benchmarks.scenes`` makes
them). --minutes leaves out longer recordings. --keep keeps what the networks answered, so that a
second run is cheap; the offline answers, too. Needs the reference material.

--speed: the real-time factor at steps of 0.5 s, alone and eight streams at once. --hours: memory of
a stream of H hours: a loop of our own recording, whose networks' answers are remembered.
"""

from __future__ import annotations

import argparse
import resource
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import soundfile
from benchmarks.development import DATA
from benchmarks.live_networks import remembered

import ovdiar
from ovdiar import OnlineDiarizer, SpeakerDiarization
from ovdiar.errors import OvdiarWarning
from ovdiar.formats import rttm
from ovdiar.metrics import DiarizationErrors, diarization_errors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ovdiar import Annotation, Models
    from ovdiar.streaming.events import Event

GROUPS = ("sample", "calls", "mixes", "programmes", "ami", "simulated")
LATENCIES = (0.5, 1.0, 2.0, 5.0)
RESOLUTION_S = 0.1
RATE, BLOCK_S, STREAMS = 16_000, 0.5, 8


class Row(NamedTuple):
    """What one latency gave on one recording, or on several."""

    errors: DiarizationErrors = DiarizationErrors()
    switches: int = 0
    speech_s: float = 0.0
    relabelled: int = 0
    waits_s: tuple[float, ...] = ()

    def plus(self, other: Row) -> Row:
        """Pool two."""
        return Row(
            self.errors + other.errors,
            self.switches + other.switches,
            self.speech_s + other.speech_s,
            self.relabelled + other.relabelled,
            self.waits_s + other.waits_s,
        )

    def cells(self) -> str:
        """DER with its parts; the rest where it was measured."""
        total = self.errors.total_s or 1.0
        parts = (self.errors.miss_s, self.errors.false_alarm_s, self.errors.confusion_s)
        text = f"{100 * self.errors.rate:.1f} % | " + " + ".join(
            f"{100 * part / total:.1f}" for part in parts
        )
        text += f" | {3600 * self.switches / max(self.speech_s, 1):.0f}"
        if not self.waits_s:
            return f"{text} |  |  | "
        middle, late = np.percentile(self.waits_s, [50, 95])
        each = 600 * self.relabelled / max(self.speech_s, 1)
        return f"{text} | {each:.2f} | {middle:.1f} s | {late:.1f} s"


def label_switches(reference: Annotation, found: Annotation) -> tuple[int, float]:
    """Count how often the label of a reference speaker's speech changes, and the speech, s.

    Where one speaks alone in both.
    """
    extent = ovdiar.Segment(0.0, max(reference.extent.end, found.extent.end, RESOLUTION_S))
    truth = reference.discretize(extent, RESOLUTION_S).data
    ours = found.discretize(extent, RESOLUTION_S).data
    alone = truth.sum(axis=1) == 1
    if not ours.shape[1]:
        return 0, float(alone.sum() * RESOLUTION_S)
    both = alone & (ours.sum(axis=1) == 1)
    switches = 0
    for speaker in range(truth.shape[1]):
        labels = ours[both & (truth[:, speaker] > 0)].argmax(axis=1)
        switches += int(np.count_nonzero(np.diff(labels)))
    return switches, float(alone.sum() * RESOLUTION_S)


def waits(events: list[Event]) -> tuple[float, ...]:
    """List how long it took until each tenth of a second of a turn was final, s."""
    found: list[float] = []
    reached: dict[int, float] = {}
    for event in events:
        if event.kind == "final":
            begin = reached.get(event.turn, event.start)
            found += (event.at - np.arange(begin, event.end, RESOLUTION_S)).tolist()
            reached[event.turn] = event.end
    return tuple(found)


def relabelled(events: list[Event]) -> int:
    """Count the tentative turns of a confirmed speaker that were given to another."""
    before: dict[int, Event] = {}
    count = 0
    for event in events:
        old = before.get(event.turn)
        count += event.kind == "relabel" and old is not None and not old.provisional
        before[event.turn] = event
    return count


def stream(models: Models, audio: Path, latency: float) -> tuple[Annotation, list[Event]]:
    """Diarize a recording live."""
    samples, rate = soundfile.read(audio, dtype="float32", always_2d=True)
    diarizer = OnlineDiarizer(models, latency=latency, sample_rate=rate, keep_audio=0.0)
    events = diarizer.feed(samples.T) + diarizer.flush()
    return diarizer.annotation, events


def recordings(scenes: Path | None, longest_s: float) -> Iterator[tuple[str, Path]]:
    """List groups and audio."""
    for group in GROUPS:
        yield from ((group, path) for path in _audio(DATA / group, longest_s))
    if scenes is not None:
        for folder in sorted(scenes.iterdir()):
            yield from (("conversations", path) for path in _audio(folder, longest_s))


def _audio(folder: Path, longest_s: float) -> list[Path]:
    found = sorted([*folder.glob("*.flac"), *folder.glob("*.wav")])
    return [path for path in found if soundfile.info(path).duration <= longest_s]


def offline(models: Models, audio: Path, kept: Path | None) -> Annotation:
    """Diarize a recording as a whole, or read what was kept of it."""
    path = None if kept is None else kept / f"{audio.stem}.rttm"
    if path is not None and path.exists():
        return next(iter(rttm.load(path).values()), ovdiar.Annotation())
    found = SpeakerDiarization(models)(audio).speaker_diarization
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(rttm.dumps(found), encoding="utf-8")
    return found


def accuracy(models: Models, options: argparse.Namespace) -> None:
    """Print a table for each group and for all."""
    rows: dict[tuple[str, str], Row] = {}
    counts: dict[str, tuple[int, float]] = {}
    for group, audio in recordings(options.scenes, 60 * options.minutes):
        (truth,) = rttm.load(audio.with_suffix(".rttm")).values()
        whole = offline(models, audio, options.keep)
        found = {"offline": Row(diarization_errors(truth, whole), *label_switches(truth, whole))}
        path = (options.keep or Path("/nonexistent")) / f"{group}-{audio.stem}.npz"
        ours, answers = remembered(models, path)
        for latency in options.latencies:
            live, events = stream(ours, audio, latency)
            found[f"{latency:g} s"] = Row(
                diarization_errors(truth, live),
                *label_switches(truth, live),
                relabelled(events),
                waits(events),
            )
        if options.keep is not None:
            answers.save()
        for pool in (group, "all"):
            number, seconds = counts.get(pool, (0, 0.0))
            counts[pool] = number + 1, seconds + soundfile.info(audio).duration
            for name, row in found.items():
                rows[pool, name] = rows.get((pool, name), Row()).plus(row)
        print(
            f"{audio.name}: "
            + ", ".join(f"{n} {100 * r.errors.rate:.1f}" for n, r in found.items()),
            flush=True,
        )
    print(
        "| recordings | latency | DER | miss + FA + conf. | switches | relabelled | median | 95 % |"
    )
    print("| --- " * 8 + "|")
    for (pool, name), row in rows.items():
        number, seconds = counts[pool]
        print(f"| {pool} ({number}, {seconds / 60:.0f} min) | {name} | {row.cells()} |")


def _talk() -> NDArray[np.float32]:
    """Read our own recording, over and over if need be."""
    path = Path(__file__).resolve().parents[1] / "data" / "conversation.flac"
    return np.asarray(soundfile.read(path, dtype="float32")[0])


def _feed(models: Models, samples: NDArray[np.float32]) -> float:
    diarizer = OnlineDiarizer(models, keep_audio=0.0)
    start = time.perf_counter()
    block = round(BLOCK_S * RATE)
    for first in range(0, len(samples), block):
        diarizer.feed(samples[first : first + block])
    return (time.perf_counter() - start) / (len(samples) / RATE)


def speed(models: Models) -> None:
    """Print real-time factors."""
    talk = _talk()
    _feed(models, talk[: 12 * RATE])
    used = time.process_time()
    alone = _feed(models, talk)
    cores = (time.process_time() - used) / (len(talk) / RATE)
    print(f"one stream: real-time factor {alone:.3f}, {cores:.3f} s of processor time a second")
    with ThreadPoolExecutor(STREAMS) as threads:
        each = list(threads.map(lambda _: _feed(models, talk[: 20 * RATE]), range(STREAMS)))
    print(f"{STREAMS} streams at once: real-time factor {max(each):.3f} of the slowest")


def memory(models: Models, hours: float) -> None:
    """Print the memory, and the size of the state, for every tenth of an hour.

    The audio is a loop at a fixed level, so that the networks' answers are remembered after its
    first round: what grows would be the stream's.
    """
    talk = _talk()
    talk = talk[: len(talk) // RATE * RATE]
    ours, _ = remembered(models, Path("/nonexistent"))
    diarizer = OnlineDiarizer(ours, keep_audio=0.0, recording_level=0.0)
    start, heard, told = time.perf_counter(), 0, 0
    while heard < hours * 3600 * RATE:
        diarizer.feed(talk)
        heard += len(talk)
        if heard >= min(told + 0.1 * 3600 * RATE, hours * 3600 * RATE):
            told = heard
            used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            size = len(diarizer.state.content) / 2**20
            speakers = len(diarizer.annotation.labels())
            print(
                f"{heard / RATE / 3600:.2f} h: {used:.0f} MB at most, state {size:.1f} MB, "
                f"{speakers} speakers, {time.perf_counter() - start:.0f} s",
                flush=True,
            )


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--models", default="base")
    parser.add_argument("--scenes", type=Path)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--latencies", nargs="+", type=float, default=LATENCIES)
    parser.add_argument("--minutes", type=float, default=1e6)
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--hours", type=float)
    options = parser.parse_args()
    warnings.simplefilter("ignore", OvdiarWarning)
    models = ovdiar.load(options.models)
    if options.speed:
        speed(models)
    elif options.hours is not None:
        memory(models, options.hours)
    else:
        accuracy(models, options)


if __name__ == "__main__":
    main()
