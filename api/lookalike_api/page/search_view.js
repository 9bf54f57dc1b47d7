// A search on the page: its examples, filters and results. It is loaded with the first search.

import { marked, styled } from "./assets.js";
import { Examples } from "./examples.js";
import { Filters } from "./filters.js";
import { Gallery } from "./gallery.js";
import { Later } from "./later.js";
import { Results } from "./results.js";

export class SearchView {
  #api;
  #on;
  #find;
  #examples;
  #filters;
  #gallery;
  #results;
  #scores;
  #selected;
  #query = null;
  #known = null;

  /** `find(id)` finds an element of the page. `on` has `filtered(how)` as `changed` of Filters, `changed` and `part` as
   * of Examples, `open`, `more`, `add` and `less` as of Gallery, `like(matches)` and `unlike(matches)`,
   * `export(shown, selected)`, and `failed(sentence, retry)`. */
  constructor(api, pictures, notice, find, on) {
    [this.#api, this.#find, this.#on] = [api, find, on];
    this.#examples = new Examples(find("query"), find("example-template"), pictures, on);
    this.#filters = new Filters(api, find("filters"), {
      changed: on.filtered,
      aimed: (score) => this.#aim(score),
      failed: on.failed,
    });
    this.#gallery = new Gallery(find("gallery"), find("tile-template"), pictures, {
      ...on,
      selected: () => this.#showSelected(),
    });
    this.#results = new Results(api, this.#gallery, notice, find("load-more"));
    this.#scores = new Later(() => import("./scores.js"), ({ Scores }) => new Scores(api), on.failed);
    this.#selected = new Later(
      () => Promise.all([
        import("./selected.js"), styled("selected.css"), marked("selected.html", find("selected")),
      ]),
      ([{ Selected }]) => new Selected(find("selected"), this.#selectedActions()),
      on.failed,
    );
    find("export-button").addEventListener("click", () => this.#export());
  }

  get filters() {
    return this.#filters.value;
  }

  set filters(filters) {
    this.#filters.value = filters;
  }

  /** The results that are shown. */
  get matches() {
    return this.#gallery.matches;
  }

  /** Show a search, or hide it if the query is null; `missing` as of Examples. */
  show(query, missing) {
    this.#query = query;
    this.#examples.show(query, missing);
    this.#filters.isShown = query !== null;
    if (!query) {
      return this.#results.clear();
    }
    this.#known ??= this.#load();
    this.#filters.refresh();
    return this.#results.show(query, this.filters);
  }

  /** There may be other labels and fields now. */
  refresh() {
    this.#known = this.#query && this.#load();
  }

  /** The match `step` places after `match`, or null. */
  beside(match, step) {
    return this.#gallery.beside(match, step);
  }

  /** Ask which labels and metadata fields there are. */
  async #load() {
    try {
      const [{ labels }] = await Promise.all([this.#api.json("labels"), this.#filters.load()]);
      this.#filters.labels = labels;
    } catch (error) {
      if (!error.isNothingYet) {
        this.#on.failed(error.message, error.isTemporary ? () => this.refresh() : null);
      }
    }
  }

  /** While a person moves the slider: fade what it would leave out, and say how many pictures remain. */
  async #aim(score) {
    this.#gallery.fade(score);
    this.#filters.remaining = this.#scores.now?.above(score) ?? null;
    await this.#scores.use(async (scores) => {
      if (this.#query?.isWanted && (await scores.load(this.#query, this.filters))) {
        this.#filters.remaining = scores.above(this.filters.minScore);
      }
    });
  }

  /** The bar is loaded with the first selection. */
  #showSelected() {
    if (this.#selected.now || this.#gallery.selected.length) {
      this.#selected.use((bar) => bar.show(this.#gallery.selected));
    }
  }

  #selectedActions() {
    return {
      like: () => this.#on.like(this.#gallery.selected),
      unlike: () => this.#on.unlike(this.#gallery.selected),
      export: () => this.#export(),
      clear: () => this.#clearSelection(),
    };
  }

  /** The focus goes where a person can select again, for the button that had it is gone. */
  #clearSelection() {
    this.#gallery.clearSelection();
    this.#find("results").focus({ preventScroll: true });
  }

  #export() {
    return this.#on.export(this.#gallery.matches, this.#gallery.selected);
  }
}
