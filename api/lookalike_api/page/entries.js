// The entries of the browser's history: an address each, and beside it what no address can hold.

import { readAddress, writeAddress } from "./address.js";
import { Query } from "./query.js";

export class Entries {
  /** Queries with files of a person, by the names of their entries. They last as long as the page. */
  #queries = new Map();

  /** Make an entry for a search, or for the start if the query is null; `how` is the history method: push or replace. */
  write(query, filters, how) {
    const files = query?.unaddressed.length ?? 0;
    const names = Object.fromEntries((query?.examples ?? []).map(({ id, name }) => [id, name]));
    const state = { entry: files ? this.#remember(query) : null, files, names };
    history[`${how}State`](state, "", writeAddress(query, filters));
  }

  /** The search of the current entry: its query or null, its filters, and how many files of a person are missing. */
  read() {
    const { entry = null, files = 0, names = {} } = history.state ?? {};
    const { query, filters } = readAddress(location);
    const whole = this.#queries.get(entry);
    if (whole) {
      return { query: whole, filters, missing: 0 };
    }
    const named = query?.examples.map((example) => example.with(example.id ? { name: names[example.id] } : {}));
    return { query: query && new Query(named, query.leftOut), filters, missing: files || (query?.leftOut ?? 0) };
  }

  #remember(query) {
    const entry = [...this.#queries].find(([, other]) => other === query);
    // An entry of an earlier load of this page must not match one of this load.
    const name = entry?.[0] ?? `${performance.timeOrigin}/${this.#queries.size}`;
    this.#queries.set(name, query);
    return name;
  }
}
