// The list of a selection: ids, uris and labels of its pictures, as CSV, JSON or text. Uses no element of the page.

import { csv } from "./files.js";

/** What the service knows of these pictures, each with `id`, `uri` and `name`. */
export async function listed(api, ids) {
  const body = new Blob([JSON.stringify({ ids })], { type: "application/json" });
  return (await api.json("map/list", { body })).images;
}

export const toCsv = (images) => csv([["id", "uri", "label"], ...images.map(({ id, uri, name }) => [id, uri, name])]);

/** JSON: the pictures as the service gives them, and the address of their selection. */
export const toJson = (images, selection) => `${JSON.stringify({ selection, images }, null, 2)}\n`;

/** One uri a line. */
export const toText = (images) => images.map(({ uri }) => uri).join("\n");
