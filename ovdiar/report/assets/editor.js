// The selected turn and its corrections.

import { relabel, remove, split, trim } from "./corrections.js";
import { history } from "./history.js";
import { element, part } from "./page.js";
import { nameOf, selection } from "./selection.js";
import { clock, length } from "./times.js";

const speaker = part("relabel");
const ACTIONS = { split, "trim-start": () => trim("start"), "trim-end": () => trim("end"), remove };

function show() {
  const turn = selection.turn;
  const idle = turn === null;
  part("chosen").textContent = idle ? "Select a turn to correct it." : `${nameOf(turn)}, ${clock(turn.start)} – ${clock(turn.end)}, ${length(turn.end - turn.start)}`;
  for (const id of [...Object.keys(ACTIONS), "relabel"]) part(id).disabled = idle;
  const names = history.state.speakers.map(({ id, name }) => element("option", { value: String(id), textContent: name, selected: turn?.speaker === id }));
  speaker.replaceChildren(...(idle ? [] : [...names, element("option", { value: "new", textContent: "New speaker…" })]));
}

speaker.addEventListener("change", () => relabel(speaker.value === "new" ? null : Number(speaker.value)));
for (const [id, action] of Object.entries(ACTIONS)) part(id).addEventListener("click", action);
selection.onChange(show);
history.onChange(show);
show();
