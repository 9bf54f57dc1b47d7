// A rectangle on a picture, in percent of its sides: drawn, moved and resized. Uses no element of the page.

//: Percent of a side: nobody means a smaller part, but a click.
export const LEAST = 2;
export const MIDDLE = Object.freeze({ x: 25, y: 25, width: 50, height: 50 });

/** The rectangle with these two opposite corners, as far as it is within the picture. */
export function between(one, other) {
  const [left, right] = [one.x, other.x].map(within).sort(ascending);
  const [top, bottom] = [one.y, other.y].map(within).sort(ascending);
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** The rectangle of the same size elsewhere, within the picture. */
export function moved({ x, y, width, height }, right, down) {
  return { x: clamp(x + right, 0, 100 - width), y: clamp(y + down, 0, 100 - height), width, height };
}

/** The rectangle with its lower right corner moved. */
export function resized({ x, y, width, height }, right, down) {
  return { x, y, width: clamp(width + right, LEAST, 100 - x), height: clamp(height + down, LEAST, 100 - y) };
}

/** The corner opposite to "nw", "ne", "sw" or "se". */
export function opposite({ x, y, width, height }, corner) {
  return { x: corner.includes("w") ? x + width : x, y: corner.includes("n") ? y + height : y };
}

/** A rectangle as people read it. */
export function described({ x, y, width, height }) {
  const [left, top, wide, high] = [x, y, width, height].map(Math.round);
  return `${wide} × ${high} % of the picture, ${left} % from the left, ${top} % from the top`;
}

const ascending = (one, other) => one - other;
const clamp = (number, least, most) => Math.min(most, Math.max(least, number));
const within = (percent) => clamp(percent, 0, 100);
