// Undo history of the corrections, stored across reloads as a list of edits.

import { report, saved } from "./content.js";
import { apply, initial } from "./edits.js";
import { loadItem, storeItem } from "./store.js";

const KEY = saved ? `${report.key}.${saved.id}` : report.key;

class History {
  constructor() {
    this.states = [initial(report)];
    this.edits = [];
    this.undone = [];
    this.listeners = [];
    this.kept = true;
    const own = saved?.edits ?? [];
    this.#restore(own);
    this.written = this.state; // the state that a file holds
    const stored = loadItem(KEY);
    if (stored && !this.#restore(stored)) this.#restore(own);
  }

  get state() {
    return this.states[this.states.length - 1];
  }

  // Whether there are corrections that no file holds.
  get unsaved() {
    return this.state !== this.written;
  }

  markSaved() {
    this.written = this.state;
    this.#notifyListeners();
  }

  get dirty() {
    return this.state !== this.states[0];
  }

  onChange(listener) {
    this.listeners.push(listener);
  }

  do(edit) {
    this.#push(edit);
    this.undone = [];
    this.#notifyListeners();
  }

  // Replaces the last edit, as while a key is held.
  amend(edit) {
    this.states.pop();
    this.edits.pop();
    this.do(edit);
  }

  undo() {
    if (!this.edits.length) return null;
    const edit = this.edits.pop();
    this.states.pop();
    this.undone.push(edit);
    this.#notifyListeners();
    return edit;
  }

  redo() {
    const edit = this.undone.pop();
    if (!edit) return null;
    this.#push(edit);
    this.#notifyListeners();
    return edit;
  }

  // Replaces all edits; returns whether they fit the turns.
  #restore(edits) {
    const { states, edits: before, written } = this;
    const same = before.length <= edits.length && before.every((edit, index) => JSON.stringify(edit) === JSON.stringify(edits[index]));
    if (!same) [this.states, this.edits] = [states.slice(0, 1), []];
    try {
      for (const edit of edits.slice(this.edits.length)) this.#push(edit);
    } catch {
      Object.assign(this, { states: states.slice(0, 1), edits: [], written });
      return false;
    }
    return true;
  }

  #push(edit) {
    this.states.push(edit.kind === "reset" ? this.states[0] : apply(this.state, edit));
    this.edits.push(edit);
  }

  #notifyListeners() {
    this.kept = storeItem(KEY, this.edits.length || saved ? this.edits : null);
    for (const listener of this.listeners) listener(this.state);
  }
}

export const history = new History();
