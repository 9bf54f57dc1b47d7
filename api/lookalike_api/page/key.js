// The API key: kept until the tab closes; a dialog, loaded when the service requires a key, asks for it.

import { marked, styled } from "./assets.js";
import { Later } from "./later.js";

const NAME = "lookalike-api-key";

export class Key {
  #asking = null;
  #dialog = new Later(
    () => Promise.all([import("./key_dialog.js"), styled("dialog.css"), marked("key.html")]),
    ([{ KeyDialog }]) => new KeyDialog(document.getElementById("key")),
  );

  get value() {
    return sessionStorage.getItem(NAME);
  }

  /** Whether there is now a key other than the refused one. Parallel calls share one dialog. Raises a Problem if nobody
   * can be asked. */
  ask(refused) {
    if (this.value !== refused) {
      return Promise.resolve(true);
    }
    this.#asking ??= this.#askPerson(refused).finally(() => (this.#asking = null));
    return this.#asking;
  }

  async #askPerson(refused) {
    const dialog = await this.#dialog.get();
    sessionStorage.removeItem(NAME);
    const entered = await dialog.ask(refused !== null);
    if (entered !== null) {
      sessionStorage.setItem(NAME, entered);
    }
    return entered !== null;
  }
}
