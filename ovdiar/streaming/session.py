"""One stream: everything that changes while audio comes in, and the steps that change it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.activity import binarize
from ovdiar.audio.source import checked_rate
from ovdiar.conditioning import with_noise
from ovdiar.frames import FrameGrid, to_samples
from ovdiar.networks.devices import cores
from ovdiar.pipelines.sliding import to_speakers
from ovdiar.streaming.decisions import Decisions
from ovdiar.streaming.keeping import KeptAudio, KeptOutputs
from ovdiar.streaming.signal import LiveSignal
from ovdiar.streaming.speech import SPAN_S, Embedder
from ovdiar.windows import count_windows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ovdiar.networks.models import Models
    from ovdiar.parameters import DiarizationParameters
    from ovdiar.pipelines.diarization.prepared import Prepared
    from ovdiar.streaming.events import Event
    from ovdiar.streaming.naming import LiveNames
    from ovdiar.streaming.settings import OnlineSettings

PUSHED_S = 4.0
"""Audio that is taken at once, s."""


@dataclass
class Session:
    """The state of one stream.

    ``step`` counts the steps that were done, and ``gain`` is that of the last; ``waiting`` are
    samples that are too few for a step, and ``names`` those that events told of speakers.
    """

    settings: OnlineSettings
    parameters: DiarizationParameters
    source_rate: int
    uri: str
    grid: FrameGrid
    window_samples: int
    signal: LiveSignal
    decisions: Decisions
    audio: KeptAudio
    outputs: KeptOutputs
    step: int = 0
    gain: float = 1.0
    ended: bool = False
    waiting: list[NDArray[np.float32]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)

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
        return cls(
            settings,
            parameters,
            source_rate,
            uri,
            grid,
            spec.window_samples,
            LiveSignal.of(source_rate, rate, parameters),
            Decisions.new(
                grid, spec.window_samples, parameters, settings, models.bundle.calibration
            ),
            KeptAudio(round(settings.keep_audio * source_rate)),
            KeptOutputs(round(settings.keep_outputs * rate / kept.step), kept),
        )

    def run_by(self, models: Models, voices: LiveNames | None = None) -> None:
        """Set the networks and the known voices, which are no part of the state."""
        self.models, self.voices = models, voices
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
            ends = [self._end_of(self.step + 1 + more) for more in range(cores())]
            for end, start, scores in self._scored([end for end in ends if end <= ready]):
                self.step += 1
                events += self._take(end, start, scores)
        return events

    def _end_of(self, step: int) -> int:
        return step * to_samples(self.settings.step, self.signal.rate)

    def _scored(self, ends: list[int]) -> Iterator[tuple[int, int, NDArray[np.float32]]]:
        """Run the segmentation over the windows that end there, each as it would be alone."""
        gains = [self.signal.meter.gain_at(end) for end in ends]
        starts = [max(end - self.window_samples, 0) for end in ends]
        windows = [
            self._window(start, end, gain)
            for start, end, gain in zip(starts, ends, gains, strict=True)
        ]
        scores = self._score(np.stack(windows))
        for end, start, gain, found in zip(ends, starts, gains, scores, strict=True):
            self.gain = gain
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
        scores = scores[: self.decisions.frames_until(end - start)]
        active = binarize(scores[np.newaxis], self.parameters.segmentation_threshold)[0]
        self.decisions.take(start, scores, active)
        return self._decide(end, last=last)

    def _decide(self, end: int, *, last: bool = False) -> list[Event]:
        events, closed = self.decisions.decide(
            end, lambda piece: self._embed(piece, self.gain), last=last
        )
        for piece in closed:
            if piece.embedding is not None:
                self.outputs.add_piece(piece, piece.embedding)
        keep = self.window_samples + to_samples(SPAN_S, self.signal.rate)
        self.signal.segmentation.drop(end - self.window_samples)
        self.signal.embedding.drop(end - keep)
        return self._named(events, end / self.signal.rate)

    def _named(self, events: list[Event], at_s: float) -> list[Event]:
        """Give events the names of their speakers; one is told again of turns whose name is new."""
        if self.voices is None:
            return events
        found = self.voices.update(self.decisions.labelling.speakers)
        changed = {label for label, _ in found.items() ^ self.names.items()}
        self.names = dict(found)
        told = {event.turn for event in events}
        again = self.decisions.turns.again(changed, at_s)
        events += [event for event in again if event.turn not in told]
        return [replace(event, name=found.get(event.speaker)) for event in events]

    def _keep_rest(self, end: int) -> None:
        """Keep the last window of the outputs, which is not complete."""
        if self.audio.whole:
            return
        while self.outputs.length < count_windows(end, self.outputs.windows):
            start = self.outputs.length * self.outputs.windows.step
            window = self._window(start, end, self.gain)
            self.outputs.add_window(start, self._score(window[np.newaxis])[0])
