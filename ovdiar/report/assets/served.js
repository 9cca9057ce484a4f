// Writing corrections back where the page is served by `ovdiar report --serve`.

import { report } from "./content.js";

// A copy of a served page that is opened from disk has no server.
export const isServed = report.served !== null && location.protocol.startsWith("http");

// Sends the turns as JSON; returns the name of the file that was written.
export async function send(turns) {
  const answer = await fetch("turns", { method: "PUT", headers: { "Content-Type": "application/json" }, body: turns });
  const { file, error } = await answer.json();
  if (!answer.ok) throw new Error(error);
  return file;
}
