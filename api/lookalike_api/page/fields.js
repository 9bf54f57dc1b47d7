// Filters for the metadata fields of the index: a chip for each filter that is set, and a panel, loaded when somebody
// opens it, with a control for each field.

import { styled } from "./assets.js";
import { described, PREFIX, TAKEN } from "./conditions.js";
import { Later } from "./later.js";

export class Fields {
  #api;
  #button;
  #element;
  #chips;
  #on;
  #panel;
  #fields = [];
  #set = [];
  #label = "";

  /** `find(id)` finds an element of the form. `on` has `changed(conditions)`, after a person changed a filter, and
   * `failed(sentence, retry)`. */
  constructor(api, find, on) {
    [this.#api, this.#on] = [api, on];
    [this.#button, this.#element, this.#chips] = ["more-filters", "fields", "chips"].map(find);
    this.#panel = new Later(
      () => Promise.all([import("./field_panel.js"), styled("fields.css")]),
      ([{ FieldPanel }]) => new FieldPanel(api, this.#element, {
        chosen: (conditions) => this.#choose(conditions),
        failed: on.failed,
      }),
      on.failed,
    );
    this.#button.addEventListener("click", () => this.#toggle(this.#element.hidden));
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
    this.#toggle(!this.#element.hidden && this.#fields.length > 0);
    return known;
  }

  /** Count anew if a filter or the label has changed and somebody looks. */
  refresh(label) {
    this.#label = label;
    if (!this.#element.hidden) {
      this.#panel.use((panel) => panel.count(this.#fields, this.#set, this.#label));
    }
  }

  #toggle(isOpen) {
    this.#element.hidden = !isOpen;
    this.#button.setAttribute("aria-expanded", String(isOpen));
    this.refresh(this.#label);
  }

  #choose(conditions) {
    this.value = conditions;
    this.#on.changed(conditions);
  }

  /** Let the controls and the chips say what is set. */
  #show() {
    this.#panel.now?.show(this.#set);
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

const made = (tag, textContent = "") => Object.assign(document.createElement(tag), textContent ? { textContent } : {});
