// The panel of filters for the metadata fields of the index: a control for each, with numbers of pictures.

import { placeOf, PREFIX, shownField, toParameters } from "./conditions.js";
import { Boxes, made, ORDERED, Range, Typed } from "./controls.js";

//: A field with more values gets a box to type in.
const MOST_BOXES = 12;
const MOST_VALUES = 200;
const HINT = "The numbers count all stored pictures that meet the other filters, whatever their score.";

export class FieldPanel {
  #api;
  #element;
  #on;
  #fields = null;
  #set = [];
  #label = "";
  #controls = new Map();
  #whole = new Map();
  #controller = null;
  #counted = null;

  /** `on` has `chosen(conditions)`, after a person changed a filter, and `failed(sentence)`. */
  constructor(api, element, on) {
    [this.#api, this.#element, this.#on] = [api, element, on];
  }

  /** Say how many pictures have which values in these fields, with these conditions and this label, unless that is what
   * the panel says. */
  count(fields, set, label) {
    [this.#set, this.#label] = [set, label];
    if (fields !== this.#fields) {
      this.#begin(fields);
    }
    const now = JSON.stringify([label, set]);
    if (now !== this.#counted) {
      this.#counted = now;
      this.#count();
    }
  }

  /** Let the controls say what is set. */
  show(set) {
    this.#set = set;
    for (const control of this.#controls.values()) {
      control.show(set);
    }
  }

  #begin(fields) {
    this.#fields = fields;
    this.#controller?.abort();
    this.#controls.clear();
    this.#counted = null;
    const hint = Object.assign(made("p", HINT), { className: "hint" });
    this.#element.replaceChildren(hint, ...fields.map(({ name }) => group(name)));
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
        this.#on.failed(error.message);
      }
    }
  }

  /** All values stay on the page; filters change only their numbers. */
  #make() {
    const groups = this.#element.querySelectorAll("fieldset");
    for (const [place, field] of this.#fields.entries()) {
      this.#controls.set(field.name, this.#control(field, this.#whole.get(nameInFacets(field.name))));
      groups[place].append(...this.#controls.get(field.name).elements);
    }
    this.show(this.#set);
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
    const choose = (change) => this.#on.chosen(change(this.#set));
    if (type in ORDERED) {
      return new Range(place, type, choose);
    }
    if (type === "text") {
      return new Typed(name, [], "words in it", choose);
    }
    const { values } = facet;
    return values.length > MOST_BOXES ? new Typed(name, values, "any", choose) : new Boxes(name, values, choose);
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
