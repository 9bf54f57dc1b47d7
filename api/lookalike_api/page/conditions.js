// Conditions on label and metadata: pairs of a parameter's name and its value, as in the address and in requests.
// Uses no element of the page.

import { valueOf } from "./text.js";

export const PREFIX = "metadata.";
//: When a photograph was taken, in an index without a metadata field of this name.
export const TAKEN = "taken";
//: A parameter with a whole condition, as on the command line.
const WHOLE = "filter";
//: What stands behind a field in the name of a parameter -> what people read.
export const SUFFIXES = { min: "from", max: "to", above: "above", below: "below", not: "not", exists: "exists:" };
const NAME = /^(metadata\.|(?=(?:label|name|taken)(?:\.|$)))(.+?)(?:\.(min|max|above|below|not|exists))?$/su;

//: What every picture has beside its metadata, as people read it and as filters name it.
const OWN = new Set(["label", "name", "uri", "address", "id"]);

/** The name of a metadata field, told apart from what every picture has. */
export const shownField = (field) => (OWN.has(field) ? PREFIX + field : field);

/** Whether a parameter of this name is a condition. */
export const isCondition = (name) => name === WHOLE || NAME.test(name);

/** The name of the parameter without its suffix: conditions on the same field have the same. */
export function placeOf([name]) {
  const parts = NAME.exec(name);
  return parts ? parts[1] + parts[2] : name;
}

/** A condition as people read it: "year from 2020". */
export function described([name, value]) {
  if (name === WHOLE) {
    return value;
  }
  const [, prefix, key, suffix] = NAME.exec(name);
  const field = prefix ? shownField(key) : key;
  // In an address, a truth value is a text.
  const shown = valueOf({ true: true, false: false }[value] ?? value);
  return suffix ? `${field} ${SUFFIXES[suffix]} ${shown}` : `${field}: ${shown}`;
}

/** The parameters of a request with these conditions, and this label unless it is empty. */
export function toParameters(conditions, label) {
  const parameters = label ? { label: [label] } : {};
  for (const [name, value] of conditions) {
    parameters[name] = [...(parameters[name] ?? []), value];
  }
  return parameters;
}

//: What stands behind a field in the name of a parameter -> the operator of a whole condition.
const OPERATORS = { min: ">=", max: "<=", above: ">", below: "<", not: "!=" };

/** The same as whole conditions, as a query in JSON takes them: several values of one parameter are alternatives. */
export function toTexts(conditions, label) {
  const { [WHOLE]: whole = [], ...others } = toParameters(conditions, label);
  return [...whole, ...Object.entries(others).map(([name, values]) => text(name, values))];
}

function text(name, values) {
  const [, prefix, key, suffix] = NAME.exec(name);
  if (suffix === "exists" && ["true", "false"].includes(values.at(-1))) {
    return `${prefix}${key} ${values.at(-1) === "true" ? "exists" : "missing"}`;
  }
  return `${prefix}${key}${OPERATORS[suffix] ?? "="}${values.map(quoted).join(",")}`;
}

const quoted = (value) => `"${value.replaceAll(/["\\]/gu, "\\$&")}"`;
