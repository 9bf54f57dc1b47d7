// The decisions about duplicates as files: CSV for spreadsheets, JSON for programs. Uses no element of the page.

const COLUMNS = ["group", "decision", "uri", "id", "width", "height", "size_bytes", "modified_at", "taken_at_ms", "score"];
//: A spreadsheet takes a cell that begins so for a formula.
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/u;

/** CSV (RFC 4180): a line for each picture of the groups. */
export function toCsv(list) {
  const lines = list.flatMap(({ key, keep, remove }) => [
    ...keep.map((picture) => ({ ...picture, group: key, decision: "keep" })),
    ...remove.map((picture) => ({ ...picture, group: key, decision: "remove" })),
  ]);
  const rows = [COLUMNS, ...lines.map((line) => COLUMNS.map((column) => line[column]))];
  return rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

/** JSON: `groups`, each with what to `keep` and what to `remove`. */
export function toJson(list) {
  return `${JSON.stringify({ groups: list }, null, 2)}\n`;
}

/** Give the person a file. */
export function save(name, type, text) {
  const link = Object.assign(document.createElement("a"), { download: name });
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.click();
  // The browser reads it after this event.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function cell(value) {
  const text = String(value ?? "");
  const safe = typeof value === "string" && FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/u.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
