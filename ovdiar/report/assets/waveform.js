// Waveform of the visible part: the outline of the recording, and its samples when zoomed in.

import { report } from "./content.js";
import { samplesOf } from "./samples.js";
import { ink } from "./theme.js";
import { viewport } from "./viewport.js";

const LOUDEST = 255;
const CROWDED = 0.5; // samples that are closer have columns instead of a line, px
const DOTTED = 5; // samples that are farther apart have dots, px
const peaks = Uint8Array.from(atob(report.peaks), (letter) => letter.charCodeAt(0));

// Heights grow with the root of the amplitude, so that quiet speech is visible.
const softened = Math.sqrt;

// Draws between two positions, at most `half` above and below the middle, in CSS pixels.
export function drawWaveform(context, box) {
  const found = samplesOf(viewport.start, viewport.end);
  if (found) drawSamples(context, box, found);
  else drawOutline(context, box);
}

function drawOutline(context, { left, right, middle, half }) {
  context.fillStyle = ink("wave");
  const per = viewport.span / (right - left) / report.peakSeconds;
  for (let x = left; x < right; x++) {
    const from = Math.floor(viewport.start / report.peakSeconds + (x - left) * per);
    if (from >= peaks.length) break;
    let loud = 0;
    for (let index = from; index <= from + per && index < peaks.length; index++) loud = Math.max(loud, peaks[index]);
    const tall = Math.max(1, Math.round(half * softened(loud / LOUDEST)));
    context.fillRect(x, middle - tall, 1, 2 * tall);
  }
}

// A line through the samples, or columns from the least to the greatest of each pixel.
function drawSamples(context, { left, right, middle, half }, { first, values }) {
  const { rate } = report.mp3;
  const from = Math.max(0, Math.round(viewport.start * rate) - first - 1);
  const seen = values.subarray(from, Math.round(viewport.end * rate) - first + 2);
  const room = (right - left) / (viewport.span * rate); // between samples, px
  const origin = left + (first + from - viewport.start * rate) * room;
  const tall = half * softened(outlineBetween(viewport.start, viewport.end));
  const loudest = loudestOf(seen);
  if (room < CROWDED) {
    context.fillStyle = ink("wave");
    return drawColumns(context, seen, { origin, right, room }, (value) => middle - Math.sign(value) * tall * softened(Math.abs(value) / loudest));
  }
  context.strokeStyle = context.fillStyle = ink("soft");
  context.lineWidth = 1;
  context.beginPath();
  for (let index = 0; index < seen.length; index++) {
    const [x, y] = [origin + index * room, middle - (tall * seen[index]) / loudest];
    context.lineTo(x, y);
    if (room > DOTTED) context.fillRect(x - 1.5, y - 1.5, 3, 3);
  }
  context.stroke();
}

function drawColumns(context, seen, { origin, right, room }, yOf) {
  for (let x = Math.floor(origin); x < right; x++) {
    let [least, greatest] = [Infinity, -Infinity];
    const last = Math.min(seen.length, Math.ceil((x + 1 - origin) / room));
    for (let index = Math.max(0, Math.floor((x - origin) / room)); index < last; index++) {
      least = Math.min(least, seen[index]);
      greatest = Math.max(greatest, seen[index]);
    }
    if (least > greatest) continue;
    context.fillRect(x, yOf(greatest), 1, Math.max(1, yOf(least) - yOf(greatest)));
  }
}

function loudestOf(values) {
  let most = 1e-6;
  for (let index = 0; index < values.length; index++) most = Math.max(most, values[index], -values[index]);
  return most;
}

// The largest value of the outline in an interval, 0 to 1.
function outlineBetween(start, end) {
  const seen = peaks.subarray(Math.floor(start / report.peakSeconds), Math.ceil(end / report.peakSeconds) + 1);
  return seen.reduce((most, value) => Math.max(most, value), 1) / LOUDEST;
}
