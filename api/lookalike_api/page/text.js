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

/** A time given in seconds since 1970. */
export const timeOf = (seconds) => moment.format(new Date(seconds * 1000));
