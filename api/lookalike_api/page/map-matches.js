// Searches for pictures like all of a selection. Uses no element of the page.

//: The service takes so many examples in one search, and gives so many matches.
const MOST_EXAMPLES = 32;
const MOST_MATCHES = 1000;
const WANTED = 24;

/** The nearest pictures that are not selected: `matches`, and the ids that were searched with as `examples`. */
export async function like(api, ids, signal) {
  const examples = spread(ids);
  const k = Math.min(MOST_MATCHES, WANTED + ids.length - examples.length);
  const query = { examples: examples.map((id) => ({ id })), k };
  const body = new Blob([JSON.stringify(query)], { type: "application/json" });
  const selected = new Set(ids);
  const { matches } = await api.json("search", { body, signal });
  return { matches: matches.filter(({ id }) => !selected.has(id)).slice(0, WANTED), examples };
}

/** The address of the search page with these examples. */
export const addressOf = (examples) => `./?${new URLSearchParams(examples.map((id) => ["example", id]))}`;

/** At most MOST_EXAMPLES of the ids, at equal distances: their order says nothing about the pictures. */
function spread(ids) {
  const count = Math.min(MOST_EXAMPLES, ids.length);
  return Array.from({ length: count }, (_, place) => ids[Math.floor((place * ids.length) / count)]);
}
