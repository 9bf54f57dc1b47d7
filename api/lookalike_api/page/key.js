// The API key: kept until the tab closes; a dialog asks for it when the service requires one.

import { Dialog } from "./dialog.js";

const NAME = "lookalike-api-key";

export class Key {
  #dialog;
  #input;
  #asking = null;

  constructor(element) {
    this.#dialog = new Dialog(element);
    this.#input = this.#dialog.find("#key-value");
    this.#dialog.find("#key-form").addEventListener("submit", (event) => this.#entered(event));
  }

  get value() {
    return sessionStorage.getItem(NAME);
  }

  /** Whether there is now a key other than the refused one. Parallel calls share one dialog. */
  ask(refused) {
    if (this.value !== refused) {
      return Promise.resolve(true);
    }
    this.#asking ??= this.#askPerson(refused).finally(() => (this.#asking = null));
    return this.#asking;
  }

  async #askPerson(refused) {
    this.#dialog.find("#key-title").textContent = refused ? "This key is wrong" : "This service requires a key";
    this.#input.value = "";
    sessionStorage.removeItem(NAME);
    this.#dialog.open();
    await new Promise((done) => this.#dialog.element.addEventListener("close", done, { once: true }));
    return this.value !== null;
  }

  #entered(event) {
    event.preventDefault();
    sessionStorage.setItem(NAME, this.#input.value);
    this.#dialog.close();
  }
}
