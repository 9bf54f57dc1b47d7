// Paints points as pixels in memory. Uses no element of the page.

//: From this opacity, a number from 0 to 255, a point lies over the fainter ones.
const STRONG = 128;
//: Smaller discs are squares.
const ROUND = 4;

/** The points in the order in which they are painted, those that stand out last: `xs`, `ys` and `colours`. Points
 * without opacity are left out. `rgba` has four bytes for each point, `places` two numbers. */
export function inOrder(places, rgba) {
  const colours = new Uint32Array(rgba.buffer, rgba.byteOffset, rgba.length / 4);
  const isPainted = [(alpha) => alpha > 0 && alpha < STRONG, (alpha) => alpha >= STRONG];
  const rows = new Uint32Array(colours.length);
  let count = 0;
  for (const isWanted of isPainted) {
    for (let row = 0; row < colours.length; row++) {
      if (isWanted(rgba[4 * row + 3])) {
        rows[count++] = row;
      }
    }
  }
  const order = rows.subarray(0, count);
  return {
    xs: Float32Array.from(order, (row) => places[2 * row]),
    ys: Float32Array.from(order, (row) => places[2 * row + 1]),
    colours: Uint32Array.from(order, (row) => colours[row]),
  };
}

/** Paint a disc of `side` pixels around each point into `pixels`, of `width` times `height`. A place times `scale` plus
 * `left` and `top` is a pixel. Parts outside are left out. */
export function paintDiscs(pixels, { width, height }, { xs, ys, colours }, { scale, left, top }, side) {
  const insets = insetsOf(side);
  // The upper left corner of the square around a point.
  const [right, down] = [left - side / 2, top - side / 2];
  for (let point = 0; point < colours.length; point++) {
    const x = Math.round(xs[point] * scale + right);
    const y = Math.round(ys[point] * scale + down);
    if (x > -side && y > -side && x < width && y < height) {
      const colour = colours[point];
      const last = Math.min(side, height - y);
      for (let row = Math.max(0, -y); row < last; row++) {
        const from = (y + row) * width;
        const end = from + Math.min(width, x + side - insets[row]);
        for (let pixel = from + Math.max(0, x + insets[row]); pixel < end; pixel++) {
          pixels[pixel] = colour;
        }
      }
    }
  }
}

/** For each row of a disc, how many pixels it leaves free on either side. */
export function insetsOf(side) {
  const radius = side / 2;
  return Int32Array.from({ length: side }, (_, row) => {
    const off = row + 0.5 - radius;
    return side < ROUND ? 0 : Math.round(radius - Math.sqrt(radius * radius - off * off));
  });
}
