// Manual corrections; each is announced and can be undone.

import { announce, notify, warn } from "./announcements.js";
import { choose } from "./choice.js";
import { report } from "./content.js";
import { history } from "./history.js";
import { player } from "./player.js";
import { nameOf, selection, talk } from "./selection.js";
import { clock } from "./times.js";

const SHORTEST = 0.02; // shortest turn, s
const ADDED = 2; // initial length of an added turn, s
const NEW_NAME = "A new speaker";

function perform(edit, message, again = false) {
  if (again) history.amend(edit);
  else history.do(edit);
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
  if (into !== null) perform({ kind: "merge", from: speaker, into: into.id }, `${name} merged into ${talk().of.get(into.id).name}`);
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

export function relabel(speaker, name = speaker === null ? newName() : talk().of.get(speaker).name) {
  const turn = chosen();
  if (turn === null || turn.speaker === speaker) return;
  perform({ kind: "relabel", turn: turn.id, speaker, name }, `The turn at ${clock(turn.start)} is ${name}'s`);
  reselect(turn.id, speaker, turn.start);
}

// Chooses the speaker of the selected turn from a list.
export async function reassign() {
  const turn = chosen();
  if (turn === null) return;
  const chosenSpeaker = await choose(`Who speaks at ${clock(turn.start)}?`, talk().speakers, newName());
  if (chosenSpeaker) relabel(chosenSpeaker.id, chosenSpeaker.name);
}

// Adds a turn at the cursor; its speaker is chosen from a list.
export async function addHere() {
  const start = rounded(Math.min(player.time, report.duration - SHORTEST));
  const who = await choose(`Who speaks at ${clock(start)}?`, talk().speakers, newName());
  if (!who) return;
  const own = who.id === null ? [] : talk().of.get(who.id).spans.items;
  if (own.some((turn) => turn.start <= start && start < turn.end)) return warn(`${talk().of.get(who.id).name} already speaks at ${clock(start)}.`);
  const next = own.find((turn) => turn.start > start);
  add(who.id, start, Math.min(start + ADDED, report.duration, next ? next.start : Infinity), who.name);
}

export function add(speaker, start, end, name = talk().of.get(speaker).name) {
  if (end - start < SHORTEST) return warn(`A turn of ${Math.round(1000 * SHORTEST)} ms is the shortest.`);
  perform({ kind: "add", speaker, name, start: rounded(start), end: rounded(end) }, `${name}'s turn added at ${clock(start)}`);
  const who = speaker ?? history.state.speakers.at(-1).id;
  reselect(null, who, start);
}

// Selects a turn after an edit that may have merged it into another.
function reselect(id, speaker, time) {
  const { turns } = history.state;
  const found = turns.find((turn) => turn.id === id) ?? turns.find((turn) => turn.speaker === speaker && turn.start <= time && time <= turn.end);
  selection.choose(found?.id ?? null);
}

function newName() {
  const taken = new Set(history.state.speakers.map(({ name }) => name));
  for (let number = 1; ; number++) {
    const name = number === 1 ? NEW_NAME : `${NEW_NAME} ${number}`;
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
  reselect(turn.id, turn.speaker, start);
}

// The start and end of a turn when one of its edges is moved to a time, within the recording.
export function moved(turn, edge, time) {
  const [least, most] = edge === "start" ? [0, turn.end - SHORTEST] : [turn.start + SHORTEST, report.duration];
  return { start: turn.start, end: turn.end, [edge]: Math.round(1e6 * Math.min(Math.max(time, least), most)) / 1e6 };
}

// Moves an edge of the selected turn; `again` continues the last move.
export function moveEdge(edge, time, again = false) {
  const turn = selection.turn;
  if (turn === null) return;
  const { start, end } = moved(turn, edge, time);
  if (start === turn.start && end === turn.end) return;
  const last = history.edits.at(-1);
  const same = again && last?.kind === "trim" && last.turn === turn.id;
  perform({ kind: "trim", turn: turn.id, start, end }, `The turn lasts from ${clock(start, 3)} to ${clock(end, 3)}`, same);
  reselect(turn.id, turn.speaker, start);
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

const DESCRIPTIONS = { rename: "renaming", add: "adding", merge: "merging", split: "splitting", relabel: "the change of speaker", trim: "the change of times", remove: "deleting", reset: "discarding all corrections" };

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
