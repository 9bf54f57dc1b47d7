// Which part of the map is shown: the place in the middle, and how much it is enlarged. Uses no element of the page.

const [LEAST_ZOOM, MOST_ZOOM] = [0.5, 500];
//: The share of the frame that the whole map fills.
const FILLED = 0.92;
export const WHOLE = Object.freeze({ x: 0.5, y: 0.5, zoom: 1 });

const clamp = (number, least, most) => Math.min(most, Math.max(least, number));

export class Camera {
  #view = WHOLE;
  width = 1;
  height = 1;

  /** The place in the middle, from 0 to 1, and the enlargement: 1 shows the whole map. */
  get view() {
    return this.#view;
  }

  set view({ x, y, zoom }) {
    this.#view = { x: clamp(x, 0, 1), y: clamp(y, 0, 1), zoom: clamp(zoom, LEAST_ZOOM, MOST_ZOOM) };
  }

  /** CSS pixels from one side of the map to the other. */
  get scale() {
    return this.#view.zoom * FILLED * Math.min(this.width, this.height);
  }

  /** The place on the map under a pixel of the frame. */
  place(left, top) {
    const { x, y } = this.#view;
    return [x + (left - this.width / 2) / this.scale, y + (top - this.height / 2) / this.scale];
  }

  /** The pixel of the frame above a place. */
  pixel(x, y) {
    return [(x - this.#view.x) * this.scale + this.width / 2, (y - this.#view.y) * this.scale + this.height / 2];
  }

  /** Move what is shown by so many pixels. */
  pan(right, down) {
    const { x, y, zoom } = this.#view;
    this.view = { x: x - right / this.scale, y: y - down / this.scale, zoom };
  }

  /** Enlarge; the place under this pixel stays there. */
  enlarge(factor, left = this.width / 2, top = this.height / 2) {
    const [x, y] = this.place(left, top);
    this.view = { ...this.#view, zoom: this.#view.zoom * factor };
    const [nowLeft, nowTop] = this.pixel(x, y);
    this.pan(left - nowLeft, top - nowTop);
  }

  /** The corners of what is shown, as a polygon. */
  get corners() {
    return rectangle(this.place(0, 0), this.place(this.width, this.height));
  }
}

/** The polygon of a rectangle between two corners. */
export const rectangle = ([x1, y1], [x2, y2]) => [[x1, y1], [x2, y1], [x2, y2], [x1, y2]];
