// Edges of the selected turn: two handles on the timeline, moved by pointer and by arrow keys.

import { report } from "./content.js";
import { moved, moveEdge } from "./corrections.js";
import { history } from "./history.js";
import { part } from "./page.js";
import { selection } from "./selection.js";
import { laneOf, timeOf, xOf } from "./timeline.js";
import { clock } from "./times.js";
import { viewport } from "./viewport.js";

const TENTH = 0.1; // s
const handles = { start: part("edge-start"), end: part("edge-end") };
const timeline = part("timeline");
let active = "start"; // the edge that is moved by Alt and an arrow key
let dragging = null; // { edge, shift } of the edge that is dragged

// Moves the active edge by tenths of a second, or by frames of the segmentation model.
export function nudge(way, frames = false, again = false, edge = active) {
  const turn = selection.turn;
  if (turn === null) return;
  active = edge;
  moveEdge(edge, turn[edge] + way * (frames ? report.frame : TENTH), again);
  viewport.reveal(selection.turn[edge]);
}

// Puts the focus on an edge.
export function focusEdge(edge) {
  if (selection.turn === null) return;
  active = edge;
  viewport.reveal(selection.turn[edge]);
  place();
  handles[edge].focus();
}

function place() {
  const turn = selection.shown;
  const lane = selection.turn && laneOf(turn.speaker);
  for (const [edge, handle] of Object.entries(handles)) {
    const seen = Boolean(lane) && turn[edge] >= viewport.start && turn[edge] <= viewport.end;
    handle.hidden = !seen;
    if (!seen) continue;
    handle.style.transform = `translate(${xOf(turn[edge])}px, ${lane.top}px)`;
    handle.style.height = `${lane.height}px`;
    handle.setAttribute("aria-valuemax", report.duration.toFixed(3));
    handle.setAttribute("aria-valuenow", turn[edge].toFixed(3));
    handle.setAttribute("aria-valuetext", clock(turn[edge], 3));
  }
}

function timeAt(event) {
  return timeOf(event.clientX - timeline.getBoundingClientRect().left);
}

function stop() {
  dragging = null;
  selection.sketch(null);
}

for (const [edge, handle] of Object.entries(handles)) {
  handle.addEventListener("pointerdown", (event) => {
    if (event.button || selection.turn === null) return;
    active = edge;
    dragging = { edge, shift: selection.turn[edge] - timeAt(event) };
    handle.setPointerCapture(event.pointerId);
  });
  handle.addEventListener("pointermove", (event) => {
    if (!dragging || selection.turn === null) return;
    const time = timeAt(event) + dragging.shift;
    selection.sketch({ ...selection.turn, ...moved(selection.turn, edge, Math.round(1000 * time) / 1000) });
  });
  handle.addEventListener("pointerup", () => {
    const draft = dragging && selection.draft;
    stop();
    if (draft) moveEdge(edge, draft[edge]);
  });
  handle.addEventListener("pointercancel", stop);
  handle.addEventListener("focus", () => (active = edge));
  handle.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && dragging) return stop();
    const way = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (!way || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    nudge(way, event.shiftKey, event.repeat, edge);
  });
}
for (const button of document.querySelectorAll("[data-nudge]")) {
  const [edge, way, frame] = button.dataset.nudge.split(" ");
  button.addEventListener("click", (event) => nudge(Number(way), event.shiftKey || frame === "frame", false, edge));
}

selection.onChange(place);
history.onChange(place);
viewport.onChange(place);
new ResizeObserver(() => requestAnimationFrame(place)).observe(timeline);
place();
