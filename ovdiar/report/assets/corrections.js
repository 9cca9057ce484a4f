// Manual corrections; each is announced and can be undone.

import { announce, notify, warn } from "./announcements.js";
import { choose } from "./choice.js";
import { history } from "./history.js";
import { player } from "./player.js";
import { nameOf, selection, talk } from "./selection.js";
import { clock } from "./times.js";

const SHORTEST = 0.02; // shortest turn, s
const EVERYBODY_ELSE = "A new speaker";

function perform(edit, message) {
  history.do(edit);
  if (history.kept) notify(message, true);
  else warn(`${message}. This browser cannot save corrections: download them before you leave the page.`);
}

// Renaming to an existing name merges the two speakers.
export function rename(speaker, text) {
  const name = text.replace(/[\p{Cc}\s]+/gu, " ").trim();
  const { speakers } = history.state;
  const before = speakers.find(({ id }) => id === speaker).name;
  if (!name || name === before) return;
  const same = speakers.find((each) => each.name === name);
  if (same) perform({ kind: "merge", from: speaker, into: same.id }, `${before} merged into ${name}`);
  else perform({ kind: "rename", speaker, name }, `${before} is now ${name}`);
}

export async function merge(speaker) {
  const { name } = talk().of.get(speaker);
  const others = talk().speakers.filter(({ id }) => id !== speaker);
  if (!others.length) return warn(`There is no other speaker to merge ${name} into.`);
  const into = await choose(`Merge ${name} into`, others);
  if (into !== null) perform({ kind: "merge", from: speaker, into }, `${name} merged into ${talk().of.get(into).name}`);
}

// The selected turn. Without a selection, selects the turn at the cursor.
export function chosen() {
  if (selection.turn === null) {
    const here = history.state.turns.find(({ start, end }) => start <= player.time && player.time < end);
    if (here) selection.choose(here.id);
    else warn("Select a turn first.");
  }
  return selection.turn;
}

export function relabel(speaker) {
  const turn = chosen();
  if (turn === null || turn.speaker === speaker) return;
  const name = speaker === null ? newName() : talk().of.get(speaker).name;
  perform({ kind: "relabel", turn: turn.id, speaker, name }, `The turn at ${clock(turn.start)} is ${name}'s`);
}

function newName() {
  const taken = new Set(history.state.speakers.map(({ name }) => name));
  for (let number = 1; ; number++) {
    const name = number === 1 ? EVERYBODY_ELSE : `${EVERYBODY_ELSE} ${number}`;
    if (!taken.has(name)) return name;
  }
}

export function split() {
  const turn = chosen();
  if (turn === null) return;
  const at = rounded(player.time);
  if (at < turn.start + SHORTEST || at > turn.end - SHORTEST) return warn("Move the cursor into the turn first.");
  const second = history.state.next;
  perform({ kind: "split", turn: turn.id, at }, `${nameOf(turn)}'s turn split at ${clock(at)}`);
  selection.choose(second);
}

export function trim(edge) {
  const turn = chosen();
  if (turn === null) return;
  const { start, end } = { ...turn, [edge]: rounded(player.time) };
  if (end - start < SHORTEST) return warn(edge === "start" ? "Move the cursor before the turn's end first." : "Move the cursor after the turn's start first.");
  perform({ kind: "trim", turn: turn.id, start, end }, `The turn lasts from ${clock(start)} to ${clock(end)}`);
}

export function remove() {
  const turn = chosen();
  if (turn === null) return;
  perform({ kind: "remove", turn: turn.id }, `${nameOf(turn)}'s turn at ${clock(turn.start)} deleted`);
}

export function reset() {
  if (history.dirty) perform({ kind: "reset" }, "All corrections discarded");
}

const rounded = (time) => Math.round(1000 * time) / 1000;

const DESCRIPTIONS = { rename: "renaming", merge: "merging", split: "splitting", relabel: "the change of speaker", trim: "the change of times", remove: "deleting", reset: "discarding all corrections" };

export function undo() {
  const edit = history.undo();
  if (edit) notify(`Undid ${DESCRIPTIONS[edit.kind]}`);
  else announce("Nothing to undo");
}

export function redo() {
  const edit = history.redo();
  if (edit) notify(`Redid ${DESCRIPTIONS[edit.kind]}`, true);
  else announce("Nothing to redo");
}
