// The dialog that asks for the API key.

import { Dialog } from "./dialog.js";

export class KeyDialog {
  #dialog;
  #input;
  #entered = null;
  #isDeclined = false;

  constructor(element) {
    this.#dialog = new Dialog(element);
    this.#input = this.#dialog.find("#key-value");
    this.#dialog.find("#key-form").addEventListener("submit", (event) => this.#enter(event));
  }

  /** What a person enters, or null; `isAgain`: the key before was refused. Who has declined is asked again only after
   * the next click or key: a page sends several requests. */
  async ask(isAgain) {
    if (this.#isDeclined) {
      return null;
    }
    this.#dialog.find("#key-title").textContent = isAgain ? "This key is wrong" : "This service requires a key";
    [this.#input.value, this.#entered] = ["", null];
    this.#dialog.open();
    await new Promise((done) => this.#dialog.element.addEventListener("close", done, { once: true }));
    if (this.#entered === null) {
      this.#decline();
    }
    return this.#entered;
  }

  #decline() {
    this.#isDeclined = true;
    for (const kind of ["pointerdown", "keydown"]) {
      window.addEventListener(kind, () => (this.#isDeclined = false), { capture: true, once: true });
    }
  }

  #enter(event) {
    event.preventDefault();
    this.#entered = this.#input.value;
    this.#dialog.close();
  }
}
