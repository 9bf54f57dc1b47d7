// A grid of any length in the window's scroll: only the tiles near the window exist.

import { Scale } from "./scale.js";

//: Rows this far outside of the window exist, in heights of the window.
const AHEAD = 1.5;
//: Scrolling farther at once, in heights of the window, is a jump: of the scroll bar or a key.
const JUMP = 2;
//: Without scrolling for so long, the scroll bar is set to the right place of a list that is higher than its element.
const SETTLE_MS = 200;
//: Space that stays free above and below a tile that gets the focus, in pixels.
const MARGIN = 16;
//: Of a tile before one has been measured.
const CAPTION = 40;

export class Grid {
  #frame;
  #list;
  #on;
  #count = 0;
  #total = 0;
  #tiles = new Map();
  #rows = { columns: 1, side: 256, height: 256 + CAPTION, gap: 0 };
  #scale = new Scale(0);
  #current = 0;
  #awaited = null;
  #offset = 0;
  #last = 0;
  #frameId = 0;
  #timer = 0;

  /** `list` is a grid inside of `frame`. `on` has `item(place)`, null while it is not known; `tile(item, side)`, which
   * makes an element with a button `.open`; and `seen(first, last)`, the places that are near the window. */
  constructor(frame, list, on) {
    [this.#frame, this.#list, this.#on] = [frame, list, on];
    window.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => this.#scrolled()).observe(frame);
    list.addEventListener("keydown", (event) => this.#walk(event));
    list.addEventListener("focusin", (event) => this.#focused(event.target.closest("li")));
  }

  /** Show `count` places of a list, of which `total` are known to be there. */
  show(count, total) {
    [this.#count, this.#total] = [count, total];
    this.update();
    this.#settle();
  }

  /** Remove all tiles; the next ones are others. */
  clear() {
    this.#tiles.clear();
    this.#list.replaceChildren();
    [this.#count, this.#current, this.#awaited, this.#offset] = [0, 0, null, 0];
    this.#frame.style.height = "";
  }

  /** How far the list is scrolled, in pixels; negative while it begins below the top of the window. */
  get top() {
    return this.#real() + this.#offset;
  }

  /** Scroll the list to this place. */
  set top(top) {
    const real = this.#scale.toElement(top);
    [this.#offset, this.#last] = [top - real, real];
    window.scrollBy({ top: real - this.#real(), behavior: "instant" });
    this.update();
  }

  /** Make the tiles near the window, again where an item is another one than before. */
  update() {
    if (!this.#list.checkVisibility()) {
      return;
    }
    const { columns, height } = this.#rows;
    const place = Math.floor(this.top / height) * columns;
    this.#measure();
    const first = this.#draw();
    // The first tiles of all tell their height.
    if (this.#measure() && first !== null) {
      this.#draw();
    }
    if (place > 0 && this.#rows.columns !== columns) {
      // In a window of another width, the same tiles are at the top.
      this.top = Math.floor(place / this.#rows.columns) * this.#rows.height;
    }
    this.#give();
  }

  /** Move the keyboard focus to the tile at this place, as soon as it is there. */
  focus(place) {
    this.#current = Math.max(0, Math.min(this.#count - 1, place));
    this.#awaited = this.#current;
    this.#reveal(this.#current);
    this.update();
  }

  #draw() {
    const { columns, height, gap } = this.#rows;
    const rows = Math.ceil(this.#count / columns);
    this.#scale = new Scale(Math.max(0, rows * height - gap));
    this.#frame.style.height = `${this.#scale.shown}px`;
    const top = this.#follow(this.#real());
    const ahead = AHEAD * window.innerHeight;
    const row = (at) => Math.max(0, Math.min(rows - 1, Math.floor(at / height)));
    const [first, last] = [row(top - ahead), row(top + window.innerHeight + ahead)];
    this.#list.style.top = `${first * height - this.#offset}px`;
    const visible = Math.max(0, Math.min(rows - 1, Math.ceil(top / height))) * columns;
    this.#fill(first * columns, Math.min(this.#count, (last + 1) * columns), visible);
    return rows ? first : null;
  }

  #fill(first, end, visible) {
    for (const [place, { element }] of this.#tiles) {
      if (place < first || place >= end) {
        element.remove();
        this.#tiles.delete(place);
      }
    }
    for (let place = first; place < end; place += 1) {
      const item = this.#on.item(place);
      const known = this.#tiles.get(place);
      if (!known || known.item !== item) {
        this.#put(place, item, known?.element, this.#list.children[place - first] ?? null);
      }
    }
    this.#rove(this.#tiles.has(this.#current) ? this.#current : visible);
    this.#on.seen(first, end - 1);
  }

  #put(place, item, former, next) {
    const element = item ? this.#on.tile(item, this.#rows.side) : placeholder();
    element.dataset.place = place;
    element.setAttribute("aria-posinset", place + 1);
    element.setAttribute("aria-setsize", this.#total);
    if (former) {
      former.replaceWith(element);
    } else {
      this.#list.insertBefore(element, next);
    }
    this.#tiles.set(place, { item, element });
  }

  /** Give the focus to the tile that awaits it, if it is there. */
  #give() {
    const open = this.#tiles.get(this.#awaited)?.element.querySelector(".open");
    if (open) {
      this.#awaited = null;
      open.focus({ preventScroll: true });
    }
  }

  /** One tile is reached by Tab, the others by arrows. */
  #rove(current) {
    for (const [place, { element }] of this.#tiles) {
      for (const button of element.querySelectorAll("button")) {
        button.tabIndex = place === current ? 0 : -1;
      }
    }
  }

  /** Learn the columns and the height of the rows; whether the height is another one than before. */
  #measure() {
    const style = getComputedStyle(this.#list);
    const sides = style.gridTemplateColumns.split(" ").map(Number.parseFloat);
    const gap = Number.parseFloat(style.rowGap) || 0;
    const tile = this.#list.firstElementChild;
    // Not from its rectangle, which is rounded far down in the page.
    const height = (tile ? Number.parseFloat(getComputedStyle(tile).height) : sides[0] + CAPTION) + gap;
    const isOther = Math.abs(height - this.#rows.height) > 0.1;
    this.#rows = { columns: sides.length, side: sides[0], height, gap };
    return isOther;
  }

  #real() {
    return -this.#frame.getBoundingClientRect().top;
  }

  /** The place in the list for a place in the element: steps are the same in both, jumps are not. */
  #follow(real) {
    if (this.#scale.isWhole) {
      this.#offset = 0;
    } else if (Math.abs(real - this.#last) > JUMP * window.innerHeight) {
      this.#offset = this.#scale.toList(real) - real;
    }
    this.#last = real;
    return real + this.#offset;
  }

  #scrolled() {
    this.#frameId ||= requestAnimationFrame(() => {
      this.#frameId = 0;
      this.update();
    });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#settle(), SETTLE_MS);
  }

  #settle() {
    if (!this.#scale.isWhole && this.#list.checkVisibility()) {
      this.top = Math.min(this.top, this.#scale.height);
    }
  }

  #reveal(place) {
    const { columns, height, gap } = this.#rows;
    const above = Math.floor(place / columns) * height - MARGIN;
    const below = above + height - gap + 2 * MARGIN - window.innerHeight;
    const { top } = this;
    if (above < top || below > top) {
      this.top = above < top ? above : below;
    }
  }

  #focused(element) {
    if (element) {
      this.#current = Number(element.dataset.place);
      this.#rove(this.#current);
    }
  }

  #walk(event) {
    const { columns, height } = this.#rows;
    const page = columns * Math.max(1, Math.floor(window.innerHeight / height));
    const steps = {
      ArrowLeft: -1,
      ArrowRight: 1,
      ArrowUp: -columns,
      ArrowDown: columns,
      PageUp: -page,
      PageDown: page,
      Home: -Infinity,
      End: Infinity,
    };
    const step = steps[event.key];
    if (step && !event.ctrlKey && !event.altKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      this.focus(this.#current + step);
    }
  }
}

function placeholder() {
  return Object.assign(document.createElement("li"), { className: "tile placeholder" });
}
