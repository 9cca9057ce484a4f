// Visible part of the timeline.

import { report } from "./content.js";

const SHORTEST = 0.002; // each sample of it can be told apart, on a phone too
const AT_FIRST = 300; // initial span of a long recording, s

class Viewport {
  constructor() {
    this.start = 0;
    this.span = Math.max(SHORTEST, report.duration <= 2 * AT_FIRST ? report.duration : AT_FIRST);
    this.listeners = [];
  }

  get end() {
    return this.start + this.span;
  }

  onChange(listener) {
    this.listeners.push(listener);
  }

  show(start, span = this.span) {
    const most = Math.max(SHORTEST, report.duration);
    const before = [this.start, this.span];
    this.span = Math.min(Math.max(span, SHORTEST), most);
    this.start = Math.min(Math.max(start, 0), most - this.span);
    if (this.start === before[0] && this.span === before[1]) return;
    for (const listener of this.listeners) listener();
  }

  // Zooms by a factor around a fixed time.
  zoom(factor, around = this.start + this.span / 2) {
    const most = Math.max(SHORTEST, report.duration);
    const span = Math.min(Math.max(this.span * factor, SHORTEST), most);
    this.show(around - ((around - this.start) * span) / this.span, span);
  }

  fit() {
    this.show(0, report.duration);
  }

  // Scrolls if a time is not visible.
  reveal(time, end = time) {
    if (time < this.start || Math.min(end, time + this.span) > this.end) this.show(time - 0.1 * this.span);
  }
}

export const viewport = new Viewport();
