// What a person can do by hand, said aloud and with a way back.

import { announce, complain, tell } from "./announcements.js";
import { choose } from "./choice.js";
import { history } from "./history.js";
import { player } from "./player.js";
import { nameOf, selection, talk } from "./selection.js";
import { clock } from "./times.js";

const SHORTEST = 0.02; // what is left of a turn, s
const EVERYBODY_ELSE = "A new speaker";

function doing(edit, said) {
  history.do(edit);
  if (history.kept) tell(said, true);
  else complain(`${said}. This browser keeps no corrections: download them before you leave.`);
}

// A name that is another's makes one speaker of the two.
export function rename(speaker, text) {
  const name = text.replace(/[\p{Cc}\s]+/gu, " ").trim();
  const { speakers } = history.state;
  const before = speakers.find(({ id }) => id === speaker).name;
  if (!name || name === before) return;
  const same = speakers.find((each) => each.name === name);
  if (same) doing({ kind: "merge", from: speaker, into: same.id }, `${before} merged into ${name}`);
  else doing({ kind: "rename", speaker, name }, `${before} is now ${name}`);
}

export async function merge(speaker) {
  const { name } = talk().of.get(speaker);
  const others = talk().speakers.filter(({ id }) => id !== speaker);
  if (!others.length) return complain(`There is nobody to merge ${name} with.`);
  const into = await choose(`Merge ${name} into`, others);
  if (into !== null) doing({ kind: "merge", from: speaker, into }, `${name} merged into ${talk().of.get(into).name}`);
}

// The selected turn; where none is, the one at the cursor becomes it.
export function chosen() {
  if (selection.turn === null) {
    const here = history.state.turns.find(({ start, end }) => start <= player.time && player.time < end);
    if (here) selection.choose(here.id);
    else complain("Select a turn first.");
  }
  return selection.turn;
}

export function relabel(speaker) {
  const turn = chosen();
  if (turn === null || turn.speaker === speaker) return;
  const name = speaker === null ? newName() : talk().of.get(speaker).name;
  doing({ kind: "relabel", turn: turn.id, speaker, name }, `The turn at ${clock(turn.start)} is ${name}'s`);
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
  if (at < turn.start + SHORTEST || at > turn.end - SHORTEST) return complain("Move the cursor into the turn first.");
  const second = history.state.next;
  doing({ kind: "split", turn: turn.id, at }, `${nameOf(turn)}'s turn split at ${clock(at)}`);
  selection.choose(second);
}

export function trim(edge) {
  const turn = chosen();
  if (turn === null) return;
  const { start, end } = { ...turn, [edge]: rounded(player.time) };
  if (end - start < SHORTEST) return complain(edge === "start" ? "Move the cursor before the turn's end first." : "Move the cursor behind the turn's start first.");
  doing({ kind: "trim", turn: turn.id, start, end }, `The turn lasts from ${clock(start)} to ${clock(end)}`);
}

export function remove() {
  const turn = chosen();
  if (turn === null) return;
  doing({ kind: "remove", turn: turn.id }, `${nameOf(turn)}'s turn at ${clock(turn.start)} deleted`);
}

export function reset() {
  if (history.dirty) doing({ kind: "reset" }, "All turns are as they came");
}

const rounded = (time) => Math.round(1000 * time) / 1000;

const SAID = { rename: "renaming", merge: "merging", split: "splitting", relabel: "the change of speaker", trim: "the change of times", remove: "deleting", reset: "starting over" };

export function undo() {
  const edit = history.undo();
  if (edit) tell(`Undid ${SAID[edit.kind]}`);
  else announce("Nothing to undo");
}

export function redo() {
  const edit = history.redo();
  if (edit) tell(`Redid ${SAID[edit.kind]}`, true);
  else announce("Nothing to redo");
}
