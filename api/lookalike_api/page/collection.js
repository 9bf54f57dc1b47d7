// The start page: all stored pictures, the newest first, by when they were taken, by label or at random, until there is
// a query.

import { toParameters } from "./conditions.js";
import { Grid } from "./grid.js";
import { Labels } from "./labels.js";
import { Listing } from "./listing.js";
import { counted, nameOf } from "./text.js";

const [ORDER, SEED] = ["browse", "seed"];
const ORDERS = ["newest", "taken", "label", "random"];
const MOST_SEED = 2 ** 31;
const MOST_LABELS = 200;

export class Collection {
  #section;
  #api;
  #pictures;
  #template;
  #on;
  #grid;
  #labels;
  #listing = null;
  #shown = null;
  #top = 0;
  #order;
  #seed;
  #filters = null;

  /** `template` has the buttons `.open` and `.more` of a tile. `on` has `open(picture)`, `more(picture)`,
   * `narrow(filters)` with some filters that change, and `failed(error, retry)`. */
  constructor(section, template, api, pictures, on) {
    [this.#section, this.#template, this.#api, this.#pictures, this.#on] = [section, template, api, pictures, on];
    const list = this.#find("#collection-grid");
    this.#grid = new Grid(list.parentElement, list, {
      item: (place) => this.#listing?.item(place) ?? null,
      tile: (picture, side) => this.#tile(picture, side),
      seen: (first, last) => this.#listing?.want(first, last),
    });
    this.#labels = new Labels(this.#find("#collection-labels"), (name) => on.narrow({ name }));
    for (const button of section.querySelectorAll("[data-order]")) {
      button.addEventListener("click", () => this.#sort(button.dataset.order));
    }
    this.#find("#collection-all").addEventListener("click", () => on.narrow({ name: "", conditions: [] }));
    this.read();
  }

  /** Take the order from the address, before the collection is shown after back or forward. */
  read() {
    const parameters = new URLSearchParams(location.search);
    const [order, seed] = [parameters.get(ORDER), Number.parseInt(parameters.get(SEED), 10)];
    this.#order = ORDERS.includes(order) ? order : ORDERS[0];
    this.#seed = seed >= 0 && seed < MOST_SEED ? seed : Math.floor(Math.random() * MOST_SEED);
  }

  /** Show the pictures that meet these filters; null hides the collection. */
  show(filters) {
    const wasHidden = this.#section.hidden;
    if (!filters && !wasHidden) {
      this.#top = this.#grid.top;
      this.#grid.clear();
    }
    this.#filters = filters;
    this.#section.hidden = !filters;
    if (filters) {
      this.#write("replace");
      this.#list(wasHidden);
    }
  }

  /** List the pictures anew: there may be others. */
  refresh() {
    this.#shown = null;
    if (this.#filters) {
      this.#list(false);
    }
  }

  beside(picture, step) {
    return this.#listing?.beside(picture, step) ?? null;
  }

  #list(wasHidden) {
    const { name, conditions } = this.#filters;
    const filters = toParameters(conditions, name);
    const parameters = { sort: this.#order, seed: this.#order === "random" ? this.#seed : null, ...filters };
    const now = JSON.stringify(parameters);
    if (now !== this.#shown) {
      this.#shown = now;
      this.#listing?.close();
      this.#grid.clear();
      const listing = new Listing(this.#api, parameters, {
        changed: () => this.#filters && this.#update(),
        failed: (error, retry) => this.#on.failed(error, retry),
      });
      this.#listing = listing;
      this.#countLabels();
      this.#update();
    } else if (wasHidden) {
      this.#update();
      this.#grid.top = this.#top;
    }
  }

  #update() {
    const { total, count } = this.#listing;
    const isNarrowed = Boolean(this.#filters.name || this.#filters.conditions.length);
    const some = isNarrowed ? " with these filters" : "";
    const none = isNarrowed ? `No pictures${some}` : "No pictures yet. Add some with `lookalike ingest FOLDER`.";
    this.#find("#collection-status").textContent = total ? counted(total, "picture", "pictures") + some : "";
    this.#find("#collection-none").textContent = total === 0 ? none : "";
    this.#find("#collection-all").hidden = !isNarrowed;
    this.#find("#collection-actions").hidden = total === 0 && !isNarrowed;
    for (const button of this.#section.querySelectorAll("[data-order]")) {
      button.setAttribute("aria-pressed", String(button.dataset.order === this.#order));
    }
    this.#find("#collection-labels").hidden = this.#order !== "label";
    this.#grid.show(count, total ?? -1);
  }

  /** How many pictures each label has, among those that meet the other filters. */
  async #countLabels() {
    const listing = this.#listing;
    if (this.#order !== "label") {
      return;
    }
    const { name, conditions } = this.#filters;
    this.#labels.show([], name);
    const others = conditions.filter(([place]) => place !== "label");
    const parameters = { limit: MOST_LABELS, ...toParameters(others, "") };
    try {
      const { values } = await this.#api.json("facets/label", { parameters });
      if (listing === this.#listing) {
        this.#labels.show(values.map(({ value, documents }) => [String(value), documents]), name);
      }
    } catch (error) {
      this.#on.failed(error, () => this.#countLabels());
    }
  }

  /** At random again is another order. */
  #sort(order) {
    this.#order = order;
    this.#seed = Math.floor(Math.random() * MOST_SEED);
    this.#write("push");
    this.#list(false);
  }

  #write(how) {
    const url = new URL(location.href);
    url.searchParams.delete(ORDER);
    url.searchParams.delete(SEED);
    if (this.#order !== ORDERS[0]) {
      url.searchParams.set(ORDER, this.#order);
    }
    if (this.#order === "random") {
      url.searchParams.set(SEED, this.#seed);
    }
    if (url.href !== location.href) {
      history[`${how}State`](history.state, "", url);
    }
  }

  #tile(picture, side) {
    const name = nameOf(picture);
    const tile = Object.assign(document.createElement("li"), { className: "tile", title: picture.uri });
    const [open, more] = [".open", ".more"].map((part) => this.#template.content.querySelector(part).cloneNode(true));
    open.setAttribute("aria-label", name);
    open.addEventListener("click", () => this.#on.open(picture));
    more.setAttribute("aria-label", `More like this: ${name}`);
    more.addEventListener("click", () => this.#on.more(picture));
    const caption = Object.assign(document.createElement("p"), { className: "caption" });
    caption.append(Object.assign(document.createElement("bdi"), { className: "name", textContent: name }));
    tile.append(open, more, caption);
    // Its frame must be known before the picture is.
    this.#pictures.thumbnail(open.querySelector("img"), picture.id, side);
    return tile;
  }

  #find(selector) {
    return this.#section.querySelector(selector);
  }
}
