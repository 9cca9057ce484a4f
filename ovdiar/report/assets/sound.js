// The embedded recording.

import { part } from "./page.js";

const SLICE = 4 << 20; // characters of base64 decoded at once; a multiple of four
const BYTES = 3 << 20; // bytes encoded at once; a multiple of three
let decoded = null;

// The recording as MP3. Its text in the document is removed.
export function embedded() {
  if (decoded) return decoded;
  const holder = part("audio");
  const text = holder.textContent.trim();
  const pieces = [];
  for (let from = 0; from < text.length; from += SLICE) {
    const letters = atob(text.slice(from, from + SLICE));
    const bytes = new Uint8Array(letters.length);
    for (let index = 0; index < letters.length; index++) bytes[index] = letters.charCodeAt(index);
    pieces.push(bytes);
  }
  holder.remove();
  decoded = new Blob(pieces, { type: "audio/mpeg" });
  return decoded;
}

// The recording in base64, in pieces.
export async function encoded() {
  const blob = embedded();
  const pieces = [];
  for (let from = 0; from < blob.size; from += BYTES) pieces.push(await base64(blob.slice(from, from + BYTES)));
  return pieces;
}

function base64(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}
