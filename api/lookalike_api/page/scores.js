// The scores of the nearest pictures of a search, whatever its minimum score is: how many are above another one?

import { DEFAULTS } from "./address.js";
import { optionsOf } from "./search.js";

//: The service gives no more at once.
const MOST = 1000;

export class Scores {
  #api;
  #key = null;
  #query = null;
  #scores = null;
  #controller = null;

  constructor(api) {
    this.#api = api;
  }

  /** Ask for them, unless they are known or asked for; resolves to whether there is something new to tell. */
  async load(query, { name, conditions, groupBy, exact }) {
    const options = optionsOf({ ...DEFAULTS, k: MOST, name, conditions, groupBy, exact });
    const key = JSON.stringify(options);
    if (query === this.#query && key === this.#key) {
      return false;
    }
    this.#controller?.abort();
    const mine = (this.#controller = new AbortController());
    [this.#query, this.#key, this.#scores] = [query, key, null];
    try {
      const { matches } = await this.#api.json("search", { body: query.body(options), signal: mine.signal });
      this.#scores = this.#controller === mine ? matches.map(({ score }) => score) : this.#scores;
      return this.#controller === mine;
    } catch (error) {
      if (this.#controller === mine) {
        // The search itself says what is wrong.
        [this.#query, this.#key] = [null, null];
      }
      return false;
    }
  }

  /** How many pictures have at least this score, and whether there may be more; null if that is not known. */
  above(least) {
    if (!this.#scores) {
      return null;
    }
    const count = this.#scores.filter((score) => score >= least).length;
    return { count, isLeast: count === MOST };
  }
}
