// Messages: announcements to screen readers, and a notification at the bottom.

import { part } from "./page.js";

let fading = 0;

export function announce(text) {
  part("live").textContent = text;
}

// Shows a notification, with an undo button if the action can be undone.
export function notify(text, undoable = false) {
  announce(text);
  part("toast-text").textContent = text;
  part("toast-undo").hidden = !undoable;
  part("toast").hidden = false;
  part("toast").classList.remove("wrong");
  clearTimeout(fading);
  fading = setTimeout(() => (part("toast").hidden = true), 5000);
}

export function warn(text) {
  notify(text);
  part("toast").classList.add("wrong");
}
