"""One stream: everything that changes while audio comes in, and the steps that change it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.activity import binarize
from ovdiar.audio.source import checked_rate
from ovdiar.clustering.attenuation import Attenuation
from ovdiar.conditioning import with_noise
from ovdiar.frames import FrameGrid, to_samples
from ovdiar.pipelines.sliding import to_speakers
from ovdiar.streaming.consensus import Consensus
from ovdiar.streaming.keeping import KeptAudio, KeptOutputs
from ovdiar.streaming.labelling import Labelling
from ovdiar.streaming.signal import LiveSignal
from ovdiar.streaming.speakers import Speakers
from ovdiar.streaming.speech import SPAN_S, CleanSpeech, Embedder, LivePiece
from ovdiar.streaming.tracks import LiveWindow, Tracks
from ovdiar.streaming.turns import Stretch, Turns
from ovdiar.windows import count_windows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ovdiar.networks.models import Models
    from ovdiar.parameters import DiarizationParameters
    from ovdiar.pipelines.diarization.prepared import Prepared
    from ovdiar.streaming.events import Event
    from ovdiar.streaming.settings import OnlineSettings

THRESHOLD = 0.75
"""Least corrected similarity of one speaker, where the pipeline clusters by another rule."""
LEAST_GAP_S = 0.1
"""Shorter gaps within a turn are filled, s, if the hyper-parameters fill less."""
SETTLED_S = 1.0
"""How far pieces of clean speech lie behind the end of the window, at most, s: there the
segmentation is less certain."""
PUSHED_S = 4.0
"""Audio that is taken at once, s."""


@dataclass(frozen=True)
class Span:
    """A decided run of a track whose speaker may not be certain yet."""

    track: int
    start: int
    end: int
    score: float


@dataclass
class Session:
    """The state of one stream.

    ``step`` counts the steps that were done, frames before ``decided`` are; ``waiting`` are samples
    that are too few for a step.
    """

    settings: OnlineSettings
    parameters: DiarizationParameters
    source_rate: int
    uri: str
    grid: FrameGrid
    window_samples: int
    signal: LiveSignal
    labelling: Labelling
    turns: Turns
    speech: CleanSpeech
    audio: KeptAudio
    outputs: KeptOutputs
    tracks: Tracks = field(default_factory=Tracks)
    consensus: Consensus = field(default_factory=Consensus)
    pending: list[Span] = field(default_factory=list)
    step: int = 0
    decided: int = 0
    gain: float = 1.0
    ended: bool = False
    waiting: list[NDArray[np.float32]] = field(default_factory=list)

    @classmethod
    def new(
        cls,
        models: Models,
        parameters: DiarizationParameters,
        settings: OnlineSettings,
        source_rate: int,
        uri: str,
    ) -> Session:
        """Begin a stream."""
        spec = models.segmentation.spec
        grid, rate = spec.frames.at(0), spec.frames.rate
        checked_rate(source_rate, uri)
        step = to_samples(settings.step, rate)
        stride = max(1, round(parameters.segmentation_step * spec.window_samples / step))
        kept = FrameGrid(stride * step, spec.window_samples, 0, rate)
        gap_s = max(parameters.min_duration_off, LEAST_GAP_S)
        return cls(
            settings,
            parameters,
            source_rate,
            uri,
            grid,
            spec.window_samples,
            LiveSignal.of(source_rate, rate, parameters),
            Labelling(
                _speakers(parameters, settings),
                grid.step_s,
                max(settings.latency, settings.new_speaker_delay),
            ),
            Turns(
                grid,
                round(gap_s / grid.step_s),
                round(parameters.min_duration_on / grid.step_s),
                models.bundle.calibration,
            ),
            CleanSpeech(grid),
            KeptAudio(round(settings.keep_audio * source_rate)),
            KeptOutputs(round(settings.keep_outputs * rate / kept.step), kept),
        )

    def run_by(self, models: Models) -> None:
        """Set the networks, which are no part of the state."""
        self.models = models
        self._convert = to_speakers(models.segmentation)
        self._embed = Embedder(models, self.signal.embedding, grid=self.grid)

    @property
    def heard_s(self) -> float:
        """Length of the audio that was pushed, s."""
        return self.audio.length / self.source_rate

    @property
    def needed(self) -> int:
        """Samples at the source's rate without which the next step cannot be done, at least 1."""
        lacking = self._end_of(self.step + 1) - self.signal.ready
        return max(1, lacking * self.source_rate // self.signal.rate)

    def push(self, samples: NDArray[np.float32]) -> list[Event]:
        """Take samples (n,), and do the steps that they allow."""
        events: list[Event] = []
        at_once = round(PUSHED_S * self.source_rate)
        for first in range(0, len(samples), at_once):
            block = samples[first : first + at_once]
            self.audio.push(block)
            self.signal.push(block)
            events += self._steps()
        return events

    def finish(self) -> list[Event]:
        """Take what is left, and decide everything."""
        self.signal.finish()
        events = self._steps()
        end = self.signal.ready
        if end > self._end_of(self.step):
            ((_, start, scores),) = self._scored([end])
            self.step += 1
            events += self._take(end, start, scores, last=True)
        else:
            events += self._decide(end, last=True)
        self._keep_rest(end)
        self.ended = True
        return events

    def prepared(self) -> Prepared:
        """Return the networks' outputs that were kept."""
        duration_s = self.audio.length / self.source_rate
        return self.outputs.prepared(self.models, self.parameters, self.uri, duration_s)

    def _steps(self) -> list[Event]:
        events: list[Event] = []
        ready = self.signal.ready
        while self._end_of(self.step + 1) <= ready:
            ends = [self._end_of(self.step + 1 + more) for more in range(os.cpu_count() or 1)]
            for end, start, scores in self._scored([end for end in ends if end <= ready]):
                self.step += 1
                events += self._take(end, start, scores)
        return events

    def _end_of(self, step: int) -> int:
        return step * to_samples(self.settings.step, self.signal.rate)

    def _scored(self, ends: list[int]) -> Iterator[tuple[int, int, NDArray[np.float32]]]:
        """Run the segmentation over the windows that end there; they are scored alike one by one."""
        gains = [self.signal.meter.gain_at(end) for end in ends]
        starts = [max(end - self.window_samples, 0) for end in ends]
        windows = [
            self._window(start, end, gain)
            for start, end, gain in zip(starts, ends, gains, strict=True)
        ]
        scores = self._score(np.stack(windows))
        for end, start, gain, found in zip(ends, starts, gains, scores, strict=True):
            self.gain = float(gain)
            yield end, start, found

    def _window(self, start: int, end: int, gain: float) -> NDArray[np.float32]:
        heard = self.signal.segmentation.cut(start, min(end, start + self.window_samples))
        heard = heard * np.float32(gain)
        return np.pad(heard, (0, self.window_samples - len(heard)))

    def _score(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        noise = self.parameters.segmentation_noise
        scores = self.models.segmentation(with_noise(windows, noise) if noise else windows)
        return scores if self._convert is None else self._convert(scores)

    def _take(
        self, end: int, start: int, scores: NDArray[np.float32], *, last: bool = False
    ) -> list[Event]:
        """Take a scored window: the step ends at a sample."""
        if end - start == self.window_samples:
            self.outputs.add_window(start, scores)
        heard = self._frames_until(end - start)
        scores = scores[:heard]
        active = binarize(scores[np.newaxis], self.parameters.segmentation_threshold)[0]
        first = int(self.grid.index_of_start(start))
        tracks = self.tracks.link(first, active)
        self.consensus.add(LiveWindow(first, scores, active, tracks))
        return self._decide(end, last=last)

    def _decide(self, end: int, *, last: bool = False) -> list[Event]:
        """Decide what the windows so far allow at the end of a step."""
        rate = self.grid.rate
        latest = max([self.decided, *(each.end for each in self.consensus.windows)])
        margin_s = self.settings.latency - self.settings.step
        settled_s = 0.0 if last else min(margin_s, SETTLED_S)
        decided = latest
        if not last:
            decided = min(latest, self._frames_until(end - to_samples(margin_s, rate)))
        decided = max(decided, self.decided)
        settled = min(latest, self._frames_until(end - to_samples(settled_s, rate)))
        settled = max(settled, self.speech.reached)
        region = self.consensus.region(min(self.decided, self.speech.reached), latest)
        for track, begin, until, _ in region.runs(region.first, latest):
            self.labelling.see(track, begin, until)
        self._hear(region.clean_runs(self.speech.reached, settled), settled, last=last)
        self.pending += [
            Span(track, begin, until, score)
            for track, begin, until, score in region.runs(self.decided, decided)
        ]
        live = [Span(*run) for run in region.runs(decided, latest)]
        self.decided = decided
        self._force(end / rate, last=last)
        stretches = self._stretches(live)
        events = self.turns.update(
            stretches, decided + (self.turns.gap + 1) * last, self.labelling.speakers, end / rate
        )
        self._forget(end)
        return events

    def _hear(self, runs: list[tuple[int, int, int]], settled: int, *, last: bool) -> None:
        """Take clean speech, and embed the pieces that are long enough."""
        closed = self.speech.push(runs, settled)
        closed += self.speech.finish() if last else []
        for piece in closed:
            if piece.embedding is None or piece.embedded < piece.frames:
                self._listen(piece)
            elif piece.embedding is not None:
                self.labelling.take(piece, piece.embedding, self.decided)
            if piece.embedding is not None:
                self.outputs.add_piece(piece, piece.embedding)
        growing = self.speech.growing
        if growing is not None:
            who = self.labelling.speaker_at(growing.track, growing.end - 1)
            if self.speech.is_due(known=self.labelling.speakers.known[who].confirmed):
                self._listen(growing)

    def _listen(self, piece: LivePiece) -> None:
        embedding = self._embed(piece, self.gain)
        if embedding is not None:
            piece.embedding, piece.embedded = embedding, piece.frames
            self.labelling.take(piece, embedding, self.decided)

    def _force(self, now_s: float, *, last: bool) -> None:
        """Decide on provisional speakers who have waited long enough."""
        speakers, kept = self.labelling.speakers, []
        longest_s = max(self.settings.latency, self.settings.new_speaker_delay)
        for span in self.pending:
            waited_s = now_s + self.settings.step - self.grid.step_s * span.end
            late = last or waited_s > longest_s
            others = {
                self.labelling.speaker_at(other.track, span.start)
                for other in self.pending
                if late and other.start < span.end and span.start < other.end
            }
            parts = self.labelling.splits(span.track, span.start, span.end) if late else []
            unsure = [part for part in parts if not speakers.known[part[2]].confirmed]
            nobody = not last and not speakers.candidates(confirmed=True)
            if all(self.labelling.force(span.track, *part[:2], others) or nobody for part in unsure):
                kept.append(span)
        self.pending = kept

    def _stretches(self, live: list[Span]) -> list[Stretch]:
        """List what is not final: decided spans and the live part, by speaker."""
        speakers, found, waiting = self.labelling.speakers, [], []
        for number, span in enumerate([*self.pending, *live]):
            certain = number < len(self.pending)
            margin = self.labelling.tracks[span.track].margin
            parts = self.labelling.splits(span.track, span.start, span.end)
            for begin, end, who in parts:
                sure = certain and speakers.known[who].confirmed
                found.append(Stretch(who, begin, end, span.score, margin, sure))
                if certain and not sure:
                    waiting.append(Span(span.track, begin, end, span.score))
        self.pending = waiting
        return found

    def _forget(self, end: int) -> None:
        needed = min([self.decided, self.speech.reached, *(each.start for each in self.pending)])
        self.consensus.drop(min(self.decided, self.speech.reached))
        self.labelling.drop(min(needed, self._frames_until(end - self.window_samples)))
        keep = self.window_samples + to_samples(SPAN_S, self.signal.rate)
        self.signal.segmentation.drop(end - self.window_samples)
        self.signal.embedding.drop(end - keep)

    def _keep_rest(self, end: int) -> None:
        """Keep the last window of the outputs, which is not complete."""
        if self.audio.whole:
            return
        while self.outputs.length < count_windows(end, self.outputs.windows):
            start = self.outputs.length * self.outputs.windows.step
            window = self._window(start, end, self.gain)
            self.outputs.add_window(start, self._score(window[np.newaxis])[0])

    def _frames_until(self, samples: int) -> int:
        """Count the frames whose centre lies before a sample."""
        return max(0, (samples - self.grid.width // 2) // self.grid.step + 1)


def _speakers(parameters: DiarizationParameters, settings: OnlineSettings) -> Speakers:
    corrected = parameters.clustering == "corrected"
    attenuation = Attenuation(
        fade_s=parameters.fade_s,
        usual_level=parameters.usual_level,
        margin_s=parameters.margin_s,
        side=parameters.side_by_side if corrected else 0.3,
    )
    threshold = parameters.threshold if corrected else THRESHOLD
    return Speakers(attenuation, threshold, settings.max_speakers)
