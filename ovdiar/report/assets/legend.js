// What the marks in the timeline mean, and how far the turns are from the reference.

import { report } from "./content.js";
import { history } from "./history.js";
import { element, part } from "./page.js";
import { talk } from "./selection.js";
import { isLow } from "./talk.js";
import { counted, length, percent } from "./times.js";

const item = (sample, text) => element("li", {}, ...(sample ? [element("span", { className: `sample ${sample}` })] : []), text);

function show() {
  const { turns } = history.state;
  const { overlap } = talk();
  const items = [];
  const low = turns.filter(isLow).length;
  if (low) items.push(item("low", `Confidence below ${Math.round(100 * report.low)} % (${counted(low, "turn")})`));
  if (overlap.items.length) items.push(item("overlap", "Two or more talk at once"));
  if (report.reference) {
    const [miss, invented, confused] = report.reference.seconds.map(length);
    const when = history.dirty ? ", before corrections" : "";
    items.push(item("reference", "Reference, under the speaker it matches"));
    items.push(item("error", `Diarization error rate ${percent(report.reference.rate)}: ${miss} missed, ${invented} false alarm, ${confused} confusion${when}`));
  }
  part("legend").replaceChildren(...items);
}

history.onChange(show);
show();
