// Mouse and touch on the timeline: drag to pan, pinch or Ctrl and wheel to zoom, click to play,
// Shift and drag on a lane to add a turn.

import { report } from "./content.js";
import { add } from "./corrections.js";
import { part } from "./page.js";
import { player } from "./player.js";
import { nameOf, selection } from "./selection.js";
import { isLow } from "./talk.js";
import { hit, timeOf } from "./timeline.js";
import { clock, length } from "./times.js";
import { viewport } from "./viewport.js";

const frame = part("timeline");
const tip = frame.querySelector(".tip");
const CLICK = 4; // a pointer that moves less is a click, px
const pointers = new Map();
let dragged = false;
let sketched = null; // { speaker, from } of the turn that is drawn

const place = (event) => {
  const bounds = frame.getBoundingClientRect();
  return { x: event.clientX - bounds.left, y: event.clientY - bounds.top };
};

// Plays a turn from its start to its end.
export function playTurn(turn) {
  selection.choose(turn.id);
  viewport.reveal(turn.start, turn.end);
  player.play(turn.start, turn.end);
}

function click({ x, y }) {
  const found = hit(x, y);
  if (found?.turn) playTurn(found.turn);
  else player.seek(timeOf(x));
}

frame.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  if (!pointers.size) dragged = false;
  pointers.set(event.pointerId, { ...place(event), fromX: event.clientX });
  frame.setPointerCapture(event.pointerId);
  const { x, y } = place(event);
  const lane = event.shiftKey && pointers.size === 1 ? hit(x, y) : null;
  sketched = lane && { speaker: lane.speaker, from: timeOf(x) };
});

function sketch(x) {
  const [start, end] = [sketched.from, timeOf(x)].sort((a, b) => a - b);
  if (selection.id !== null) selection.choose(null);
  selection.sketch({ speaker: sketched.speaker, start: Math.max(start, 0), end: Math.min(end, report.duration) });
}

// Adds the drawn turn.
function finish() {
  const { draft } = selection;
  sketched = null;
  selection.sketch(null);
  if (draft) add(draft.speaker, draft.start, draft.end);
}

frame.addEventListener("pointermove", (event) => {
  const before = pointers.get(event.pointerId);
  const now = place(event);
  if (!before) return hover(now);
  if (!dragged && pointers.size === 1 && Math.abs(event.clientX - before.fromX) < CLICK) return;
  dragged = true;
  tip.hidden = true;
  if (sketched) return sketch(now.x);
  const [one, two] = [...pointers.values()];
  if (!two) {
    viewport.show(viewport.start + timeOf(before.x) - timeOf(now.x));
  } else {
    const other = before === one ? two : one;
    const middle = timeOf((before.x + other.x) / 2);
    const [wide, wider] = [Math.abs(before.x - other.x), Math.abs(now.x - other.x)];
    viewport.zoom(Math.max(wide, 8) / Math.max(wider, 8), middle);
  }
  Object.assign(before, now);
});

for (const end of ["pointerup", "pointercancel"]) {
  frame.addEventListener(end, (event) => {
    const known = pointers.delete(event.pointerId);
    if (sketched && (dragged || end === "pointercancel")) {
      if (end === "pointercancel") selection.sketch(null);
      return finish();
    }
    sketched = null;
    if (known && end === "pointerup" && !dragged) click(place(event));
  });
}

frame.addEventListener("pointerleave", () => (tip.hidden = true));

frame.addEventListener(
  "wheel",
  (event) => {
    const unit = event.deltaMode ? 16 : 1;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      viewport.zoom(Math.exp(event.deltaY * unit * 0.004), timeOf(place(event).x));
    } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      const pixels = unit * (event.deltaX || event.deltaY);
      viewport.show(viewport.start + timeOf(pixels) - timeOf(0));
    }
  },
  { passive: false },
);

function hover({ x, y }) {
  const turn = hit(x, y)?.turn;
  tip.hidden = !turn;
  frame.classList.toggle("over", Boolean(turn));
  if (!turn) return;
  const sure = turn.confidence === null ? [] : [`${Math.round(100 * turn.confidence)} %${isLow(turn) ? " – low" : ""}`];
  tip.textContent = [nameOf(turn), `${clock(turn.start)} – ${clock(turn.end)}`, length(turn.end - turn.start), ...sure].join(" · ");
  const room = frame.clientWidth - tip.offsetWidth;
  tip.style.transform = `translate(${Math.max(0, Math.min(x + 12, room))}px, ${y + 18}px)`;
}

