// Samples of the embedded recording around the visible part, decoded when the timeline is zoomed in.

import { report } from "./content.js";
import { embedded } from "./sound.js";

const LEAD = 12; // MP3 frames decoded before the wanted ones, which a decoder needs
const WIDEST = 60; // longest part that is decoded, s
const listeners = [];
let held = null; // { first, values }: samples from index `first`
let busy = false;

export const onSamples = (listener) => listeners.push(listener);

// Samples around an interval as { first, values }, or null until they are decoded.
export function samplesOf(start, end) {
  if (report.mp3 === null || end - start > WIDEST) return null;
  const { rate } = report.mp3;
  const whole = Math.floor(report.duration * rate);
  const [first, last] = [Math.max(0, Math.floor(start * rate)), Math.min(Math.ceil(end * rate), whole)];
  if (held && held.first <= first && held.first + held.values.length >= last) return held;
  request(first, last, whole);
  return null;
}

async function request(first, last, whole) {
  if (busy) return;
  busy = true;
  const margin = last - first;
  try {
    held = await decoded(Math.max(0, first - margin), Math.min(whole, last + margin));
    for (const listener of listeners) listener();
  } catch {
    listeners.length = 0; // this browser cannot decode a part: the outline remains
  } finally {
    busy = false;
  }
}

// The first MP3 frame tells the encoder's delay; sound begins in the second.
async function decoded(first, last) {
  const { rate, frame, bytes } = report.mp3;
  const from = Math.max(1, Math.floor(first / frame) + 1 - LEAD);
  const file = embedded();
  const part = new Blob([file.slice(0, bytes), file.slice(from * bytes, (Math.ceil(last / frame) + 4) * bytes)]);
  const sound = await new OfflineAudioContext(1, 1, rate).decodeAudioData(await part.arrayBuffer());
  const origin = (from - 1) * frame;
  const values = new Float32Array(last - first);
  values.set(sound.getChannelData(0).subarray(first - origin, last - origin));
  return { first, values };
}
