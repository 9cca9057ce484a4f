// Edits of the turns. States are immutable: an edit returns a new state.
//
// state: { speakers: [{ id, name }], turns: [{ id, start, end, speaker, confidence, edited }], next }
// Turns are sorted by start, then end, then id. An edit is a plain object, so that it can be stored.

export function initial(report) {
  const speakers = report.speakers.map((name, id) => ({ id, name }));
  const turns = report.turns.map(([start, end, speaker, confidence], id) => ({ id, start, end, speaker, confidence, edited: false }));
  return { speakers, turns, next: Math.max(speakers.length, turns.length) };
}

const EDITS = {
  rename: (state, { speaker, name }) => ({
    ...state,
    speakers: state.speakers.map((each) => (each.id === speaker ? { ...each, name } : each)),
  }),
  merge: (state, { from, into }) => ({
    ...state,
    speakers: state.speakers.filter((each) => each.id !== from),
    turns: joined(state.turns.map((turn) => (turn.speaker === from ? { ...turn, speaker: into } : turn)), into),
  }),
  split: (state, { turn, at }) => ({
    ...state,
    turns: sorted(state.turns.flatMap((each) => (each.id === turn ? [{ ...each, end: at }, { ...each, id: state.next, start: at }] : [each]))),
    next: state.next + 1,
  }),
  relabel: (state, { turn, speaker, name }) => {
    const stranger = speaker === null;
    const who = stranger ? state.next : speaker;
    const turns = changed(state.turns, turn, { speaker: who });
    const speakers = stranger ? [...state.speakers, { id: who, name }] : state.speakers;
    return { speakers, turns: joined(turns, who), next: state.next + (stranger ? 1 : 0) };
  },
  trim: (state, { turn, start, end }) => ({ ...state, turns: sorted(changed(state.turns, turn, { start, end })) }),
  remove: (state, { turn }) => ({ ...state, turns: state.turns.filter((each) => each.id !== turn) }),
};

export function apply(state, edit) {
  return EDITS[edit.kind](state, edit);
}

// A corrected turn has no confidence.
function changed(turns, id, values) {
  return turns.map((turn) => (turn.id === id ? { ...turn, ...values, confidence: null, edited: true } : turn));
}

function sorted(turns) {
  return turns.sort((a, b) => a.start - b.start || a.end - b.end || a.id - b.id);
}

// Merges overlapping turns of a speaker; their confidence is the mean, weighted by duration.
function joined(turns, speaker) {
  const kept = [];
  let last = null;
  for (const turn of turns) {
    if (turn.speaker !== speaker || last === null || turn.start >= kept[last].end) {
      if (turn.speaker === speaker) last = kept.length;
      kept.push(turn);
      continue;
    }
    const first = kept[last];
    const [one, two] = [first.end - first.start, turn.end - turn.start];
    const known = first.confidence !== null && turn.confidence !== null;
    kept[last] = {
      ...first,
      end: Math.max(first.end, turn.end),
      confidence: known ? (one * first.confidence + two * turn.confidence) / (one + two) : null,
      edited: first.edited || turn.edited,
    };
  }
  return sorted(kept);
}
