// What the page says: to screen readers, and in a note at the bottom.

import { part } from "./page.js";

let fading = 0;

export function announce(text) {
  part("live").textContent = text;
}

// Says what was done, with a way back where there is one.
export function tell(text, undoable = false) {
  announce(text);
  part("toast-text").textContent = text;
  part("toast-undo").hidden = !undoable;
  part("toast").hidden = false;
  part("toast").classList.remove("wrong");
  clearTimeout(fading);
  fading = setTimeout(() => (part("toast").hidden = true), 5000);
}

export function complain(text) {
  tell(text);
  part("toast").classList.add("wrong");
}
