// Data of the report; the page does not modify it.

import { } from "./source.js";

const parsed = (id) => JSON.parse(document.getElementById(id).textContent || "null");

export const report = parsed("content");

// { id, edits } of a page that was saved with corrections, or null.
export const saved = parsed("saved");
