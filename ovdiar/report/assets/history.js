// Undo history of the corrections, stored across reloads as a list of edits.

import { report } from "./content.js";
import { apply, initial } from "./edits.js";
import { loadItem, storeItem } from "./store.js";

class History {
  constructor() {
    this.states = [initial(report)];
    this.edits = [];
    this.undone = [];
    this.listeners = [];
    this.kept = true;
    try {
      for (const edit of loadItem(report.key) ?? []) this.#push(edit);
    } catch {
      this.states.length = 1; // the stored edits are damaged
      this.edits = [];
    }
  }

  get state() {
    return this.states[this.states.length - 1];
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

  #push(edit) {
    this.states.push(edit.kind === "reset" ? this.states[0] : apply(this.state, edit));
    this.edits.push(edit);
  }

  #notifyListeners() {
    this.kept = storeItem(report.key, this.edits.length ? this.edits : null);
    for (const listener of this.listeners) listener(this.state);
  }
}

export const history = new History();
