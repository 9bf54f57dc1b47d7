// The dialog that asks for the API key.

import { Dialog } from "./dialog.js";

export class KeyDialog {
  #dialog;
  #input;
  #entered = null;

  constructor(element) {
    this.#dialog = new Dialog(element);
    this.#input = this.#dialog.find("#key-value");
    this.#dialog.find("#key-form").addEventListener("submit", (event) => this.#enter(event));
  }

  /** What a person enters, or null; `isAgain`: the key before was refused. */
  async ask(isAgain) {
    this.#dialog.find("#key-title").textContent = isAgain ? "This key is wrong" : "This service requires a key";
    [this.#input.value, this.#entered] = ["", null];
    this.#dialog.open();
    await new Promise((done) => this.#dialog.element.addEventListener("close", done, { once: true }));
    return this.#entered;
  }

  #enter(event) {
    event.preventDefault();
    this.#entered = this.#input.value;
    this.#dialog.close();
  }
}
