// Keyboard shortcuts and their list.

import { addHere, chosen, merge, reassign, redo, relabel, remove, split, trim, undo } from "./corrections.js";
import { focusEdge, nudge } from "./edges.js";
import { playTurn } from "./gestures.js";
import { history } from "./history.js";
import { pageful, step, stepLow } from "./list.js";
import { element, part } from "./page.js";
import { player } from "./player.js";
import { save, saveAs } from "./saving.js";
import { selection, talk } from "./selection.js";
import { editName } from "./speakers.js";
import { loadItem, storeItem } from "./store.js";
import { toggleTheme } from "./theme.js";
import { viewport } from "./viewport.js";

const LEAP = 5; // s
const ZOOM = 1.6;

const leap = (seconds) => {
  player.seek(player.time + seconds);
  viewport.reveal(player.time);
};
const onTurn = (action) => () => {
  const turn = chosen();
  if (turn) action(turn);
};

// Label, description, keys and action; entries without a label belong to the one above.
const KEYS = [
  ["Space", "Play or pause", [" "], () => player.toggle()],
  ["← →", "Back or forward 5 s; with Shift 1 s", ["ArrowLeft"], () => leap(-LEAP)],
  ["", "", ["ArrowRight"], () => leap(LEAP)],
  ["", "", ["Shift+ArrowLeft"], () => leap(-1)],
  ["", "", ["Shift+ArrowRight"], () => leap(1)],
  ["Home End", "Go to the start or the end", ["Home"], () => leap(-Infinity)],
  ["", "", ["End"], () => leap(Infinity)],
  ["J K", "Next or previous turn; in the list also ↓ ↑", ["j"], () => step(1)],
  ["", "", ["k"], () => step(-1)],
  ["N P", "Next or previous turn of low confidence", ["n"], () => stepLow(1)],
  ["", "", ["p"], () => stepLow(-1)],
  ["Enter", "Play the selected turn", ["Enter"], onTurn(playTurn)],
  ["1 … 9", "Assign the selected turn to one of the first nine speakers", ["1", "2", "3", "4", "5", "6", "7", "8", "9"], (key) => assign(Number(key) - 1)],
  ["0", "Assign it to a new speaker", ["0"], () => relabel(null)],
  ["R", "Assign it to a speaker by name", ["r"], reassign],
  ["I", "Add a turn at the cursor; also Shift and drag on a lane", ["i"], addHere],
  ["S", "Split it at the cursor", ["s"], split],
  ["[ ]", "Start or end it at the cursor", ["["], () => trim("start")],
  ["", "", ["]"], () => trim("end")],
  [", .", "Go to its start or end edge, which ← → then move by 0.1 s, with Shift by one frame", [","], onTurn(() => focusEdge("start"))],
  ["", "", ["."], onTurn(() => focusEdge("end"))],
  ["Alt+← →", "Move the edge used last by 0.1 s; with Shift by one frame", ["Alt+ArrowLeft"], (_, again) => nudge(-1, false, again)],
  ["", "", ["Alt+ArrowRight"], (_, again) => nudge(1, false, again)],
  ["", "", ["Alt+Shift+ArrowLeft"], (_, again) => nudge(-1, true, again)],
  ["", "", ["Alt+Shift+ArrowRight"], (_, again) => nudge(1, true, again)],
  ["Delete", "Delete it", ["Delete", "Backspace"], remove],
  ["E", "Rename its speaker", ["e", "F2"], onTurn((turn) => editName(turn.speaker))],
  ["M", "Merge its speaker into another", ["m"], onTurn((turn) => merge(turn.speaker))],
  ["Ctrl+S", "Save; with Shift under another name", ["Ctrl+s"], save],
  ["", "", ["Ctrl+Shift+s"], saveAs],
  ["Ctrl+Z", "Undo", ["Ctrl+z"], undo],
  ["Ctrl+Shift+Z", "Redo; also Ctrl+Y", ["Ctrl+Shift+z", "Ctrl+y"], redo],
  ["+ −", "Zoom in or out; also Ctrl and wheel, or two fingers", ["+", "="], () => viewport.zoom(1 / ZOOM, player.time)],
  ["", "", ["-", "_"], () => viewport.zoom(ZOOM, player.time)],
  ["A", "Show all", ["a"], () => viewport.fit()],
  ["T", "Dark or light theme", ["t"], toggleTheme],
  ["?", "Show this list", ["?"], () => part("keys").showModal()],
];
const ACTIONS = new Map(KEYS.flatMap(([, , keys, action]) => keys.map((key) => [key, action])));

const IN_LIST = new Map([
  ["ArrowDown", () => step(1)],
  ["ArrowUp", () => step(-1)],
  ["PageDown", () => step(pageful())],
  ["PageUp", () => step(-pageful())],
  ["Home", () => step(-Infinity)],
  ["End", () => step(Infinity)],
]);

function assign(place) {
  const speaker = talk().speakers[place];
  if (speaker) relabel(speaker.id);
}

// Name of a key as in the list above: lower case, with Shift only where it matters.
function named({ key, ctrlKey, metaKey, altKey, shiftKey }) {
  const plain = key.length === 1 ? key.toLowerCase() : key;
  const control = ctrlKey || metaKey ? "Ctrl+" : "";
  const alt = altKey && key.startsWith("Arrow") ? "Alt+" : "";
  const shift = shiftKey && (control || key.length > 1) ? "Shift+" : "";
  return control + alt + shift + plain;
}

function press(event) {
  const { target } = event;
  if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
  if (target.closest("input[type=text], select")) return;
  const name = named(event);
  if (event.altKey && !name.startsWith("Alt+")) return;
  if (target.closest("button") && (name === " " || name === "Enter")) return;
  if (!name.startsWith("Ctrl+") && name.length === 1 && name !== " " && !part("single-keys").checked) return;
  const action = (target.closest("#list") && IN_LIST.get(name)) || ACTIONS.get(name);
  if (!action) return;
  event.preventDefault();
  action(event.key, event.repeat);
}

document.addEventListener("keydown", press);
part("help").addEventListener("click", () => part("keys").showModal());
part("single-keys").checked = loadItem("keys") !== false;
part("single-keys").addEventListener("change", (event) => storeItem("keys", event.target.checked));
part("keys").querySelector("dl").append(
  ...KEYS.filter(([shown]) => shown).map(([shown, text]) => element("div", {}, element("dt", {}, ...shown.split(" ").map((key) => (key === "…" ? " … " : element("kbd", { textContent: key })))), element("dd", { textContent: text }))),
);

// Clear the selection when its turn is removed.
history.onChange(() => {
  if (selection.id !== null && selection.turn === null) selection.choose(null);
});
