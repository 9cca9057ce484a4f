// The selected turn, and names of speakers.

import { history } from "./history.js";
import { isLow, measure } from "./talk.js";
import { clock } from "./times.js";

let measured = { state: null, talk: null };

// Statistics of the current turns.
export function talk() {
  if (measured.state !== history.state) measured = { state: history.state, talk: measure(history.state) };
  return measured.talk;
}

export const nameOf = (turn) => talk().of.get(turn.speaker).name;

// For screen readers.
export function described(turn) {
  const parts = [nameOf(turn), `${clock(turn.start)} to ${clock(turn.end)}`];
  if (turn.confidence !== null) parts.push(`confidence ${Math.round(100 * turn.confidence)} percent${isLow(turn) ? ", low" : ""}`);
  if (turn.edited) parts.push("corrected by hand");
  if (talk().overlapped.has(turn.id)) parts.push("overlaps");
  return parts.join(", ");
}

class Selection {
  constructor() {
    this.id = null;
    this.draft = null; // { speaker, start, end } while an edge or a new turn is dragged
    this.listeners = [];
  }

  get turn() {
    if (this.id === null) return null;
    if (this.found?.id !== this.id || this.state !== history.state) {
      this.state = history.state;
      this.found = history.state.turns.find((turn) => turn.id === this.id) ?? null;
    }
    return this.found;
  }

  onChange(listener) {
    this.listeners.push(listener);
  }

  // The selected turn as it is drawn.
  get shown() {
    return this.draft ?? this.turn;
  }

  sketch(draft) {
    this.draft = draft;
    for (const listener of this.listeners) listener();
  }

  choose(id) {
    this.id = id;
    this.draft = null;
    for (const listener of this.listeners) listener();
  }
}

export const selection = new Selection();
