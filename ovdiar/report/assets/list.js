// List box of the turns. Only visible options are in the document.

import { swatch } from "./choice.js";
import { playTurn } from "./gestures.js";
import { history } from "./history.js";
import { beforePicture, element, part } from "./page.js";
import { player } from "./player.js";
import { described, nameOf, selection, talk } from "./selection.js";
import { Spans } from "./spans.js";
import { isLow } from "./talk.js";
import { clock, length } from "./times.js";
import { viewport } from "./viewport.js";
import { hasWords, textFor } from "./words.js";

const box = part("list");
const sheet = box.querySelector(".sheet");
const SPARE = 6; // options beyond the visible ones, on either side
let shown = [];
let spans = new Spans([]);
let rowHeight = 40;

const FILTERS = {
  all: () => true,
  low: isLow,
  overlap: (turn) => talk().overlapped.has(turn.id),
  edited: (turn) => turn.edited,
};

const draw = beforePicture(() => {
  const first = Math.max(0, Math.floor(box.scrollTop / rowHeight) - SPARE);
  const last = Math.min(shown.length, Math.ceil((box.scrollTop + box.clientHeight) / rowHeight) + SPARE);
  const options = [];
  for (let index = first; index < last; index++) options.push(option(shown[index], index));
  sheet.style.height = `${shown.length * rowHeight}px`;
  sheet.replaceChildren(...options);
  const place = shown.findIndex(({ id }) => id === selection.id);
  if (place >= first && place < last) box.setAttribute("aria-activedescendant", `turn-${selection.id}`);
  else box.removeAttribute("aria-activedescendant");
  mark();
});

function option(turn, index) {
  const made = element("div", { id: `turn-${turn.id}`, role: "option", className: "turn", "aria-selected": String(turn.id === selection.id), "aria-setsize": String(shown.length), "aria-posinset": String(index + 1), "aria-label": described(turn) });
  made.style.transform = `translateY(${index * rowHeight}px)`;
  made.append(
    element("span", { className: "when", textContent: clock(turn.start) }),
    element("span", { className: "who" }, swatch(talk().of.get(turn.speaker).shade), element("span", { className: "name", textContent: nameOf(turn) })),
    element("span", { className: "marks" }, ...marks(turn)),
    element("span", { className: "long", textContent: length(turn.end - turn.start) }),
  );
  if (hasWords) made.append(element("span", { className: "words", textContent: textFor(turn) }));
  made.addEventListener("click", () => playTurn(turn));
  return made;
}

function marks(turn) {
  const made = [];
  if (talk().overlapped.has(turn.id)) made.push(element("span", { className: "badge", textContent: "overlap" }));
  if (turn.edited) made.push(element("span", { className: "badge", textContent: "by hand" }));
  if (turn.confidence === null) return made;
  const bar = element("span", { className: "filled" });
  bar.style.width = `${100 * turn.confidence}%`;
  const share = `${Math.round(100 * turn.confidence)} %`;
  made.push(element("span", { className: isLow(turn) ? "sure low" : "sure" }, element("span", { className: "bar" }, bar), isLow(turn) ? `? ${share}` : share));
  return made;
}

// Marks the turns at the playback position.
function mark() {
  const now = new Set(spans.at(player.time).map(({ id }) => `turn-${id}`));
  for (const each of sheet.children) each.classList.toggle("now", now.has(each.id));
}

function fill() {
  const wanted = FILTERS[part("filter").value];
  shown = history.state.turns.filter(wanted);
  spans = new Spans(shown);
  sheet.classList.toggle("empty", !shown.length);
  sheet.dataset.empty = history.state.turns.length ? "No matching turns." : "There is no speech in this recording.";
  draw();
}

function reveal() {
  const place = shown.findIndex(({ id }) => id === selection.id);
  if (place >= 0) {
    const top = place * rowHeight;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top + rowHeight > box.scrollTop + box.clientHeight) box.scrollTop = top + rowHeight - box.clientHeight;
  }
  draw();
}

function size() {
  box.classList.toggle("with-words", hasWords);
  rowHeight = parseFloat(getComputedStyle(box).getPropertyValue("--row")) || rowHeight;
  reveal();
}

// Moves the selection by a number of turns; without one, starts at the cursor.
export function step(places) {
  if (!shown.length) return;
  const place = shown.findIndex(({ id }) => id === selection.id);
  const near = shown.findIndex(({ end }) => end > player.time);
  const from = place >= 0 ? place : (near >= 0 ? near : shown.length) - Math.sign(places);
  goTo(shown[Math.min(Math.max(from + places, 0), shown.length - 1)]);
}

function goTo(turn) {
  selection.choose(turn.id);
  if (!player.playing) player.seek(turn.start);
  viewport.reveal(turn.start, turn.end);
}

// Selects the next or previous turn of low confidence.
export function stepLow(way) {
  const { turns } = history.state;
  const from = turns.findIndex(({ id }) => id === selection.id);
  for (let index = from < 0 && way < 0 ? turns.length - 1 : from + way; turns[index]; index += way) {
    if (isLow(turns[index])) return goTo(turns[index]);
  }
}

export const pageful = () => Math.max(1, Math.floor(box.clientHeight / rowHeight) - 1);

box.addEventListener("scroll", draw);
part("filter").addEventListener("change", () => {
  box.scrollTop = 0;
  fill();
});
player.onChange(mark);
selection.onChange(reveal);
history.onChange(fill);
new ResizeObserver(size).observe(box);
fill();
