// Statistics of the turns: by speaker, by turn, and overall.

import { report } from "./content.js";
import { Spans, total, union } from "./spans.js";

export const isLow = (turn) => turn.confidence !== null && turn.confidence < report.low;

export function measure(state) {
  const own = new Map(state.speakers.map((speaker) => [speaker.id, []]));
  for (const turn of state.turns) own.get(turn.speaker).push(turn);
  const overlap = new Spans(overlaps(state.turns));
  const speech = total(union(state.turns));
  const speakers = state.speakers.map((speaker, place) => {
    const turns = own.get(speaker.id);
    const merged = union(turns);
    const lengths = turns.map((turn) => turn.end - turn.start);
    return {
      ...speaker,
      place,
      spans: new Spans(turns),
      count: turns.length,
      talk: total(merged),
      share: speech ? total(merged) / speech : 0,
      mean: turns.length ? lengths.reduce((a, b) => a + b) / turns.length : 0,
      longest: lengths.reduce((a, b) => Math.max(a, b), 0),
      overlap: merged.reduce((sum, span) => sum + shared(span, overlap), 0),
    };
  });
  const overlapped = new Set(state.turns.filter((turn) => shared(turn, overlap) > 0).map((turn) => turn.id));
  return { speakers, of: new Map(speakers.map((each) => [each.id, each])), overlap, overlapped, speech };
}

function shared(span, overlap) {
  let sum = 0;
  overlap.visit(span.start, span.end, ({ start, end }) => {
    sum += Math.min(end, span.end) - Math.max(start, span.start);
  });
  return sum;
}

// Regions with two or more speakers.
function overlaps(turns) {
  let still = [];
  const found = [];
  for (const turn of turns) {
    still = still.filter((other) => other.end > turn.start);
    for (const other of still) {
      if (other.speaker !== turn.speaker) found.push({ start: turn.start, end: Math.min(turn.end, other.end) });
    }
    still.push(turn);
  }
  return union(found.filter(({ start, end }) => end > start).sort((a, b) => a.start - b.start));
}
