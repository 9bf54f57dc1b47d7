// The dialog that gives results away: the link of the search, and the selected or shown results as text and as files.

import { Dialog } from "./dialog.js";
import { copied, save } from "./files.js";
import { toCsv, toJson } from "./tables.js";
import { counted } from "./text.js";

export class Export {
  #dialog;
  #matches = [];

  constructor(element) {
    this.#dialog = new Dialog(element);
    const on = (name, does) => this.#find(name).addEventListener("click", does);
    on("copy-link", () => this.#copy(location.href, "The link is copied."));
    on("copy-addresses", () => this.#copy(this.#matches.map(({ uri }) => uri).join("\n"), "The addresses are copied."));
    on("csv", () => this.#save("csv", "text/csv", toCsv(this.#matches)));
    on("json", () => this.#save("json", "application/json", toJson(this.#matches, location.href)));
  }

  /** `selected` is what a person has chosen of the shown matches; without any, all of them count. `leftOut`: how many
   * pictures the link leaves out. */
  show(shown, selected, leftOut) {
    this.#matches = selected.length ? selected : shown;
    const words = selected.length ? ["selected picture", "selected pictures"] : ["shown picture", "shown pictures"];
    this.#find("what").textContent = counted(this.#matches.length, ...words);
    this.#find("link").value = location.href;
    this.#find("left-out").hidden = !leftOut;
    this.#find("left-out").textContent = `The link leaves out your own ${leftOut === 1 ? "picture" : "pictures"}: ${
      leftOut === 1 ? "it is" : "they are"
    } nowhere but on this page.`;
    for (const name of ["copy-addresses", "csv", "json"]) {
      this.#find(name).disabled = !this.#matches.length;
    }
    this.#say("");
    this.#dialog.open();
  }

  #find(name) {
    return this.#dialog.find(`#export-${name}`);
  }

  #say(sentence) {
    this.#find("said").textContent = sentence;
  }

  async #copy(text, sentence) {
    this.#say((await copied(text, this.#dialog.element)) ? sentence : "This browser does not let the page copy.");
  }

  #save(suffix, type, text) {
    save(`lookalike-results.${suffix}`, type, text);
    this.#say(`Saved as lookalike-results.${suffix}.`);
  }
}
