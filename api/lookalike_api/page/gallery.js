// The gallery: one tile for each match, in order. The Tab key leads to one tile, arrow keys lead to the others.

import { Later } from "./later.js";
import { nameOf, scored } from "./text.js";

const CONTROLS = ".open, .more, .less, .pick";

export class Gallery {
  #list;
  #template;
  #pictures;
  #on;
  #current = null;
  #selection;
  #valueOf = () => "";
  matches = [];

  /** `on` has `open(match)`, `more(match)`, `add(match)`, `less(match)`, `selected(matches)`, and
   * `failed(sentence, retry)`. */
  constructor(list, template, pictures, on) {
    [this.#list, this.#template, this.#pictures, this.#on] = [list, template, pictures, on];
    this.#selection = new Later(() => import("./selection.js"), ({ Selection }) => this.#select(Selection), on.failed);
    list.addEventListener("keydown", (event) => this.#key(event));
    list.addEventListener("focusin", (event) => this.#enter(event.target.closest(".tile")));
  }

  /** The selected matches, in order. */
  get selected() {
    return this.#selection.now?.matches ?? [];
  }

  /** Select none. */
  clearSelection() {
    this.#selection.now?.clear();
  }

  /** Show these matches; `valueOf(match)` is what their order goes by, as text. */
  replace(matches, valueOf = () => "") {
    this.#valueOf = valueOf;
    this.#empty();
    this.append(matches);
  }

  /** Add a page of matches. A match that is already shown is skipped. */
  append(matches) {
    const shown = new Set(this.matches.map((match) => match.id));
    const fresh = matches.filter((match) => !shown.has(match.id));
    this.matches.push(...fresh);
    const tiles = fresh.map((match) => this.#tile(match));
    this.#list.append(...tiles);
    const side = this.#side();
    for (const [at, tile] of tiles.entries()) {
      this.#pictures.thumbnail(tile.querySelector("img"), fresh[at].id, side);
    }
    this.#selection.now?.list(this.matches);
    if (!this.#current && tiles.length) {
      this.#enter(tiles[0]);
    }
  }

  /** Show grey tiles until the first results arrive. */
  showPlaceholders(count) {
    this.#empty();
    const tile = () => Object.assign(document.createElement("li"), { className: "tile placeholder" });
    this.#list.replaceChildren(...Array.from({ length: count }, tile));
    this.#selection.now?.list(this.matches);
  }

  set isBusy(busy) {
    this.#list.setAttribute("aria-busy", String(busy));
  }

  /** Fade what has a lower score. */
  fade(score) {
    for (const [at, match] of this.matches.entries()) {
      this.#list.children[at].classList.toggle("below", match.score < score);
    }
  }

  /** Move the keyboard focus to the tile at this place. */
  focus(place) {
    this.#list.children[place]?.querySelector(".open")?.focus();
  }

  /** The match `step` places after `match`, or null. */
  beside(match, step) {
    return this.matches[this.matches.indexOf(match) + step] ?? null;
  }

  #empty() {
    this.matches = [];
    this.#current = null;
    this.#list.replaceChildren();
  }

  #tile(match) {
    const tile = this.#template.content.cloneNode(true).firstElementChild;
    const find = (name) => tile.querySelector(`.${name}`);
    const [name, score] = [nameOf(match), scored(match.score)];
    find("name").textContent = name;
    find("score").textContent = score;
    find("value").textContent = this.#valueOf(match);
    find("bar").style.setProperty("--share", Math.max(0, match.score));
    tile.title = match.uri;
    find("open").setAttribute("aria-label", `${name}, score ${score}`);
    find("more").setAttribute("aria-label", `More like this: ${name}`);
    find("less").setAttribute("aria-label", `Less like this: ${name}`);
    find("pick").setAttribute("aria-label", `Select ${name}`);
    find("open").addEventListener("click", (event) => this.#click(event, match));
    find("more").addEventListener("click", () => this.#on.more(match));
    find("less").addEventListener("click", () => this.#on.less(match));
    find("pick").addEventListener("click", (event) => this.#pick(match, event.shiftKey));
    setReachable(tile, false);
    return tile;
  }

  #side() {
    return Number.parseFloat(getComputedStyle(this.#list).gridTemplateColumns) || 256;
  }

  #enter(tile) {
    if (tile && tile !== this.#current) {
      setReachable(this.#current, false);
      setReachable(tile, true);
      this.#current = tile;
    }
  }

  #click(event, match) {
    if (event.shiftKey || event.ctrlKey || event.metaKey) {
      this.#pick(match, event.shiftKey);
    } else {
      this.#on.open(match);
    }
  }

  #pick(match, isRange) {
    this.#selection.use((selection) => (isRange ? selection.extend(match) : selection.toggle(match)));
  }

  #select(Selection) {
    const selection = new Selection(() => this.#showSelection());
    selection.list(this.matches);
    return selection;
  }

  #showSelection() {
    for (const [at, match] of this.matches.entries()) {
      const tile = this.#list.children[at];
      const isSelected = this.#selection.now?.has(match) ?? false;
      tile.classList.toggle("selected", isSelected);
      tile.querySelector(".pick").checked = isSelected;
    }
    this.#on.selected(this.selected);
  }

  #key(event) {
    const at = [...this.#list.children].indexOf(event.target.closest(".tile"));
    const match = this.matches[at];
    const does = match && !event.altKey && this.#actions(event, at, match)[event.key];
    if (does) {
      event.preventDefault();
      does();
    }
  }

  /** What a key does on the tile at this place. */
  #actions({ shiftKey, ctrlKey, metaKey }, at, match) {
    if (ctrlKey || metaKey) {
      return { a: () => this.#selection.use((selection) => selection.all()) };
    }
    const row = Math.max(1, getComputedStyle(this.#list).gridTemplateColumns.split(" ").length);
    const go = (step) => () => this.#walk(at, step, shiftKey);
    return {
      ArrowLeft: go(-1),
      ArrowRight: go(1),
      ArrowUp: go(-row),
      ArrowDown: go(row),
      Home: go(-at),
      End: go(this.matches.length),
      x: () => this.#pick(match, false),
      "+": () => this.#on.add(match),
      "-": () => this.#on.less(match),
      ...(this.selected.length && { Escape: () => this.clearSelection() }),
    };
  }

  #walk(at, step, isExtending) {
    const place = Math.min(this.matches.length - 1, Math.max(0, at + step));
    if (isExtending) {
      const [from, to] = [at, place].map((one) => this.matches[one]);
      this.#selection.use((selection) => selection.extend(to, from));
    }
    this.focus(place);
  }
}

function setReachable(tile, isReachable) {
  for (const control of tile?.querySelectorAll(CONTROLS) ?? []) {
    control.tabIndex = isReachable ? 0 : -1;
  }
}
