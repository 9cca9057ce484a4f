"""What is decided at the end of each step: frames, pieces, speakers, turns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ovdiar.clustering.attenuation import Attenuation
from ovdiar.frames import FrameGrid, to_samples
from ovdiar.streaming.consensus import Consensus
from ovdiar.streaming.heard import Heard
from ovdiar.streaming.labelling import Labelling
from ovdiar.streaming.speakers import Speakers
from ovdiar.streaming.speech import CleanSpeech, LivePiece
from ovdiar.streaming.tracks import LiveWindow, Tracks
from ovdiar.streaming.turns import Stretch, Turns

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from ovdiar.calibration import Calibration
    from ovdiar.parameters import DiarizationParameters
    from ovdiar.streaming.events import Event
    from ovdiar.streaming.settings import OnlineSettings

    Embed = Callable[[LivePiece], "NDArray[np.float32] | None"]

THRESHOLD, SIDE = 0.75, 0.3
"""Least corrected similarity of one speaker, and ``side_by_side``, where the pipeline clusters by
another rule."""
LEAST_GAP_S = 0.1
"""Shorter gaps within a turn are filled, s, if the hyper-parameters fill less."""
SETTLED_S = 0.5
"""How far pieces of clean speech lie behind the end of the window, at most, s: there the
segmentation is less certain."""


@dataclass(frozen=True)
class Span:
    """A decided run of a track whose speaker may not be certain yet."""

    track: int
    start: int
    end: int
    score: float


@dataclass
class Decisions:
    """Everything that was decided, and what that depends on.

    Frames before ``decided`` will not be decided again; a step ends every ``step_s``, and what it
    leaves open is decided after ``latency_s``, or ``longest_s`` where the speaker is provisional.
    ``pending`` are decided runs of provisional speakers, and ``lately`` all that may overlap them.
    """

    grid: FrameGrid
    window_samples: int
    step_s: float
    latency_s: float
    longest_s: float
    labelling: Labelling
    turns: Turns
    speech: CleanSpeech
    tracks: Tracks = field(default_factory=Tracks)
    consensus: Consensus = field(default_factory=Consensus)
    pending: list[Span] = field(default_factory=list)
    lately: list[Span] = field(default_factory=list)
    decided: int = 0

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
            Labelling(speakers, Heard(grid.step_s, speakers.attenuation.fade_s), longest_s),
            Turns(
                grid,
                round(gap_s / grid.step_s),
                round(parameters.min_duration_on / grid.step_s),
                calibration,
            ),
            CleanSpeech(grid),
        )

    def take(self, start: int, scores: NDArray[np.float32], active: NDArray[np.bool_]) -> None:
        """Take the scores (F, S) and the activity of the window at a sample."""
        first = int(self.grid.index_of_start(start))
        tracks = self.tracks.link(first, active)
        self.consensus.add(LiveWindow(first, scores, active, tracks))

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
        Events, and the pieces of clean speech that are complete.
        """
        rate = self.grid.rate
        latest = max([self.decided, *(each.end for each in self.consensus.windows)])
        margin_s = self.latency_s - self.step_s
        settled_s = 0.0 if last else min(margin_s, SETTLED_S)
        decided = latest
        if not last:
            decided = min(latest, self.frames_until(end - to_samples(margin_s, rate)))
        decided = max(decided, self.decided)
        settled = min(latest, self.frames_until(end - to_samples(settled_s, rate)))
        settled = max(settled, self.speech.reached)
        region = self.consensus.region(min(self.decided, self.speech.reached), latest)
        for track, begin, until, _ in region.runs(region.first, latest):
            self.labelling.see(track, begin, until)
        runs = region.clean_runs(self.speech.reached, settled)
        closed = self._hear(runs, settled, embed, last=last)
        spans = [Span(*run) for run in region.runs(self.decided, decided)]
        self.pending += spans
        self.lately += spans
        live = [Span(*run) for run in region.runs(decided, latest)]
        self.decided = decided
        self._force(end / rate, last=last)
        self._part(spans)
        stretches = self._stretches(live)
        events = self.turns.update(
            stretches, decided + (self.turns.gap + 1) * last, self.labelling.speakers, end / rate
        )
        self._forget(end)
        return events, closed

    def _hear(
        self, runs: list[tuple[int, int, int]], settled: int, embed: Embed, *, last: bool
    ) -> list[LivePiece]:
        """Take clean speech, and embed the pieces that are long enough; return the closed ones."""
        closed = self.speech.push(runs, settled)
        closed += self.speech.finish() if last else []
        for piece in closed:
            if piece.outgrown:
                self._listen(piece, embed)
            elif piece.embedding is not None:
                self.labelling.take(piece, piece.embedding, self.decided)
        growing = self.speech.growing
        if growing is not None and self.speech.is_due() and self.labelling.doubts(growing):
            self._listen(growing, embed)
        return closed

    def _listen(self, piece: LivePiece, embed: Embed) -> None:
        embedding = embed(piece)
        if embedding is not None:
            piece.embedding, piece.embedded = embedding, piece.frames
            self.labelling.take(piece, embedding, self.decided)

    def _force(self, now_s: float, *, last: bool) -> None:
        """Decide on provisional speakers who have waited long enough."""
        speakers, kept = self.labelling.speakers, []
        longest_s = self.longest_s
        for span in self.pending:
            waited_s = now_s + self.step_s - self.grid.step_s * span.end
            late = last or waited_s > longest_s
            others = {
                self.labelling.speaker_at(other.track, max(span.start, other.start))
                for other in self.lately
                if late and other.track != span.track
                if other.start < span.end and span.start < other.end
            }
            parts = self.labelling.splits(span.track, span.start, span.end) if late else []
            unsure = [part for part in parts if not speakers.known[part[2]].confirmed]
            nobody = not last and not speakers.candidates(confirmed=True)
            if all(
                self.labelling.force(span.track, *part[:2], others) or nobody for part in unsure
            ):
                kept.append(span)
        self.pending = kept

    def _part(self, spans: list[Span]) -> None:
        """Give the common frames of two tracks of one speaker to somebody else in one of them."""
        for number, one in enumerate(spans):
            for two in spans[number + 1 :]:
                begin, end = max(one.start, two.start), min(one.end, two.end)
                if begin < end and one.track != two.track:
                    active = {e.track for e in spans if e.start < end and begin < e.end}
                    self.labelling.part(one.track, two.track, begin, end, active)

    def _stretches(self, live: list[Span]) -> list[Stretch]:
        """List what is not final: decided spans and the live part, by speaker."""
        speakers, found, waiting = self.labelling.speakers, [], []
        for number, span in enumerate([*self.pending, *live]):
            certain = number < len(self.pending)
            track = self.labelling.tracks[span.track]
            parts = self.labelling.splits(span.track, span.start, span.end)
            for begin, end, who in parts:
                sure = certain and speakers.known[who].confirmed
                heard = track.heard > begin
                found.append(Stretch(who, begin, end, span.score, track.margin, sure, heard))
                if certain and not sure:
                    waiting.append(Span(span.track, begin, end, span.score))
        self.pending = waiting
        return found

    def _forget(self, end: int) -> None:
        needed = min([self.decided, self.speech.reached, *(each.start for each in self.pending)])
        self.lately = [each for each in self.lately if each.end > needed]
        self.consensus.drop(min(self.decided, self.speech.reached))
        self.labelling.drop(min(needed, self.frames_until(end - self.window_samples)))

    def frames_until(self, samples: int) -> int:
        """Count the frames whose centre lies before a sample."""
        return max(0, (samples - self.grid.width // 2) // self.grid.step + 1)


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
