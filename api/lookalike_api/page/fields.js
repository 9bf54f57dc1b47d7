// Filters for the metadata fields of the index: a control for each, and a chip for each filter that is set.

import { described, placeOf, PREFIX, shownField, toParameters } from "./conditions.js";
import { Boxes, made, ORDERED, Range, Typed } from "./controls.js";

//: A field with more values gets a box to type in.
const MOST_BOXES = 12;
const MOST_VALUES = 200;
const HINT = "The numbers count all stored pictures that meet the other filters, whatever their score.";

export class Fields {
  #api;
  #button;
  #panel;
  #chips;
  #on;
  #fields = [];
  #set = [];
  #label = "";
  #controls = new Map();
  #whole = new Map();
  #controller = null;
  #counted = null;

  /** `on` has `changed()`, after a person changed a filter, and `failed(error)`. */
  constructor(api, { button, panel, chips }, on) {
    [this.#api, this.#button, this.#panel, this.#chips, this.#on] = [api, button, panel, chips, on];
    button.addEventListener("click", () => this.#toggle(panel.hidden));
  }

  /** The conditions that are set: pairs as in conditions.js. */
  get value() {
    return this.#set;
  }

  set value(conditions) {
    this.#set = conditions;
    this.#show();
  }

  /** Ask which fields there are, and give them; without any, there is no button. */
  async load() {
    const { fields } = await this.#api.json("fields");
    this.#fields = fields.map(({ name, type }) => ({ name, type: type.replace("[]", "") }));
    this.#button.hidden = !this.#fields.length;
    this.#controller?.abort();
    this.#controls.clear();
    this.#whole.clear();
    this.#counted = null;
    const groups = this.#fields.map(({ name }) => group(name));
    this.#panel.replaceChildren(made("p", HINT), ...groups);
    this.#panel.firstChild.className = "hint";
    this.#toggle(!this.#panel.hidden && this.#fields.length > 0);
    return this.#fields;
  }

  /** Count anew if a filter or the label has changed and somebody looks. */
  refresh(label) {
    this.#label = label;
    const now = JSON.stringify([label, this.#set]);
    if (!this.#panel.hidden && now !== this.#counted) {
      this.#counted = now;
      this.#count();
    }
  }

  #toggle(isOpen) {
    this.#panel.hidden = !isOpen;
    this.#button.setAttribute("aria-expanded", String(isOpen));
    this.refresh(this.#label);
  }

  /** One request after the other, so that many fields are no flood. A newer count ends an older one. */
  async #count() {
    this.#controller?.abort();
    const mine = (this.#controller = new AbortController());
    try {
      for (const [place, field] of this.#fields.entries()) {
        await this.#countOne(field, this.#panel.querySelectorAll("fieldset")[place], mine);
      }
    } catch (error) {
      if (this.#controller === mine) {
        this.#counted = null;
        this.#on.failed(error);
      }
    }
  }

  async #countOne(field, group, mine) {
    // All values stay on the page; other filters change their numbers. Of a text, no values are known.
    const isText = field.type === "text";
    if (!this.#controls.has(field.name)) {
      const facet = isText ? null : await this.#facet(field.name, {}, mine);
      this.#whole.set(field.name, facet);
      this.#controls.set(field.name, this.#control(field, facet));
      group.append(...this.#controls.get(field.name).elements);
      this.#show();
    }
    if (!isText) {
      const others = this.#set.filter((condition) => placeOf(condition) !== PREFIX + field.name);
      const isNarrowed = others.length || this.#label;
      const parameters = toParameters(others, this.#label);
      const facet = isNarrowed ? await this.#facet(field.name, parameters, mine) : this.#whole.get(field.name);
      this.#controls.get(field.name).update(facet);
    }
  }

  #facet(name, others, { signal }) {
    const parameters = { limit: MOST_VALUES, ...others };
    // A field may be called label, which without the prefix is that of the pictures.
    return this.#api.json(`facets/${encodeURIComponent(PREFIX + name)}`, { parameters, signal });
  }

  #control({ name, type }, facet) {
    const choose = (change) => this.#choose(change(this.#set));
    if (type in ORDERED) {
      return new Range(name, type, choose);
    }
    if (type === "text") {
      return new Typed(name, [], "words in it", choose);
    }
    const { values } = facet;
    return values.length > MOST_BOXES ? new Typed(name, values, "any", choose) : new Boxes(name, values, choose);
  }

  #choose(conditions) {
    this.#set = conditions;
    this.#show();
    this.#on.changed();
  }

  /** Let the controls and the chips say what is set. */
  #show() {
    for (const control of this.#controls.values()) {
      control.show(this.#set);
    }
    this.#chips.replaceChildren(...this.#set.map((condition) => this.#chip(condition)));
    this.#chips.hidden = !this.#set.length;
  }

  #chip(condition) {
    const text = described(condition);
    const button = Object.assign(made("button"), { type: "button", className: "chip" });
    button.append(made("bdi", text), Object.assign(made("span", "\u00d7"), { ariaHidden: "true" }));
    button.setAttribute("aria-label", `Remove the filter ${text}`);
    button.addEventListener("click", () => this.#remove(condition));
    const item = made("li");
    item.append(button);
    return item;
  }

  #remove(condition) {
    const place = this.#set.indexOf(condition);
    this.#choose(this.#set.filter((other) => other !== condition));
    // The focus stays where a person can go on.
    const buttons = this.#chips.querySelectorAll("button");
    (buttons[Math.min(place, buttons.length - 1)] ?? this.#button).focus();
  }
}

function group(name) {
  const fieldset = made("fieldset");
  const legend = made("legend");
  legend.append(made("bdi", shownField(name)));
  fieldset.append(legend);
  return fieldset;
}
