// Saving: to a file that the reader chooses once where the browser can write files, else by download.

import { announce, notify, warn } from "./announcements.js";
import { report } from "./content.js";
import { FORMATS, download, textOf } from "./formats.js";
import { history } from "./history.js";
import { isServed, send } from "./served.js";
import { encoded } from "./sound.js";
import { pageParts } from "./source.js";

const TYPES = { json: ["application/json", "JSON"], rttm: ["text/plain", "RTTM"], srt: ["application/x-subrip", "SubRip subtitles"], html: ["text/html", "This page with the corrections"] };
let target = null; // the file that was chosen

const suffixOf = (name) => name.slice(name.lastIndexOf(".") + 1).toLowerCase();
const suggested = () => report.file ?? `${report.uri ?? "turns"}.json`;

// Contents of a file in the format of its suffix.
async function contents(suffix) {
  if (suffix !== "html" && suffix !== "htm") return textOf(suffix);
  const own = { id: crypto.randomUUID?.() ?? String(Date.now()), edits: history.edits };
  const file = pageParts(own, report.link === null ? await encoded() : []);
  return new Blob(file, { type: "text/html" });
}

export async function downloadPage() {
  const name = `${report.uri ?? "turns"}.html`;
  download(await contents("html"), name);
  done(`${name} is in this browser's download folder: it opens with these corrections`);
}

function done(message) {
  history.markSaved();
  notify(message);
}

// Asks for a file. The reader's folder of the last time is offered first.
async function ask() {
  const first = suffixOf(suggested());
  const order = [first, ...Object.keys(TYPES).filter((suffix) => suffix !== first)];
  const types = order.map((suffix) => ({ description: TYPES[suffix][1], accept: { [TYPES[suffix][0]]: [`.${suffix}`] } }));
  return window.showSaveFilePicker({ id: "ovdiar", suggestedName: suggested(), types });
}

async function write() {
  target ??= await ask();
  const suffix = suffixOf(target.name);
  if (!(suffix in FORMATS) && suffix !== "html" && suffix !== "htm") {
    const { name } = target;
    target = null;
    return warn(`${name} is not saved: choose a name that ends with .json, .rttm, .srt or .html.`);
  }
  const stream = await target.createWritable();
  await stream.write(await contents(suffix));
  await stream.close(); // the file is replaced only now
  done(`Saved to ${target.name}`);
}

// Writes the file that the page was served for.
async function sendBack() {
  try {
    done(`Saved to ${await send(textOf("json"))}`);
  } catch (error) {
    warn(`Not saved: ${error.message}. Download the turns, or start ovdiar report --serve again.`);
  }
}

export async function save() {
  if (isServed) return sendBack();
  if (!window.showSaveFilePicker) {
    download(textOf(suffixOf(suggested())), suggested());
    return done(`${suggested()} is in this browser's download folder: this browser cannot write it beside the recording`);
  }
  try {
    await write();
  } catch (error) {
    if (error.name === "AbortError") return announce("Not saved");
    target = null;
    warn(`The file cannot be written (${error.message}): save it under another name or download it.`);
  }
}

export function saveAs() {
  if (isServed) return sendBack();
  target = null;
  return save();
}
