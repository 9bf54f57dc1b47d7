// The API key: kept for the tab's life, asked for in a dialog when the service wants one.

import { Dialog } from "./dialog.js";

const NAME = "lookalike-api-key";

export class Key {
  #dialog;
  #input;
  #asked = null;

  constructor(element) {
    this.#dialog = new Dialog(element);
    this.#input = this.#dialog.find("#key-value");
    this.#dialog.find("#key-form").addEventListener("submit", (event) => this.#entered(event));
  }

  get value() {
    return sessionStorage.getItem(NAME);
  }

  /** Whether there is another key than the refused one now; however many ask, a person is asked once. */
  ask(refused) {
    if (this.value !== refused) {
      return Promise.resolve(true);
    }
    this.#asked ??= this.#askPerson(refused).finally(() => (this.#asked = null));
    return this.#asked;
  }

  async #askPerson(refused) {
    this.#dialog.find("#key-title").textContent = refused ? "That key is not right" : "This service asks for a key";
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
