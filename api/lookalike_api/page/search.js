// The current search and the pages of its results. Answers to older searches are dropped.

import { toParameters } from "./conditions.js";

//: The largest offset that the service accepts.
const MAX_OFFSET = 1000;

export class Search {
  #api;
  #controller = null;
  #query = null;
  #filters = null;
  #offset = 0;

  constructor(api) {
    this.#api = api;
  }

  /** The first page of a new search, or null if a newer search has replaced it. */
  begin(query, filters) {
    [this.#query, this.#filters, this.#offset] = [query, filters, 0];
    return this.#page();
  }

  /** The next page of the same search, or null if a newer search has replaced it. */
  more() {
    return this.#page();
  }

  cancel() {
    this.#controller?.abort();
    this.#controller = null;
  }

  async #page() {
    this.cancel();
    const mine = (this.#controller = new AbortController());
    const { k, name, minScore, conditions } = this.#filters;
    const paging = { k, offset: this.#offset || null, min_score: minScore || null };
    const parameters = { ...paging, ...toParameters(conditions, name) };
    try {
      const answer = await this.#query.ask(this.#api, parameters, mine.signal);
      return this.#controller === mine ? this.#counted(answer) : null;
    } catch (error) {
      if (this.#controller === mine) {
        throw error;
      }
      return null;
    }
  }

  #counted(answer) {
    const { k } = this.#filters;
    this.#offset += k;
    return { ...answer, hasMore: answer.matches.length === k && this.#offset <= MAX_OFFSET };
  }
}
