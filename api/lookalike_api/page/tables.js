// Matches as files: CSV for spreadsheets, JSON for programs. Uses no element of the page.

import { shownField } from "./conditions.js";

//: A spreadsheet takes a cell that begins so for a formula.
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/u;
const COLUMNS = ["id", "uri", "label", "score", "taken_at_ms", "ingested_at"];

/** CSV (RFC 4180): a line for each match, a column for each metadata field that one of them has. */
export function toCsv(matches) {
  const fields = [...new Set(matches.flatMap(({ metadata }) => Object.keys(metadata)))].sort();
  const lines = matches.map((match) => [
    ...COLUMNS.map((column) => match[column === "label" ? "name" : column]),
    ...fields.map((field) => match.metadata[field]),
  ]);
  return [[...COLUMNS, ...fields.map(shownField)], ...lines].map((line) => `${line.map(cell).join(",")}\r\n`).join("");
}

/** JSON: the matches as the service gives them, and the address of their search. */
export function toJson(matches, search) {
  return `${JSON.stringify({ search, matches }, null, 2)}\n`;
}

function cell(value) {
  const text = Array.isArray(value) ? JSON.stringify(value) : String(value ?? "");
  const safe = typeof value === "string" && FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/u.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
