// Searches for pictures like all of a selection. Uses no element of the page.

import { DEFAULTS, writeAddress } from "./address.js";
import { Example } from "./example.js";
import { MAX_EXAMPLES, Query } from "./query.js";

//: The service gives no more in one answer.
const MOST_MATCHES = 1000;
const WANTED = 24;

/** The query for pictures like all of these, or like as many of them as a search can have. */
export const queryFor = (ids) => new Query(spread(ids).map((id) => new Example({ id })));

/** The nearest pictures that are not among `ids`, of which some are the examples of the query. */
export async function like(api, query, ids, signal) {
  const k = Math.min(MOST_MATCHES, WANTED + ids.length - query.examples.length);
  const { matches } = await api.json("search", { body: query.body({ k }), signal });
  const selected = new Set(ids);
  return matches.filter(({ id }) => !selected.has(id)).slice(0, WANTED);
}

/** The address of the search page with this query. */
export const addressOf = (query) => writeAddress(query, { ...DEFAULTS, conditions: [] }).replace(/^(?=\?)/u, "./");

/** At most MAX_EXAMPLES of the ids, at equal distances: their order says nothing about the pictures. */
function spread(ids) {
  const count = Math.min(MAX_EXAMPLES, ids.length);
  return Array.from({ length: count }, (_, place) => ids[Math.floor((place * ids.length) / count)]);
}
