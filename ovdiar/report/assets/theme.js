// Dark and light theme, by system or user preference; colours for canvases.

import { report } from "./content.js";
import { part } from "./page.js";
import { loadItem, storeItem } from "./store.js";

const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");
const listeners = [];
const probe = document.createElement("span");
let colours = {};

export function onTheme(listener) {
  listeners.push(listener);
}

// Current value of a colour of the style sheet.
export function ink(name) {
  if (!(name in colours)) {
    probe.style.color = `var(--${name})`;
    colours[name] = getComputedStyle(probe).color;
  }
  return colours[name];
}

// Colour of a speaker by index; speakers with the same colour differ in name and order.
export const hue = (place) => report.colours[place % report.colours.length];

export function toggleTheme() {
  const now = root.dataset.theme || (dark.matches ? "dark" : "light");
  choose(now === "dark" ? "light" : "dark");
  storeItem("theme", root.dataset.theme);
}

function choose(theme) {
  if (theme === "dark" || theme === "light") root.dataset.theme = theme;
  colours = {};
  for (const listener of listeners) listener();
}

probe.hidden = true;
document.body.append(probe);
choose(loadItem("theme"));
dark.addEventListener("change", () => choose(null));
part("theme").addEventListener("click", toggleTheme);
