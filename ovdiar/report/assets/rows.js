// Rows of the timeline from top to bottom, in CSS pixels.

import { report } from "./content.js";
import { talk } from "./selection.js";
import { Spans } from "./spans.js";
import { viewport } from "./viewport.js";

const NARROW = 560;
const MANY = 12; // with more speakers, only those in view have lanes
const ERRORS = { miss: "Missed", "false alarm": "False alarm", confusion: "Confusion" };

const spansOf = (rows) => new Spans(rows.map(([start, end]) => ({ start, end })).sort((a, b) => a.start - b.start || a.end - b.end));
const truth = report.reference && report.reference.speakers.map((name, index) => ({
  name,
  partner: report.reference.partners[index],
  spans: spansOf(report.reference.turns.filter(([, , speaker]) => speaker === index)),
}));
const errors = report.reference && Object.entries(report.reference.errors).map(([kind, rows]) => ({ kind, label: ERRORS[kind], spans: spansOf(rows) }));

export const crowded = () => talk().speakers.length > MANY;

function inView({ spans }) {
  let seen = false;
  spans.visit(viewport.start, viewport.end, () => (seen = true));
  return seen;
}

// { narrow, gutter, height, rows: [{ kind, label, y, height, spans, shade }] }
export function layout(width) {
  const narrow = width < NARROW;
  const { speakers, overlap } = talk();
  const rows = [];
  let y = 0;
  const add = (height, row) => {
    rows.push({ y, height, ...row });
    y += height;
  };
  add(26, { kind: "axis", label: "" });
  add(40, { kind: "sound", label: "" });
  const mark = narrow ? 30 : 18; // labels are above their rows
  if (overlap.items.length) add(mark, { kind: "overlap", label: "Overlap", spans: overlap });
  const lanes = crowded() ? speakers.filter(inView) : speakers;
  for (const { id, name, shade, spans } of lanes) {
    add(crowded() && !narrow ? 26 : narrow ? 38 : 34, { kind: "lane", label: name, shade, spans, id });
    for (const other of truth ?? []) {
      if (other.partner === id) add(16, { kind: "reference", label: other.name, shade, spans: other.spans });
    }
  }
  for (const other of truth ?? []) {
    if (!speakers.some(({ id }) => id === other.partner)) add(16, { kind: "reference", label: other.name, shade: null, spans: other.spans });
  }
  for (const each of errors ?? []) add(mark, { ...each, kind: "error" });
  return { narrow, gutter: narrow ? 0 : 132, height: y + 6, rows };
}
