// Entry point of the page.

import { redo, reset, undo } from "./corrections.js";
import { download } from "./formats.js";
import { history } from "./history.js";
import { part } from "./page.js";
import { } from "./theme.js";
import { } from "./timeline.js";
import { } from "./minimap.js";
import { } from "./gestures.js";
import { } from "./transport.js";
import { } from "./speakers.js";
import { } from "./list.js";
import { } from "./editor.js";
import { } from "./legend.js";
import { } from "./summary.js";
import { } from "./keyboard.js";

for (const [id, action] of Object.entries({ undo, redo, reset, "toast-undo": undo })) part(id).addEventListener("click", action);
for (const button of document.querySelectorAll("[data-download]")) {
  button.addEventListener("click", () => download(button.dataset.download));
}
addEventListener("beforeunload", (event) => {
  if (history.dirty && !history.kept) event.preventDefault();
});
