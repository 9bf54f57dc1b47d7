// The form with all that narrows and arranges the results.

import { Arrangement } from "./arrangement.js";
import { Cutoff } from "./cutoff.js";
import { Later } from "./later.js";

//: A moving slider reports a value for every pixel.
const DEBOUNCE_MS = 250;

export class Filters {
  #form;
  #label;
  #cutoff;
  #k;
  #fields;
  #arrangement;
  #on;
  #conditions = [];
  #timer = 0;

  /** `on` has `changed(how)`, called after a person changed one, `aimed(score)` as of Cutoff, and
   * `failed(sentence, retry)`. `how` is the history method: a label is a step back, a number of results is not. */
  constructor(api, form, on) {
    [this.#form, this.#on] = [form, on];
    const find = (name) => form.querySelector(`#${name}`);
    [this.#label, this.#k] = [find("label"), find("k")];
    this.#cutoff = new Cutoff(find("min-score"), find("min-score-shown"), on.aimed);
    this.#arrangement = new Arrangement(form, () => this.#chosen("push"));
    this.#fields = new Later(
      () => import("./fields.js"),
      ({ Fields }) => this.#conditioned(new Fields(api, find, {
        changed: (conditions) => this.#condition(conditions),
        failed: on.failed,
      })),
      on.failed,
    );
    form.addEventListener("submit", (event) => event.preventDefault());
    this.#label.addEventListener("change", () => this.#chosen("push"));
    this.#label.addEventListener("input", (event) => this.#picked(event));
    this.#k.addEventListener("change", () => this.#chosen("replace"));
    find("min-score").addEventListener("input", () => this.#chosen("replace", DEBOUNCE_MS));
    find("clear-label").addEventListener("click", () => this.#clearLabel());
  }

  get value() {
    return {
      k: Number(this.#k.value),
      name: this.#label.value.trim(),
      minScore: this.#cutoff.value,
      conditions: this.#conditions,
      ...this.#arrangement.value,
    };
  }

  set value({ k, name, minScore, conditions, ...arrangement }) {
    if (![...this.#k.options].some((option) => option.value === String(k))) {
      this.#k.append(new Option(k));
    }
    [this.#k.value, this.#label.value, this.#cutoff.value] = [k, name, minScore];
    [this.#conditions, this.#arrangement.value] = [conditions, arrangement];
    if (conditions.length || this.#fields.now) {
      this.#fields.use((fields) => this.#conditioned(fields));
    }
    this.#show();
  }

  set isShown(shown) {
    this.#form.hidden = !shown;
  }

  set labels(labels) {
    const options = labels.filter(({ name }) => name).map(({ name }) => Object.assign(new Option(), { value: name }));
    this.#form.querySelector("#labels").replaceChildren(...options);
  }

  /** Ask which metadata fields there are. */
  async load() {
    const fields = await this.#fields.get();
    this.refresh();
    this.#arrangement.fields = await fields.load();
  }

  /** The filters or what is in the index have changed. */
  refresh() {
    this.#fields.now?.refresh(this.#label.value.trim());
  }

  /** How many pictures the minimum score leaves: `{count, isLeast}`, or null. */
  set remaining(remaining) {
    this.#cutoff.show(remaining);
  }

  #conditioned(fields) {
    fields.value = this.#conditions;
    return fields;
  }

  #condition(conditions) {
    this.#conditions = conditions;
    this.#on.changed("push");
  }

  #chosen(how, delay_ms = 0) {
    this.#show();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#on.changed(how), delay_ms);
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
    this.#form.querySelector("#clear-label").hidden = !this.#label.value;
  }
}
