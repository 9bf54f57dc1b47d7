// Maps the height of a long list to that of an element, which browsers limit. Uses no element of the page.

//: Firefox shows nothing below 17.8 million pixels, Chromium below 33.5 million; farther down, both round the places of
//: elements to more than a quarter of a pixel.
const MOST = 4_000_000;
//: At both ends a pixel of the element is a pixel of the list, so that scrolling reaches them.
const END = 500_000;

export class Scale {
  /** `height` of the list, in pixels; `shown` is that of the element. */
  constructor(height) {
    this.height = height;
    this.shown = Math.min(height, MOST);
  }

  get isWhole() {
    return this.height === this.shown;
  }

  /** The place in the list for a place in the element. */
  toList(top) {
    return mapped(top, this.shown, this.height);
  }

  /** The place in the element for a place in the list. */
  toElement(top) {
    return mapped(top, this.height, this.shown);
  }
}

function mapped(top, from, to) {
  if (from === to || top <= END) {
    return top;
  }
  const below = from - top;
  return below <= END ? to - below : END + (top - END) * ((to - 2 * END) / (from - 2 * END));
}
