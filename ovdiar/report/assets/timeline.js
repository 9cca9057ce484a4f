// Timeline. Draws only visible items, and only the first of several in one pixel.

import { box, edge, fitted, fresh, hatch, marks } from "./brushes.js";
import { history } from "./history.js";
import { beforePicture, part } from "./page.js";
import { crowded, layout } from "./rows.js";
import { onSamples } from "./samples.js";
import { selection } from "./selection.js";
import { isLow } from "./talk.js";
import { hue, ink, onTheme } from "./theme.js";
import { clock } from "./times.js";
import { viewport } from "./viewport.js";
import { drawWaveform } from "./waveform.js";

const frame = part("timeline");
const canvas = frame.querySelector("canvas");
const STEPS = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200];
const TICK_ROOM = 76; // between labels of the axis, px
const NARROW = 4; // bars below it have no border, px
const font = (size, weight = 400) => `${weight} ${size}px ${getComputedStyle(document.body).fontFamily}`;
let fonts = {};
let width = 0;
let plan = layout(0);

export const drawTimeline = beforePicture(draw);

function arrange() {
  width = frame.clientWidth;
  fonts = { name: font(13, 550), small: font(11) };
  part("stage").classList.toggle("crowded", crowded());
  rearrange();
}

function rearrange() {
  plan = layout(width);
  canvas.style.height = `${plan.height}px`;
  drawTimeline();
}

// Scrolls to the lane of the selected turn.
function revealLane() {
  const lane = selection.turn && laneOf(selection.turn.speaker);
  const stage = part("stage");
  if (lane && lane.top < stage.scrollTop) stage.scrollTop = lane.top;
  else if (lane && lane.top + lane.height > stage.scrollTop + stage.clientHeight) stage.scrollTop = lane.top + lane.height - stage.clientHeight;
  drawTimeline();
}

export const xOf = (time) => plan.gutter + ((time - viewport.start) * (width - plan.gutter)) / viewport.span;
export const timeOf = (x) => viewport.start + ((x - plan.gutter) * viewport.span) / Math.max(1, width - plan.gutter);

// Top and height of a speaker's lane, or null.
export function laneOf(speaker) {
  const row = plan.rows.find((each) => each.kind === "lane" && each.id === speaker);
  return row ? { top: row.y, height: row.height } : null;
}

// The lane and the turn (or null) at a position.
export function hit(x, y) {
  const row = plan.rows.find((each) => each.kind === "lane" && y >= each.y && y < each.y + each.height);
  if (!row || x < plan.gutter) return null;
  const slack = (3 * viewport.span) / width;
  let found = null;
  row.spans.visit(timeOf(x) - slack, timeOf(x) + slack, (turn) => (found = turn));
  return { speaker: row.id, turn: found };
}

// Draws a part of the recording on another canvas.
export function drawPart(target, start, span, wide) {
  const before = [viewport.start, viewport.span, width];
  viewport.show(start, span);
  width = wide;
  plan = layout(width);
  render(target);
  width = before[2];
  viewport.show(before[0], before[1]);
  rearrange();
}

function draw() {
  render(canvas);
}

function render(target) {
  frame.dataset.view = `${viewport.start} ${viewport.span}`;
  const context = fresh(target, width, plan.height);
  for (const row of plan.rows) rule(context, row);
  context.save();
  context.beginPath();
  context.rect(plan.gutter, 0, width - plan.gutter, plan.height);
  context.clip();
  axis(context);
  for (const row of plan.rows) PAINT[row.kind]?.(context, row);
  context.restore();
  for (const row of plan.rows) label(context, row);
}

function rule(context, row) {
  if (row.kind !== "lane" && row.kind !== "overlap" && row.kind !== "error") return;
  context.fillStyle = ink("line");
  context.fillRect(0, row.y, width, 1);
}

function axis(context) {
  const rough = (viewport.span * TICK_ROOM) / Math.max(1, width - plan.gutter);
  const step = STEPS.find((each) => each >= rough) ?? Math.ceil(rough / 3600) * 3600;
  context.font = fonts.small;
  context.textAlign = "left";
  context.textBaseline = "middle";
  for (let index = Math.floor(viewport.start / step); index * step < viewport.end; index++) {
    const x = Math.round(xOf(index * step));
    context.fillStyle = ink("line");
    context.fillRect(x, 0, 1, plan.height);
    context.fillStyle = ink("soft");
    context.fillText(clock(index * step, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9))), x + 5, 13);
  }
}

// Calls back with the pixels of each span; spans hidden by the previous one are skipped.
// Narrow spans are aligned to whole pixels, which is fastest.
function bars(spans, paint) {
  const scale = (width - plan.gutter) / viewport.span;
  const origin = plan.gutter - viewport.start * scale;
  let last = -Infinity;
  spans.visit(viewport.start, viewport.end, (item) => {
    let left = Math.max(origin + item.start * scale, plan.gutter - 4);
    let right = Math.min(origin + item.end * scale, width + 4);
    if (right - left < NARROW) {
      left = Math.round(left);
      right = Math.max(Math.round(right), left + 1);
    }
    if (right <= last) return;
    last = right;
    paint(left, right - left, item);
  });
}

const PAINT = {
  sound(context, { y, height }) {
    drawWaveform(context, { left: plan.gutter, right: width, middle: y + height / 2, half: height / 2 - 3 });
  },

  overlap(context, { y, height, spans }) {
    context.fillStyle = hatch(context, ink("ink"));
    bars(spans, (x, w) => context.fillRect(x, y + height - 14, Math.max(w, 2), 11));
  },

  error(context, { y, height, spans }) {
    context.fillStyle = ink("wrong");
    bars(spans, (x, w) => context.fillRect(x, y + height - 13, Math.max(w, 1.5), 9));
  },

  reference(context, { y, height, spans, shade }) {
    context.strokeStyle = edge(shade);
    context.fillStyle = shade === null ? ink("line") : hue(shade);
    context.lineWidth = 1.25;
    bars(spans, (x, w) => {
      if (w < NARROW) return context.fillRect(x, y + 2, w, height - 6);
      box(context, x + 0.6, y + 2, w - 1.2, height - 6, 2);
      context.globalAlpha = 0.28;
      context.fill();
      context.globalAlpha = 1;
      context.stroke();
    });
  },

  lane(context, row) {
    const colour = hue(row.shade);
    const border = edge(row.shade);
    const marked = marks(context, row.shade);
    const top = plan.narrow ? row.y + 15 : row.y + 6;
    const height = row.y + row.height - (plan.narrow ? 4 : 6) - top;
    const lines = hatch(context, ink("card"));
    context.lineWidth = 1;
    context.strokeStyle = border;
    bars(row.spans, (x, w, turn) => {
      const low = isLow(turn);
      const [y, h] = low ? [top + Math.round(height * 0.4), Math.round(height * 0.6)] : [top, height];
      context.fillStyle = colour;
      if (w < NARROW) return context.fillRect(x, y, w, h);
      box(context, x + 0.5, y + 0.5, w - 1, h - 1);
      context.fill();
      for (const over of [marked, low ? lines : null]) {
        if (!over) continue;
        context.fillStyle = over;
        context.fill();
      }
      context.stroke();
    });
    const turn = selection.shown;
    if (turn === null || turn.speaker !== row.id) return;
    context.strokeStyle = ink("ink");
    context.lineWidth = 2;
    const x = xOf(turn.start);
    box(context, x - 2, top - 2, Math.max(xOf(turn.end) - x, 1) + 4, height + 4, 5);
    context.stroke();
  },
};

function label(context, row) {
  if (!row.label) return;
  const named = row.kind === "lane";
  context.font = named && !plan.narrow ? fonts.name : fonts.small;
  context.textAlign = "left";
  context.textBaseline = "middle";
  if (plan.narrow) {
    if (row.kind === "reference") return;
    const text = fitted(context, row.label, width - 20);
    context.fillStyle = ink(named ? "ink" : "soft");
    context.fillText(text, 2, row.y + 8);
    return;
  }
  const middle = row.y + row.height / 2 + (named ? 0.5 : 0);
  const indent = named ? 14 : 26;
  if (named) {
    context.fillStyle = hue(row.shade);
    box(context, 0, row.y + 9, 5, row.height - 18, 2.5);
    context.fill();
  }
  context.fillStyle = named ? ink("ink") : ink("soft");
  const text = row.kind === "reference" ? `ref. ${row.label}` : row.label;
  context.fillText(fitted(context, text, plan.gutter - indent - 10), named ? indent : 14, middle);
}

onSamples(drawTimeline);
viewport.onChange(() => (crowded() ? rearrange() : drawTimeline()));
history.onChange(arrange);
selection.onChange(revealLane);
onTheme(arrange);
new ResizeObserver(arrange).observe(frame);
arrange();
