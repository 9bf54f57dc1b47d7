// The detail view of one match: a larger picture, its data, and its actions.

import { shownField } from "./conditions.js";
import { Dialog } from "./dialog.js";
import { nameOf, scored, valueOf } from "./text.js";

export class Detail {
  #dialog;
  #pictures;
  #on;
  #match = null;

  /** `on` has `more(match)`, `add(match)`, `only(match)` and `beside(match, step)`, which returns a match or null. */
  constructor(element, pictures, on) {
    this.#dialog = new Dialog(element);
    [this.#pictures, this.#on] = [pictures, on];
    for (const action of ["more", "add", "label"]) {
      this.#dialog.find(`#detail-${action}`).addEventListener("click", () => this.#act(action));
    }
    this.#dialog.find("#detail-previous").addEventListener("click", () => this.#turn(-1));
    this.#dialog.find("#detail-next").addEventListener("click", () => this.#turn(1));
    element.addEventListener("keydown", (event) => this.#key(event));
  }

  show(match) {
    this.#match = match;
    const name = nameOf(match);
    this.#dialog.find("#detail-name").textContent = name;
    this.#dialog.find("#detail-score").textContent = `score ${scored(match.score, 4)}`;
    this.#dialog.find("#detail-bar").style.setProperty("--share", Math.max(0, match.score));
    this.#dialog.find("#detail-facts").replaceChildren(...facts(match));
    this.#dialog.find("#detail-label").hidden = !match.name;
    this.#dialog.find("#detail-previous").disabled = !this.#on.beside(match, -1);
    this.#dialog.find("#detail-next").disabled = !this.#on.beside(match, 1);
    const picture = this.#dialog.find("#detail-picture");
    picture.alt = name;
    this.#pictures.large(picture, match.id);
    this.#dialog.open();
  }

  #act(action) {
    this.#dialog.close();
    const { more, add, only } = this.#on;
    ({ more, add, label: only })[action](this.#match);
  }

  #turn(step) {
    const match = this.#on.beside(this.#match, step);
    if (match) {
      this.show(match);
    }
  }

  #key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) {
      event.preventDefault();
      this.#turn(step);
    }
  }
}

function facts(match) {
  const metadata = Object.entries(match.metadata).map(([field, value]) => [shownField(field), value]);
  const facts = [["label", match.name], ["address", match.uri], ...metadata, ["id", match.id]];
  return facts.filter(([, value]) => value !== null && value.length !== 0).flatMap(([term, value]) => {
    const [dt, dd, bdi] = ["dt", "dd", "bdi"].map((tag) => document.createElement(tag));
    dt.textContent = term;
    bdi.textContent = valueOf(value);
    dd.append(bdi);
    return [dt, dd];
  });
}
