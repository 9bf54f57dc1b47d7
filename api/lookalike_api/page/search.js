// The current search and the pages of its results. Answers to older searches are dropped.

import { DEFAULTS } from "./address.js";
import { toTexts } from "./conditions.js";

//: In place of the cursor of a page before the first one.
const FIRST = "*";

export class Search {
  #api;
  #controller = null;
  #query = null;
  #filters = null;
  #cursor = null;

  constructor(api) {
    this.#api = api;
  }

  /** The first page of a new search, or null if a newer search has replaced it. */
  begin(query, filters) {
    [this.#query, this.#filters, this.#cursor] = [query, filters, FIRST];
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
    // What is chosen for its variety is one page.
    const paging = this.#filters.diversity ? {} : { cursor: this.#cursor };
    try {
      const body = this.#query.body({ ...optionsOf(this.#filters), ...paging });
      const answer = await this.#api.json("search", { body, signal: mine.signal });
      if (this.#controller !== mine) {
        return null;
      }
      this.#cursor = answer.cursor;
      return { ...answer, hasMore: answer.cursor !== null };
    } catch (error) {
      if (this.#controller === mine) {
        throw error;
      }
      return null;
    }
  }
}

/** The options of a search with these filters, as the service takes them; without those that have their usual value. */
export function optionsOf({ k, name, minScore, conditions, sort, groupBy, diversity, exact }) {
  const filters = toTexts(conditions, name);
  return {
    k,
    ...(minScore > DEFAULTS.minScore && { min_score: minScore }),
    ...(filters.length && { filters }),
    ...(sort !== DEFAULTS.sort && { sort }),
    ...(groupBy && { group_by: groupBy }),
    ...(diversity && { diversity }),
    ...(exact && { exact }),
  };
}
