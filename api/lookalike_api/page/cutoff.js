// The slider for the minimum score, which says how many pictures remain.

import { grouped, scored } from "./text.js";

export class Cutoff {
  #slider;
  #output;

  /** `aimed(score)` is called when a person takes hold of the slider and while it moves. */
  constructor(slider, output, aimed) {
    [this.#slider, this.#output] = [slider, output];
    for (const event of ["pointerdown", "input"]) {
      slider.addEventListener(event, () => aimed(this.value));
    }
  }

  get value() {
    return Number(this.#slider.value);
  }

  set value(score) {
    this.#slider.value = score;
    this.show(null);
  }

  /** Say the score and, if it is known, how many pictures remain: `{count, isLeast}`. */
  show(remaining) {
    const score = this.value;
    const words = [score ? scored(score) : "any"];
    if (remaining) {
      words.push(`${grouped(remaining.count)}${remaining.isLeast ? "+" : ""} remain`);
    }
    this.#output.textContent = words.join(" · ");
    this.#slider.setAttribute("aria-valuetext", words.join(", "));
  }
}
