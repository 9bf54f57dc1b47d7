// The page's address: which search it stands for, read and written; knows no element of the page.

export const MAX_K = 200;
export const DEFAULTS = Object.freeze({ k: 24, name: "", minScore: 0 });

/** The search that `location` asks for: the id of a stored picture or null, and the filters. */
export function readAddress(location) {
  const asked = new URLSearchParams(location.search);
  return {
    id: asked.get("id") || null,
    filters: {
      k: within(Number.parseInt(asked.get("k"), 10), 1, MAX_K, DEFAULTS.k),
      name: asked.get("name") || DEFAULTS.name,
      minScore: within(Number.parseFloat(asked.get("min_score")), 0, 1, DEFAULTS.minScore),
    },
  };
}

/** The address of a search; what is as by default is left out. */
export function writeAddress(id, filters) {
  const asked = new URLSearchParams();
  const say = (name, value, usual) => value !== usual && asked.set(name, value);
  say("id", id, null);
  say("k", filters.k, DEFAULTS.k);
  say("name", filters.name, DEFAULTS.name);
  say("min_score", filters.minScore, DEFAULTS.minScore);
  return asked.size ? `?${asked}` : "./";
}

function within(number, least, most, otherwise) {
  return Number.isNaN(number) ? otherwise : Math.min(most, Math.max(least, number));
}
