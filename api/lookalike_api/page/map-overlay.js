// What lies over the points: the selected area, the names of clusters, and thumbnails where there is room for them.

import { colourOf } from "./map-colours.js";
import { valueOf } from "./text.js";

//: Of the squares that the frame is cut into, in pixels: one thumbnail each. And how wide a thumbnail is.
const CELL = 84;
const SIDE = 64;
//: More points in view are shown as points only.
const MOST_IN_VIEW = 600;
const MOST_THUMBNAILS = 150;
//: Pixels between the names of two clusters: the smaller one is left out.
const [WIDE, HIGH] = [120, 26];

export class Overlay {
  #camera;
  #pictures;
  #context;
  #captions;
  #thumbnails;
  #open;
  #isDrawn = false;
  //: Row of a point -> its thumbnail, and the names of clusters with their places.
  #shown = new Map();
  #names = [];

  /** `open(row)` is called for a thumbnail that is chosen. */
  constructor({ shape, captions, thumbnails }, camera, pictures, open) {
    [this.#camera, this.#pictures, this.#open] = [camera, pictures, open];
    [this.#captions, this.#thumbnails] = [captions, thumbnails];
    this.#context = shape.getContext("2d");
  }

  /** Draw areas, as polygons of places, and the cross of the keys in pixels, or null. */
  outline(polygons, cross, ratio) {
    const isWanted = polygons.length > 0 || cross !== null;
    // Without an area, as mostly, nothing is to be erased in each frame.
    if (!isWanted && !this.#isDrawn) {
      return;
    }
    this.#isDrawn = isWanted;
    const context = this.#context;
    const style = getComputedStyle(context.canvas);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.#camera.width, this.#camera.height);
    context.strokeStyle = style.color;
    context.lineWidth = 2;
    context.setLineDash([6, 4]);
    for (const polygon of polygons) {
      context.beginPath();
      polygon.forEach(([x, y]) => context.lineTo(...this.#camera.pixel(x, y)));
      context.closePath();
      context.stroke();
    }
    if (cross) {
      const [left, top] = cross;
      context.setLineDash([]);
      context.beginPath();
      for (const [right, down] of [[12, 0], [0, 12]]) {
        context.moveTo(left - right, top - down);
        context.lineTo(left + right, top + down);
      }
      context.stroke();
    }
  }

  /** The names of the clusters in view, the largest first, none over another. */
  name(clusters) {
    const taken = [];
    this.#names = [];
    for (const { x, y, values } of clusters) {
      const [left, top] = this.#camera.pixel(x, y);
      const isFree = taken.every(([l, t]) => Math.abs(l - left) > WIDE || Math.abs(t - top) > HIGH);
      const isInside = left > 0 && top > 0 && left < this.#camera.width && top < this.#camera.height;
      if (values.length && isFree && isInside) {
        taken.push([left, top]);
        const span = document.createElement("span");
        span.textContent = valueOf(values[0].value);
        this.#names.push([span, x, y]);
      }
    }
    this.#captions.replaceChildren(...this.#names.map(([span]) => span));
    this.#moveNames();
  }

  #moveNames() {
    for (const [span, x, y] of this.#names) {
      const [left, top] = this.#camera.pixel(x, y);
      span.style.transform = `translate(${left}px, ${top}px) translate(-50%, -50%)`;
    }
  }

  /** Move names and thumbnails with the points below them. */
  move(data) {
    this.#moveNames();
    for (const [row, item] of this.#shown) {
      const [left, top] = this.#camera.pixel(data.places[2 * row], data.places[2 * row + 1]);
      item.style.transform = `translate(${left - SIDE / 2}px, ${top - SIDE / 2}px)`;
    }
  }

  /** Choose the points that show their picture: one in each square of the frame, if there are few points in view.
   * `selected` are rows, or null. */
  choose(data, selected) {
    const inView = data.hasIds ? data.inside(this.#camera.corners) : [];
    const wanted = inView.length > MOST_IN_VIEW ? [] : this.#spread(data, inView);
    for (const [row, item] of this.#shown) {
      if (!wanted.includes(row)) {
        item.remove();
        this.#shown.delete(row);
      }
    }
    for (const row of wanted.filter((each) => !this.#shown.has(each))) {
      this.#shown.set(row, this.#item(data, row));
    }
    this.#thumbnails.append(...wanted.map((row) => this.#shown.get(row)).filter((item) => !item.isConnected));
    this.#mark(data, selected && new Set(selected));
    this.move(data);
  }

  /** Give the thumbnails the colours of their points. */
  #mark(data, selected) {
    for (const [row, item] of this.#shown) {
      item.firstElementChild.style.borderColor = colourOf(data.codes[row], data.head);
      item.classList.toggle("faint", selected !== null && !selected.has(row));
    }
  }

  /** Show none, as for other points. */
  empty() {
    this.#shown.clear();
    this.#thumbnails.replaceChildren();
  }

  #spread(data, rows) {
    const cells = new Map();
    // Those that are shown already keep their place.
    for (const row of [...rows.filter((each) => this.#shown.has(each)), ...rows]) {
      const [left, top] = this.#camera.pixel(data.places[2 * row], data.places[2 * row + 1]);
      const cell = `${Math.floor(left / CELL)},${Math.floor(top / CELL)}`;
      if (!cells.has(cell)) {
        cells.set(cell, row);
      }
    }
    return [...cells.values()].slice(0, MOST_THUMBNAILS);
  }

  #item(data, row) {
    const value = data.value(row);
    return thumbnail(this.#pictures, data.id(row), value === null ? "picture" : valueOf(value), () => this.#open(row));
  }
}

/** A list item with a button that shows a picture. */
export function thumbnail(pictures, id, name, open) {
  const [item, button, image] = ["li", "button", "img"].map((tag) => document.createElement(tag));
  Object.assign(button, { type: "button", className: "open", onclick: open });
  Object.assign(image, { alt: name, width: SIDE, height: SIDE, draggable: false });
  button.append(image);
  item.append(button);
  pictures.thumbnail(image, id, SIDE);
  return item;
}
