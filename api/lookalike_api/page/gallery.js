// The gallery: one tile for each match, in order.

import { nameOf, scored } from "./text.js";

export class Gallery {
  #list;
  #template;
  #pictures;
  #on;
  matches = [];

  /** `on` has `open(match)` and `more(match)`. */
  constructor(list, template, pictures, on) {
    [this.#list, this.#template, this.#pictures, this.#on] = [list, template, pictures, on];
    list.addEventListener("keydown", (event) => this.#walk(event));
  }

  replace(matches) {
    this.matches = [];
    this.#list.replaceChildren();
    this.append(matches);
  }

  /** Add a page of matches. A match that is already shown is skipped: new documents shift the pages. */
  append(matches) {
    const shown = new Set(this.matches.map((match) => match.id));
    const fresh = matches.filter((match) => !shown.has(match.id));
    this.matches.push(...fresh);
    this.#list.append(...fresh.map((match) => this.#tile(match)));
    const side = this.#side();
    for (const [at, image] of [...this.#list.querySelectorAll("img")].slice(-fresh.length || Infinity).entries()) {
      this.#pictures.thumbnail(image, fresh[at].id, side);
    }
  }

  /** Show grey tiles until the first results arrive. */
  showPlaceholders(count) {
    this.matches = [];
    const tile = () => Object.assign(document.createElement("li"), { className: "tile placeholder" });
    this.#list.replaceChildren(...Array.from({ length: count }, tile));
  }

  set isBusy(busy) {
    this.#list.setAttribute("aria-busy", String(busy));
  }

  /** Move the keyboard focus to the tile at this place. */
  focus(place) {
    this.#list.children[place]?.querySelector(".open")?.focus();
  }

  /** The match `step` places after `match`, or null. */
  beside(match, step) {
    return this.matches[this.matches.indexOf(match) + step] ?? null;
  }

  #tile(match) {
    const tile = this.#template.content.cloneNode(true).firstElementChild;
    const [name, score] = [nameOf(match), scored(match.score)];
    tile.querySelector(".name").textContent = name;
    tile.querySelector(".score").textContent = score;
    tile.querySelector(".bar").style.setProperty("--share", Math.max(0, match.score));
    tile.title = match.uri;
    const [open, more] = [tile.querySelector(".open"), tile.querySelector(".more")];
    open.setAttribute("aria-label", `${name}, score ${score}`);
    more.setAttribute("aria-label", `More like this: ${name}`);
    open.addEventListener("click", () => this.#on.open(match));
    more.addEventListener("click", () => this.#on.more(match));
    return tile;
  }

  #side() {
    return Number.parseFloat(getComputedStyle(this.#list).gridTemplateColumns) || 256;
  }

  #walk(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
    const tile = event.target.closest(".tile");
    if (!tile || !(event.key in steps) || event.ctrlKey || event.altKey || event.metaKey) {
      return;
    }
    const tiles = [...this.#list.children];
    const place = tiles.indexOf(tile) + steps[event.key];
    this.focus(Math.min(tiles.length - 1, Math.max(0, place)));
    event.preventDefault();
  }
}
