// The pictures of the query, each with a button that removes it.

import { StoredQuery } from "./query.js";
import { showBlob } from "./pictures.js";

//: In CSS pixels; the same as in the style sheet.
const SIDE = 112;

export class Previews {
  #panel;
  #list;
  #template;
  #pictures;
  #on;

  /** `on` has `drop(file)`, which removes one of several, and `clear()`, which removes the last. */
  constructor(panel, template, pictures, on) {
    [this.#panel, this.#template, this.#pictures, this.#on] = [panel, template, pictures, on];
    this.#list = panel.querySelector("#previews");
  }

  show(query) {
    this.#list.replaceChildren(...this.#items(query));
    this.#list.hidden = !query;
    this.#panel.classList.toggle("compact", Boolean(query));
    this.#panel.querySelector("#query-title").textContent = title(query);
    this.#panel.querySelector("#query-hint").hidden = Boolean(query);
    this.#panel.querySelector("#choose").textContent = query ? "Choose another" : "Choose a picture";
    this.#panel.querySelector("#add").hidden = !query;
  }

  #items(query) {
    if (query instanceof StoredQuery) {
      const show = (image) => this.#pictures.thumbnail(image, query.id, SIDE);
      return [this.#item(query.name ?? "stored picture", show, () => this.#on.clear())];
    }
    const files = query?.files ?? [];
    const drop = (file) => (files.length > 1 ? this.#on.drop(file) : this.#on.clear());
    return files.map((file) => this.#item(file.name, (image) => showBlob(image, file), () => drop(file)));
  }

  #item(name, show, remove) {
    const item = this.#template.content.cloneNode(true).firstElementChild;
    item.title = name;
    item.querySelector("img").alt = name;
    item.querySelector("button").setAttribute("aria-label", `Remove ${name}`);
    item.querySelector("button").addEventListener("click", remove);
    show(item.querySelector("img"));
    return item;
  }
}

function title(query) {
  if (!query) {
    return "What looks like this?";
  }
  return query.files?.length > 1 ? `Like all ${query.files.length} of these` : "Like this picture";
}
