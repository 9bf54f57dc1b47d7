// The dialog that chooses a part of an example's picture.

import { Crop } from "./crop.js";
import { Dialog } from "./dialog.js";
import { readRegion, writeRegion } from "./region.js";

export class Part {
  #dialog;
  #pictures;
  #crop;
  #chosen;
  #example = null;

  /** `chosen(example, region)` is called with the region as text, or null for the whole picture. */
  constructor(element, pictures, chosen) {
    this.#dialog = new Dialog(element);
    [this.#pictures, this.#chosen] = [pictures, chosen];
    const find = (name) => this.#dialog.find(`#part-${name}`);
    this.#crop = new Crop(find("stage"), find("said"), find("switch"), () => this.#name());
    find("use").addEventListener("click", () => this.#use());
  }

  show(example) {
    this.#example = example;
    const image = this.#dialog.find("#part-picture");
    this.#dialog.find("#part-title").textContent = `Part of ${example.name}`;
    image.alt = example.name;
    this.#crop.region = readRegion(example.region);
    this.#name();
    this.#dialog.open();
    if (example.file) {
      this.#pictures.own(image, example.file);
    } else {
      this.#pictures.large(image, example.id);
    }
  }

  #name() {
    this.#dialog.find("#part-use").textContent = this.#crop.region ? "Use this part" : "Use the whole picture";
  }

  #use() {
    const { region } = this.#crop;
    this.#dialog.close();
    this.#chosen(this.#example, region && writeRegion(region));
  }
}
