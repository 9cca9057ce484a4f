// Playback controls, clock and cursor.

import { report } from "./content.js";
import { part } from "./page.js";
import { player } from "./player.js";
import { drawTimeline, xOf } from "./timeline.js";
import { clock, spoken } from "./times.js";
import { viewport } from "./viewport.js";

const frame = part("timeline");
const cursor = frame.querySelector(".cursor");
const ZOOM = 1.6;

function place(time) {
  const x = xOf(time);
  cursor.hidden = time < viewport.start || time > viewport.end;
  cursor.style.transform = `translateX(${x}px)`;
}

function show(time, playing) {
  if (playing && (time > viewport.end || time < viewport.start)) viewport.show(time - 0.05 * viewport.span);
  place(time);
  part("now").textContent = clock(time);
  frame.setAttribute("aria-valuenow", time.toFixed(1));
  frame.setAttribute("aria-valuetext", spoken(time));
  const label = playing ? "Pause" : "Play";
  if (part("play").getAttribute("aria-label") === label) return;
  part("play").setAttribute("aria-label", label);
  part("play").title = `${label} (Space)`;
  part("play").classList.toggle("playing", playing);
}

part("whole").textContent = clock(report.duration);
frame.setAttribute("aria-valuemax", report.duration.toFixed(1));
part("play").addEventListener("click", () => player.toggle());
part("rate").addEventListener("change", (event) => (player.rate = Number(event.target.value)));
part("zoom-in").addEventListener("click", () => viewport.zoom(1 / ZOOM, around()));
part("zoom-out").addEventListener("click", () => viewport.zoom(ZOOM, around()));
part("fit").addEventListener("click", () => viewport.fit());

// Position of the cursor if it is visible, else the middle.
function around() {
  const seen = player.time >= viewport.start && player.time <= viewport.end;
  return seen ? player.time : viewport.start + viewport.span / 2;
}

player.onChange(show);
viewport.onChange(() => place(player.time));
new ResizeObserver(() => {
  drawTimeline();
  requestAnimationFrame(() => place(player.time));
}).observe(frame);
show(0, false);
