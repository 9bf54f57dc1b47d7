// Lists of pictures as files: ids, uris and labels, as CSV or JSON.

//: First characters that make a spreadsheet compute a cell: https://owasp.org/www-community/attacks/CSV_Injection
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/u;
const COLUMNS = ["id", "uri", "label"];

/** What the service knows of these pictures: objects with `id`, `uri` and `label`. */
export async function listed(api, ids) {
  const body = new Blob([JSON.stringify({ ids })], { type: "application/json" });
  const { images } = await api.json("map/list", { body });
  return images.map(({ id, uri, name }) => ({ id, uri, label: name }));
}

export const asJson = (images) => new Blob([JSON.stringify({ images }, null, 1)], { type: "application/json" });

/** As RFC 4180 says; a cell that a spreadsheet would compute gets an apostrophe. */
export function asCsv(images) {
  const lines = [COLUMNS, ...images.map((image) => COLUMNS.map((column) => harmless(image[column] ?? "")))];
  return new Blob([lines.map((cells) => cells.map(quoted).join(",")).join("\r\n"), "\r\n"], { type: "text/csv" });
}

/** One uri a line. */
export const asText = (images) => images.map(({ uri }) => uri).join("\n");

export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  // After the browser has begun to read it.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

const harmless = (cell) => (FORMULA.test(cell) ? `'${cell}` : cell);
const quoted = (cell) => (/[",\r\n]/u.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
