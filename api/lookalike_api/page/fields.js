// Filters for the metadata fields of the index: a control for each, and a chip for each filter that is set.

import { grouped, valueOf } from "./text.js";

//: A field with more values gets a box to type in.
const MOST_BOXES = 12;
const MOST_VALUES = 200;
const PREFIX = "metadata.";
//: Types with an order -> the type of their inputs.
const ORDERED = { integer: "number", float: "number", date: "date" };
//: What stands behind a field in the name of a parameter -> what a chip says.
const SUFFIXES = { min: "from", max: "to", above: "above", below: "below", not: "not", exists: "exists:" };

/** A filter is a pair of a parameter's name and its value, as in the address and in requests. */
export class Fields {
  #api;
  #button;
  #panel;
  #chips;
  #on;
  #fields = [];
  #set = [];
  #isFilled = false;

  /** `on` has `changed()`, after a person changed a filter, and `failed(error)`. */
  constructor(api, { button, panel, chips }, on) {
    [this.#api, this.#button, this.#panel, this.#chips, this.#on] = [api, button, panel, chips, on];
    button.addEventListener("click", () => this.#toggle(panel.hidden));
  }

  get value() {
    return this.#set;
  }

  set value(pairs) {
    this.#set = pairs;
    this.#show();
  }

  /** Ask which fields there are; without any, there is no button. Texts have no list of values. */
  async load() {
    const { fields } = await this.#api.json("fields");
    const found = fields.map(({ name, type }) => ({ name, type: type.replace("[]", "") }));
    this.#fields = found.filter(({ type }) => type !== "text");
    this.#button.hidden = !this.#fields.length;
    this.#isFilled = false;
    this.#toggle(!this.#panel.hidden && this.#fields.length > 0);
  }

  #toggle(isOpen) {
    this.#panel.hidden = !isOpen;
    this.#button.setAttribute("aria-expanded", String(isOpen));
    if (isOpen && !this.#isFilled) {
      this.#isFilled = true;
      this.#fill();
    }
  }

  /** One request after the other, so that many fields are no flood. */
  async #fill() {
    const groups = this.#fields.map(({ name }) => group(name));
    this.#panel.replaceChildren(...groups);
    try {
      for (const [place, field] of this.#fields.entries()) {
        const path = `facets/${encodeURIComponent(field.name)}`;
        const facet = await this.#api.json(path, { parameters: { limit: MOST_VALUES } });
        groups[place].append(...this.#controls(field, facet));
        this.#show();
      }
    } catch (error) {
      this.#isFilled = false;
      this.#on.failed(error);
    }
  }

  #controls({ name, type }, facet) {
    if (type in ORDERED) {
      return [this.#bound(name, type, "min", facet.least), this.#bound(name, type, "max", facet.greatest)];
    }
    if (facet.values.length > MOST_BOXES) {
      return this.#typed(name, facet.values);
    }
    return facet.values.length ? facet.values.map((value) => this.#box(name, value)) : [made("p", "No values yet")];
  }

  /** A value that a person may choose. */
  #box(field, { value, documents }) {
    const box = Object.assign(made("input"), { type: "checkbox", name: PREFIX + field, value: String(value) });
    box.addEventListener("change", () => {
      const others = this.#set.filter(([name, own]) => name !== box.name || own !== box.value);
      this.#choose(box.checked ? [...others, [box.name, box.value]] : others);
    });
    const label = made("label");
    label.append(box, made("bdi", valueOf(value)), made("span", grouped(documents)));
    label.lastChild.className = "count";
    return label;
  }

  /** A box for one of many values; it is empty again afterwards, and the chip shows the value. */
  #typed(field, values) {
    const input = Object.assign(made("input"), { type: "text", name: PREFIX + field, autocomplete: "off" });
    const list = Object.assign(made("datalist"), { id: `values-${field}` });
    list.append(...values.map(({ value, documents }) => new Option(grouped(documents), String(value))));
    input.setAttribute("list", list.id);
    input.setAttribute("aria-label", field);
    input.placeholder = "any";
    input.addEventListener("change", () => {
      const value = input.value.trim();
      input.value = "";
      if (value && !this.#set.some(([name, own]) => name === input.name && own === value)) {
        this.#choose([...this.#set, [input.name, value]]);
      }
    });
    return [input, list];
  }

  /** The first or the last value of a range. */
  #bound(field, type, suffix, placeholder) {
    const input = Object.assign(made("input"), { type: ORDERED[type], name: `${PREFIX}${field}.${suffix}` });
    input.step = type === "integer" ? "1" : "any";
    input.placeholder = placeholder ?? "";
    input.addEventListener("change", () => {
      const others = this.#set.filter(([name]) => name !== input.name);
      this.#choose(input.value ? [...others, [input.name, input.value]] : others);
    });
    const label = made("label", SUFFIXES[suffix]);
    label.className = "bound";
    label.append(input);
    return label;
  }

  #choose(pairs) {
    this.#set = pairs;
    this.#show();
    this.#on.changed();
  }

  /** Let the controls and the chips say what is set. */
  #show() {
    for (const input of this.#panel.querySelectorAll("input")) {
      if (input.type === "checkbox") {
        input.checked = this.#set.some(([name, value]) => name === input.name && value === input.value);
      } else if (input.type !== "text") {
        const value = this.#set.find(([name]) => name === input.name)?.[1] ?? "";
        input.value = input.type === "date" ? value.slice(0, 10) : value;
      }
    }
    this.#chips.replaceChildren(...this.#set.map((pair) => this.#chip(pair)));
    this.#chips.hidden = !this.#set.length;
  }

  #chip(pair) {
    const text = described(pair);
    const button = Object.assign(made("button"), { type: "button", className: "chip" });
    button.append(made("bdi", text), Object.assign(made("span", "\u00d7"), { ariaHidden: "true" }));
    button.setAttribute("aria-label", `Remove the filter ${text}`);
    button.addEventListener("click", () => this.#remove(pair));
    const item = made("li");
    item.append(button);
    return item;
  }

  #remove(pair) {
    const place = this.#set.indexOf(pair);
    this.#choose(this.#set.filter((other) => other !== pair));
    // The focus stays where a person can go on.
    const buttons = this.#chips.querySelectorAll("button");
    (buttons[Math.min(place, buttons.length - 1)] ?? this.#button).focus();
  }
}

function described([name, value]) {
  const [, field, suffix] = /^metadata\.(.*?)(?:\.(min|max|above|below|not|exists))?$/su.exec(name);
  return suffix ? `${field} ${SUFFIXES[suffix]} ${value}` : `${field}: ${valueOf(value)}`;
}

function group(name) {
  const fieldset = made("fieldset");
  const legend = made("legend");
  legend.append(made("bdi", name));
  fieldset.append(legend);
  return fieldset;
}

function made(tag, textContent = "") {
  return Object.assign(document.createElement(tag), textContent ? { textContent } : {});
}
