// Edits of the turns. States are immutable: an edit returns a new state.
//
// state: { speakers: [{ id, name, shade }], turns: [{ id, start, end, speaker, confidence, edited }], next }
// Speakers are in the order of their first turns; `shade` is the index of a colour and pattern.
// Turns are sorted by start, then end, then id. An edit is a plain object, so that it can be stored.

export function initial(report) {
  const first = report.speakers.map(() => Infinity);
  for (const [start, , speaker] of report.turns) first[speaker] = Math.min(first[speaker], start);
  const speakers = report.speakers.map((name, id) => ({ id, name, shade: id })).sort((a, b) => first[a.id] - first[b.id] || a.id - b.id);
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
    const { who, ...known } = introduced(state, speaker, name);
    return { ...known, turns: joined(changed(state.turns, turn, { speaker: who }), who) };
  },
  add: (state, { speaker, name, start, end }) => {
    const { who, speakers, next } = introduced(state, speaker, name);
    const turn = { id: next, start, end, speaker: who, confidence: null, edited: true };
    return { speakers, turns: joined(sorted([...state.turns, turn]), who), next: next + 1 };
  },
  trim: (state, { turn, start, end }) => {
    const { speaker } = state.turns.find((each) => each.id === turn);
    return { ...state, turns: joined(sorted(changed(state.turns, turn, { start, end })), speaker) };
  },
  remove: (state, { turn }) => ({ ...state, turns: state.turns.filter((each) => each.id !== turn) }),
};

export function apply(state, edit) {
  return EDITS[edit.kind](state, edit);
}

// A speaker by id, or a new one if it is null.
function introduced({ speakers, next }, speaker, name) {
  if (speaker !== null) return { who: speaker, speakers, next };
  const shade = speakers.reduce((most, each) => Math.max(most, each.shade + 1), 0);
  return { who: next, speakers: [...speakers, { id: next, name, shade }], next: next + 1 };
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
