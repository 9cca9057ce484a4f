// Entry point of the page.

import { redo, reset, undo } from "./corrections.js";
import { report } from "./content.js";
import { download, textOf } from "./formats.js";
import { history } from "./history.js";
import { part } from "./page.js";
import { downloadPage, save } from "./saving.js";
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
import { } from "./print.js";

for (const [id, action] of Object.entries({ save, "download-page": downloadPage, undo, redo, reset, "toast-undo": undo })) part(id).addEventListener("click", action);
for (const button of document.querySelectorAll("[data-download]")) {
  button.addEventListener("click", () => {
    const format = button.dataset.download;
    download(textOf(format), `${report.uri ?? "turns"}.${format}`);
    history.markSaved();
  });
}
addEventListener("beforeunload", (event) => {
  if (history.dirty && !history.kept) event.preventDefault();
});
