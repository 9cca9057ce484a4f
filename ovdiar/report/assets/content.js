// Data of the report; the page does not modify it.

export const report = JSON.parse(document.getElementById("content").textContent);
