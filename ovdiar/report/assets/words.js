// Words of a transcript, each with its turn: words move as turns are corrected.

import { report } from "./content.js";
import { history } from "./history.js";
import { Spans } from "./spans.js";

const words = (report.words ?? []).map(([start, end, text]) => ({ start, end, text }));
let found = { state: null, of: new Map(), outside: [] };

// The turn that overlaps a word longest, else the nearest within the report's largest gap.
function turnOf(word, turns) {
  const gap = report.gap;
  let [best, most] = [null, -Infinity];
  turns.visit(word.start - gap, Math.max(word.end, word.start + 1e-6) + gap, (turn) => {
    const overlap = Math.min(turn.end, word.end) - Math.max(turn.start, word.start);
    if (overlap > most + 1e-9) [best, most] = [turn, overlap];
  });
  return best;
}

function assigned() {
  if (found.state === history.state) return found;
  const turns = new Spans(history.state.turns);
  const [of, outside] = [new Map(), []];
  for (const word of words) {
    const turn = turnOf(word, turns);
    if (turn === null) outside.push(word);
    else if (of.has(turn.id)) of.get(turn.id).push(word.text);
    else of.set(turn.id, [word.text]);
  }
  found = { state: history.state, of, outside };
  return found;
}

export const hasWords = words.length > 0;
export const textFor = (turn) => (assigned().of.get(turn.id) ?? []).join("").replace(/\s+/g, " ").trim();
export const wordsOutside = () => assigned().outside;
