// The page's address: reads a search from it and writes a search to it. Uses no element of the page.

import { isCondition } from "./conditions.js";
import { readExample } from "./example.js";
import { Query } from "./query.js";

export const MAX_K = 200;
export const DEFAULTS = Object.freeze({
  k: 24,
  name: "",
  minScore: 0,
  sort: "score",
  groupBy: "",
  diversity: 0,
  exact: false,
});
//: How many examples of the search are not in its address.
const LEFT_OUT = "left_out";

/** The search in `location`: the query or null, and the filters. */
export function readAddress(location) {
  const parameters = new URLSearchParams(location.search);
  const examples = [...parameters].map(([name, value]) => readExample(name, value)).filter(Boolean);
  const leftOut = clamp(Number.parseInt(parameters.get(LEFT_OUT), 10), 0, 99, 0);
  return { query: examples.length ? new Query(examples, leftOut) : null, filters: readFilters(parameters) };
}

function readFilters(parameters) {
  const labels = [...new Set([...parameters.getAll("label"), ...parameters.getAll("name")].filter(Boolean))];
  // One label has a field of its own on the page. Several are alternatives, like the values of any other field.
  const others = [...parameters].filter(([name]) => isCondition(name) && name !== "label" && name !== "name");
  const number = (name, least, most, usual) => clamp(Number.parseFloat(parameters.get(name)), least, most, usual);
  return {
    k: Math.trunc(number("k", 1, MAX_K, DEFAULTS.k)),
    name: labels.length === 1 ? labels[0] : DEFAULTS.name,
    minScore: number("min_score", 0, 1, DEFAULTS.minScore),
    conditions: labels.length > 1 ? [...labels.map((value) => ["label", value]), ...others] : others,
    sort: parameters.get("sort") || DEFAULTS.sort,
    groupBy: parameters.get("group_by") || DEFAULTS.groupBy,
    diversity: number("diversity", 0, 1, DEFAULTS.diversity),
    exact: parameters.get("exact") === "true",
  };
}

/** The address of a search, without default values and without what it cannot hold. */
export function writeAddress(query, filters) {
  const parameters = new URLSearchParams(exampleParameters(query));
  const add = (name, value, usual) => value !== usual && parameters.set(name, value);
  add(LEFT_OUT, parameters.size ? query.unaddressed.length + query.leftOut : 0, 0);
  add("k", filters.k, DEFAULTS.k);
  add("name", filters.name, DEFAULTS.name);
  add("min_score", filters.minScore, DEFAULTS.minScore);
  for (const [name, value] of filters.conditions) {
    parameters.append(name, value);
  }
  add("sort", filters.sort, DEFAULTS.sort);
  add("group_by", filters.groupBy, DEFAULTS.groupBy);
  add("diversity", filters.diversity, DEFAULTS.diversity);
  add("exact", filters.exact, DEFAULTS.exact);
  return parameters.size ? `?${parameters}` : "./";
}

/** A single stored picture is its id, as in the addresses that people have kept. */
function exampleParameters(query) {
  const examples = query?.examples ?? [];
  if (examples.length === 1) {
    const [{ id, weight, region }] = examples;
    if (id !== null && weight === 1 && region === null) {
      return [["id", id]];
    }
  }
  return examples.map((example) => example.parameter).filter(Boolean);
}

function clamp(number, least, most, otherwise) {
  return Number.isNaN(number) ? otherwise : Math.min(most, Math.max(least, number));
}
