// Drawing on a canvas in CSS pixels: bars, hatches and labels.

import { hue, ink, pattern } from "./theme.js";

// Resizes a canvas for the screen's resolution; returns its cleared context.
export function fresh(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  const [w, h] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
  if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

// A speaker's colour with enough contrast to the background.
export const edge = (shade) => (shade === null ? ink("soft") : `color-mix(in srgb, ${hue(shade)} 55%, ${ink("ink")})`);

const tiles = new Map();

function tiled(context, name, size, colour, paint) {
  const key = `${name} ${colour}`;
  if (!tiles.has(key)) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = size;
    const brush = tile.getContext("2d");
    brush.strokeStyle = brush.fillStyle = colour;
    paint(brush);
    tiles.set(key, tile);
  }
  return context.createPattern(tiles.get(key), "repeat");
}

// A pattern of diagonal lines.
export const hatch = (context, colour) => tiled(context, "hatch", 6, colour, (brush) => {
  brush.lineWidth = 1.6;
  brush.beginPath();
  for (const shift of [-6, 0, 6]) {
    brush.moveTo(shift - 1, 7);
    brush.lineTo(shift + 7, -1);
  }
  brush.stroke();
});

const MARKS = {
  dots: (brush) => brush.fillRect(2, 2, 3, 3),
  bars: (brush) => brush.fillRect(3, 0, 2, 8),
  rungs: (brush) => brush.fillRect(0, 3, 8, 2),
  grid: (brush) => [brush.fillRect(3, 0, 2, 8), brush.fillRect(0, 3, 8, 2)],
};

// The marks that tell speakers of one colour apart, or null.
export function marks(context, shade) {
  const name = pattern(shade);
  return MARKS[name] ? tiled(context, name, 8, ink("card"), MARKS[name]) : null;
}

export function box(context, x, y, width, height, radius = 3) {
  context.beginPath();
  context.roundRect(x, y, width, height, Math.min(radius, width / 2, height / 2));
}

export function fitted(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  let [low, high] = [0, text.length];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (context.measureText(text.slice(0, middle) + "…").width <= room) low = middle;
    else high = middle - 1;
  }
  return text.slice(0, low) + "…";
}
