// Summary below the title: statistics of the recording and its corrections.

import { report } from "./content.js";
import { history } from "./history.js";
import { part } from "./page.js";
import { talk } from "./selection.js";
import { total } from "./spans.js";
import { counted, length, percent } from "./times.js";

function show() {
  const { speakers, overlap, speech } = talk();
  const heard = speakers.filter(({ count }) => count).length;
  const facts = [length(report.duration), counted(heard, "speaker"), counted(history.state.turns.length, "turn")];
  if (speech) facts.push(`speech ${percent(speech / report.duration)}`, `overlap ${percent(total(overlap.items) / speech)}`);
  if (history.dirty) facts.push(counted(history.edits.length, "correction"));
  if (history.unsaved) facts.push("not saved to a file");
  part("summary").textContent = facts.join(" · ");
  part("undo").disabled = !history.edits.length;
  part("redo").disabled = !history.undone.length;
  part("reset").disabled = !history.dirty;
}

history.onChange(show);
show();
