// The points of the map, as the service sends them. Uses no element of the page.

//: Codes of pictures that are not in the index any more, that have no value, and that have a rarer one.
export const GONE = 65535;
export const NONE = 65534;
const ID_BYTES = 20;

export class MapData {
  #ids = null;

  /** `buffer` is the answer to map/points: JSON, then places, codes and clusters of all points. */
  constructor(buffer) {
    const length = new DataView(buffer).getUint32(0, true);
    this.head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
    const count = this.head.points;
    let at = 4 + length;
    this.places = new Float32Array(buffer, at, 2 * count);
    at += this.places.byteLength;
    this.codes = new Uint16Array(buffer, at, count);
    this.clusters = new Uint16Array(buffer, at + this.codes.byteLength, count);
  }

  get size() {
    return this.codes.length;
  }

  isThere(row) {
    return this.codes[row] !== GONE;
  }

  /** Whether the ids have come: they are asked for after the points, of which they are the largest part. */
  get hasIds() {
    return this.#ids !== null;
  }

  set ids(buffer) {
    this.#ids = new Uint8Array(buffer);
  }

  /** Those of the same points, with other colours. */
  takeIds(other) {
    this.#ids = other.#ids;
  }

  id(row) {
    const bytes = this.#ids.subarray(row * ID_BYTES, (row + 1) * ID_BYTES);
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  /** The value of a point, or null. */
  value(row) {
    return this.head.values[this.codes[row]]?.value ?? null;
  }

  /** The rows of all points inside a polygon, given as pairs of coordinates. */
  inside(polygon) {
    const [xs, ys] = [polygon.map(([x]) => x), polygon.map(([, y]) => y)];
    const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    return this.#rows((row, x, y) => x >= left && x <= right && y >= top && y <= bottom && encloses(polygon, x, y));
  }

  ofCluster(number) {
    return this.#rows((row) => this.clusters[row] === number);
  }

  /** The point nearest to a place, within a distance; null if there is none. */
  nearest(x, y, within) {
    let [best, least] = [null, within * within];
    for (let row = 0; row < this.size; row++) {
      const distance = (this.places[2 * row] - x) ** 2 + (this.places[2 * row + 1] - y) ** 2;
      if (distance <= least && this.isThere(row)) {
        [best, least] = [row, distance];
      }
    }
    return best;
  }

  #rows(isWanted) {
    const rows = [];
    for (let row = 0; row < this.size; row++) {
      if (this.isThere(row) && isWanted(row, this.places[2 * row], this.places[2 * row + 1])) {
        rows.push(row);
      }
    }
    return rows;
  }
}

/** Whether a ray from the point crosses the edges of the polygon an odd number of times. */
function encloses(polygon, x, y) {
  let isInside = false;
  for (let end = 0, start = polygon.length - 1; end < polygon.length; start = end++) {
    const [[x1, y1], [x2, y2]] = [polygon[start], polygon[end]];
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) {
      isInside = !isInside;
    }
  }
  return isInside;
}
