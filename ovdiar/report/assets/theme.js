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

// Colour of a speaker by shade.
export const hue = (shade) => report.colours[shade % report.colours.length];

// Pattern of a speaker by shade: speakers with the same colour differ in it, up to five times.
export const pattern = (shade) => report.patterns[Math.floor(shade / report.colours.length) % report.patterns.length];

// Shows the colour and pattern of a speaker on an element.
export function dress(shown, shade) {
  shown.style.backgroundColor = hue(shade);
  shown.classList.add(`pattern-${pattern(shade)}`);
}

export function toggleTheme() {
  const now = root.dataset.theme || (dark.matches ? "dark" : "light");
  choose(now === "dark" ? "light" : "dark");
  storeItem("theme", root.dataset.theme);
}

// Runs a task in the colours of the light theme.
export function lightly(task) {
  const before = root.dataset.theme;
  root.dataset.theme = "light";
  colours = {};
  task();
  if (before) root.dataset.theme = before;
  else delete root.dataset.theme;
  colours = {};
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
