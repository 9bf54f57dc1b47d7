// The controls of one metadata field each. All have `elements`, `update(facet)` with the values that other filters
// leave, and `show(conditions)`. `choose(change)` is called with a function that makes new conditions from those set.

import { PREFIX, SUFFIXES } from "./conditions.js";
import { grouped, valueOf } from "./text.js";

//: Types with an order -> the type of their inputs.
export const ORDERED = { integer: "number", float: "number", date: "date" };

/** A box to tick for each value, with the number of its pictures. */
export class Boxes {
  #boxes;

  constructor(field, values, choose) {
    this.#boxes = values.map(({ value }) => new Box(PREFIX + field, value, choose));
    this.elements = this.#boxes.map(({ element }) => element);
    if (!this.elements.length) {
      this.elements.push(made("p", "No values yet"));
    }
  }

  update({ values }) {
    const counts = new Map(values.map(({ value, documents }) => [String(value), documents]));
    for (const box of this.#boxes) {
      box.count = counts.get(box.value) ?? 0;
    }
  }

  show(conditions) {
    for (const box of this.#boxes) {
      box.isSet = conditions.some(([name, value]) => name === box.name && value === box.value);
    }
  }
}

class Box {
  #input;
  #count = made("span");

  constructor(name, value, choose) {
    [this.name, this.value] = [name, String(value)];
    this.#input = Object.assign(made("input"), { type: "checkbox", name, value: this.value });
    this.#input.addEventListener("change", () => choose((conditions) => this.#changed(conditions)));
    this.#count.className = "count";
    this.element = made("label");
    this.element.append(this.#input, made("bdi", valueOf(value)), this.#count);
  }

  set count(documents) {
    this.#count.textContent = grouped(documents);
    this.element.classList.toggle("none", !documents);
  }

  set isSet(set) {
    this.#input.checked = set;
  }

  #changed(conditions) {
    const others = conditions.filter(([name, value]) => name !== this.name || value !== this.value);
    return this.#input.checked ? [...others, [this.name, this.value]] : others;
  }
}

/** A box to type in, for one of many values or for words of a text. It is empty again afterwards: chips show values. */
export class Typed {
  #list = made("datalist");
  #all;

  /** `values` are all that the field has, or the most frequent ones; none of a text. */
  constructor(field, values, placeholder, choose) {
    this.#all = values.map(({ value }) => value);
    const name = PREFIX + field;
    const input = Object.assign(made("input"), { type: "text", name, placeholder, autocomplete: "off" });
    this.#list.id = `values-${field}`;
    if (values.length) {
      input.setAttribute("list", this.#list.id);
    }
    input.setAttribute("aria-label", field);
    input.addEventListener("change", () => {
      const isKnown = [...this.#list.options].some((option) => option.value === input.value);
      const value = isKnown ? input.value : input.value.trim();
      input.value = "";
      const isNew = (conditions) => !conditions.some(([other, own]) => other === name && own === value);
      if (value) {
        choose((conditions) => (isNew(conditions) ? [...conditions, [name, value]] : conditions));
      }
    });
    this.elements = [input, this.#list];
  }

  update({ values }) {
    const found = new Map(values.map(({ value, documents }) => [value, documents]));
    const all = [...found.keys(), ...this.#all.filter((value) => !found.has(value))];
    this.#list.replaceChildren(...all.map((value) => new Option(grouped(found.get(value) ?? 0), String(value))));
  }

  show() {}
}

/** From and to, with the least and the greatest value as hints, and bars that show where most pictures are. */
export class Range {
  #inputs;
  #isDate;
  #bars = Object.assign(made("div"), { className: "bars", ariaHidden: "true" });

  /** `place` is the name of the field's parameter. */
  constructor(place, type, choose) {
    this.#isDate = type === "date";
    this.#inputs = ["min", "max"].map((suffix) => bound(`${place}.${suffix}`, type, choose));
    this.elements = ["min", "max"].map((suffix, which) => {
      const label = made("label", SUFFIXES[suffix]);
      label.className = "bound";
      label.append(this.#inputs[which]);
      return label;
    });
    this.elements.unshift(this.#bars);
  }

  update({ least, greatest, ranges }) {
    const most = Math.max(1, ...ranges.map(({ documents }) => documents));
    this.#bars.replaceChildren(...ranges.map((range) => bar(range, most)));
    [this.#inputs[0].placeholder, this.#inputs[1].placeholder] = [String(least ?? ""), String(greatest ?? "")];
  }

  show(conditions) {
    for (const input of this.#inputs) {
      const value = conditions.find(([name]) => name === input.name)?.[1] ?? "";
      input.value = this.#isDate ? value.slice(0, 10) : value;
    }
  }
}

function bar({ min, documents }, most) {
  const element = Object.assign(made("span"), { title: `from ${valueOf(min)}: ${grouped(documents)}` });
  element.style.setProperty("--share", documents / most);
  return element;
}

function bound(name, type, choose) {
  const input = Object.assign(made("input"), { type: ORDERED[type], name });
  input.step = type === "integer" ? "1" : "any";
  input.addEventListener("change", () => {
    const own = input.value ? [[name, input.value]] : [];
    choose((conditions) => [...conditions.filter(([other]) => other !== name), ...own]);
  });
  return input;
}

export function made(tag, textContent = "") {
  return Object.assign(document.createElement(tag), textContent ? { textContent } : {});
}
