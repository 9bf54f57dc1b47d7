// The stored pictures in an order, page by page; of far pages only the cursor is kept. Uses no element of the page.

//: Pictures of the first page, which must be there soon, and of every other one.
const [FIRST, OTHER] = [100, 500];
//: Pages that stay in memory before and after those that are looked at.
const KEPT = 8;
//: Places that are shown while nothing is known.
const UNKNOWN = 24;

export class Listing {
  #api;
  #parameters;
  #on;
  #controller = new AbortController();
  //: The next page of each is known; `items` is null if they are not in memory.
  #pages = [{ cursor: null, items: null, isLoading: false }];
  #hasFailed = false;
  //: The number of all places, as soon as the last page has been seen.
  #length = null;
  total = null;

  /** `on` has `changed()`, and `failed(error, retry)`. */
  constructor(api, parameters, on) {
    [this.#api, this.#parameters, this.#on] = [api, parameters, on];
  }

  /** How many places there are: those of the pages that are known, and those of the one after them. */
  get count() {
    if (this.total === null) {
      return UNKNOWN;
    }
    const known = startOf(this.#pages.length - 1);
    return this.#length ?? known + Math.max(1, Math.min(OTHER, this.total - known));
  }

  /** The picture at a place, null while it is not known. */
  item(place) {
    const number = pageOf(place);
    return this.#pages[number]?.items?.[place - startOf(number)] ?? null;
  }

  /** The picture `step` places after another one, or null. */
  beside(item, step) {
    for (const [number, { items }] of this.#pages.entries()) {
      const place = items?.indexOf(item) ?? -1;
      if (place >= 0) {
        return this.item(startOf(number) + place + step);
      }
    }
    return null;
  }

  /** Load what is missing of these places, and forget what is far from them. */
  want(first, last) {
    const [from, to] = [pageOf(first), pageOf(last)];
    for (const [number, page] of this.#pages.entries()) {
      const isWanted = number >= from && number <= to;
      if (isWanted && !page.items && !page.isLoading && !this.#hasFailed) {
        this.#load(number, page);
      } else if (number < from - KEPT || number > to + KEPT) {
        page.items = null;
      }
    }
  }

  /** Cancel what is being loaded. */
  close() {
    this.#controller.abort();
  }

  async #load(number, page) {
    page.isLoading = true;
    const { signal } = this.#controller;
    const parameters = { ...this.#parameters, limit: number ? OTHER : FIRST, cursor: page.cursor };
    try {
      const answer = await this.#api.json("images", { parameters, signal });
      page.items = answer.images;
      this.total = answer.total;
      this.#append(number, answer);
    } catch (error) {
      this.#hasFailed = true;
      if (error.isNothingYet) {
        [page.items, this.total, this.#length] = [[], 0, 0];
      } else if (!signal.aborted) {
        this.#on.failed(error, () => this.#retry());
      }
    }
    page.isLoading = false;
    if (!signal.aborted) {
      this.#on.changed();
    }
  }

  #append(number, { next, images }) {
    if (number < this.#pages.length - 1) {
      return;
    }
    if (next === null) {
      this.#length = startOf(number) + images.length;
    } else {
      this.#pages.push({ cursor: next, items: null, isLoading: false });
    }
  }

  #retry() {
    this.#hasFailed = false;
    this.#on.changed();
  }
}

const startOf = (number) => (number ? FIRST + (number - 1) * OTHER : 0);
const pageOf = (place) => (place < FIRST ? 0 : 1 + Math.floor((place - FIRST) / OTHER));
