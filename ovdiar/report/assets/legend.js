// Legend of the timeline, and errors against the reference.

import { report } from "./content.js";
import { history } from "./history.js";
import { element, part } from "./page.js";
import { crowded } from "./rows.js";
import { talk } from "./selection.js";
import { isLow } from "./talk.js";
import { clock, counted, length, percent } from "./times.js";
import { wordsOutside } from "./words.js";

const item = (sample, text) => element("li", {}, ...(sample ? [element("span", { className: `sample ${sample}` })] : []), text);

function show() {
  const { turns } = history.state;
  const { overlap } = talk();
  const items = crowded() ? [item(null, "Lanes of the speakers in view")] : [];
  const low = turns.filter(isLow).length;
  if (low) items.push(item("low", `Confidence below ${Math.round(100 * report.low)} % (${counted(low, "turn")})`));
  if (overlap.items.length) items.push(item("overlap", "Two or more speakers at once"));
  if (report.reference) {
    const [miss, falseAlarm, confusion] = report.reference.seconds.map(length);
    const when = history.dirty ? ", before corrections" : "";
    items.push(item("reference", "Reference, below the matching speaker"));
    items.push(item("error", `Diarization error rate ${percent(report.reference.rate)}: ${miss} missed, ${falseAlarm} false alarm, ${confusion} confusion${when}`));
  }
  const lost = wordsOutside();
  if (lost.length) items.push(item(null, `${counted(lost.length, "word")} outside all turns, the first at ${clock(lost[0].start)}`));
  part("legend").replaceChildren(...items);
}

history.onChange(show);
show();
