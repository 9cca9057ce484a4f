// Dark and light: the system's choice, or the reader's; and colours for canvases.

import { report } from "./content.js";
import { part } from "./page.js";
import { keep, recall } from "./store.js";

const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");
const listeners = [];
const probe = document.createElement("span");
let colours = {};

export function onTheme(listener) {
  listeners.push(listener);
}

// A colour of the style sheet, as it is now.
export function ink(name) {
  if (!(name in colours)) {
    probe.style.color = `var(--${name})`;
    colours[name] = getComputedStyle(probe).color;
  }
  return colours[name];
}

// The colour of the speaker in that place; names and order tell apart those that share one.
export const hue = (place) => report.colours[place % report.colours.length];

export function toggleTheme() {
  const now = root.dataset.theme || (dark.matches ? "dark" : "light");
  choose(now === "dark" ? "light" : "dark");
  keep("theme", root.dataset.theme);
}

function choose(theme) {
  if (theme === "dark" || theme === "light") root.dataset.theme = theme;
  colours = {};
  for (const listener of listeners) listener();
}

probe.hidden = true;
document.body.append(probe);
choose(recall("theme"));
dark.addEventListener("change", () => choose(null));
part("theme").addEventListener("click", toggleTheme);
