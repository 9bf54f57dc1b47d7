// The decisions about duplicates as files: CSV for spreadsheets, JSON for programs. Uses no element of the page.

import { csv } from "./files.js";

const COLUMNS = ["group", "decision", "uri", "id", "width", "height", "size_bytes", "modified_at", "taken_at_ms", "score"];

/** CSV (RFC 4180): a line for each picture of the groups. */
export function toCsv(list) {
  const lines = list.flatMap(({ key, keep, remove }) => [
    ...keep.map((picture) => ({ ...picture, group: key, decision: "keep" })),
    ...remove.map((picture) => ({ ...picture, group: key, decision: "remove" })),
  ]);
  return csv([COLUMNS, ...lines.map((line) => COLUMNS.map((column) => line[column]))]);
}

/** JSON: `groups`, each with what to `keep` and what to `remove`. */
export function toJson(list) {
  return `${JSON.stringify({ groups: list }, null, 2)}\n`;
}
