// Overview of the recording, with the visible part of the timeline.

import { fresh } from "./brushes.js";
import { report } from "./content.js";
import { history } from "./history.js";
import { beforePicture, part } from "./page.js";
import { player } from "./player.js";
import { talk } from "./selection.js";
import { hue, onTheme } from "./theme.js";
import { viewport } from "./viewport.js";

const frame = part("minimap");
const canvas = frame.querySelector("canvas");
const pane = frame.querySelector(".window");
const cursor = frame.querySelector(".cursor");
const LEAST = 10; // width of the pane, px

const draw = beforePicture(() => {
  const [width, height] = [frame.clientWidth, frame.clientHeight];
  const context = fresh(canvas, width, height);
  const { speakers } = talk();
  const step = (height - 8) / Math.max(speakers.length, 1);
  const scale = width / (report.duration || 1);
  for (const { place: lane, shade, spans } of speakers) {
    context.fillStyle = hue(shade);
    let last = -1;
    for (const { start, end } of spans.items) {
      const [left, right] = [start * scale, Math.max(end * scale, start * scale + 0.75)];
      if (right <= last + 0.25) continue;
      last = right;
      context.fillRect(left, 4 + lane * step, right - left, Math.max(1, step - Math.min(2, step / 4)));
    }
  }
  place();
});

function place() {
  const width = frame.clientWidth;
  const whole = report.duration || 1;
  const wide = Math.max(LEAST, (viewport.span / whole) * width);
  const left = (viewport.start / Math.max(whole - viewport.span, 1e-9)) * (width - wide);
  pane.style.width = `${Math.min(wide, width)}px`;
  pane.style.transform = `translateX(${Math.max(0, Math.min(left, width - wide))}px)`;
  move(player.time);
}

function move(time) {
  cursor.style.transform = `translateX(${(time / (report.duration || 1)) * frame.clientWidth}px)`;
}

function slide(event) {
  const bounds = frame.getBoundingClientRect();
  const time = ((event.clientX - bounds.left) / bounds.width) * report.duration;
  viewport.show(time - viewport.span / 2);
}

frame.addEventListener("pointerdown", (event) => {
  frame.setPointerCapture(event.pointerId);
  slide(event);
});
frame.addEventListener("pointermove", (event) => {
  if (frame.hasPointerCapture(event.pointerId)) slide(event);
});
viewport.onChange(place);
player.onChange(move);
history.onChange(draw);
onTheme(draw);
new ResizeObserver(draw).observe(frame);
draw();
