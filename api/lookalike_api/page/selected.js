// The bar for the selected pictures: how many there are, and what can be done with all of them.

import { counted } from "./text.js";

const ACTIONS = ["like", "unlike", "export", "clear"];

export class Selected {
  #bar;

  /** `on` has `like()`, `unlike()`, `export()` and `clear()`. */
  constructor(bar, on) {
    this.#bar = bar;
    for (const action of ACTIONS) {
      bar.querySelector(`#selected-${action}`).addEventListener("click", () => on[action]());
    }
  }

  show(matches) {
    this.#bar.hidden = !matches.length;
    this.#bar.querySelector("#selected-count").textContent = `${counted(matches.length, "picture", "pictures")} selected`;
  }
}
