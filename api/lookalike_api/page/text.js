// Numbers, times and names as text. Uses no element of the page.

const number = new Intl.NumberFormat();
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export const counted = (count, one, many) => `${number.format(count)} ${count === 1 ? one : many}`;
export const grouped = (count) => number.format(count);
export const scored = (score, digits = 2) => Number(score).toFixed(digits);

/** The name of a match: its label, or else the last part of its uri. */
export function nameOf(match) {
  return match.name || match.uri.split("/").filter(Boolean).at(-1) || "unnamed";
}

/** A value of a metadata field: several are separated by commas. */
export function valueOf(value) {
  const truth = (one) => (one ? "yes" : "no");
  const shown = (one) => (typeof one === "boolean" ? truth(one) : String(one) || "(empty)");
  return [value].flat().map(shown).join(", ");
}

/** The weight of an example: "like", "not like ×2". */
export function weighed(weight) {
  const size = Math.abs(weight);
  const times = size === 1 ? "" : ` ×${size === 0.5 ? "½" : size}`;
  return `${weight < 0 ? "not like" : "like"}${times}`;
}

/** What the order `sort` goes by, for one match: a time or a value; empty for its score and label, which are shown. */
export function orderedBy(match, sort) {
  const field = sort.replace(/^-/u, "");
  const times = { ingested: match.ingested_at || null, taken: match.taken_at_ms ?? null };
  if (Object.hasOwn(times, field)) {
    return times[field] === null ? "" : moment.format(new Date(times[field]));
  }
  const value = match.metadata?.[field.replace(/^metadata\./u, "")];
  return field === "score" || field === "label" || value === undefined || value === null ? "" : valueOf(value);
}

/** A time in ISO 8601, or in milliseconds since 1970. */
export const momentOf = (time) => moment.format(new Date(time));
