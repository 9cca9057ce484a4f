// The selected turn and its corrections.

import { swatch } from "./choice.js";
import { addHere, reassign, remove, split, trim } from "./corrections.js";
import { } from "./edges.js";
import { history } from "./history.js";
import { element, part } from "./page.js";
import { nameOf, selection, talk } from "./selection.js";
import { clock, length } from "./times.js";
import { hasWords, textFor } from "./words.js";

const ACTIONS = { relabel: reassign, split, "trim-start": () => trim("start"), "trim-end": () => trim("end"), remove };

function show() {
  const turn = selection.turn && selection.shown;
  const idle = turn === null;
  part("chosen").textContent = idle ? "Select a turn to correct it, or add one at the cursor." : `${nameOf(turn)}, ${clock(turn.start)} – ${clock(turn.end)}, ${length(turn.end - turn.start)}`;
  for (const control of part("editor").querySelectorAll("button:not(#add)")) control.disabled = idle;
  part("said").hidden = !hasWords || idle;
  part("said").textContent = selection.turn ? textFor(selection.turn) : "";
  const name = idle ? "Speaker" : nameOf(turn);
  part("relabel").replaceChildren(...(idle ? [] : [swatch(talk().of.get(turn.speaker).shade)]), element("span", { className: "name", textContent: name }));
  part("relabel").setAttribute("aria-label", idle ? "Speaker of the turn" : `Speaker of the turn: ${name}`);
  part("start-time").textContent = idle ? "–" : clock(turn.start, 2);
  part("end-time").textContent = idle ? "–" : clock(turn.end, 2);
}

for (const [id, action] of Object.entries(ACTIONS)) part(id).addEventListener("click", action);
part("add").addEventListener("click", addHere);
selection.onChange(show);
history.onChange(show);
show();
