// Dialog to choose a speaker: a list that is filtered by typing.

import { element, part } from "./page.js";
import { dress } from "./theme.js";

const dialog = part("choice");
const field = part("choice-filter");
const list = part("choice-options");

// Names are compared without case and accents.
const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();

export function swatch(shade) {
  const made = element("span", { className: "swatch" });
  dress(made, shade);
  return made;
}

// Speakers whose name contains a text; those that begin with it first.
export function matching(speakers, text) {
  const wanted = folded(text);
  const found = speakers.map((speaker) => ({ speaker, at: folded(speaker.name).indexOf(wanted) })).filter(({ at }) => at >= 0);
  return [...found.filter(({ at }) => at === 0), ...found.filter(({ at }) => at > 0)].map(({ speaker }) => speaker);
}

// Returns { id } of a speaker, { id: null, name } of a new one if `stranger` names it, or null.
export function choose(question, speakers, stranger = null) {
  let answers = [];
  let active = 0;
  part("choice-heading").textContent = question;
  return new Promise((resolve) => {
    const answer = (index) => {
      if (!answers[index]) return;
      resolve(answers[index]);
      dialog.close();
    };
    const mark = (index) => {
      active = Math.min(Math.max(index, 0), answers.length - 1);
      [...list.children].forEach((option, place) => option.setAttribute("aria-selected", String(place === active)));
      list.children[active]?.scrollIntoView({ block: "nearest" });
      if (answers.length) field.setAttribute("aria-activedescendant", `choice-${active}`);
      else field.removeAttribute("aria-activedescendant");
    };
    const show = () => {
      const found = matching(speakers, field.value);
      const name = field.value.replace(/\s+/g, " ").trim();
      answers = found.map(({ id }) => ({ id }));
      const options = found.map(({ name: text, shade }) => [swatch(shade), element("span", { className: "name", textContent: text })]);
      if (stranger !== null && !speakers.some((each) => each.name === name)) {
        answers.push({ id: null, name: name || stranger });
        options.push([element("span", { className: "swatch new", textContent: "+" }), element("span", { className: "name", textContent: name ? `New speaker “${name}”` : "New speaker" })]);
      }
      list.replaceChildren(...options.map((parts, index) => {
        const option = element("div", { id: `choice-${index}`, role: "option", className: "option" }, ...parts);
        option.addEventListener("click", () => answer(index));
        return option;
      }));
      part("choice-none").hidden = options.length > 0;
      mark(0);
    };
    const moves = { ArrowDown: () => mark(active + 1), ArrowUp: () => mark(active - 1), PageDown: () => mark(active + 8), PageUp: () => mark(active - 8), Enter: () => answer(active) };
    field.oninput = show;
    field.onkeydown = (event) => {
      if (event.isComposing || !moves[event.key]) return;
      event.preventDefault();
      moves[event.key]();
    };
    dialog.onclose = () => resolve(null); // an earlier answer stands
    field.value = "";
    show();
    dialog.showModal();
    field.focus();
  });
}
