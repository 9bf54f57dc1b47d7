// The colours of the points. Uses no element of the page.

import { GONE } from "./map-data.js";

//: For values without an order: apart from one another also for people who see fewer colours, on light and dark.
const VALUES = [
  "#3b82c4", "#e0822b", "#3a9d5d", "#c9475b", "#8a63c9", "#9a7b4f",
  "#d067b0", "#5f9ea0", "#a8a52b", "#2f6fb0", "#e36f4f", "#6f8f3a",
];
//: From low to high.
const RANGE = ["#5b3a8c", "#46579b", "#34759a", "#2a918f", "#35ab78", "#77bd54", "#bcc93b", "#efd04a"];
export const GREY = "#8b9492";
//: Of points that are not selected, while others are: a number from 0 to 255.
const [FAINT, PLAIN] = [50, 235];

/** The colour of a code, as the page writes it. */
export function colourOf(code, { values, is_ordered: isOrdered }) {
  if (code >= values.length) {
    return GREY;
  }
  if (isOrdered) {
    return RANGE[Math.round((code * (RANGE.length - 1)) / Math.max(1, values.length - 1))];
  }
  return VALUES[code] ?? GREY;
}

/** Four bytes for each point; those of pictures that are gone are not painted. `selected` are rows, or null. */
export function coloursOf(data, selected) {
  const rgba = new Uint8Array(4 * data.size);
  const known = new Map();
  for (let row = 0; row < data.size; row++) {
    const code = data.codes[row];
    if (!known.has(code)) {
      known.set(code, parsed(colourOf(code, data.head)));
    }
    rgba.set(known.get(code), 4 * row);
    rgba[4 * row + 3] = code === GONE ? 0 : selected ? FAINT : PLAIN;
  }
  for (const row of selected ?? []) {
    rgba[4 * row + 3] = 255;
  }
  return rgba;
}

const parsed = (colour) => [1, 3, 5].map((place) => Number.parseInt(colour.slice(place, place + 2), 16));
