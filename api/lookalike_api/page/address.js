// The page's address: reads a search from it and writes a search to it. Uses no element of the page.

import { isCondition } from "./conditions.js";

export const MAX_K = 200;
export const DEFAULTS = Object.freeze({ k: 24, name: "", minScore: 0 });

/** The search in `location`: the id of a stored picture or null, and the filters. */
export function readAddress(location) {
  const parameters = new URLSearchParams(location.search);
  const labels = [...new Set([...parameters.getAll("label"), ...parameters.getAll("name")].filter(Boolean))];
  // One label has a field of its own on the page. Several are alternatives, like the values of any other field.
  const others = [...parameters].filter(([name]) => isCondition(name) && name !== "label" && name !== "name");
  return {
    id: parameters.get("id") || null,
    filters: {
      k: clamp(Number.parseInt(parameters.get("k"), 10), 1, MAX_K, DEFAULTS.k),
      name: labels.length === 1 ? labels[0] : DEFAULTS.name,
      minScore: clamp(Number.parseFloat(parameters.get("min_score")), 0, 1, DEFAULTS.minScore),
      conditions: labels.length > 1 ? [...labels.map((value) => ["label", value]), ...others] : others,
    },
  };
}

/** The address of a search, without default values. */
export function writeAddress(id, filters) {
  const parameters = new URLSearchParams();
  const add = (name, value, usual) => value !== usual && parameters.set(name, value);
  add("id", id, null);
  add("k", filters.k, DEFAULTS.k);
  add("name", filters.name, DEFAULTS.name);
  add("min_score", filters.minScore, DEFAULTS.minScore);
  for (const [name, value] of filters.conditions) {
    parameters.append(name, value);
  }
  return parameters.size ? `?${parameters}` : "./";
}

function clamp(number, least, most, otherwise) {
  return Number.isNaN(number) ? otherwise : Math.min(most, Math.max(least, number));
}
