// The detail view of one match: a larger picture, of which a part can be chosen, its data, and its actions.

import { shownField } from "./conditions.js";
import { Crop } from "./crop.js";
import { Dialog } from "./dialog.js";
import { writeRegion } from "./region.js";
import { nameOf, orderedBy, scored, valueOf } from "./text.js";

const ACTIONS = ["more", "add", "less", "label"];
//: Also the words for a part of the picture.
const WORDS = { more: ["More like this", "More like this part"], add: ["Add to the query", "Add this part"] };
WORDS.less = ["Less like this", "Less like this part"];

export class Detail {
  #dialog;
  #pictures;
  #on;
  #crop;
  #match = null;

  /** `on` has `more`, `add` and `less`, each called with a match and a region as text or null, `only(match)`,
   * `shown(match)`, called for each match that is shown, and `beside(match, step)`, which returns a match or null. */
  constructor(element, pictures, on) {
    this.#dialog = new Dialog(element);
    [this.#pictures, this.#on] = [pictures, on];
    for (const action of ACTIONS) {
      this.#find(action).addEventListener("click", () => this.#act(action));
    }
    this.#find("previous").addEventListener("click", () => this.#turn(-1));
    this.#find("next").addEventListener("click", () => this.#turn(1));
    this.#crop = new Crop(this.#find("stage"), this.#find("part"), this.#find("crop"), () => this.#name());
    element.addEventListener("keydown", (event) => this.#key(event));
  }

  show(match) {
    this.#match = match;
    const name = nameOf(match);
    this.#find("name").textContent = name;
    const { score = null } = match;
    this.#find("score").parentElement.hidden = score === null;
    this.#find("score").textContent = score === null ? "" : `score ${scored(score, 4)}`;
    this.#find("bar").style.setProperty("--share", Math.max(0, score));
    this.#find("facts").replaceChildren(...facts(match));
    this.#find("label").hidden = !match.name;
    this.#find("previous").disabled = !this.#on.beside(match, -1);
    this.#find("next").disabled = !this.#on.beside(match, 1);
    const picture = this.#find("picture");
    picture.alt = name;
    this.#crop.region = null;
    this.#name();
    this.#pictures.large(picture, match.id);
    this.#dialog.open();
    this.#on.shown(match);
  }

  #find(name) {
    return this.#dialog.find(`#detail-${name}`);
  }

  /** The buttons say whether they are about the picture or a part of it. */
  #name() {
    for (const [action, words] of Object.entries(WORDS)) {
      this.#find(action).textContent = words[Number(this.#crop.region !== null)];
    }
  }

  #act(action) {
    this.#dialog.close();
    const { region } = this.#crop;
    const { more, add, less, only } = this.#on;
    ({ more, add, less, label: only })[action](this.#match, region && writeRegion(region));
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
  const metadata = Object.entries(match.metadata ?? {}).map(([field, value]) => [shownField(field), value]);
  const times = [["taken", orderedBy(match, "taken")], ["added", orderedBy(match, "ingested")]];
  const facts = [["label", match.name], ["address", match.uri], ...metadata, ...times, ["id", match.id]];
  return facts.filter(([, value]) => value !== null && value.length !== 0).flatMap(([term, value]) => {
    const [dt, dd, bdi] = ["dt", "dd", "bdi"].map((tag) => document.createElement(tag));
    dt.textContent = term;
    bdi.textContent = valueOf(value);
    dd.append(bdi);
    return [dt, dd];
  });
}
