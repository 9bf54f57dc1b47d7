// The address of the map's page: what is shown, the colours, and the selection. Uses no element of the page.

import { WHOLE } from "./map-camera.js";

//: Enough for a place: a pixel of the most enlarged map.
const DIGITS = 5;
const round = (number) => Number(number.toFixed(DIGITS));

//: Corners of a selection: an address is at most a few thousand characters long.
const MOST_CORNERS = 100;

/** A polygon as the address holds it, so that it selects the same when it is read again. */
export function compact(polygon) {
  const step = Math.ceil(polygon.length / MOST_CORNERS);
  return polygon.filter((_, place) => place % step === 0).map((corner) => corner.map(round));
}

/** The state in `location`: `view`, `field`, and a selection: `area` (a polygon) or `cluster` (a number), or neither;
 * `isLike` says whether pictures like it are searched for. */
export function readAddress(location) {
  const parameters = new URLSearchParams(location.search);
  const number = (name, otherwise) => {
    const value = Number.parseFloat(parameters.get(name));
    return Number.isFinite(value) ? value : otherwise;
  };
  const cluster = number("cluster", null);
  return {
    view: { x: number("x", WHOLE.x), y: number("y", WHOLE.y), zoom: number("zoom", WHOLE.zoom) },
    field: parameters.get("field") || "label",
    area: cluster === null ? polygon(parameters.get("area")) : null,
    cluster,
    isLike: parameters.get("like") === "1",
  };
}

export function writeAddress({ view, field, area, cluster, isLike }) {
  const parameters = new URLSearchParams();
  const add = (name, value, usual) => value !== usual && parameters.set(name, value);
  for (const name of ["x", "y", "zoom"]) {
    add(name, round(view[name]), WHOLE[name]);
  }
  add("field", field, "label");
  add("cluster", cluster, null);
  add("area", area?.flat().join(",") ?? null, null);
  add("like", isLike ? "1" : null, null);
  return parameters.size ? `?${parameters}` : location.pathname.split("/").at(-1);
}

/** The corners in a text of coordinates; null unless there are three. */
function polygon(text) {
  const numbers = (text ?? "").split(",").map(Number);
  if (numbers.length < 6 || numbers.length % 2 || !numbers.every(Number.isFinite)) {
    return null;
  }
  return Array.from({ length: numbers.length / 2 }, (_, place) => numbers.slice(2 * place, 2 * place + 2));
}
