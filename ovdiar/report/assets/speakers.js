// Table of speakers: names, statistics and merging.

import { swatch } from "./choice.js";
import { merge, rename } from "./corrections.js";
import { history } from "./history.js";
import { element, part } from "./page.js";
import { talk } from "./selection.js";
import { length, percent } from "./times.js";

const DIGITS = 9;
const body = part("speakers").tBodies[0];

function row({ id, name, place, shade, talk: seconds, share, count, mean, longest, overlap }) {
  const field = element("input", { type: "text", value: name, spellcheck: false, autocomplete: "off", maxLength: 80, "aria-label": `Name of ${name}`, "data-speaker": String(id) });
  field.addEventListener("change", () => {
    rename(id, field.value);
    show();
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") field.blur();
    if (event.key !== "Escape") return;
    field.value = name;
    field.blur();
  });
  const bar = element("span", { className: "filled" });
  bar.style.width = `${100 * share}%`;
  const button = element("button", { textContent: "Merge…", className: "quiet", "aria-label": `Merge ${name} into another speaker`, "aria-haspopup": "dialog" });
  button.addEventListener("click", () => merge(id));
  const cell = (text, label, className = "number") => element("td", { className, "data-label": label }, text);
  return element(
    "tr",
    {},
    element("td", { className: "naming" }, ...key(place), swatch(shade), field),
    element("td", { className: "talk", "data-label": "Talk" }, element("span", { className: "bar" }, bar), element("span", { className: "share", textContent: `${length(seconds)} · ${percent(share)}` })),
    cell(String(count), "Turns"),
    cell(count ? length(mean) : "–", "Mean"),
    cell(count ? length(longest) : "–", "Longest"),
    cell(overlap ? length(overlap) : "–", "Overlap"),
    element("td", { className: "act" }, button),
  );
}

// The digit that assigns a turn to a speaker; the tenth and later ones have none.
function key(place) {
  return place < DIGITS ? [element("kbd", { textContent: String(place + 1), title: `Key ${place + 1} assigns the selected turn to this speaker` })] : [element("span", { className: "no-key" })];
}

function show() {
  const focused = document.activeElement?.dataset?.speaker;
  body.replaceChildren(...talk().speakers.map(row));
  if (focused !== undefined) fieldOf(focused)?.focus();
}

const fieldOf = (speaker) => body.querySelector(`input[data-speaker="${speaker}"]`);

export function editName(speaker) {
  fieldOf(speaker)?.select();
  fieldOf(speaker)?.focus();
}

history.onChange(show);
show();
