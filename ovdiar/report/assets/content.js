// What the report was made from; the page never changes it.

export const report = JSON.parse(document.getElementById("content").textContent);
