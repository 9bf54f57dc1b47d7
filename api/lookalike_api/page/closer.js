// A closer look at the pictures of a group: one after the other in the same place, so that differences are seen.

import { Dialog } from "./dialog.js";

export class Closer {
  #dialog;
  #pictures;
  #images = [];
  #place = 0;

  constructor(element, pictures) {
    this.#dialog = new Dialog(element);
    this.#pictures = pictures;
    this.#find("previous").addEventListener("click", () => this.#turn(-1));
    this.#find("next").addEventListener("click", () => this.#turn(1));
    element.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Show one of several pictures; each has `facts`, a text. */
  show(images, place) {
    [this.#images, this.#place] = [images, place];
    this.#draw();
    this.#dialog.open();
  }

  #draw() {
    const { id, uri, facts } = this.#images[this.#place];
    this.#find("title").textContent = `${this.#place + 1} of ${this.#images.length}`;
    this.#find("facts").textContent = facts;
    this.#find("picture").alt = uri;
    this.#pictures.large(this.#find("picture"), id);
  }

  #turn(step) {
    const { length } = this.#images;
    this.#place = (this.#place + step + length) % length;
    this.#draw();
  }

  #key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) {
      event.preventDefault();
      this.#turn(step);
    }
  }

  #find(name) {
    return this.#dialog.find(`#closer-${name}`);
  }
}
