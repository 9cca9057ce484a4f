// File formats of the turns, as in ovdiar.formats.

import { report } from "./content.js";
import { history } from "./history.js";
import { measure } from "./talk.js";
import { textFor } from "./words.js";

const named = (state) => {
  const names = new Map(state.speakers.map(({ id, name }) => [id, name]));
  return state.turns.map((turn) => ({ ...turn, name: names.get(turn.speaker) }));
};
const thousandths = (seconds) => Number(seconds.toFixed(3));
const word = (text) => text.trim().replace(/\s+/g, "_").replace(/^;+/, "_") || "_"; // RTTM columns have no spaces

function rttm(state) {
  const uri = report.uri === null ? "<NA>" : word(report.uri);
  return named(state)
    .map(({ start, end, name }) => `SPEAKER ${uri} 1 ${start.toFixed(3)} ${(end - start).toFixed(3)} <NA> <NA> ${word(name)} <NA> <NA>\n`)
    .join("");
}

function json(state) {
  const diarization = named(state).map(({ start, end, name, confidence }) => {
    const row = { start: thousandths(start), end: thousandths(end), speaker: name };
    return confidence === null ? row : { ...row, confidence: thousandths(confidence) };
  });
  const provenance = { ...report.provenance, corrections: history.edits.length };
  return JSON.stringify({ diarization, speakers: totals(state), provenance }, null, 1) + "\n";
}

// As ovdiar.serialization.speaker_totals: sorted by name, with shares of all speech.
function totals(state) {
  const heard = measure(state).speakers.filter(({ count }) => count);
  const everybody = heard.reduce((sum, { talk }) => sum + talk, 0);
  return heard
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, talk, count }) => ({ speaker: name, talk_s: thousandths(talk), turns: count, share: Number((talk / everybody).toFixed(4)) }));
}

function stamp(milliseconds) {
  const digits = (number, count) => String(number).padStart(count, "0");
  const seconds = Math.floor(milliseconds / 1000);
  const parts = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map((number) => digits(Math.floor(number), 2));
  return `${parts.join(":")},${digits(milliseconds % 1000, 3)}`;
}

function srt(state) {
  return named(state)
    .map(({ start, end, name, ...turn }) => [Math.max(0, Math.round(1000 * start)), Math.round(1000 * end), name, textFor(turn)])
    .filter(([start, end]) => start < end)
    .map(([start, end, name, text], index) => {
      const shown = name.replaceAll("[", "(").replaceAll("]", ")");
      return `${index + 1}\n${stamp(start)} --> ${stamp(end)}\n[${shown}]${text && ` ${text}`}\n`;
    })
    .join("\n");
}

export const FORMATS = { rttm, json, srt };

export const textOf = (format) => new Blob([FORMATS[format](history.state)], { type: format === "json" ? "application/json" : "text/plain" });

export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
