// The form with the filters: label, minimum score, number of results, and those by metadata.

import { scored } from "./text.js";

//: A moving slider reports a value for every pixel.
const DEBOUNCE_MS = 250;

export class Filters {
  #form;
  #label;
  #score;
  #k;
  #fields;
  #changed;
  #timer = 0;

  /** `fields` are the filters by metadata; `changed(how)` is called after a person changed one of the others. `how` is
   * the history method: a label is a step back, a number of results or a score is not. */
  constructor(form, fields, changed) {
    [this.#form, this.#fields, this.#changed] = [form, fields, changed];
    [this.#label, this.#score, this.#k] = ["#label", "#min-score", "#k"].map((name) => form.querySelector(name));
    form.addEventListener("submit", (event) => event.preventDefault());
    this.#label.addEventListener("change", () => this.#chosen("push"));
    this.#label.addEventListener("input", (event) => this.#picked(event));
    this.#k.addEventListener("change", () => this.#chosen("replace"));
    this.#score.addEventListener("input", () => this.#chosen("replace", DEBOUNCE_MS));
    form.querySelector("#clear-label").addEventListener("click", () => this.#clearLabel());
  }

  get value() {
    return {
      k: Number(this.#k.value),
      name: this.#label.value.trim(),
      minScore: Number(this.#score.value),
      conditions: this.#fields.value,
    };
  }

  set value({ k, name, minScore, conditions }) {
    if (![...this.#k.options].some((option) => option.value === String(k))) {
      this.#k.append(new Option(k));
    }
    [this.#k.value, this.#label.value, this.#score.value] = [k, name, minScore];
    this.#fields.value = conditions;
    this.#show();
  }

  set isShown(shown) {
    this.#form.hidden = !shown;
  }

  set labels(labels) {
    const options = labels.filter(({ name }) => name).map(({ name }) => Object.assign(new Option(), { value: name }));
    this.#form.querySelector("#labels").replaceChildren(...options);
  }

  #chosen(how, delay_ms = 0) {
    this.#show();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#changed(how), delay_ms);
  }

  /** A label from the list counts at once; a typed one only when it is complete. */
  #picked(event) {
    this.#show();
    if (event.inputType === "insertReplacementText" || !event.inputType) {
      this.#chosen("push");
    }
  }

  #clearLabel() {
    this.#label.value = "";
    this.#label.focus();
    this.#chosen("push");
  }

  #show() {
    const score = Number(this.#score.value);
    this.#form.querySelector("#min-score-shown").textContent = score ? scored(score) : "any";
    this.#score.style.setProperty("--share", score);
    this.#form.querySelector("#clear-label").hidden = !this.#label.value;
  }
}
