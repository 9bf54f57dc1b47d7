// A part of a picture as text: a rectangle in percent of its sides, as the service takes it. Uses no element of the page.

const FORM = /^pct:([\d.]+),([\d.]+),([\d.]+),([\d.]+)$/u;

/** The rectangle of "pct:x,y,width,height". Null for one in pixels: here, nobody knows the size of the stored file. */
export function readRegion(text) {
  const numbers = FORM.exec(text ?? "")?.slice(1).map(Number);
  if (!numbers?.every(Number.isFinite)) {
    return null;
  }
  const [x, y, width, height] = numbers;
  return { x, y, width, height };
}

export function writeRegion({ x, y, width, height }) {
  return `pct:${[x, y, width, height].map((number) => Number(number.toFixed(1))).join(",")}`;
}
