// Matches as files: CSV for spreadsheets, JSON for programs. Uses no element of the page.

import { shownField } from "./conditions.js";
import { csv } from "./files.js";

const COLUMNS = ["id", "uri", "label", "score", "taken_at_ms", "ingested_at"];

/** CSV (RFC 4180): a line for each match, a column for each metadata field that one of them has. */
export function toCsv(matches) {
  const fields = [...new Set(matches.flatMap(({ metadata }) => Object.keys(metadata)))].sort();
  const lines = matches.map((match) => [
    ...COLUMNS.map((column) => match[column === "label" ? "name" : column]),
    ...fields.map((field) => (Object.hasOwn(match.metadata, field) ? match.metadata[field] : null)),
  ]);
  return csv([[...COLUMNS, ...fields.map(shownField)], ...lines]);
}

/** JSON: the matches as the service gives them, and the address of their search. */
export function toJson(matches, search) {
  return `${JSON.stringify({ search, matches }, null, 2)}\n`;
}
