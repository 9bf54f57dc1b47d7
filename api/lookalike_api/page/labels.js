// The labels of the collection with their numbers: one is reached by Tab, the others by arrows.

import { grouped } from "./text.js";

export class Labels {
  #list;
  #choose;

  /** `choose(label)` is called with the label that a person chooses; "" for all. */
  constructor(list, choose) {
    [this.#list, this.#choose] = [list, choose];
    list.addEventListener("keydown", (event) => this.#walk(event));
  }

  /** Show these labels; `counts` are pairs, and `chosen` is one of them or "". */
  show(counts, chosen) {
    const missing = chosen && !counts.some(([label]) => label === chosen) ? [[chosen, 0]] : [];
    this.#list.replaceChildren(...[["", null], ...missing, ...counts].map((pair) => this.#chip(pair, chosen)));
    this.#list.querySelector("[aria-pressed=true]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  #chip([label, count], chosen) {
    const isChosen = label === chosen;
    const button = Object.assign(document.createElement("button"), { type: "button", className: "chip" });
    const made = (tag, textContent) => Object.assign(document.createElement(tag), { textContent });
    button.append(label ? made("bdi", label) : made("span", "All labels"));
    if (count !== null) {
      button.append(Object.assign(made("span", grouped(count)), { className: "count" }));
    }
    button.tabIndex = isChosen ? 0 : -1;
    button.setAttribute("aria-pressed", String(isChosen));
    button.addEventListener("click", () => this.#choose(isChosen ? "" : label));
    const item = document.createElement("li");
    item.append(button);
    return item;
  }

  #walk(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
    if (!(event.key in steps) || event.ctrlKey || event.altKey || event.metaKey) {
      return;
    }
    const buttons = [...this.#list.querySelectorAll("button")];
    const place = buttons.indexOf(event.target.closest("button")) + steps[event.key];
    const next = buttons[Math.max(0, Math.min(buttons.length - 1, place))];
    for (const button of buttons) {
      button.tabIndex = button === next ? 0 : -1;
    }
    next.focus();
    event.preventDefault();
  }
}
