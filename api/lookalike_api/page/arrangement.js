// The controls for how results are arranged: their order, the best of each group, their variety, and exactness.

import { PREFIX, shownField } from "./conditions.js";
import { scored } from "./text.js";

const BY_SCORE = "score";

export class Arrangement {
  #sort;
  #group;
  #variety;
  #varietyShown;
  #exact;
  #button;
  #panel;

  /** `changed()` is called after a person changed one. */
  constructor(form, changed) {
    const find = (name) => form.querySelector(`#${name}`);
    [this.#sort, this.#group, this.#exact] = [find("sort"), find("group-by"), find("exact")];
    [this.#variety, this.#varietyShown] = [find("diversity"), find("diversity-shown")];
    [this.#button, this.#panel] = [find("options"), find("arrangement")];
    this.#button.addEventListener("click", () => this.#open(this.#panel.hidden));
    this.#variety.addEventListener("input", () => this.#show());
    for (const control of [this.#sort, this.#variety, this.#group, this.#exact]) {
      control.addEventListener("change", () => {
        this.#agree(control);
        changed();
      });
    }
  }

  get value() {
    return {
      sort: this.#sort.value,
      groupBy: this.#group.value,
      diversity: Number(this.#variety.value),
      exact: this.#exact.checked,
    };
  }

  set value({ sort, groupBy, diversity, exact }) {
    choose(this.#sort, sort);
    choose(this.#group, groupBy);
    [this.#variety.value, this.#exact.checked] = [diversity, exact];
    this.#show();
  }

  /** The metadata fields of the index, each with `name` and `type`: orders and groups of their own. */
  set fields(fields) {
    const value = this.value;
    // The words of a text are no order and no group.
    const names = fields.filter(({ type }) => type !== "text").map(({ name }) => name);
    fill(this.#sort, names.flatMap((name) => [
      [PREFIX + name, `${shownField(name)}, ascending`],
      [`-${PREFIX}${name}`, `${shownField(name)}, descending`],
    ]));
    fill(this.#group, names.map((name) => [PREFIX + name, shownField(name)]));
    this.value = value;
  }

  /** A search with variety is best first: of variety and another order, what was set last holds. */
  #agree(control) {
    const { sort, diversity } = this.value;
    if (diversity && sort !== BY_SCORE) {
      const other = control === this.#sort ? { diversity: 0 } : { sort: BY_SCORE };
      this.value = { ...this.value, ...other };
    }
    this.#show();
  }

  #open(isOpen) {
    this.#panel.hidden = !isOpen;
    this.#button.setAttribute("aria-expanded", String(isOpen));
  }

  #show() {
    const { groupBy, diversity, exact } = this.value;
    const count = [groupBy, diversity, exact].filter(Boolean).length;
    this.#button.textContent = count ? `Options (${count})` : "Options";
    this.#varietyShown.textContent = diversity ? scored(diversity, 1) : "none";
  }
}

/** Choose an option, also one that an address names and the page does not. */
function choose(select, value) {
  if (![...select.options].some((option) => option.value === value)) {
    select.append(new Option(value.replace(PREFIX, ""), value));
  }
  select.value = value;
}

/** Put these options behind those of the page itself. */
function fill(select, options) {
  for (const old of select.querySelectorAll("option:not([data-own])")) {
    old.remove();
  }
  select.append(...options.map(([value, text]) => new Option(text, value)));
}
