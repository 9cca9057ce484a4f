"""What is decided at the end of each step: frames, speakers, turns."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.activity import runs
from ovdiar.clustering.attenuation import Attenuation
from ovdiar.frames import FrameGrid, Frames, to_samples
from ovdiar.reconstruction import select_loudest
from ovdiar.streaming.labelling import Labelling
from ovdiar.streaming.live_pieces import LivePieces
from ovdiar.streaming.recent import LiveWindow, Recent, View
from ovdiar.streaming.speakers import Speakers
from ovdiar.streaming.turns import Stretch, Turns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.calibration import Calibration
    from ovdiar.parameters import DiarizationParameters
    from ovdiar.streaming.events import Event
    from ovdiar.streaming.live_pieces import Embed, WindowPieces
    from ovdiar.streaming.settings import OnlineSettings
    from ovdiar.streaming.speakers import Run
    from ovdiar.streaming.speech import LivePiece

THRESHOLD, SIDE = 0.75, 0.3
"""Least corrected similarity of one speaker, and ``side_by_side``, where the pipeline clusters by
another rule."""
CERTAIN = 10.0
"""What is added to the score of a speaker who is certain; scores are at most 1."""
LEAST_GAP_S = 0.1
"""Shorter gaps within a turn are filled, s, if the hyper-parameters fill less."""


@dataclass(frozen=True)
class Span:
    """A run of one speaker: the frames, and the mean score."""

    speaker: int
    start: int
    end: int
    score: float


@dataclass
class Decisions:
    """Everything that was decided, and what that depends on.

    Frames before ``decided`` will not be decided again; a step ends every ``step_s``, and what it
    leaves open is decided after ``latency_s``, or ``longest_s`` where the speaker is provisional.
    ``pending`` are decided runs of provisional speakers, and ``lately`` all that may overlap them.
    ``certain`` are runs that were shown with a certain speaker, which they keep.
    """

    grid: FrameGrid
    window_samples: int
    step_s: float
    latency_s: float
    longest_s: float
    labelling: Labelling
    turns: Turns
    recent: Recent = field(default_factory=Recent)
    pending: list[Span] = field(default_factory=list)
    lately: list[Span] = field(default_factory=list)
    decided: int = 0
    certain: list[Run] = field(default_factory=list)

    @classmethod
    def new(
        cls,
        grid: FrameGrid,
        window_samples: int,
        parameters: DiarizationParameters,
        settings: OnlineSettings,
        calibration: Calibration | None,
    ) -> Decisions:
        """Begin with nothing."""
        longest_s = max(settings.latency, settings.new_speaker_delay)
        speakers = _speakers(parameters, settings)
        gap_s = max(parameters.min_duration_off, LEAST_GAP_S)
        return cls(
            grid,
            window_samples,
            settings.step,
            settings.latency,
            longest_s,
            Labelling(speakers, LivePieces(grid.step_s, speakers.attenuation.fade_s), longest_s),
            Turns(
                grid,
                round(gap_s / grid.step_s),
                round(parameters.min_duration_on / grid.step_s),
                calibration,
            ),
        )

    def take(self, start: int, scores: NDArray[np.float32], active: NDArray[np.bool_]) -> None:
        """Take the scores (F, S) and the activity of the window at a sample."""
        self.recent.add(LiveWindow(int(self.grid.index_of_start(start)), scores, active))

    def decide(
        self, end: int, embed: Embed, *, last: bool = False
    ) -> tuple[list[Event], list[LivePiece]]:
        """Decide what the windows so far allow at the end of a step.

        Parameters
        ----------
        end
            The sample at which the step ends.
        embed
            Embeds a piece (D,); None where the network needs more speech.
        last
            Decide everything.

        Returns
        -------
        Events, and the pieces of clean speech that are settled.
        """
        settled: list[LivePiece] = []
        live: list[Span] = []
        if self.recent.windows:
            view = View.of(self.recent.windows)
            decided = latest = max(self.decided, *(each.end for each in view.windows))
            if not last:
                open_ = to_samples(self.latency_s - self.step_s, self.grid.rate)
                decided = max(min(latest, self.frames_until(end - open_)), self.decided)
            held = self.labelling.update(view, latest, embed, last=last)
            spans = self._spans(view, held, latest)
            done = [part for each in spans for part in _within(each, 0, decided)]
            self.pending, self.lately = self.pending + done, self.lately + done
            live = [part for each in spans for part in _within(each, decided, latest)]
            self.decided = decided
            settled = self.labelling.settle(decided, held, last=last)
        self._resolve(end / self.grid.rate, last=last)
        stretches = self._stretches(live)
        reached = self.decided + (self.turns.gap + 1) * last
        events = self.turns.update(
            stretches, reached, self.labelling.speakers, end / self.grid.rate
        )
        self.certain = [
            (each.speaker, max(each.start, self.decided), each.compared)
            for each in self.turns.shown
            if not each.provisional and each.compared > self.decided
        ]
        self._forget(live)
        return events, settled

    def _spans(self, view: View, held: WindowPieces, latest: int) -> list[Span]:
        """List the runs of all speakers from what is decided to a frame.

        In each frame as many are active as the windows count: those with the highest scores, then
        those who spoke last.
        """
        labels, places = self.labelling.nearest_speakers(held), held.places(view)
        root, first = self.labelling.speakers.root, self.decided
        certain = [(root(who), begin, end) for who, begin, end in self.certain if end > first]
        known = self._latest_first({*labels, *(who for who, _, _ in certain)}, held)
        columns = np.array([*map(known.index, labels), -1])[places]  # the last for no piece
        columns[view.active & (places < 0)] = len(known)
        scores = view.activations(columns, len(known) + 1, first, latest)
        loudness = scores.copy()
        for who, begin, end in certain:
            loudness[max(begin - first, 0) : end - first, known.index(who)] += CERTAIN
        count = Frames(view.count(first, latest), self.grid)
        active = select_loudest(Frames(loudness, self.grid), count).data > 0
        active[:, len(known)] &= scores[:, len(known)] > 0
        spans = []
        for column, who in enumerate([*known, -1]):
            for begin, end in zip(*_runs(active[:, column]), strict=True):
                score = float(scores[begin:end, column].mean())
                speaker = self.labelling.unknown_speaker() if who < 0 else who
                spans.append(Span(speaker, first + begin, first + end, score))
        return spans

    def _latest_first(self, speakers: set[int], held: WindowPieces) -> list[int]:
        """Sort speakers by their last piece, the latest first."""
        lately = [self.labelling.speakers.root(each.speaker) for each in reversed(held.pieces)]
        return [who for who in dict.fromkeys([*lately, *sorted(speakers)]) if who in speakers]

    def _resolve(self, now_s: float, *, last: bool) -> None:
        """Decide whose the runs are that wait for their speaker."""
        speakers, kept = self.labelling.speakers, []
        for span in self.pending:
            who = speakers.root(span.speaker)
            if not speakers.known[who].confirmed:
                found = self.labelling.speaker_of_frames(span.start, span.end)
                who = who if found < 0 else found
            late = last or now_s + self.step_s - self.grid.step_s * span.end > self.longest_s
            if late and not speakers.known[who].confirmed:
                others = {
                    speakers.root(each.speaker)
                    for each in self.lately
                    if each is not span and each.start < span.end and span.start < each.end
                }
                forced = self.labelling.force(who, span.start, span.end, others)
                if forced < 0 and last:
                    continue
                who = who if forced < 0 else forced
            kept.append(replace(span, speaker=who))
        self.pending = kept

    def _stretches(self, live: list[Span]) -> list[Stretch]:
        """List what is not final: decided spans and the live part; certain spans become final."""
        known = self.labelling.speakers.known
        final = [each for each in self.pending if known[each.speaker].confirmed]
        self.pending = [each for each in self.pending if not known[each.speaker].confirmed]
        found = [self._stretch(each, decided=True) for each in final]
        found += [self._stretch(each, decided=False) for each in [*self.pending, *live]]
        begin = min([self.decided, *(each.start for each in self.pending)])
        self.labelling.mark_final([(each.speaker, each.start, each.end) for each in final], begin)
        return found

    def _stretch(self, span: Span, *, decided: bool) -> Stretch:
        rated = self.labelling.rating(span.speaker, span.start, span.end)
        return Stretch(span.speaker, span.start, span.end, span.score, *rated, decided=decided)

    def _forget(self, live: list[Span]) -> None:
        """Drop what cannot tell anything any more."""
        needed = min([self.decided, *(each.start for each in self.pending)])
        self.lately = [each for each in self.lately if each.end > needed]
        self.recent.drop(self.decided)
        speakers = {each.speaker for each in [*self.pending, *self.lately, *live]}
        speakers |= {who for who, _, _ in self.certain}
        self.labelling.forget(speakers)

    def frames_until(self, samples: int) -> int:
        """Count the frames whose centre lies before a sample."""
        return max(0, (samples - self.grid.width // 2) // self.grid.step + 1)


def _within(span: Span, begin: int, end: int) -> list[Span]:
    """Cut a span to some frames; nothing if it has none of them."""
    part = replace(span, start=max(span.start, begin), end=min(span.end, end))
    return [part] if part.start < part.end else []


def _runs(on: NDArray[np.bool_]) -> tuple[list[int], list[int]]:
    starts, ends = runs(np.append(on, False))
    return starts.tolist(), ends.tolist()


def _speakers(parameters: DiarizationParameters, settings: OnlineSettings) -> Speakers:
    corrected = parameters.clustering == "corrected"
    attenuation = Attenuation(
        fade_s=parameters.fade_s,
        usual_level=parameters.usual_level,
        margin_s=parameters.margin_s,
        side=parameters.side_by_side if corrected else SIDE,
    )
    threshold = parameters.threshold if corrected else THRESHOLD
    return Speakers(attenuation, threshold, settings.max_speakers)
