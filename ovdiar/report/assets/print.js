// Printed page: the timeline in parts below each other, and a table of all turns.

import { report } from "./content.js";
import { history } from "./history.js";
import { element, part } from "./page.js";
import { nameOf, selection, talk } from "./selection.js";
import { swatch } from "./choice.js";
import { lightly } from "./theme.js";
import { isLow } from "./talk.js";
import { drawPart } from "./timeline.js";
import { clock, length } from "./times.js";
import { hasWords, textFor } from "./words.js";

const PART = 600; // longest part of the timeline, s
const WIDTH = 1000; // px
const HEADS = [["Start", "number"], ["End", "number"], ["Length", "number"], ["Speaker", ""], ["Confidence", ""], ...(hasWords ? [["Words", ""]] : [])];
const paper = part("paper");

function strips() {
  const count = Math.max(1, Math.ceil(report.duration / PART));
  const span = report.duration / count;
  return Array.from({ length: count }, (_, index) => {
    const canvas = element("canvas", { role: "img", "aria-label": `Timeline from ${clock(index * span)}` });
    drawPart(canvas, index * span, span, WIDTH);
    return canvas;
  });
}

function row(turn) {
  const sure = turn.confidence === null ? "" : `${Math.round(100 * turn.confidence)} %${isLow(turn) ? " – low" : ""}`;
  const cells = [clock(turn.start, 2), clock(turn.end, 2), length(turn.end - turn.start)].map((text) => element("td", { className: "number", textContent: text }));
  const who = element("td", {}, swatch(talk().of.get(turn.speaker).shade), ` ${nameOf(turn)}`);
  const words = hasWords ? [element("td", { className: "spoken", textContent: textFor(turn) })] : [];
  return element("tr", {}, ...cells, who, element("td", { textContent: turn.edited ? "by hand" : sure }), ...words);
}

function fill() {
  const table = element("table", {}, element("thead", {}, element("tr", {}, ...HEADS.map(([text, className]) => element("th", { scope: "col", className, textContent: text })))), element("tbody", {}, ...history.state.turns.map(row)));
  const chosen = selection.id;
  selection.choose(null);
  lightly(() => paper.replaceChildren(...strips(), element("h2", { textContent: "Turns" }), table));
  selection.choose(chosen);
}

addEventListener("beforeprint", fill);
addEventListener("afterprint", () => paper.replaceChildren());
