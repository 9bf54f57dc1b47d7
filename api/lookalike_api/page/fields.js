// Filters for the metadata fields of the index: a control for each, and a chip for each filter that is set.

import { described, placeOf, PREFIX, shownField, TAKEN, toParameters } from "./conditions.js";
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

  /** Ask which fields there are, and give those of metadata; without any, there is no button. */
  async load() {
    const { fields, taken } = await this.#api.json("fields");
    const known = fields.map(({ name, type }) => ({ name, type: type.replace("[]", ""), place: PREFIX + name }));
    this.#fields = taken ? [{ name: TAKEN, type: "date", place: TAKEN }, ...known] : known;
    this.#button.hidden = !this.#fields.length;
    this.#controller?.abort();
    this.#controls.clear();
    this.#counted = null;
    const groups = this.#fields.map(({ name }) => group(name));
    this.#panel.replaceChildren(made("p", HINT), ...groups);
    this.#panel.firstChild.className = "hint";
    this.#toggle(!this.#panel.hidden && this.#fields.length > 0);
    return known;
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

  /** Count all fields with one request, and those that have filters of their own without these. A newer count ends an
   * older one. */
  async #count() {
    this.#controller?.abort();
    const mine = (this.#controller = new AbortController());
    try {
      if (!this.#controls.size) {
        this.#whole = await this.#facets({}, mine);
        this.#make();
      }
      const isNarrowed = this.#set.length || this.#label;
      const counted = isNarrowed ? await this.#facets(toParameters(this.#set, this.#label), mine) : this.#whole;
      for (const field of this.#fields) {
        await this.#update(field, counted, mine);
      }
    } catch (error) {
      if (this.#controller === mine) {
        this.#counted = null;
        this.#on.failed(error);
      }
    }
  }

  /** All values stay on the page; filters change only their numbers. */
  #make() {
    const groups = this.#panel.querySelectorAll("fieldset");
    for (const [place, field] of this.#fields.entries()) {
      this.#controls.set(field.name, this.#control(field, this.#whole.get(nameInFacets(field.name))));
      groups[place].append(...this.#controls.get(field.name).elements);
    }
    this.#show();
  }

  async #update({ name, place }, counted, mine) {
    const others = this.#set.filter((condition) => placeOf(condition) !== place);
    const isOwn = others.length < this.#set.length;
    const parameters = { fields: place, ...toParameters(others, this.#label) };
    const facets = isOwn ? await this.#facets(parameters, mine) : counted;
    this.#controls.get(name).update(facets.get(nameInFacets(name)));
  }

  async #facets(parameters, { signal }) {
    const { facets } = await this.#api.json("facets", { parameters: { limit: MOST_VALUES, ...parameters }, signal });
    return new Map(facets.map((facet) => [facet.field, facet]));
  }

  #control({ name, type, place }, facet) {
    const choose = (change) => this.#choose(change(this.#set));
    if (type in ORDERED) {
      return new Range(place, type, choose);
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

/** A field may be called as what every picture has; without the prefix, that is meant. */
const nameInFacets = (name) => (["label", "name", "uri"].includes(name) ? PREFIX + name : name);

function group(name) {
  const fieldset = made("fieldset");
  const legend = made("legend");
  legend.append(made("bdi", shownField(name)));
  fieldset.append(legend);
  return fieldset;
}
