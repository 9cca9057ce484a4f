// Dialog to choose a speaker.

import { element, part } from "./page.js";
import { hue } from "./theme.js";

export function swatch(place) {
  const made = element("span", { className: "swatch" });
  made.style.background = hue(place);
  return made;
}

// Returns the id of the chosen speaker, or null. Digit keys choose as well.
export function choose(question, speakers) {
  const dialog = part("choice");
  part("choice-heading").textContent = question;
  return new Promise((resolve) => {
    const answer = (id) => {
      dialog.close();
      resolve(id);
    };
    const buttons = speakers.map(({ id, name, place }) => {
      const button = element("button", { type: "button" }, element("kbd", { textContent: place + 1 }), swatch(place), element("span", { className: "name", textContent: name }));
      button.addEventListener("click", () => answer(id));
      return button;
    });
    dialog.querySelector(".options").replaceChildren(...buttons);
    dialog.onkeydown = (event) => {
      const one = speakers.find(({ place }) => String(place + 1) === event.key);
      if (one && !event.ctrlKey && !event.metaKey) answer(one.id);
    };
    dialog.onclose = () => resolve(null);
    dialog.showModal();
  });
}
